"""The course's own `.venv`: made, brought up to date and repaired; nothing of what runs in it."""

import contextlib
import dataclasses
import enum
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.programs import (
    ROOT,
    WINDOWS,
    Advice,
    Progress,
    as_they_come,
    clean_environ,
    ended_with,
    say,
)

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Each kind of set-up holds all of those before it, in the same versions.
LOCKS = {
    "lab": "requirements.lock",
    "site": "requirements-site.lock",
    "class": "requirements-class.lock",
    "test": "requirements-test.lock",
}
ROOM_NEEDED_MB = 1200  # .venv with the test packages takes 870 MB, and pip unpacks beside it


class Action(enum.Enum):
    """What has to happen to `.venv` before it can be used."""

    NOTHING = "nothing"
    MOVE = "move"  # it is whole, but was made in another folder
    UPDATE = "update"  # it works, but the lock asks for something else
    MAKE = "make"  # from nothing, whatever lies there


@dataclasses.dataclass(frozen=True)
class Environment:
    """The course's own `.venv`: where its parts are, and whether it is what the lock asks for.

    A stamp inside it, written last, says what was installed. No stamp means that setting up was
    interrupted. The project itself is not installed as a package: a path file makes `utils`
    importable from anywhere, which is all that an editable install would do, without a build.
    """

    root: Path

    @property
    def folder(self) -> Path:
        """The environment's folder."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / ("Scripts/python.exe" if WINDOWS else "bin/python")

    @property
    def kept(self) -> Path:
        """Where an old environment waits until the new one is complete."""
        return self.root / ".venv.old"

    @property
    def stamp(self) -> Path:
        """The file that says what was installed."""
        return self.folder / "course.json"

    @property
    def packages(self) -> Path:
        """The folder that packages are installed in."""
        inside = "Lib" if WINDOWS else f"lib/python{PYTHON}"
        return self.folder / inside / "site-packages"

    def lock(self, kind: str) -> Path:
        """The lock file of a kind of set-up, a key of `LOCKS`."""
        return self.root / LOCKS[kind]

    def distributions(self) -> list[str]:
        """Name and version of everything that is installed, as its folders are called."""
        return sorted(path.name for path in self.packages.glob("*.dist-info"))

    def fingerprint(self, kind: str) -> dict[str, str]:
        """What has to be unchanged for `.venv` to be up to date."""
        return {
            "kind": kind,
            "lock": hashlib.sha256(self.lock(kind).read_bytes()).hexdigest(),
            "python": PYTHON,
            "system": f"{sys.platform} {platform.machine()}",
            "folder": str(self.folder),
        }

    def stamped(self) -> dict[str, Any] | None:
        """What the stamp says, or None where there is none that can be read."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return stamp if isinstance(stamp, dict) and "distributions" in stamp else None

    def kind_for(self, kind: str) -> str:
        """The kind to install: an environment that was made for more keeps what it has."""
        kinds = list(LOCKS)
        stamp = self.stamped()
        made = stamp.get("kind") if stamp is not None else None
        return max(kind, made, key=kinds.index) if made in LOCKS else kind

    def needs(self, kind: str) -> tuple[Action, str]:
        """What `.venv` needs to be ready for `kind`, and a sentence on why."""
        if not os.path.lexists(self.folder):
            return Action.MAKE, "Setting up .venv for the first time."
        stamp = self.stamped()
        if stamp is None:
            return Action.MAKE, "Setting up .venv was not finished last time: making it anew."
        wanted = self.fingerprint(self.kind_for(kind))
        if stamp.get("python") != wanted["python"]:
            return Action.MAKE, (
                f"This is Python {wanted['python']} and .venv was made with {stamp.get('python')}: "
                "making it anew."
            )
        moved = stamp.get("folder") != wanted["folder"]
        if moved and stamp.get("system") != wanted["system"]:
            return Action.MAKE, "The .venv comes from another kind of system: making it anew."
        # A moved one may name its interpreter by a place that isn't here: moving puts that right.
        if not moved and not self.python_runs():
            return Action.MAKE, "The Python of .venv is gone or does not start: making it anew."
        if not set(stamp["distributions"]) <= set(
            self.distributions()
        ):  # more is the learner's own
            return Action.MAKE, "Packages in .venv were changed or removed: making it anew."
        if moved:
            return Action.MOVE, (
                "The course's folder was moved or copied: putting .venv right for its new place."
            )
        if stamp.get("kind") != wanted["kind"]:
            return Action.UPDATE, f"Adding to .venv what `{wanted['kind']}` needs."
        if stamp.get("lock") != wanted["lock"]:
            return Action.UPDATE, "The course asks for other packages now: updating .venv."
        return Action.NOTHING, ".venv is up to date."

    def python_runs(self) -> bool:
        """Whether the environment's interpreter starts."""
        try:
            done = subprocess.run([str(self.python), "-I", "-S", "-c", ""], capture_output=True)
        except OSError:
            return False
        return done.returncode == 0


def set_up(environment: Environment, kind: str) -> Path:
    """Bring `.venv` up to date for `kind`, unless it is, and return its interpreter.

    Raises:
        Advice: a person has to do something first (no network, no room, ...).
    """
    if environment.needs(kind)[0] is Action.NOTHING:
        return environment.python
    with only_one(environment.root / ".course.lock"):
        put_back(environment)
        action, why = environment.needs(kind)  # again: another process may have done it
        if action is not Action.NOTHING:
            started = time.monotonic()
            if action is Action.MOVE:
                say(why)
                move(environment)
                action, why = environment.needs(kind)
            if action is not Action.NOTHING:
                say(why)
                install(environment, environment.kind_for(kind), action)
            say(f".venv is ready after {time.monotonic() - started:.0f} s.")
    return environment.python


def install_from(wheels: Path) -> None:
    """Let the installers, pip or uv, take packages from a folder and from nowhere else.

    Raises:
        Advice: there are none in it.
    """
    if not any(wheels.glob("*.whl")):
        raise Advice(
            f"There are no packages in {wheels}: fetch them on a machine with a network by "
            "python -m pip download --no-deps --only-binary=:all: "
            f"-r {LOCKS['lab']} -d {wheels.name}"
        )
    address = wheels.resolve().as_uri()  # the variables hold lists, and a path may hold a space
    os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=address)


def interpreter(kind: str, here: bool) -> str:
    """The Python that runs the course: `.venv`'s, brought up to date, or with `here` this one."""
    return sys.executable if here else str(set_up(Environment(ROOT), kind))


def install(environment: Environment, kind: str, action: Action) -> None:
    """Make or update `.venv` and stamp it; see `set_up`."""
    with sentences_for_the_disk(environment.root):
        uv = shutil.which("uv")
        has_pip = any(name.startswith("pip-") for name in environment.distributions())
        if action is Action.MAKE or (uv is None and not has_pip):
            with kept_until_complete(environment):
                make_venv(environment, uv)
                fill(environment, kind, uv)
        else:
            with stamp_kept_where_nothing_changed(environment):
                fill(environment, kind, uv)


def fill(environment: Environment, kind: str, uv: str | None) -> None:
    """Install a kind's packages into an environment that has an interpreter, and stamp it."""
    if uv is not None:
        run_uv(uv, environment, environment.lock(kind))
    else:
        run_pip(environment, environment.lock(kind))
    settle(environment, environment.fingerprint(kind))


def settle(environment: Environment, fingerprint: dict[str, Any]) -> None:
    """Say inside `.venv` where the course is, and then, by its stamp, that it is complete."""
    path_file = environment.packages / "streaming_course.pth"
    path_file.write_text(f"{environment.root}\n", encoding="utf-8")
    stamp = dict(fingerprint, distributions=environment.distributions())
    environment.stamp.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


@contextlib.contextmanager
def kept_until_complete(environment: Environment) -> Iterator[None]:
    """Make way for a new `.venv`; a complete old one comes back if the new one fails."""
    if environment.stamped() is None:
        remove(environment.folder)
    else:
        environment.folder.rename(environment.kept)
    try:
        check_room(environment.root)
        yield
    except BaseException:
        put_back(environment)
        raise
    remove(environment.kept)


def put_back(environment: Environment) -> None:
    """Bring back an old environment whose successor was never completed, however that ended."""
    if not os.path.lexists(environment.kept):
        return
    with sentences_for_the_disk(environment.root):
        if environment.stamped() is None:
            remove(environment.folder)
            environment.kept.rename(environment.folder)
        else:
            remove(environment.kept)


@contextlib.contextmanager
def stamp_kept_where_nothing_changed(environment: Environment) -> Iterator[None]:
    """Take the stamp away while packages are changed, so that an interruption shows.

    Installers fetch everything before they change anything: one that failed, and left every package
    as it was, leaves an environment that is as good as before.
    """
    stamp, before = environment.stamp.read_bytes(), environment.distributions()
    environment.stamp.unlink()
    try:
        yield
    except Advice:
        if environment.distributions() == before:
            environment.stamp.write_bytes(stamp)
        raise


def move(environment: Environment) -> None:
    """Put a `.venv` right that was moved or copied with the course's folder, without a network.

    Its interpreter, its activation scripts and its settings are made again, around the packages
    that are there. On Windows the programs in its `Scripts`, which no command of the course runs,
    go on naming the old place.
    """
    stamp = environment.stamped()
    assert stamp is not None
    with sentences_for_the_disk(environment.root):
        environment.stamp.unlink()  # from here on an interruption shows
        for interpreter_file in environment.python.parent.glob("python*"):
            interpreter_file.unlink()
        follow(venv_command(environment, "--without-pip"), environment, "moving .venv")
        if not WINDOWS:
            for script in environment.python.parent.iterdir():
                name_interpreter(script, stamp["folder"], environment.python)
        settle(environment, {**stamp, "folder": str(environment.folder)})


def name_interpreter(script: Path, old_folder: str, python: Path) -> None:
    """Let a script whose first lines name an interpreter in `old_folder` name `python`.

    A path with a space, or a long one, can't stand behind `#!`: then the shell is asked to start
    it, in lines that are a text without effect to Python.
    """
    if script.is_symlink() or not script.is_file():
        return
    first, _, rest = script.read_bytes().partition(b"\n")
    if first == b"#!/bin/sh":
        first, _, rest = rest.partition(b"\n")
        _, _, rest = rest.partition(b"\n")  # the end of that text
    if not first.startswith((b"#!", b"'''exec' ")) or os.fsencode(old_folder) not in first:
        return
    place = os.fsencode(python)
    if b" " in place or len(place) > 120:
        head = b"#!/bin/sh\n'''exec' \"" + place + b'" "$0" "$@"\n' + b"' '''\n"
    else:
        head = b"#!" + place + b"\n"
    script.write_bytes(head + rest)


def make_venv(environment: Environment, uv: str | None) -> None:
    """Make an empty `.venv`: with uv nothing more is needed, without it pip has to be inside."""
    if uv is None and importlib.util.find_spec("ensurepip") is None:
        raise Advice(
            "This Python comes without its venv module: install it (Debian and Ubuntu: "
            f"apt install python{PYTHON}-venv), or uv, and run this again."
        )
    pip = ["--without-pip"] if uv is not None else []
    follow(venv_command(environment, *pip), environment, "making an empty .venv")


def venv_command(environment: Environment, *options: str) -> list[str]:
    """What makes an environment's own files, around packages that may be there already."""
    return [base_python(), "-m", "venv", *options, str(environment.folder)]


def base_python() -> str:
    """The interpreter to make `.venv` from: never the one inside it, which is about to go."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def run_uv(uv: str, environment: Environment, lock: Path) -> None:
    """Install a lock with uv; its own lines are few enough to show.

    It is told of a folder of packages, which pip knows by variables (see `install_from`).
    """
    command = [uv, "pip", "install", "--python", str(environment.python), "--no-deps"]
    command += ["--only-binary", ":all:", "--compile-bytecode", "-r", str(lock)]
    if os.environ.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
        places = os.environ.get("PIP_FIND_LINKS", "").split()
        command += ["--no-index", *(f"--find-links={place}" for place in places)]
    shown = ("Downloading", "Downloaded", "Prepared", "Installed", "Bytecode")

    def watch(line: str) -> str | None:
        return line.strip() if line.strip().startswith(shown) else None

    follow(command, environment, "uv is fetching packages", watch)


def run_pip(environment: Environment, lock: Path) -> None:
    """Install a lock with pip, with a live count, then compile for a quick first start.

    pip compiles on one core while it unpacks; doing it afterwards on all of them is quicker.
    """
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "install", "--no-deps", "--no-compile", "--only-binary=:all:"]
    command += ["--progress-bar=off", "--requirement", str(lock)]
    total = len([line for line in lock.read_text(encoding="utf-8").splitlines() if line.strip()])
    collected = 0

    def watch(line: str) -> str | None:
        nonlocal total, collected
        if line.startswith("Ignoring "):
            total -= 1
        elif line.startswith("Collecting "):
            collected += 1
            return f"{collected} of {total} packages fetched: {line.split()[1]}"
        elif "Retrying (Retry(" in line:
            return "the network does not answer: trying again"
        elif line.startswith("Installing collected"):
            return f"unpacking {total} packages"
        return None

    follow(command, environment, "pip is fetching packages", watch)
    compiling = [str(environment.python), "-m", "compileall", "-q", "-j", "0"]
    with Progress("compiling them for a quick start"):
        # Some packages ship files for other Pythons that do not compile: they are never imported.
        subprocess.run(
            [*compiling, str(environment.packages)], capture_output=True, env=clean_environ()
        )


def follow(
    command: Sequence[str],
    environment: Environment,
    doing: str,
    watch: Callable[[str], str | None] = str.strip,
) -> None:
    """Run an installing command, showing what it is doing and what `watch` makes of its lines.

    Raises:
        Advice: it failed; the sentence depends on what it said.
    """
    lines: list[str] = []
    with Progress(doing) as progress:
        child = subprocess.Popen(
            command,
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with ended_with(child):
            for line in as_they_come(child):
                if line:
                    lines.append(line.rstrip())
                progress.show(watch(line))
        code = child.wait()
    if code != 0:
        raise installing_advice(lines, environment)


def remove(folder: Path) -> None:
    """Delete an environment, whatever lies in its place."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock that the operating system lets go of when this process ends, however it ends."""
    with sentences_for_the_disk(path.parent):
        handle = path.open("a+b")
    with handle:
        waiting = False
        while not try_lock(handle.fileno()):
            if not waiting:
                say("Another course.py is setting up .venv: waiting until it is done.")
                waiting = True
            time.sleep(0.2)  # neither lock call can be waited for on every system
        yield  # closing the file lets go


def try_lock(descriptor: int) -> bool:
    """Take an exclusive lock on an open file; False where another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a drive that knows no locks, as some network drives: go on without
        return True
    return True


def check_room(folder: Path) -> None:
    """Raise Advice where the packages can't fit, before minutes are spent on finding out."""
    if shutil.disk_usage(folder).free < ROOM_NEEDED_MB * 1_000_000:
        raise no_room(folder)


def installing_advice(lines: Sequence[str], environment: Environment) -> Advice:
    """The sentence for an installer that failed, from what it printed."""
    text = "\n".join(lines)
    on_disk = disk_advice(text, environment.root)
    if on_disk is not None:
        return on_disk
    no_network = ("Retrying (Retry(", "Failed to fetch", "error sending request", "dns error")
    if any(sign in text for sign in no_network):
        return Advice(
            "The packages could not be fetched, for there is no network or a proxy is in the way: "
            "connect (or set HTTPS_PROXY) and run this again; what came through is kept."
        )
    absent = ("No matching distribution", "No solution found", "no matching platform", "no wheels")
    if any(sign in text for sign in absent):
        last = next((line for line in reversed(lines) if "distribution" in line), lines[-1])
        if os.environ.get("PIP_NO_INDEX"):
            return Advice(
                "The folder of packages lacks one for this computer: fetch them on one of the same "
                f"kind, with Python {platform.python_version()} ({last.strip()})."
            )
        return Advice(
            f"A package has no ready-made build for Python {PYTHON} on this computer: use a 64-bit "
            f"Python 3.11 to 3.14 ({last.strip()})."
        )
    for line in lines[-15:]:
        say("  | " + line)
    return Advice(
        "Installing the packages failed, as the lines above tell: put that right and run this "
        "again, and report it with those lines if it stays."
    )


def disk_advice(text: str, folder: Path) -> Advice | None:
    """The sentence for a disk's complaint found in `text`, or None where there is none."""
    if any(
        sign in text for sign in ("No space left", "Errno 28", "os error 28", "not enough space")
    ):
        return no_room(folder)
    if any(
        sign in text for sign in ("Read-only file system", "Permission denied", "Access is denied")
    ):
        return Advice(
            f"{folder} can't be written to, or a file in its .venv is in use: close what runs from "
            "it, or copy the course to a folder of your own, and run this again there."
        )
    return None


@contextlib.contextmanager
def sentences_for_the_disk(folder: Path) -> Iterator[None]:
    """Turn what an operating system says about its disk into a sentence."""
    try:
        yield
    except OSError as error:
        raise disk_advice(str(error), folder) or Advice(
            f"Setting up in {folder} failed ({error}): put that right and run this again."
        ) from error


def no_room(folder: Path) -> Advice:
    """The sentence for a full disk."""
    return Advice(
        f"There is no room on the disk of {folder}: the packages need about {ROOM_NEEDED_MB} MB "
        "free; make room and run this again."
    )
