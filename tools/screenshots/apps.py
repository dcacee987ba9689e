"""Screenshots of each app mid-reply, for apps/README.md: `python -m tools.screenshots.apps`.

For maintainers, after changing an app's appearance. Each app runs with its own packages, as in
`course.py app`, with a simulator that pauses mid-reply.
"""

import argparse
import io
import sys
from collections.abc import Sequence

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tools.app import APPS
from tools.browser.server import NO_BROWSER, browser_path, launch
from tools.programs import ROOT, say
from tools.running_app import FACES, Running, served
from tools.screenshots.widgets import COLOURS

WINDOW: ViewportSize = {"width": 720, "height": 520}
ORDER, LONG = "Where is my order 4711?", "Explain how a rainbow forms."
PAUSE = "sim-chat:stall@60,600"


def main(words: Sequence[str] | None = None) -> int:
    """Take screenshots of the named apps, or of all."""
    parser = argparse.ArgumentParser(description="Take a picture of each app while it replies.")
    parser.add_argument("app", nargs="*", choices=[[], *FACES], help="the apps (default: all)")
    chosen = parser.parse_args(words).app or list(FACES)
    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is None:
            print(NO_BROWSER, file=sys.stderr)
            return 1
        browser = launch(playwright, path)
        for name in chosen:
            _take(name, browser)
        browser.close()
    return 0


def _take(name: str, browser: Browser) -> None:
    """Ask about an order, then ask for a long reply, and take a screenshot mid-reply."""
    with served(APPS[name], APPS[name].set_up()) as site:
        app = Running(name, site, FACES[name])
        page = browser.new_page(viewport=WINDOW, color_scheme="light")
        app.open(page)
        site.behave("sim-chat")
        app.send(page, ORDER)
        app.wait_for(page, "what I was told")
        site.behave(PAUSE)
        app.send(page, LONG)
        app.wait_for(page, "enters a raindrop")
        page.wait_for_selector(app.face.stop)
        page.get_by_text(LONG).last.scroll_into_view_if_needed()
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.close()
    file = ROOT / "apps" / "docs" / f"{name}_chat.png"
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    say(f"{file.name}: {shot.width} x {shot.height}, {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
