"""The `test` command: runs all the checks that CI runs, and reports how many tests passed.

The steps (style, types, build and pytest) run concurrently, in separate processes.
"""

import argparse
import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.app import APPS
from tools.browser.server import a_browser_is_found
from tools.env_vars import suite_environ
from tools.environment import interpreter
from tools.programs import ROOT, Advice, ended_with, say

# Pytest's exit codes if no test ran, with their meanings.
NO_TEST_RAN = {4: "pytest ran no test, and says above why", 5: "pytest found no matching test"}

# Only `test --apps` runs these: they need other frameworks, nginx, Redis or a real hub.
HEAVY = ("tests/apps/frameworks", "tests/hub/real")

MORE_WORKERS = 3  # pytest workers in addition to one per core

# The numbers of passed, failed and skipped tests; a step without tests counts as one test.
Tally = Counter[str]


def shown(tally: Tally) -> str:
    """Return a tally as text, such as `12 passed, 1 failed, 0 skipped`."""
    return ", ".join(f"{tally[what]} {what}" for what in ("passed", "failed", "skipped"))


@dataclasses.dataclass(frozen=True)
class Step:
    """A program that the test command runs. If it is pytest, each test is counted."""

    name: str
    command: list[str]
    is_pytest: bool = False


def test(arguments: argparse.Namespace) -> int:
    if arguments.style and arguments.more:
        raise Advice(f"--style runs no tests: leave out {' '.join(arguments.more)}.")
    if arguments.fast and arguments.more:
        raise Advice(f"--fast chooses the tests: leave out --fast or {' '.join(arguments.more)}.")
    check_files(arguments.more)
    python = interpreter("test", arguments.here)
    if arguments.apps:
        not_installed = install_apps()
        return run_steps([apps_step(python, arguments.more)], not_installed)
    return run_steps(steps(python, arguments.more, fast=arguments.fast, style=arguments.style))


def check_files(words: Sequence[str]) -> None:
    """Raise Advice if a test file doesn't exist; pytest with several workers wouldn't report it."""
    for word in words:
        name = word.partition("::")[0]
        is_file = not name.startswith("-") and name.endswith((".py", ".ipynb"))
        if is_file and not (ROOT / name).exists():
            raise Advice(f"There is no {name}.")


def run_steps(plan: Sequence[Step], failed_before: Sequence[str] = ()) -> int:
    """Run all steps concurrently, since most are idle half the time; return the exit code.

    Pytest writes to the terminal directly. The output of other steps is shown when they end. Each
    earlier failure in `failed_before` counts as one failed test.
    """
    started = time.monotonic()
    total, failed = Tally(failed=len(failed_before)), list(failed_before)
    with tempfile.TemporaryDirectory(prefix="course-") as folder, contextlib.ExitStack() as stack:
        running = []
        for number, step in enumerate(plan):
            file = Path(folder, str(number))
            running.append((step, stack.enter_context(begun(step, file)), file))
        while running:
            for entry in list(running):
                step, child, file = entry
                if child.poll() is None:
                    continue
                running.remove(entry)
                tally, problem = outcome(step, child.returncode, file)
                total += tally
                failed += [] if problem is None else [step.name + problem]
                say(f"== {step.name}: {shown(tally)} ({time.monotonic() - started:.0f} s)")
            time.sleep(0.05)  # polling, since not every system can wait for several processes
    say(f"\nAll of it took {time.monotonic() - started:.0f} s.")
    if failed:
        say("What failed: " + "; ".join(failed))
    say(shown(total))
    return 1 if failed else 0


@contextlib.contextmanager
def begun(step: Step, file: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a step, writing its report or output to `file`; end it if the `with` block fails."""
    command, output = step.command, None
    with contextlib.ExitStack() as stack:
        if step.is_pytest:
            say(f"\n== {step.name}")
            command = [*command, f"--junitxml={file}"]
        else:
            output = stack.enter_context(file.open("wb"))
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=suite_environ(),
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )
        with ended_with(child):
            yield child


def steps(python: str, more: Sequence[str], *, fast: bool, style: bool = False) -> list[Step]:
    """Return the steps that `test` runs; with pytest arguments in `more`, only pytest's step."""
    # Workers run whole files: a notebook's cells share a kernel, and a file's tests share servers.
    pytest = [python, "-m", "pytest", "-q", "-rfEs", "--dist", "loadfile"]
    if more:
        return [Step("tests: pytest", [*pytest, "-n", "auto", *more], is_pytest=True)]
    cache = ROOT / ".mypy_cache"
    writable = os.access(cache if cache.exists() else ROOT, os.W_OK)  # false on a read-only disk
    mypy = [python, "-m", "mypy", *([] if writable else ["--cache-dir", os.devnull])]
    plan = [
        Step("style: ruff check", [python, "-m", "ruff", "check", "--no-cache"]),
        Step("style: ruff format", [python, "-m", "ruff", "format", "--check", "--no-cache"]),
        Step("types: mypy", mypy),
        Step("build: notebooks match their lessons", [python, "-m", "tools.build", "--check"]),
    ]
    if style:
        return plan
    lighter = [f"--ignore={folder}" for folder in HEAVY]
    in_order = [*pytest, "--no-loadscope-reorder", "-n"]  # in the order set by `conftest.py`
    if fast:
        without = ["--ignore=tests/notebooks", "--ignore=tests/browser", *lighter]
        part = [*in_order, "auto", *without]
        return [*plan, Step("tests: pytest, part of it", part, is_pytest=True)]
    # Tests with kernels and browsers spend half their time waiting, so use more workers than cores.
    everything = [*in_order, str((os.cpu_count() or 1) + MORE_WORKERS)]
    everything += [*lighter, "--nbval", "solutions", "tests"]
    if not a_browser_is_found():  # otherwise, the browser tests run these notebooks
        everything.append("notebooks")
    return [*plan, Step("tests: pytest, and nbval on notebooks", everything, is_pytest=True)]


def install_apps() -> list[str]:
    """Install each framework's packages; return a description of each failure.

    Apps that need an older Python don't count as failures. Tests of apps that aren't installed are
    skipped.
    """
    failed = []
    # FastAPI is already in the course's environment
    for app in [app for app in APPS.values() if app.name != "fastapi"]:
        try:
            app.set_up()
        except Advice as advice:
            say(f"The {app.name} app's tests will be skipped. {advice}")
            if sys.version_info[:2] <= app.newest:
                failed.append(f"installing the {app.name} app")
    return failed


def apps_step(python: str, more: Sequence[str]) -> Step:
    # Use four workers on any machine, since these tests mostly wait.
    pytest = [python, "-m", "pytest", "-q", "-rfEs", "--dist", "loadgroup", "-n", "4"]
    return Step("tests: the apps", [*pytest, *(more or HEAVY)], is_pytest=True)


def outcome(step: Step, code: int, file: Path) -> tuple[Tally, str | None]:
    """Return the counts of a step that has ended, and a remark if it failed.

    A step without tests counts as one test. The remark is "" if the counts show the failure.
    """
    tally = Tally(passed=int(code == 0))
    if not step.is_pytest:
        say(f"\n== {step.name}")
        say(file.read_text(encoding="utf-8", errors="replace").rstrip())
    elif file.exists():
        tally = read_tally(file)
    elif code == 0:
        return Tally(failed=1), " (pytest ended without a report, so perhaps before all tests ran)"
    if step.is_pytest and code in NO_TEST_RAN and not tally.total():
        return tally, f" ({NO_TEST_RAN[code]})"
    if code == 0:
        return tally, None
    # Count a failure even if no test failed, as when pytest crashes or loses a worker.
    return (tally if tally["failed"] else tally + Tally(failed=1)), ""


def read_tally(report: Path) -> Tally:
    total = Tally()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
        bad = failures + errors
        total += Tally(passed=tests - bad - skipped, failed=bad, skipped=skipped)
    return total
