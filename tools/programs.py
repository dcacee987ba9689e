"""Output of the course's commands, and the programs they run."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"
SHUTDOWN_SECONDS = 10.0

# Prefixes of variables that would install packages elsewhere, add modules, or change how Python,
# Jupyter, Matplotlib and the test tools work.
_UNWANTED = (
    "PYTHON",
    "VIRTUAL_ENV",  # IPython would put its packages before ours
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "JUPYTER",
    "JPY_",
    "IPYTHON",
    "MPLBACKEND",
    "MATPLOTLIBRC",
    "PYTEST_",
    "COV",  # coverage.py and its pytest plugin
    "RUFF_",
    "MYPY",
    "UVICORN_",  # these five are settings of the apps' frameworks
    "WEB_CONCURRENCY",
    "FORWARDED_ALLOW_IPS",
    "STREAMLIT_",
    "CHAINLIT_",
    "_ARGCOMPLETE",  # Jupyter would complete a command line, and exit
)
_WANTED = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONNOUSERSITE"}


class Advice(Exception):  # noqa: N818 -- a message for a person, not an error of the program
    """One sentence for the user: what happened, and what to do."""


def say(text: str = "") -> None:
    """Print one line and flush it."""
    print(text, flush=True)


def passing(text: str) -> None:
    """Print a line that the next one overwrites on a terminal."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    elif text:
        say(text)


def this_command(*words: str) -> str:
    """Return a command as the user would type it, such as `python3 course.py lab`."""
    return " ".join(["py" if WINDOWS else "python3", "course.py", *words])


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 lesson` or `2 lessons`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def clean_environ(**more: str) -> dict[str, str]:
    """Return this process's environment variables without unwanted ones, and with `more`.

    The loopback address bypasses any proxy, which couldn't reach the simulator, and the kernel is
    this environment's, not one that the user registered elsewhere.
    """
    environ = {
        name: value
        for name, value in os.environ.items()
        if name in _WANTED or not name.startswith(_UNWANTED)
    }
    local = ["127.0.0.1", "localhost", *filter(None, [os.environ.get("NO_PROXY")])]
    environ.update(NO_PROXY=",".join(local), no_proxy=",".join(local))
    environ.update(PYTHONUNBUFFERED="1", PYTHONUTF8="1", JUPYTER_PREFER_ENV_PATH="1")
    environ.update(more)
    return environ


# Prefixes of variables for real providers, tracing services and certificates.
_OUTWARD = (
    "OPENAI_",
    "AZURE_OPENAI_",
    "LANGSMITH_",
    "LANGCHAIN_",
    "LC_OUTPUT_VERSION",
    "SSL_CERT_",
    "SSLKEYLOGFILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY")


def simulated_environ(**more: str) -> dict[str, str]:
    """Return variables for programs that use only the simulator: no provider, no proxy."""
    environ = {
        name: value
        for name, value in clean_environ().items()
        if not name.startswith(_OUTWARD) and name.upper() not in _PROXIES
    }
    return environ | more


class Progress:
    """A progress line: rewritten on a terminal, printed every few seconds in a file or pipe."""

    def __init__(self, text: str) -> None:
        self.live = sys.stdout.isatty()
        self.text = text
        self.started = time.monotonic()
        self.last_line = 0.0

    def __enter__(self) -> "Progress":
        self.show(self.text)
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            print("\r" + " " * 78 + "\r", end="", flush=True)
        elif self.text:
            say(f"  {self.text}")

    def show(self, text: str | None = None) -> None:
        """Show a new text, or the previous one, with the elapsed seconds."""
        self.text = text or self.text
        elapsed = time.monotonic() - self.started
        if self.live:
            print(f"\r  {elapsed:4.0f} s  {self.text}"[:78].ljust(79), end="", flush=True)
        elif self.text and elapsed - self.last_line >= 5:
            self.last_line = elapsed
            say(f"  {elapsed:4.0f} s  {self.text}")


def as_they_come(child: subprocess.Popen[str]) -> Iterator[str]:
    """Yield a program's lines, and an empty one after every half second of silence."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            yield ""
            continue
        if line is None:
            return
        yield line


@contextlib.contextmanager
def ended_with(child: subprocess.Popen[str]) -> Iterator[None]:
    """End a program if the block raises an exception or is interrupted."""
    try:
        yield
    except BaseException:
        end(child)
        raise


def wait_for(child: subprocess.Popen[str]) -> int:
    """Wait for a program to end and return its exit code; Ctrl-C interrupts the wait.

    On Windows, Python receives Ctrl-C only between two waits, so waits there are short.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(0.5 if WINDOWS else None)


def end(child: subprocess.Popen[str]) -> None:
    """Terminate a program, or kill it if it doesn't end."""
    if child.poll() is None and not WINDOWS:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(SHUTDOWN_SECONDS)
    if child.poll() is None and WINDOWS:  # the whole process tree
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True)
    if child.poll() is None:
        child.kill()
    child.wait()


def end_signals() -> list[signal.Signals]:
    """Return the signals that end a program, as far as this system has them."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def stop_on_signals() -> None:
    """Handle a request to end, or a closed terminal, like Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in end_signals():
        signal.signal(number, interrupt)


def run(command: Sequence[str]) -> int:
    """Run a program in the course's folder, with its output on the screen."""
    child = subprocess.Popen(command, cwd=ROOT, env=clean_environ(), text=True)
    with ended_with(child):
        return wait_for(child)
