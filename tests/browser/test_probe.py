"""If no browser can run, the browser tests are skipped, with the reason in pytest's summary."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import probe as probing
from tests.browser.probe import probe
from tools.browser.server import NO_BROWSER, REPOSITORY

# Ways in which importing Playwright fails: a fake module's code, and the reported cause.
MODULES = {
    "a library is missing": (
        "raise ImportError('libstdc++.so.6: cannot open shared object file')",
        "Playwright says: libstdc++.so.6: cannot open shared object file",
    ),
    "not installed": ("raise ModuleNotFoundError('no playwright')", "no playwright"),
    "says nothing": ("raise OSError", "Playwright says: OSError"),
    "ends Python": ("import os; os._exit(9)", "exit code 9"),
    "crashes": ("import os; print('Segmentation fault'); os.abort()", "Segmentation fault"),
}


@pytest.fixture
def playwright_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that replaces Playwright with a module that contains the given code."""

    def write(module: str) -> None:
        package = tmp_path / "modules" / "playwright"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(module, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(package.parent))

    return write


def problem_of(folder: Path) -> str:
    """Return the error message of a failing probe."""
    with pytest.raises(LookupError) as caught:
        probe(folder)
    return str(caught.value)


@pytest.mark.parametrize(("module", "cause"), MODULES.values(), ids=MODULES)
def test_a_failing_playwright_is_reported_in_one_sentence(module, cause, playwright_is, tmp_path):
    playwright_is(module)
    problem = problem_of(tmp_path)
    assert problem.startswith("No browser can run here (")
    assert cause in problem
    assert "`python -m playwright install --with-deps chromium`" in problem
    assert "\n" not in problem


def test_a_hanging_playwright_is_ended(playwright_is, tmp_path, monkeypatch):
    playwright_is("import threading; threading.Event().wait()")
    monkeypatch.setattr(probing, "_PATIENCE", 2.0)
    assert "no response within 2 s" in problem_of(tmp_path)


not_on_windows = pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")


def failing_program(file: Path, error: str) -> str:
    """Write a program that prints `error` and fails; return the program's path."""
    file.write_text(f"#!/bin/sh\necho '{error}' >&2\nexit 127\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def run_pytest(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


@not_on_windows
def test_a_driver_that_cannot_start_is_reported_in_one_sentence(tmp_path, monkeypatch):
    node = failing_program(
        tmp_path / "node", "error while loading shared libraries: libatomic.so.1"
    )
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", node)
    problem = problem_of(tmp_path)
    assert "Playwright says: " in problem
    assert "error while loading shared libraries: libatomic.so.1" in problem
    assert "\n" not in problem


@pytest.mark.usefixtures("browser_file")  # skips the test if Playwright doesn't work
def test_without_a_browser_the_sentence_explains_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert problem_of(tmp_path) == NO_BROWSER


@not_on_windows
def test_all_tests_that_need_a_browser_are_skipped(playwright_is, tmp_path, monkeypatch):
    # The pytest process imports the fake module, which fails. The probe runs without PYTHONPATH, so
    # it imports the real module, whose driver fails.
    playwright_is(MODULES["a library is missing"][0])
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", failing_program(tmp_path / "node", "no library"))
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    done = run_pytest("-rs", "--ignore=tests/browser/test_probe.py", "tests/browser")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"\d+ skipped in ", done.stdout.splitlines()[-1]), done.stdout
    assert done.stdout.count("No browser can run here") == 1, "all tests should share one sentence"


@not_on_windows
def test_a_named_browser_that_cannot_run_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "COURSE_BROWSER", failing_program(tmp_path / "chromium", "no usable sandbox")
    )
    done = run_pytest("-x", "tests/browser/test_heartbeat.py")
    assert done.returncode == 1
    assert "No browser can run here" in done.stdout
