"""The `canary` command: do the tests hold with the newest versions of everything?

A throw-away environment gets what pyproject.toml allows today, without the locks; a copy of the
course is tested in it, and both are deleted, whatever happens. Nobody's `.venv` is touched.
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
    as_they_come,
    clean_environ,
    counted,
    end_signals,
    ended_with,
    say,
    stop_on_signals,
    this_command,
)

# What a new version breaks first: LangChain's streams, the wire, the widgets, the official answers.
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
    """One package that is not as locked; None where it isn't there."""

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


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the tests said: their exit code, the tests that failed, and the closing line."""

    code: int
    failed: tuple[str, ...]
    closing: str


def canary(arguments: argparse.Namespace) -> int:
    """Try the newest versions; 1 if something fails with them."""
    stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="course-canary-", ignore_cleanup_errors=True) as folder:
        try:
            return _try_newest(Path(folder).resolve(), quick=arguments.quick)
        finally:
            for number in end_signals():  # a second Ctrl-C must not leave the folder behind
                signal.signal(number, signal.SIG_IGN)


def _try_newest(folder: Path, *, quick: bool) -> int:
    project = _pyproject()["project"]
    environment = Environment(folder)
    check_room(folder)
    say("Making an environment of the newest versions, for this run alone.")
    _install(environment, requirements(project))
    copy = folder / "course"
    shutil.copytree(ROOT, copy, ignore=_not_copied)
    found = changes(**_versions(environment, copy))
    say(f"\n{heading(len(found))}")
    direct = {_normal(line) for line in requirements(project)}
    for change in sorted(found, key=lambda one: (one.name not in direct, one.name)):
        say(f"  {'*' if change.name in direct else ' '} {change}")
    if any(change.name in direct for change in found):
        say("  (* is named in pyproject.toml; the others came with those)")
    say(f"\nRunning {'the quick tests' if quick else 'all tests'} with them.")
    outcome = _tests(environment, copy, QUICK if quick else ())
    say("")
    for line in verdict(outcome, found, direct, quick=quick):
        say(line)
    return int(outcome.code != 0)


def heading(differing: int) -> str:
    """What stands above the packages that differ."""
    verb = "differs" if differing == 1 else "differ"
    told = ":" if differing else ": the lock has the newest of everything."
    return f"Against {LOCKS['test']}, {counted(differing, 'package')} {verb}{told}"


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- The newest versions --------------------------------------------------------------------------


def requirements(project: Mapping[str, Any]) -> list[str]:
    """Everything that pyproject.toml asks for, its groups included."""
    groups: Iterable[list[str]] = project.get("optional-dependencies", {}).values()
    return [*project["dependencies"], *(line for group in groups for line in group)]


def _install(environment: Environment, wanted: Sequence[str]) -> None:
    """Make the environment and install the newest that fits.

    Raises:
        Advice: Nothing fits, or there is no network.
    """
    uv = shutil.which("uv")
    make_venv(environment, uv)
    asked = environment.root / "wanted.txt"
    asked.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
    python = str(environment.python)
    with_pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    installing = [uv, "pip", "install", "--python", python] if uv else with_pip
    command = [*installing, "--upgrade", "--only-binary", ":all:", "--requirement", str(asked)]
    if uv:  # pip knows nothing of what the project keeps out: it installs that, and nobody uses it
        kept_out = environment.root / "kept_out.txt"
        lines = _pyproject()["tool"]["uv"]["override-dependencies"]
        kept_out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command += ["--override", str(kept_out)]
    try:
        follow(command, environment, "fetching the newest versions", _step)
    except Advice as advice:
        raise Advice(
            f"{advice} The newest versions could not be tried, then; learners install the lock "
            "and notice nothing."
        ) from None


def _step(line: str) -> str | None:
    """What an installer's line says of its progress."""
    doing = r"\s*((?:Collecting|Downloading|Resolved|Prepared|Installed|Installing) .*)"
    found = re.match(doing, line.partition(" (from ")[0].partition(": ")[0])
    return found[1].strip()[:70] if found else None


def _not_copied(folder: str, names: list[str]) -> set[str]:
    ignored = set(shutil.ignore_patterns(*LEFT_BEHIND)(folder, names))
    return ignored | ({*MADE} & {*names} if Path(folder) == ROOT else set())


def _versions(environment: Environment, copy: Path) -> dict[str, dict[str, str]]:
    """What is locked and what is installed, as the environment's own Python reads both."""
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
    """The versions that the tests' lock has for this Python, and those that it has installed."""
    lines = (ROOT / LOCKS["test"]).read_text(encoding="utf-8").splitlines()
    installed = {_normal(one.name): one.version for one in importlib.metadata.distributions()}
    return compared(lines, installed)


def compared(
    lines: Iterable[str], installed: Mapping[str, str], system: dict[str, str] | None = None
) -> dict[str, dict[str, str]]:
    """The versions that a lock's lines ask for, and those of what is installed that matter.

    Args:
        lines: The lock; what it keeps off every system (`sys_platform == 'never'`) is no matter.
        installed: Versions by name.
        system: Values for the lines' markers, where they are not those of this computer.
    """
    from packaging.requirements import Requirement  # a locked package: the caller may be without

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
    """What differs between the two, but for the installers themselves."""
    names = {*locked, *installed} - {"pip", "setuptools", "wheel"}
    pairs = (Change(name, locked.get(name), installed.get(name)) for name in sorted(names))
    return [change for change in pairs if change.locked != change.newest]


def _normal(requirement: str) -> str:
    """A package's name as locks write it, out of a requirement."""
    name = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement


# --- The tests ------------------------------------------------------------------------------------


def _tests(environment: Environment, copy: Path, chosen: Sequence[str]) -> Outcome:
    """Run the copy's test command in the environment, its output on the screen."""
    child = subprocess.Popen(
        [str(environment.python), "course.py", "test", "--here", *chosen],
        cwd=copy,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines: list[str] = []
    with ended_with(child):
        for line in as_they_come(child):
            if line:
                lines.append(line.rstrip())
                say(f"  | {line.rstrip()}")
    return outcome(child.wait(), lines)


def outcome(code: int, lines: Sequence[str]) -> Outcome:
    """What the lines of the test command mean."""
    named = [line for line in lines if line.startswith(("FAILED ", "ERROR ", "What failed: "))]
    closing = next((line for line in reversed(lines) if re.match(r"\d+ passed, ", line)), "")
    return Outcome(code, tuple(dict.fromkeys(named)), closing)


def verdict(
    outcome: Outcome, found: Sequence[Change], direct: Iterable[str], *, quick: bool
) -> list[str]:
    """What it all means, and what to do next."""
    test, lock = this_command("test"), this_command("lock")
    said = [outcome.closing or f"The tests ended without a result (exit code {outcome.code})."]
    if outcome.code == 0 and quick:
        whole = this_command("canary")
        return [*said, f"The quick tests hold with the newest versions; {whole} runs all."]
    if outcome.code == 0 and not found:
        return [*said, "All holds, and the locks have the newest versions: nothing to do."]
    if outcome.code == 0:
        take_up = f"{lock} --upgrade, then {test}, and commit the locks."
        return [*said, f"All holds with the newest versions. To take them up: {take_up}"]
    said += [f"  {line}" for line in outcome.failed[:SHOWN_FAILURES]]
    if len(outcome.failed) > SHOWN_FAILURES:
        said.append(f"  and {len(outcome.failed) - SHOWN_FAILURES} more")
    if not found:
        return [*said, f"No version differs from the lock, so it is not the packages: run {test}."]
    moved = [one.name for one in found if one.locked and one.newest]
    suspects = [name for name in moved if name in set(direct)] or moved
    said += [
        "Learners notice nothing, for they install the lock. What to do next:",
        f"1. Run {test}: what fails there too has nothing to do with versions.",
    ]
    if not suspects:
        came = "; ".join(str(change) for change in found)
        return [*said, f"2. No version changed; look at what came and went ({came})."]
    keep_out = f"`{suspects[0]}<...` in pyproject.toml, with the reason beside it, and {lock}."
    return [
        *said,
        f"2. Read what changed in {', '.join(suspects)}; mend the course where it relied on it.",
        f"3. Until then keep the version out: {keep_out}",
    ]
