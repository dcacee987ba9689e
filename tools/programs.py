"""Helpers for the commands: print output; run, wait for and terminate programs."""

import contextlib
import errno
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tools.env_vars import clean_environ

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"
SHUTDOWN_SECONDS = 10.0
_LONGEST_TMPDIR = 40  # maximum length of the path in bytes, to leave room for socket names
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


class Advice(Exception):  # noqa: N818 -- not a program error
    """A message for the user: what happened, and what to do."""


def folder_for_sockets() -> str | None:
    """Return where to create temporary folders for sockets; None means `tempfile`'s default.

    Socket paths are limited to 104 bytes on macOS, so paths in the default folder may be too long.
    """
    short = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_TMPDIR
    return None if short or WINDOWS or not os.access("/tmp", os.W_OK) else "/tmp"


def provide_home(folder: Path) -> None:
    """Set HOME to `folder` if there is no home folder, as for an unknown user id in a container."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(folder)


@contextlib.contextmanager
def advice_for_the_disk() -> Iterator[None]:
    """Convert errors about a full or read-only disk to Advice."""
    try:
        yield
    except OSError as error:
        if "No usable temporary directory" in str(error):
            raise Advice(
                "No folder for temporary files can be written to: free some disk space, or set "
                f"{'TEMP' if WINDOWS else 'TMPDIR'} to a folder of your own."
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Advice(f"The disk is full ({error}): free some space.") from error
        if error.errno in (errno.EROFS, errno.EACCES) and error.filename:
            raise Advice(
                f"{error.filename} can't be written to: copy the course to a folder of your own, "
                "and run this again there."
            ) from error
        raise


def say(text: str) -> None:
    print(text, flush=True)


def show_transient(text: str) -> None:
    """Print a line; on a terminal, the next call overwrites it."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    elif text:
        say(text)


def this_command(*words: str) -> str:
    """Return a command as the user would type it, such as `python3 course.py lab`."""
    return " ".join(["py" if WINDOWS else "python3", "course.py", *words])


class Progress:
    """A progress line: rewritten on a terminal, printed every five seconds to a file or pipe."""

    def __init__(self, text: str) -> None:
        self.text = text  # callers may change it at any time
        self._live = sys.stdout.isatty()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._live:
            print("\r" + " " * 78 + "\r", end="", flush=True)
        elif self.text:
            say(f"  {self.text}")

    def _show(self) -> None:
        started = time.monotonic()
        with contextlib.suppress(OSError):  # the caller's next `say` raises the same error
            while not self._over.wait(0.2 if self._live else 5):
                line = f"  {time.monotonic() - started:4.0f} s  {self.text}"
                if self._live and self.text:
                    print(f"\r{line}"[:78].ljust(79), end="", flush=True)
                elif self.text:
                    say(line)


def responds(
    child: subprocess.Popen[Any], ready: Callable[[], bool], doing: str, seconds: float
) -> bool:
    """Poll until `ready` returns true; return False if the program exits or time runs out.

    Network errors count as not ready. The progress line shows `doing`; if `doing` is empty, no line
    is shown.
    """
    deadline = time.monotonic() + seconds
    with Progress(doing):
        while child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ready():
                    return True
            time.sleep(0.1)  # polling is the only way to detect that a server has started
    return False


@contextlib.contextmanager
def ended_with(child: subprocess.Popen[str]) -> Iterator[None]:
    """Terminate a program if the `with` block raises an exception or is interrupted."""
    try:
        yield
    except BaseException:
        end(child)
        raise


def wait_for(child: subprocess.Popen[str]) -> int:
    """Wait for a program to end and return its exit code; Ctrl-C interrupts the wait.

    On Windows, Python receives Ctrl-C only between waits, so each wait is short.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(0.5 if WINDOWS else None)


def end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None and not WINDOWS:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(SHUTDOWN_SECONDS)
    if child.poll() is None and WINDOWS:  # kill the whole process tree
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True)
    if child.poll() is None:
        child.kill()
    child.wait()


def stop_on_signals() -> None:
    """Make signals that can terminate a program act like Ctrl-C, which `asyncio.run` handles.

    A signal that is already ignored, such as SIGHUP under `nohup`, stays ignored.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore_signals() -> None:
    """Ignore signals that can terminate a program, so a second Ctrl-C can't interrupt cleanup."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], output: IO[str] | int | None
) -> subprocess.Popen[str]:
    """Start a program that Ctrl-C in the terminal doesn't reach.

    Its standard input is a pipe. The system closes it when this process ends or is killed.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=not WINDOWS,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        text=True,
    )


def run(command: Sequence[str], folder: Path = ROOT, **variables: str) -> int:
    child = subprocess.Popen(command, cwd=folder, env=clean_environ(**variables), text=True)
    with ended_with(child):
        return wait_for(child)
