"""Screenshots of live widgets, for the site: `course.py site --pictures`.

Each lesson runs at real speed on a new JupyterLab page, and each widget is captured in its final
state. The screenshots are committed, so that building the site needs no browser.
"""

import argparse
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, sync_playwright

from tools.browser.notebook_page import NotebookPage
from tools.browser.server import NO_BROWSER, Lab, browser_path, launch, serve
from tools.programs import ROOT, say
from tools.site import DESIGN
from tools.site_pages import widget_name
from utils import lesson_source

# enough for text and flat colours; more would triple the file size without a visible difference
COLOURS = 96
LONGEST_RUN = 600.0  # seconds for a lesson
# Render all cells, since a screenshot needs them on the page.
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}
# Outputs of text, HTML and pictures name their MIME type; those of widgets don't.
_WIDGETS = ".jp-OutputArea-child:not(:has(> [data-mime-type])) > .jp-OutputArea-output"


def main(words: Sequence[str] | None = None) -> int:
    """Take screenshots of some lessons, or of all."""
    parser = argparse.ArgumentParser(description="Take the pictures of live widgets.")
    parser.add_argument("lesson", nargs="*", help="a lesson's number; all without")
    chosen = parser.parse_args(words).lesson
    stems = [path.stem for path in lesson_source.paths()]
    stems = [stem for stem in stems if not chosen or str(int(stem[:2])) in chosen]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="course-") as folder:
        path = browser_path(playwright)
        if path is None:
            print(NO_BROWSER, file=sys.stderr)
            return 1
        root, state = Path(folder, "root"), Path(folder, "state")
        root.mkdir()
        _write_settings(state / "settings")
        browser = launch(playwright, path)
        with serve(root, state, {"COURSE_SPEED": "1"}) as lab:
            for stem in stems:
                _take(stem, lab, browser)
        browser.close()
    return 0


def _write_settings(folder: Path) -> None:
    for name, values in SETTINGS.items():
        file = folder / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values), encoding="utf-8")


def _take(stem: str, lab: Lab, browser: Browser) -> None:
    """Run one lesson and replace its screenshots."""
    notebook = json.loads((ROOT / "solutions" / f"{stem}.ipynb").read_bytes())
    names = {
        number: (cell["id"], sum(widget_name(output) is not None for output in cell["outputs"]))
        for number, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code" and "predict(" not in "".join(cell["source"])
    }
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    (lab.root / f"{stem}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1160, "height": 1400}, device_scale_factor=2)
    opened = NotebookPage.open(page, lab.url(f"{stem}.ipynb"))
    opened.command("application:toggle-left-area")
    opened.wait_done()
    page.set_default_timeout(LONGEST_RUN * 1000)
    opened.run()
    folder = DESIGN / "pictures" / stem
    shutil.rmtree(folder, ignore_errors=True)
    for number, (name, expected) in names.items():
        cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
        taken = list(_pictures(cell, expected))
        if len(taken) != expected:
            say(f"{stem}: {name} shows other widgets than the {expected} stored: no picture")
        for place, picture in enumerate(taken, start=1):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.{place}.png").write_bytes(picture)
            say(f"{stem}: {name}, {len(picture) // 1000} kB")
    page.close()


def _pictures(cell: Locator, expected: int) -> Iterator[bytes]:
    """Yield a cell's widgets, each as a PNG with few colours; none if there aren't `expected`."""
    widgets = cell.locator(_WIDGETS).all()
    for widget in widgets if len(widgets) == expected else []:
        widget.scroll_into_view_if_needed()
        shot = Image.open(io.BytesIO(widget.screenshot(animations="disabled"))).convert("RGB")
        file = io.BytesIO()
        shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        yield file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
