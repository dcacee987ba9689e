"""The `canary` command: runs the tests with the newest package versions that pyproject.toml allows.

It ignores the lock files and installs the newest versions into a temporary environment, which is
deleted when the command ends, fails or is interrupted. `.venv` isn't touched.
"""

import argparse
import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

from tools.env_vars import clean_environ
from tools.environment import LOCKS, Environment
from tools.installers import check_room, follow, make_venv, needed_uv, uv_progress
from tools.programs import ROOT, Advice, ignore_signals, run, say, this_command

# For `--quick`: the tests that new package versions are most likely to break.
QUICK = (
    "tests/test_provider.py",
    "tests/test_timing.py",
    "tests/charts/test_charts.py",
    "tests/simulator/test_clients.py",
    "tests/simulator/api/test_standard_langchain.py",
    "tests/widgets",
    "tests/checks/test_official_answers.py",
)


def canary(arguments: argparse.Namespace) -> int:
    uv, quick = needed_uv(), arguments.quick
    with (
        tempfile.TemporaryDirectory(prefix="course-canary-", ignore_cleanup_errors=True) as folder,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(ignore_signals)  # so that Ctrl-C can't interrupt the deletion of the folder
        environment = Environment(Path(folder).resolve())
        check_room(environment.root)
        say("Creating a temporary environment with the newest versions.")
        _install(uv, environment)
        changed = _changed(uv, environment) or ["nothing has changed."]
        say("\n".join([f"\nCompared with {LOCKS['test']}:", *changed]))
        say(f"\nRunning {'the quick tests' if quick else 'all tests'} with them.")
        chosen = QUICK if quick else ()
        code = run([str(environment.python), "course.py", "test", "--here", *chosen])
        say(f"\n{verdict(passed=code == 0, quick=quick)}")
    return int(code != 0)


def _install(uv: str, environment: Environment) -> None:
    make_venv(environment, uv)
    command = [uv, "pip", "install", "--python", str(environment.python), "--upgrade"]
    command += ["--only-binary", ":all:", "--all-extras", "-r", "pyproject.toml"]
    try:
        follow(command, environment, "downloading the newest versions", uv_progress)
    except Advice as advice:
        raise Advice(
            f"{advice} So the newest versions were not tested. Learners install the lock, and are "
            "not affected."
        ) from None


def _changed(uv: str, environment: Environment) -> list[str]:
    """Return a line for each package that differs from the lock, according to a uv dry run."""
    command = [uv, "pip", "sync", "--dry-run", "--python", str(environment.python), LOCKS["test"]]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environ(), capture_output=True, text=True, check=True
    )
    return changes(done.stderr)


def changes(output: str) -> list[str]:
    """Describe each difference from the lock, given uv's output.

    uv prints an installed package as ` - openai==4.0.0`, and a locked one as ` + openai==3.9.0`.
    """
    lines = re.findall(r"^ ([-+]) (\S+)==(\S+)$", output, re.MULTILINE)
    newest = {name: version for sign, name, version in lines if sign == "-"}
    locked = {name: version for sign, name, version in lines if sign == "+"}
    return [
        f"  {name}: {locked.get(name, 'not locked')} -> {newest.get(name, 'no longer needed')}"
        for name in sorted({*newest, *locked})
    ]


def verdict(*, passed: bool, quick: bool) -> str:
    test, lock = this_command("test"), this_command("lock")
    if passed and quick:
        return f"The quick tests pass with the newest versions; {this_command('canary')} runs all."
    if passed:
        return (
            "All tests pass with the newest versions. To use them: "
            f"{lock} --upgrade, then {test}, and commit the locks."
        )
    return (
        f"Learners are not affected, since they install the lock. What fails with {test}, too, has "
        "nothing to do with versions. Read what changed in the packages above, and fix what relied "
        "on it, or exclude the version in pyproject.toml, with the reason beside it, and run "
        f"{lock}."
    )
