"""How long a learner waits: from `course.py lab` to an idle kernel, and on to the first token.

Run `python benchmarks/lab_start.py` with Chromium or Chrome installed. It starts the course as the
README says, once to warm up and once to measure, and drives lesson 1 in a browser. The mark: the
setup cell takes at most 3 seconds; the command fails above it.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from playwright.sync_api import sync_playwright

# The tests' way to drive a JupyterLab is used here too.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser.lab import NO_BROWSER, NotebookPage, browser_path, launch

ROOT = Path(__file__).resolve().parents[1]
MARK = 3.0  # seconds
STREAM_PANE = ".course-lane:nth-child(2) .course-text"
if sys.platform == "win32":
    CTRL_C = signal.CTRL_BREAK_EVENT  # the one that reaches another process
else:
    CTRL_C = signal.SIGINT


@contextmanager
def the_course(options: list[str]) -> Iterator[str]:
    """Run `course.py lab` until the block ends; gives the address that it prints."""
    lab = subprocess.Popen(
        [sys.executable, str(ROOT / "course.py"), "lab", "--no-browser", *options],
        stdout=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    try:
        yield _address(lab)
    finally:
        lab.send_signal(CTRL_C)
        lab.communicate(timeout=60)


def _address(lab: subprocess.Popen[str]) -> str:
    for line in lab.stdout or ():
        if found := re.search(r"http://127\.0\.0\.1:\S+", line):
            return found[0]
    raise RuntimeError(f"course.py lab ended without an address (exit code {lab.wait()}).")


def measure(options: list[str]) -> dict[str, float] | None:
    """The waits in seconds; None where there is no browser."""
    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is None:
            return None
        with the_course(options):
            pass  # the environment is warm now
        browser = launch(playwright, path)
        start = perf_counter()
        with the_course(options) as address:
            answers = perf_counter()
            notebook = NotebookPage.open(browser.new_page(), address)
            idle = perf_counter()
            notebook.run_cell_with("ready()")
            notebook.wait_done()
            ready = perf_counter()
            notebook.run_cell_with("await race(")
            notebook.page.wait_for_function(
                "(pane) => document.querySelector(pane)?.textContent.length > 0", arg=STREAM_PANE
            )
            words = perf_counter()
            notebook.cells.get_by_role("button", name="Stop").click()
            notebook.wait_done()
            errors = notebook.errors()
            browser.close()
        if errors:
            raise RuntimeError(f"A cell of lesson 1 failed: {errors}")
    return {
        "`lab` to JupyterLab answering": answers - start,
        "`lab` to an idle kernel": idle - start,
        "setup cell to done": ready - idle,
        "run of the race to its first words": words - ready,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--here", action="store_true", help="handed to `course.py lab`")
    waits = measure(["--here"] if parser.parse_args().here else [])
    if waits is None:
        print(NO_BROWSER)
        return 1
    for what, seconds in waits.items():
        print(f"{what:<40}{seconds:>8.2f} s")
    setup = waits["setup cell to done"]
    print(f"\nThe setup cell took {setup:.1f} s (mark: at most {MARK:.0f} s).")
    return 0 if setup <= MARK else 1


if __name__ == "__main__":
    sys.exit(main())
