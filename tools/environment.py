"""Creates and updates the course's `.venv`, and rebuilds it if it is broken.

The kinds of setup are the keys of `LOCKS`: `lab` is the smallest, and `test` the largest.
`tools/app.py` sets up the apps' environments in the same way.
"""

import contextlib
import csv
import dataclasses
import enum
import hashlib
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.installers import (
    PYTHON,
    check_room,
    make_venv,
    run_pip,
    run_uv,
    sentences_for_the_disk,
    working_uv,
)
from tools.programs import ROOT, WINDOWS, Advice, say
from utils import shadowing

# The lock file for each kind of setup. Each kind includes the packages of the kinds before it.
LOCKS = {
    "lab": "requirements/lab.lock",
    "site": "requirements/site.lock",
    "class": "requirements/class.lock",
    "test": "requirements/test.lock",
}


class Action(enum.Enum):
    """What must be done to `.venv` before it can be used."""

    NOTHING = "nothing"
    UPDATE = "update"  # `.venv` works, but the lock has changed or more packages are needed
    MAKE = "make"  # `.venv` must be created, or replaced if it exists


@dataclasses.dataclass(frozen=True)
class Environment:
    """The environment of the course or of an app, and whether it is up to date.

    Setup first writes an empty stamp file, and completes it at the end. An environment without a
    stamp was made by the user or an editor. A `.pth` file in `.venv` makes `utils` importable from
    anywhere, without installing the project.
    """

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if WINDOWS else "bin/python")

    @property
    def packages(self) -> Path:
        inside = "Lib" if WINDOWS else f"lib/python{PYTHON}"
        return self.folder / inside / "site-packages"

    @property
    def stamp(self) -> Path:
        """The file that records what was installed."""
        return self.folder / "course.json"

    def lock(self, kind: str) -> Path:
        return self.root / LOCKS[kind]

    def distributions(self) -> list[str]:
        """Return the names of the installed packages' `.dist-info` folders."""
        return sorted(path.name for path in self.packages.glob("*.dist-info"))

    def missing(self, kind: str) -> list[str]:
        """Return lock-file lines whose packages aren't installed, ignoring lines with markers."""

        def normal(name: str) -> str:  # "mypy_extensions-1.1" becomes "mypy-extensions-1-1"
            return re.sub(r"[-_.=]+", "-", name).lower()

        installed = {normal(name.removesuffix(".dist-info")) for name in self.distributions()}
        lines = re.findall(r"^[\w.-]+==[\w.]+$", self.lock(kind).read_text("utf-8"), re.MULTILINE)
        return [line for line in lines if normal(line) not in installed]

    def fingerprint(self, kind: str) -> dict[str, Any]:
        """Return the values that the stamp contains if `.venv` is up to date."""
        return {
            "kind": kind,
            "lock": hashlib.sha256(self.lock(kind).read_bytes()).hexdigest(),
            "python": PYTHON,
            "folder": str(self.folder),
        }

    def stamped(self) -> dict[str, Any] | None:
        """Return the stamp's contents; None if the stamp is missing or incomplete."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return stamp if isinstance(stamp, dict) and "distributions" in stamp else None

    def kind_for(self, kind: str) -> str:
        """Return the kind to install: `kind`, or the installed kind if it includes more."""
        made = (self.stamped() or {}).get("kind")
        return max(kind, made, key=list(LOCKS).index) if made in LOCKS else kind

    def needs(self, kind: str) -> tuple[Action, str]:
        """Return the action that makes `.venv` ready for `kind`, and a sentence with the reason."""
        if not os.path.lexists(self.folder):
            return Action.MAKE, "Setting up .venv for the first time."
        if not os.path.lexists(self.stamp):
            return Action.MAKE, "This .venv was not made by course.py: setting up another one."
        stamp = self.stamped()
        if stamp is None:
            return Action.MAKE, "Setting up .venv was interrupted last time: starting over."
        wanted = self.fingerprint(self.kind_for(kind))
        if stamp.get("python") != wanted["python"]:
            old = stamp.get("python")
            return Action.MAKE, f".venv was made with Python {old}, not {PYTHON}: rebuilding it."
        if stamp.get("folder") != wanted["folder"]:
            return Action.MAKE, "The course's folder was moved or copied: rebuilding .venv."
        if not self.python_runs():
            return Action.MAKE, "The Python of .venv is gone or does not start: rebuilding it."
        # packages that the learner added don't matter
        if not set(stamp["distributions"]) <= {path.name for path in self.packages.glob("*")}:
            return Action.MAKE, "Packages in .venv were changed or removed: rebuilding it."
        if stamp.get("kind") != wanted["kind"]:
            return Action.UPDATE, f"Adding to .venv what `{wanted['kind']}` needs."
        if stamp.get("lock") != wanted["lock"]:
            return Action.UPDATE, "The course needs other packages now: updating .venv."
        return Action.NOTHING, ".venv is up to date."

    def hold(self) -> None:
        """Keep a shared lock until this process ends, so that `in_use` is true in other processes.

        Windows needs no such lock: it refuses to rename a folder that contains a running program.
        """
        with contextlib.suppress(OSError):
            if not WINDOWS:
                _try_lock(os.open(self.stamp, os.O_RDONLY), shared=True)  # stays open

    def in_use(self) -> bool:
        """Return whether another process has called `hold` and is still running."""
        try:
            with self.stamp.open("r+b") as handle:
                return not WINDOWS and not _try_lock(handle.fileno())
        except OSError:
            return False

    def python_runs(self) -> bool:
        try:
            done = subprocess.run([str(self.python), "-I", "-c", ""], capture_output=True)
        except OSError:
            return False
        return done.returncode == 0


def interpreter(kind: str, here: bool) -> str:
    """Return this interpreter if `here`, otherwise that of `.venv`, which is set up if needed.

    Until this process ends, no other process replaces that `.venv`.
    """
    environment = Environment(ROOT)
    if here and importlib.util.find_spec("jupyterlab") is None:
        raise Advice(
            f"The course's packages aren't installed for {sys.executable}: omit --here, or run "
            f"{Path(sys.executable).name} -m pip install -r {LOCKS[kind]}."
        )
    python = sys.executable if here else str(set_up(environment, kind))
    # a file may shadow a package that setup has just installed
    check_shadowing(sys.path if here else [str(environment.packages)])
    if not here:
        environment.hold()
    return python


def check_shadowing(path: list[str]) -> None:
    """Raise Advice if a file in the course's folder shadows a package that is on `path`."""
    for name, file in shadowing.shadowed_by_root(path).items():
        raise Advice(shadowing.advice(name, file))


def set_up(environment: Environment, kind: str) -> Path:
    """Bring an environment up to date for `kind` and return its interpreter."""
    if environment.needs(kind)[0] is Action.NOTHING:
        return environment.python
    with only_one(environment.root / ".course.lock"), sentences_for_the_disk(environment.root):
        started = time.monotonic()
        action, why = environment.needs(kind)  # another process may have set it up in the meantime
        if action is not Action.NOTHING:
            say(why)
            install(environment, environment.kind_for(kind), action)
            say(f"{environment.folder.name} is ready after {time.monotonic() - started:.0f} s.")
    return environment.python


def install(environment: Environment, kind: str, action: Action) -> None:
    uv = working_uv()  # preferred, since it is faster than pip
    has_pip = any(name.startswith("pip-") for name in environment.distributions())
    own = os.access(environment.packages, os.W_OK)  # false after `sudo python3 course.py`
    making = action is Action.MAKE or not own or (uv is None and not has_pip)
    if making and environment.in_use():
        raise Advice(
            "JupyterLab or another command of the course is still running, so .venv can't be "
            "replaced: end that program (Ctrl-C in its window), and run this again."
        )
    with replaced(environment) if making else contextlib.nullcontext():
        environment.folder.mkdir(parents=True, exist_ok=True)
        environment.stamp.write_text("{}", encoding="utf-8")  # stays empty if setup fails
        if making:
            make_venv(environment, uv)
        if uv is not None:
            run_uv(uv, environment, environment.lock(kind))
        else:
            run_pip(environment, environment.lock(kind))
        if missing := environment.missing(kind):
            raise Advice(
                f"{'uv' if uv else 'pip'} reported success, but didn't install {missing[0]} in "
                f"{environment.folder}. Does its configuration file contain a setting such as "
                "`target` or `dry-run`?"
            )
        if kind in LOCKS:  # not an app's environment
            # Relative, since `../../../..` is ASCII: before 3.13, Python decodes .pth files with
            # the locale encoding.
            path = os.path.relpath(environment.root, environment.packages)
            (environment.packages / "streaming_course.pth").write_text(f"{path}\n")
        installed = {path.name for path in environment.packages.glob("*")} - {"__pycache__"}
        stamp = environment.fingerprint(kind) | {"distributions": sorted(installed)}
        environment.stamp.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def damaged_file(packages: Path) -> Path | None:
    """Return a package's file that is missing, or that is empty but wasn't when installed."""
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as rows:
            for name, _, size in csv.reader(rows):
                file = packages / name
                if size not in ("", "0") and not (file.exists() and file.stat().st_size):
                    return file
    return None


@contextlib.contextmanager
def replaced(environment: Environment) -> Iterator[None]:
    """Rename the old folder; delete it after the `with` block, or restore it if the block fails.

    An incomplete environment is deleted first; a folder that isn't the course's is kept.
    """
    folder = environment.folder
    old = folder.with_name(f"{folder.name}.old")
    if environment.stamped() is not None:
        remove(old)
        folder.rename(old)
    elif os.path.lexists(environment.stamp):
        remove(folder)
    elif os.path.lexists(folder):
        set_aside(folder, "was not made by course.py")
    try:
        check_room(environment.root)
        yield
    except BaseException:
        if old.exists():
            remove(folder)
            old.rename(folder)
        raise
    remove(old)


def remove(folder: Path) -> None:
    """Delete an environment, or rename it if that fails: it may belong to another user."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        set_aside(folder, f"can't be deleted ({error})")


def set_aside(folder: Path, why: str) -> None:
    """Rename a folder, for example to `.venv.1`, and tell the user."""
    numbered = (folder.with_name(f"{folder.name}.{number}") for number in itertools.count(1))
    kept = next(path for path in numbered if not os.path.lexists(path))
    folder.rename(kept)
    say(f"{folder} {why}, and is now named {kept.name}: delete it if you don't need it.")


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a file lock during the `with` block; programs started in the block inherit it."""
    with sentences_for_the_disk(path.parent):
        others = path.exists() and not os.access(path, os.W_OK)  # created by root, for example
        handle = path.open("rb" if others else "a+b")
    with handle:
        os.set_inheritable(handle.fileno(), True)
        waiting = False
        while not _try_lock(handle.fileno()):
            if not waiting:
                say("Another setup is still running: waiting until it is done.")
                waiting = True
            time.sleep(0.2)  # polling, since Windows can't wait indefinitely for a file lock
        yield  # closing the file releases the lock


def _try_lock(descriptor: int, shared: bool = False) -> bool:
    """Lock an open file; return False if another process holds a conflicting lock."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # some network drives don't support locks: continue without one
        return True
    return True
