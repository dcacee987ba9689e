"""Screenshots of each app mid-reply, for apps/README.md: `python -m tools.screenshots.apps`.

Maintainers run it after changing an app's appearance. Each app runs with its own packages, as in
`course.py app`, and with a simulator that pauses mid-reply.
"""

import argparse

from playwright.sync_api import Browser, ViewportSize

from tools.app import APPS
from tools.programs import ROOT
from tools.running_app import SELECTORS, AppInBrowser, served
from tools.screenshots import a_browser, opened, save

WINDOW: ViewportSize = {"width": 720, "height": 520}
ORDER, LONG = "Where is my order 4711?", "Explain how a rainbow forms."
PAUSE = "sim-chat:stall@60,600"  # pauses after 60 tokens, for longer than the page is open


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a screenshot of each app mid-reply.")
    # argparse rejects its own default, [], unless it is one of the choices
    parser.add_argument("app", nargs="*", choices=[[], *SELECTORS], help="the apps (default: all)")
    chosen = parser.parse_args().app or SELECTORS
    with a_browser() as browser:
        for name in chosen:
            _take(name, browser)


def _take(name: str, browser: Browser) -> None:
    with served(APPS[name], APPS[name].set_up()) as site:
        app = AppInBrowser(name, site, SELECTORS[name])
        page = browser.new_page(viewport=WINDOW, color_scheme="light")
        app.open(page)
        site.behave("sim-chat")
        app.send(page, ORDER)
        app.wait_for(page, "what I was told")  # this text is near the end of the reply
        site.behave(PAUSE)
        app.send(page, LONG)
        app.wait_for(page, "enters a raindrop")  # this text comes before the pause
        page.wait_for_selector(app.selectors.stop)
        page.get_by_text(LONG).last.scroll_into_view_if_needed()
        save(opened(page.screenshot()), ROOT / "apps" / "docs" / f"{name}_chat.png")
        page.close()


if __name__ == "__main__":
    main()
