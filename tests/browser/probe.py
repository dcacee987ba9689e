"""Checks, in a separate process, whether a browser can run here.

Playwright may fail to import; its driver or the browser may crash or hang. Each of these failures
is reported in one sentence.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tools.browser.server import GET_ONE, NO_BROWSER, REPOSITORY, browser_path, launch

_PATIENCE = 240.0  # seconds


def probe(folder: Path) -> str:
    """Try to show an empty page in a browser; return the browser's path.

    Args:
        folder: A folder for temporary files.

    Raises:
        LookupError: If no browser can run; the message gives the reason in one sentence.
    """
    log = folder / "log.txt"
    with log.open("wb") as output:
        trying = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.probe"],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that `killpg` also kills the driver and the browser
        )
        try:
            code = trying.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            if sys.platform != "win32":
                os.killpg(trying.pid, signal.SIGKILL)
            trying.kill()
            trying.wait()
            raise _cannot_run(f"no response within {_PATIENCE:.0f} s") from None
    printed = log.read_text(encoding="utf-8", errors="replace").split("\n")
    lines = [line.strip() for line in printed if line.strip()]
    if code == 0:
        return lines[-1]
    if lines[-1:] == [NO_BROWSER]:
        raise LookupError(NO_BROWSER)
    raise _cannot_run("; ".join(lines[-2:]) or f"exit code {code}")


def _cannot_run(cause: str) -> LookupError:
    return LookupError(f"No browser can run here ({cause}). {GET_ONE}")


def _try() -> str:
    """Start the browser and return its path, or "" if there is no browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is None:
            return ""
        browser = launch(playwright, path)
        page = browser.new_page()
        page.goto("about:blank")
        page.evaluate("() => 1")
        browser.close()
        return path


if __name__ == "__main__":
    try:
        path = _try()
    except Exception as error:
        words = str(error).strip().partition("\n")[0] or type(error).__name__
        sys.exit(f"Playwright says: {words}")
    print(path) if path else sys.exit(NO_BROWSER)
