"""The `canary` command: run the tests with the newest versions that pyproject.toml allows.

A temporary environment gets these versions, without the locks; a copy of the course is tested in
it. Both are deleted, however the command ends. `.venv` isn't touched.
"""

import argparse
import dataclasses
import importlib.metadata
import json
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.environment import LOCKS, Environment
from tools.installers import check_room, follow, make_venv
from tools.programs import (
    ROOT,
    Advice,
    clean_environ,
    counted,
    end_signals,
    ended_with,
    say,
    stop_on_signals,
    this_command,
    wait_for,
)

# The tests of what new versions break first.
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
SHOWN_FAILURES = 12


@dataclasses.dataclass(frozen=True)
class Change:
    """A package that differs from the lock; a version is None if it isn't installed or locked."""

    name: str
    locked: str | None
    newest: str | None

    def __str__(self) -> str:
        """The change in words."""
        if self.locked is None:
            return f"{self.name}: {self.newest} is new"
        if self.newest is None:
            return f"{self.name}: {self.locked} is no longer needed"
        return f"{self.name}: {self.locked} -> {self.newest}"


def canary(arguments: argparse.Namespace) -> int:
    """Run the tests with the newest versions; returns 1 if any fails."""
    stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="course-canary-", ignore_cleanup_errors=True) as folder:
        try:
            return _try_newest(Path(folder).resolve(), quick=arguments.quick)
        finally:
            for number in end_signals():  # a second Ctrl-C must not leave the folder
                signal.signal(number, signal.SIG_IGN)


def _try_newest(folder: Path, *, quick: bool) -> int:
    project = _pyproject()["project"]
    environment = Environment(folder)
    check_room(folder)
    say("Creating a temporary environment with the newest versions.")
    _install(environment, requirements(project))
    copy = folder / "course"
    shutil.copytree(ROOT, copy, ignore=_not_copied)
    found = changes(**_versions(environment, copy))
    say(f"\n{heading(len(found))}")
    direct = {_normal(line) for line in requirements(project)}
    for change in sorted(found, key=lambda one: (one.name not in direct, one.name)):
        say(f"  {'*' if change.name in direct else ' '} {change}")
    if any(change.name in direct for change in found):
        say("  (* is named in pyproject.toml; the others are their dependencies)")
    say(f"\nRunning {'the quick tests' if quick else 'all tests'} with them.")
    code = _tests(environment, copy, QUICK if quick else ())
    say("")
    for line in verdict(code, found, direct, quick=quick):
        say(line)
    return int(code != 0)


def heading(differing: int) -> str:
    """The line above the packages that differ."""
    verb = "differs" if differing == 1 else "differ"
    told = ":" if differing else ": the lock has the newest of everything."
    return f"Against {LOCKS['test']}, {counted(differing, 'package')} {verb}{told}"


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- The newest versions --------------------------------------------------------------------------


def requirements(project: Mapping[str, Any]) -> list[str]:
    """All dependencies in pyproject.toml, optional ones included."""
    groups: Iterable[list[str]] = project.get("optional-dependencies", {}).values()
    return [*project["dependencies"], *(line for group in groups for line in group)]


def _install(environment: Environment, wanted: Sequence[str]) -> None:
    """Create the environment and install the newest versions.

    Raises:
        Advice: The versions conflict, or there is no network.
    """
    uv = shutil.which("uv")
    make_venv(environment, uv)
    asked = environment.root / "wanted.txt"
    asked.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    python = str(environment.python)
    with_pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    installing = [uv, "pip", "install", "--python", python] if uv else with_pip
    command = [*installing, "--upgrade", "--only-binary", ":all:", "--requirement", str(asked)]
    if uv:  # pip ignores the project's overrides, and installs a package that isn't used
        kept_out = environment.root / "kept_out.txt"
        lines = _pyproject()["tool"]["uv"]["override-dependencies"]
        kept_out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command += ["--override", str(kept_out)]
    try:
        follow(command, environment, "downloading the newest versions", _step)
    except Advice as advice:
        raise Advice(
            f"{advice} So the newest versions were not tested. Learners install the lock, and are "
            "not affected."
        ) from None


def _step(line: str) -> str | None:
    """The progress in an installer's line, or None."""
    doing = r"\s*((?:Collecting|Downloading|Resolved|Prepared|Installed|Installing) .*)"
    found = re.match(doing, line.partition(" (from ")[0].partition(": ")[0])
    return found[1].strip()[:70] if found else None


def _not_copied(folder: str, names: list[str]) -> set[str]:
    ignored = set(shutil.ignore_patterns(*LEFT_BEHIND)(folder, names))
    return ignored | ({*MADE} & {*names} if Path(folder) == ROOT else set())


def _versions(environment: Environment, copy: Path) -> dict[str, dict[str, str]]:
    """The locked and the installed versions, as the environment's Python sees them."""
    call = "import json; from tools.canary import versions; print(json.dumps(versions()))"
    done = subprocess.run(
        [str(environment.python), "-c", call],
        cwd=copy,
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, str]] = json.loads(
        done.stdout.splitlines()[-1]
    )  # site hooks may print first
    return found


def versions() -> dict[str, dict[str, str]]:
    """The versions in the tests' lock for this Python, and the installed ones."""
    lines = (ROOT / LOCKS["test"]).read_text(encoding="utf-8").splitlines()
    installed = {_normal(one.name): one.version for one in importlib.metadata.distributions()}
    return compared(lines, installed)


def compared(
    lines: Iterable[str], installed: Mapping[str, str], system: dict[str, str] | None = None
) -> dict[str, dict[str, str]]:
    """The versions in a lock's lines, and the installed ones that count.

    Args:
        lines: The lock; packages excluded on all systems (`sys_platform == 'never'`) don't count.
        installed: Versions by name.
        system: Values for the lines' markers; by default those of this computer.
    """
    from packaging.requirements import Requirement  # may be missing outside the environment

    wanted = [Requirement(line) for line in lines if line.strip()]
    kept_out = {_normal(one.name) for one in wanted if '"never"' in str(one.marker)}
    locked = {
        _normal(one.name): str(one.specifier).removeprefix("==")
        for one in wanted
        if one.marker is None or one.marker.evaluate(system)
    }
    there = {name: version for name, version in installed.items() if name not in kept_out}
    return {"locked": locked, "installed": there}


def changes(locked: Mapping[str, str], installed: Mapping[str, str]) -> list[Change]:
    """The differences, except for the installers."""
    names = {*locked, *installed} - {"pip", "setuptools", "wheel"}
    pairs = (Change(name, locked.get(name), installed.get(name)) for name in sorted(names))
    return [change for change in pairs if change.locked != change.newest]


def _normal(requirement: str) -> str:
    """A requirement's package name, normalised as in locks."""
    name = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement


# --- The tests ------------------------------------------------------------------------------------


def _tests(environment: Environment, copy: Path, chosen: Sequence[str]) -> int:
    """Run the copy's test command in the environment, and return its exit code."""
    child = subprocess.Popen(
        [str(environment.python), "course.py", "test", "--here", *chosen],
        cwd=copy,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        text=True,
    )
    with ended_with(child):
        return wait_for(child)


def verdict(code: int, found: Sequence[Change], direct: Iterable[str], *, quick: bool) -> list[str]:
    """What the result means, and what to do next."""
    test, lock = this_command("test"), this_command("lock")
    if code == 0 and quick:
        return [
            f"The quick tests pass with the newest versions; {this_command('canary')} runs all."
        ]
    if code == 0 and not found:
        return ["All tests pass, and the locks have the newest versions: nothing to do."]
    if code == 0:
        take_up = f"{lock} --upgrade, then {test}, and commit the locks."
        return [f"All tests pass with the newest versions. To use them: {take_up}"]
    if not found:
        return [f"No version differs from the lock, so the cause is not a package: run {test}."]
    moved = [one.name for one in found if one.locked and one.newest]
    suspects = [name for name in moved if name in set(direct)] or moved
    said = [
        "Learners are not affected, since they install the lock. What to do next:",
        f"1. Run {test}: what fails there too has nothing to do with versions.",
    ]
    if not suspects:
        came = "; ".join(str(change) for change in found)
        return [*said, f"2. No version changed; look at the packages that came and went ({came})."]
    keep_out = f"`{suspects[0]}<...` in pyproject.toml, with the reason beside it, and {lock}."
    return [
        *said,
        f"2. Read what changed in {', '.join(suspects)}, and fix what relied on it.",
        f"3. Until then, exclude the version: {keep_out}",
    ]
