"""Installs packages into an environment with pip or uv, and gives advice if that fails.

`tools.environment` decides when to install. A `watch` function turns a line of an installer's
output into a progress message, or returns None.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.env_vars import clean_environ
from tools.programs import ROOT, Advice, Progress, ended_with, say

if TYPE_CHECKING:
    from tools.environment import Environment

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
ROOM_NEEDED_MB = 1200  # .venv with the test packages occupies 870 MB; unpacking needs more
INSTALLING = ["pip", "install", "--no-deps", "--only-binary", ":all:", "--compile-bytecode"]
COMPILING = "compiling the packages for a quick first start"

# parts of error messages from pip, uv or the system
_NO_ROOM = ("No space left", "Errno 28", "os error 28", "not enough space", "quota exceeded")
_NO_LINKS = "'lib' -> '"  # from venv's error message about the symbolic link lib64
_NO_CACHE = "Failed to initialize cache"
_NOT_WRITABLE = ("Read-only file system", "Permission denied", "Access is denied")
_NO_NETWORK = ("Retrying (Retry(", "Failed to fetch", "error sending request", "dns error")
_NO_BUILD = ("No matching distribution", "No solution found", "no matching platform", "no wheels")
_SETTING = ("exclude-newer", "network was disabled")  # uv settings that can hide packages
# Uses the base Python: the running one may belong to the `.venv` that is about to be replaced.
VENV = [str(getattr(sys, "_base_executable", None) or sys.executable), "-m", "venv"]


def working_uv() -> str | None:
    """Return the path of uv; None if it is missing, fails, or lacks an option that we use."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    asking = [uv, *INSTALLING, "--no-index", "--find-links=.", "--python=.", "--help"]
    with contextlib.suppress(OSError):  # the file isn't a program
        done = subprocess.run(
            asking, cwd=ROOT, env=clean_environ(), stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode == 0 and b"--compile-bytecode" in done.stdout:
            return uv
    say(f"{uv} doesn't work, or is too old: doing without it.")
    return None


def needed_uv() -> str:
    """Return the path of uv, which only maintainers need; raise Advice if none works."""
    if uv := working_uv():
        return uv
    raise Advice(
        "This command needs a recent uv on PATH: install it (pip install uv) and try again. "
        "Learners never need this command."
    )


def odd_path(folder: Path) -> str | None:
    """Describe a character in `folder` that an environment's path can't contain, or return None."""
    if os.pathsep in str(folder):
        return f"a “{os.pathsep}”"
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return "a character that isn't encoded as UTF-8"
    return None


def make_venv(environment: Environment, uv: str | None) -> None:
    """Create an empty environment; install pip in it if `uv` is None."""
    if uv is None and importlib.util.find_spec("ensurepip") is None:
        raise Advice(
            "This Python has no venv module: install it (Debian and Ubuntu: "
            f"apt install python{PYTHON}-venv), or uv, and run this again."
        )
    if odd := odd_path(environment.folder):
        raise Advice(
            f"The path of the course's folder contains {odd}, so no environment can be made in it: "
            "rename or move the folder, and run this again there."
        )
    pip = ["--without-pip"] if uv is not None else []
    follow([*VENV, *pip, str(environment.folder)], environment, "creating an empty .venv")


def install_from(wheels: Path, lock: str) -> None:
    """Make pip and uv install packages only from a folder; raise Advice if it contains none."""
    if not any(wheels.glob("*.whl")):
        raise Advice(
            f"There are no packages in {wheels}: download them on a machine with a network, with "
            "python -m pip download --no-deps --only-binary=:all: "
            f"-r {lock} -d {wheels.name}"
        )
    # a URI, because pip splits PIP_FIND_LINKS at spaces, and a path may contain spaces
    address = wheels.resolve().as_uri()
    os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=address)


def run_uv(uv: str, environment: Environment, lock: Path) -> None:
    """Install a lock file's packages with uv and show the progress.

    If environment variables for pip name a package folder (see `install_from`), pass it to uv.
    """
    command = [uv, *INSTALLING, "--python", str(environment.python), "-r", str(lock)]
    if os.environ.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
        places = os.environ.get("PIP_FIND_LINKS", "").split()
        command += ["--no-index", *(f"--find-links={place}" for place in places)]

    def watch(line: str) -> str | None:
        return COMPILING if line.startswith("Installed") else uv_progress(line)

    follow(command, environment, "uv is downloading packages", watch)


def uv_progress(line: str) -> str | None:
    shown = ("Downloading", "Downloaded", "Prepared", "Installed", "Bytecode")
    return line.strip() if line.strip().startswith(shown) else None


def run_pip(environment: Environment, lock: Path) -> None:
    """Install a lock file's packages with pip, then compile them for a quick first start.

    pip compiles on one core while unpacking; compiling afterwards on all cores is faster.
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
            return f"{collected} of {total} packages downloaded: {line.split()[1]}"
        elif "Retrying (Retry(" in line:
            return "the network does not respond: trying again"
        elif line.startswith("Installing collected"):
            return f"unpacking {total} packages"
        return None

    follow(command, environment, "pip is downloading packages", watch)
    compiling = [str(environment.python), "-m", "compileall", "-q", "-j", "0"]
    # Some files are for other Python versions; they fail to compile, but are never imported.
    output_of([*compiling, str(environment.packages)], COMPILING, lambda _: None)


def follow(
    command: Sequence[str],
    environment: Environment,
    doing: str,
    watch: Callable[[str], str | None] = str.strip,
) -> None:
    """Run an installer; show the progress that `watch` extracts. Raise Advice on failure."""
    code, lines = output_of(command, doing, watch)
    if code != 0:
        raise installing_advice(lines, environment.root, code)


def output_of(
    command: Sequence[str],
    doing: str,
    watch: Callable[[str], str | None] = str.strip,
    folder: Path = ROOT,  # uv reads settings from the folder that it runs in
) -> tuple[int, list[str]]:
    """Run a program and show its progress; return its exit code and output lines.

    The program inherits setup's lock file: if this process is killed, the next setup still waits
    until the program has ended.
    """
    lines: list[str] = []
    with Progress(doing) as progress:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environ(),
            close_fds=False,  # only affects files made inheritable, such as the lock
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        assert child.stdout is not None
        with ended_with(child), child.stdout:
            for line in child.stdout:
                if line.strip():
                    lines.append(line.rstrip())
                progress.text = watch(line) or progress.text
        return child.wait(), lines


def installing_advice(lines: Sequence[str], folder: Path, code: int = 1) -> Advice:
    text = "\n".join(lines)
    if _NO_CACHE in text:
        return Advice(
            f"uv can't write to its cache ({lines[-1].strip()}): set UV_CACHE_DIR to a folder "
            "that you can write to, or UV_NO_CACHE to 1, and run this again."
        )
    if on_disk := _disk_advice(text, folder):
        return on_disk
    if any(part in text for part in _NO_NETWORK):
        return Advice(
            "The packages could not be downloaded: there is no network, or a proxy is in the way. "
            "Connect (or set HTTPS_PROXY) and run this again; what was downloaded is kept."
        )
    if any(part in text for part in _NO_BUILD) and not any(part in text for part in _SETTING):
        last = next((line for line in reversed(lines) if "distribution" in line), lines[-1]).strip()
        if os.environ.get("PIP_NO_INDEX"):
            return Advice(
                "The folder of packages lacks one for this computer: download them on one of the "
                f"same kind, with Python {platform.python_version()} ({last})."
            )
        return Advice(
            f"A package has no ready-made build for Python {PYTHON} on this computer: use a 64-bit "
            f"Python 3.11 to 3.14 ({last})."
        )
    for line in lines[-15:]:
        say("  | " + line)
    names = [name for name in clean_environ() if name.startswith(("PIP_", "UV_"))]
    variables = f" Is a setting the cause ({', '.join(names)})?" if names else ""
    reason = "the lines above give the reason" if lines else f"exit code {code}, without a message"
    if code < 0:
        reason = f"signal {-code} ended the installer ({signal.strsignal(-code)})"
    return Advice(
        f"Installing the packages failed: {reason}.{variables} Fix it and run this again. If it "
        "fails again, report it with those lines."
    )


@contextlib.contextmanager
def sentences_for_the_disk(folder: Path) -> Iterator[None]:
    """Convert file system errors to Advice that names `folder`."""
    try:
        yield
    except OSError as error:
        raise _disk_advice(str(error), folder) or Advice(
            f"Setting up in {folder} failed ({error}): fix that and run this again."
        ) from error


def check_room(folder: Path) -> None:
    """Raise Advice, before any download, if the packages won't fit on the disk."""
    if shutil.disk_usage(folder).free < ROOM_NEEDED_MB * 1_000_000:
        raise _no_room(folder)


def _disk_advice(text: str, folder: Path) -> Advice | None:
    if line := _line_with(_NO_ROOM, text):
        return _no_room(folder, f" ({line})")
    if _NO_LINKS in text:
        return Advice(
            f"The disk of {folder} can't hold the symbolic links of an environment, like many USB "
            "sticks and shared folders: copy the course to your home folder, and run this again "
            "there."
        )
    if line := _line_with(_NOT_WRITABLE, text):
        return Advice(
            f"{folder} can't be written to, or a file in its .venv is in use ({line}): close what "
            "runs from it, or copy the course to a folder of your own, and run this again there."
        )
    return None


def _line_with(parts: Sequence[str], text: str) -> str | None:
    lines = (line.strip() for line in text.splitlines() if any(part in line for part in parts))
    return next(lines, None)


def _no_room(folder: Path, line: str = "") -> Advice:
    return Advice(
        f"There is no room on the disk of {folder}{line}: the packages need about {ROOM_NEEDED_MB} "
        "MB and 50,000 files (inodes). Free some space and run this again."
    )
