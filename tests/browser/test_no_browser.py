"""If no browser can run, the browser tests are skipped, with the reason in pytest's summary."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.browser.server import NO_BROWSER, REPOSITORY

HEARTBEAT = "tests/browser/test_heartbeat.py"  # tests that need a browser
not_on_windows = pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")


def failing_program(file: Path, error: str) -> str:
    file.write_text(f"#!/bin/sh\necho '{error}' >&2\nexit 127\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def run_pytest(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


def reason_for_skipping(*options: str) -> str:
    """Run browser tests, all of which must be skipped for one reason; return that reason."""
    done = run_pytest("-rs", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, reason, counts = done.stdout.splitlines()
    assert re.match(r"\d+ skipped in ", counts), done.stdout
    assert done.stdout.count("SKIPPED") == 1, done.stdout
    return reason.partition(": ")[2]


def test_a_playwright_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    cause = "libstdc++.so.6: cannot open shared object file"
    (tmp_path / "playwright.py").write_text(f"raise ImportError('{cause}')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    reason = reason_for_skipping("--ignore=tests/browser/test_no_browser.py", "tests/browser")
    assert reason.startswith(f"No browser can run here ({cause}). Get one with ")


@not_on_windows
def test_a_driver_that_cannot_start_is_reported(tmp_path, monkeypatch):
    node = failing_program(tmp_path / "node", "error while loading shared libraries")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", node)
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    assert reason_for_skipping(HEARTBEAT).startswith("No browser can run here (Connection closed")


@pytest.mark.usefixtures("browser_file")  # skips the test if Playwright doesn't work
def test_without_a_browser_the_sentence_explains_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reason_for_skipping(HEARTBEAT) == NO_BROWSER


@not_on_windows
def test_a_named_browser_that_cannot_run_is_a_failure(tmp_path, monkeypatch):
    browser = failing_program(tmp_path / "chromium", "no usable sandbox")
    monkeypatch.setenv("COURSE_BROWSER", browser)
    done = run_pytest("-x", HEARTBEAT)
    assert done.returncode == 1
    assert "No browser can run here" in done.stdout
