"""The `test` command: what CI runs, in order, and the line that says how many passed."""

import argparse
import dataclasses
import difflib
import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.app import APPS
from tools.environment import interpreter
from tools.programs import (
    ROOT,
    Advice,
    ended_with,
    say,
    simulated_environ,
    stop_on_signals,
    wait_for,
)

# Pytest's exit codes where no test failed because none was run, and what they mean.
NO_TEST_RAN = {
    4: "pytest ran no test, and says above why",
    5: "pytest found no test that fits what was asked for",
}

FRAMEWORKS = "tests/apps/frameworks"  # with packages of their own: `test --apps` runs them

TEST_SPEED = "10"  # the simulator's time runs that much faster; more, and overhead blurs ratios

LONGEST_TMPDIR = 40  # bytes of its name; folders and sockets in it have names, too


@dataclasses.dataclass(frozen=True)
class Tally:
    """How many tests, or checks that count as one, passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        """The closing line."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclasses.dataclass(frozen=True)
class Step:
    """One part of the test command: a program, and whether it is pytest, which counts tests."""

    name: str
    command: list[str]
    is_pytest: bool = False


def test(arguments: argparse.Namespace) -> int:
    """Run everything that CI runs, and end with one line that says how many passed."""
    stop_on_signals()
    if arguments.style and arguments.more:
        raise Advice(f"--style runs no tests: leave out {' '.join(arguments.more)}.")
    check_files(arguments.more)
    python = interpreter("test", arguments.here)
    if arguments.apps:
        install_apps()
        return run_steps([apps_step(python, arguments.more)])
    return run_steps(steps(python, arguments.more, fast=arguments.fast, style=arguments.style))


def check_files(words: Sequence[str]) -> None:
    """Raise Advice where a word names a test's file that is not there; several workers hide it."""
    for word in words:
        name = word.partition("::")[0]
        if not name.startswith("-") and name.endswith((".py", ".ipynb")):
            if (ROOT / name).exists():
                continue
            there = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/test_*.py")]
            close = difflib.get_close_matches(name, there, n=1, cutoff=0.8)
            raise Advice(f"There is no {name}{f': did you mean {close[0]}?' if close else '.'}")


def run_steps(plan: Sequence[Step]) -> int:
    """Run every step, also after one that failed; returns the exit code."""
    environ = suite_environ()
    started = time.monotonic()
    total = Tally()
    failed = []
    for step in plan:
        say(f"\n== {step.name}")
        begun = time.monotonic()
        tally, problem = run_step(step, environ)
        total += tally
        if problem is not None:
            failed.append(f"{step.name} ({problem})" if problem else step.name)
        say(f"== {step.name}: {tally} ({time.monotonic() - begun:.1f} s)")
    say(f"\nAll of it took {time.monotonic() - started:.0f} s.")
    if failed:
        say("What failed: " + "; ".join(failed))
    say(str(total))
    return 1 if failed else 0


def suite_environ() -> dict[str, str]:
    """Variables for tests: the simulator alone, sped up, and no key that could leak into them."""
    return simulated_environ(COURSE_SPEED=os.environ.get("COURSE_SPEED") or TEST_SPEED)


def folder_for_sockets() -> str | None:
    """Where `tempfile` should make a folder for sockets, whose full names have at most 104 bytes.

    None, which is the usual place, or the system's own where TMPDIR names a longer one.
    """
    return None if len(os.fsencode(tempfile.gettempdir())) <= LONGEST_TMPDIR else "/tmp"


def steps(python: str, more: Sequence[str], *, fast: bool, style: bool = False) -> list[Step]:
    """What `test` runs, quickest first; with arguments of pytest's own, pytest alone.

    Args:
        python: the interpreter that has the test packages.
        more: arguments for pytest.
        fast: leave out the browser and the notebooks.
        style: leave out all tests; what is left is style, types, and the notebooks' texts.
    """
    # By file: a notebook's cells need one kernel, and a file's tests share their servers.
    pytest = [python, "-m", "pytest", "-q", "-rfEs", "--dist", "loadfile"]
    if more:
        return [Step("tests: pytest", [*pytest, "-n", "auto", *more], is_pytest=True)]
    plan = [
        Step("style: ruff check", [python, "-m", "ruff", "check"]),
        Step("style: ruff format", [python, "-m", "ruff", "format", "--check"]),
        Step("types: mypy", [python, "-m", "mypy"]),
        Step("build: notebooks match their lessons", [python, "-m", "tools.build", "--check"]),
    ]
    if style:
        return plan
    in_order = [*pytest, "--no-loadscope-reorder", "-n"]  # in the order of the folders
    if fast:
        without = ["--ignore=tests/notebooks", "--ignore=tests/browser", f"--ignore={FRAMEWORKS}"]
        part = [*in_order, "auto", *without]
        return [*plan, Step("tests: pytest, part of it", part, is_pytest=True)]
    # Kernels and browsers wait half of their time: two workers more than there are cores.
    everything = [*in_order, str((os.cpu_count() or 1) + 2)]
    everything += [f"--ignore={FRAMEWORKS}", "--nbval", "solutions", "notebooks", "tests"]
    return [*plan, Step("tests: pytest, and nbval on every notebook", everything, is_pytest=True)]


def install_apps() -> None:
    """Install each framework's packages; where that fails, say so: its tests are skipped."""
    for app in [app for app in APPS.values() if app.name != "fastapi"]:  # the course has FastAPI
        try:
            app.set_up()
        except Advice as advice:
            say(f"The {app.name} app's tests will be skipped. {advice}")


def apps_step(python: str, more: Sequence[str]) -> Step:
    """What `test --apps` runs: each framework's app, and an app behind nginx."""
    # A worker for each group; most of their time they wait.
    pytest = [python, "-m", "pytest", "-q", "-rfEs", "--dist", "loadgroup", "-n", "4"]
    return Step("tests: the apps", [*pytest, *(more or [FRAMEWORKS])], is_pytest=True)


def run_step(step: Step, environ: Mapping[str, str]) -> tuple[Tally, str | None]:
    """Run one step with its output on the screen; a step that is not pytest counts as one.

    Returns:
        What it counted, and None if all is well: otherwise what is wrong, where the count doesn't
        tell.
    """
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        report = Path(folder) / "report.xml"
        command = [*step.command, f"--junitxml={report}"] if step.is_pytest else step.command
        child = subprocess.Popen(command, cwd=ROOT, env=environ, text=True)
        with ended_with(child):
            code = wait_for(child)
        tally = read_tally(report) if report.exists() else Tally(passed=int(code == 0))
    if code == 0:
        return tally, None
    if step.is_pytest and code in NO_TEST_RAN and tally == Tally():
        return tally, NO_TEST_RAN[code]
    # A crash, a lost worker: the step failed even where no test says so.
    return (tally if tally.failed else tally + Tally(failed=1)), ""


def read_tally(report: Path) -> Tally:
    """Read pytest's counts from the JUnit report that it wrote."""
    total = Tally()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
        bad = failures + errors
        total += Tally(passed=tests - bad - skipped, failed=bad, skipped=skipped)
    return total
