"""Checks, in a separate process, whether a browser can run here.

Playwright may fail to import; its driver or the browser may crash or hang. Each of these failures
is reported in one sentence. This file contains no tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.browser.server import GET_ONE, NO_BROWSER, REPOSITORY, browser_path, launch

_PATIENCE = 240.0  # seconds


@dataclass(frozen=True)
class Found:
    """The browser's path, or the reason why no browser can run."""

    path: str
    problem: str | None


def probe(folder: Path) -> Found:
    """Try to show an empty page in a browser; `folder` is for temporary files."""
    answer, log = folder / "answer.json", folder / "log.txt"
    with log.open("wb") as output:
        trying = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.probe", str(answer)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            trying.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            if sys.platform != "win32":
                os.killpg(trying.pid, signal.SIGKILL)
            trying.kill()
            trying.wait()
            return Found("", _sentence(f"no answer in {_PATIENCE:.0f} s"))
    said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    if not answer.exists():
        return Found("", _sentence(said or f"exit code {trying.returncode}"))
    found = json.loads(answer.read_text(encoding="utf-8"))
    if found["error"] is None:
        return Found(found["path"], None if found["path"] else NO_BROWSER)
    return Found("", _sentence("; ".join(filter(None, [found["error"], said]))))


def _sentence(cause: str) -> str:
    return f"No browser can run here ({cause}). {GET_ONE}"


def _try() -> str:
    """Start the browser and return its path; return an empty string if none is installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is not None:
            browser = launch(playwright, path)
            page = browser.new_page()
            page.goto("about:blank")
            page.evaluate("() => 1")
            browser.close()
    return path or ""


def _main(answer: Path) -> None:
    path, problem = "", None
    try:
        path = _try()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        problem = f"Playwright says: {lines[0] if lines else type(error).__name__}"
    answer.write_text(json.dumps({"path": path, "error": problem}), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
