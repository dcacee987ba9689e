"""Screenshots for the site and the README, taken in a real browser; for maintainers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tools.browser.server import NO_BROWSER, browser_path, launch
from tools.programs import say

# enough for text and flat colours; more would triple the file size without a visible difference
COLOURS = 96


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Run a browser during the `with` block; exit with a message if none is found."""
    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is None:
            sys.exit(NO_BROWSER)
        browser = launch(playwright, path)
        yield browser
        browser.close()


def opened(png: bytes) -> Image.Image:
    """Return a screenshot without its alpha channel."""
    return Image.open(BytesIO(png)).convert("RGB")


def save(shot: Image.Image, file: Path) -> None:
    """Save a screenshot with a reduced palette and report its size."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    say(f"{file.name}: {shot.width} x {shot.height}, {file.stat().st_size // 1000} kB")


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook
