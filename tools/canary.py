"""The `canary` command: run the tests with the newest versions that pyproject.toml allows.

The versions are installed into a temporary environment, ignoring the locks, and a copy of the
course is tested there. Both are deleted when the command ends, fails or is interrupted. `.venv`
isn't touched.
"""

import argparse
import dataclasses
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.env_vars import clean_environ
from tools.environment import LOCKS, Environment
from tools.installers import check_room, follow, make_venv, needed_uv, uv_progress
from tools.programs import (
    ROOT,
    Advice,
    counted,
    end_signals,
    ended_with,
    say,
    stop_on_signals,
    this_command,
    wait_for,
)

# The tests most likely to break with new versions, for `--quick`.
QUICK = (
    "tests/test_provider.py",
    "tests/test_timing.py",
    "tests/charts/test_charts.py",
    "tests/simulator/test_clients.py",
    "tests/simulator/test_clients_tools.py",
    "tests/widgets",
    "tests/checks/test_official_answers.py",
)
LEFT_BEHIND = (".git", ".venv*", ".*_cache", ".hypothesis", ".course.lock", "__pycache__")
MADE = ("build", "dist", "test-artifacts")


@dataclasses.dataclass(frozen=True)
class Change:
    """A package that differs from the lock.

    Attributes:
        name: The package's name.
        locked: The version in the lock; None if the package isn't locked.
        newest: The installed version; None if the package isn't installed.
    """

    name: str
    locked: str | None
    newest: str | None

    def __str__(self) -> str:
        if self.locked is None:
            return f"{self.name}: {self.newest} is new"
        if self.newest is None:
            return f"{self.name}: {self.locked} is no longer needed"
        return f"{self.name}: {self.locked} -> {self.newest}"


def canary(arguments: argparse.Namespace) -> int:
    """Run the tests with the newest versions; return 1 if any fails."""
    stop_on_signals()
    uv = needed_uv()
    with tempfile.TemporaryDirectory(prefix="course-canary-", ignore_cleanup_errors=True) as folder:
        try:
            return _try_newest(uv, Path(folder).resolve(), quick=arguments.quick)
        finally:
            for number in end_signals():  # a second Ctrl-C must not leave the folder behind
                signal.signal(number, signal.SIG_IGN)


def _try_newest(uv: str, folder: Path, *, quick: bool) -> int:
    project = _pyproject()["project"]
    environment = Environment(folder)
    check_room(folder)
    say("Creating a temporary environment with the newest versions.")
    _install(uv, environment, requirements(project))
    found = _changes(uv, environment)
    copy = folder / "course"
    shutil.copytree(ROOT, copy, ignore=_not_copied)
    say(f"\n{heading(len(found))}")
    direct = {_normal(line) for line in requirements(project)}
    for change in sorted(found, key=lambda one: (one.name not in direct, one.name)):
        say(f"  {'*' if change.name in direct else ' '} {change}")
    if any(change.name in direct for change in found):
        say("  (* is named in pyproject.toml; the others are their dependencies)")
    say(f"\nRunning {'the quick tests' if quick else 'all tests'} with them.")
    code = _tests(environment, copy, QUICK if quick else ())
    say(f"\n{verdict(code, found, direct, quick=quick)}")
    return int(code != 0)


def heading(differing: int) -> str:
    """Return the heading for the list of changes."""
    verb = "differs" if differing == 1 else "differ"
    told = ":" if differing else ": the lock has the newest of everything."
    return f"Against {LOCKS['test']}, {counted(differing, 'package')} {verb}{told}"


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- The newest versions --------------------------------------------------------------------------


def requirements(project: Mapping[str, Any]) -> list[str]:
    """Return all dependencies in pyproject.toml, including optional ones."""
    groups: Iterable[list[str]] = project.get("optional-dependencies", {}).values()
    return [*project["dependencies"], *(line for group in groups for line in group)]


def _install(uv: str, environment: Environment, wanted: Sequence[str]) -> None:
    """Create the environment and install the newest versions.

    Raises:
        Advice: The installation failed, for example because the versions conflict.
    """
    make_venv(environment, uv)
    asked = environment.root / "wanted.txt"
    asked.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    kept_out = environment.root / "kept_out.txt"
    lines = _pyproject()["tool"]["uv"]["override-dependencies"]
    kept_out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [uv, "pip", "install", "--python", str(environment.python), "--upgrade"]
    command += ["--only-binary", ":all:", "--override", str(kept_out), "-r", str(asked)]
    try:
        follow(command, environment, "downloading the newest versions", uv_progress)
    except Advice as advice:
        raise Advice(
            f"{advice} So the newest versions were not tested. Learners install the lock, and are "
            "not affected."
        ) from None


def _not_copied(folder: str, names: list[str]) -> set[str]:
    ignored = set(shutil.ignore_patterns(*LEFT_BEHIND)(folder, names))
    return ignored | ({*MADE} & {*names} if Path(folder) == ROOT else set())


def _changes(uv: str, environment: Environment) -> list[Change]:
    """Return how the newest versions differ from the lock, from a dry run of `uv pip sync`."""
    asked = [uv, "pip", "sync", "--dry-run", "--python", str(environment.python), LOCKS["test"]]
    done = subprocess.run(
        asked, cwd=ROOT, env=clean_environ(), capture_output=True, text=True, check=True
    )
    return changes(done.stderr)


def changes(said: str) -> list[Change]:
    """Parse uv's output, such as the lines ` - openai==4.0.0` and ` + openai==3.54.0`."""
    lines = re.findall(r"^ ([-+]) (\S+)==(\S+)$", said, re.MULTILINE)
    newest, locked = ({name: version for at, name, version in lines if at == it} for it in "-+")
    return [Change(name, locked.get(name), newest.get(name)) for name in sorted({*newest, *locked})]


def _normal(requirement: str) -> str:
    """Return a requirement's package name, normalised as in locks."""
    name = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement


# --- The tests ------------------------------------------------------------------------------------


def _tests(environment: Environment, copy: Path, chosen: Sequence[str]) -> int:
    """Run the copy's test command in the environment; return its exit code."""
    child = subprocess.Popen(
        [str(environment.python), "course.py", "test", "--here", *chosen],
        cwd=copy,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        text=True,
    )
    with ended_with(child):
        return wait_for(child)


def verdict(code: int, found: Sequence[Change], direct: Iterable[str], *, quick: bool) -> str:
    """Return what the result means, and what to do next."""
    test, lock = this_command("test"), this_command("lock")
    if not found:
        return "No version differs from the lock" + (
            ": nothing to do." if code == 0 else f", so the cause is not a package: run {test}."
        )
    if code == 0 and quick:
        return f"The quick tests pass with the newest versions; {this_command('canary')} runs all."
    if code == 0:
        return (
            "All tests pass with the newest versions. To use them: "
            f"{lock} --upgrade, then {test}, and commit the locks."
        )
    moved = [change.name for change in found if change.locked and change.newest]
    suspects = [name for name in moved if name in set(direct)] or moved
    return (
        f"Learners are not affected, since they install the lock. What fails with {test}, too, has "
        f"nothing to do with versions. Read what changed in {', '.join(suspects) or 'the others'}, "
        "and fix what relied on it, or exclude the version in pyproject.toml, with the reason "
        f"beside it, and run {lock}."
    )
