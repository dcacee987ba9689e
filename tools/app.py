"""The `app` command: serves one of the apps in `apps/` on the loopback address until Ctrl-C.

Tests, screenshots and the `verdict` command also use this module to start apps and simulators.
"""

import argparse
import contextlib
import dataclasses
import os
import secrets
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from tools.env_vars import clean_environ, simulated_environ
from tools.environment import Action, Environment, interpreter, set_up
from tools.installers import PYTHON
from tools.lab import free_port, open_in_browser
from tools.programs import ROOT, Advice, end, responds, say, start, wait_for
from utils.provider import ProviderError, describe, real_provider

Child = subprocess.Popen[str]
STARTING_SECONDS = 60.0
HOST = "127.0.0.1"
STDERR = 2  # file descriptor for the app's output; stdout is for the command's own messages


@dataclasses.dataclass(frozen=True)
class App(Environment):
    """An app, with an environment separate from the course's."""

    name: str
    place: str  # the folder to start the app in
    command: tuple[str, ...]  # the module to run and its arguments; `{port}` stands for the port
    source: str = "app.py"  # the file in `place` whose first lines name the packages to install
    # packages without wheels, which are built during installation
    built: tuple[str, ...] = ()
    # prefixes of lock-file lines whose versions may differ from the course's
    apart: tuple[str, ...] = ()
    newest: tuple[int, int] = (3, 14)  # the newest Python version that the app's packages support
    # extra environment variables; `{folder}` stands for a temporary folder
    variables: tuple[tuple[str, str], ...] = ()

    def wanted(self) -> str:
        """Return the packages that the app requires, one per line, for `course.py lock`."""
        place = self.root / self.place
        text = (place / self.source).read_text(encoding="utf-8")
        _, _, after = text.partition("pip install ")
        words = shlex.split(after.splitlines()[0])
        if words[0] == "-r":
            words = (place / words[1]).read_text(encoding="utf-8").split()
        marker = ""
        if self.newest != App.newest:
            marker = f" ; python_version <= '{'.'.join(map(str, self.newest))}'"
        return "".join(f"{word}{marker}\n" for word in words)

    @property
    def folder(self) -> Path:
        return self.root / "build" / "apps" / self.name

    def lock(self, kind: str = "") -> Path:  # noqa: ARG002
        """Return the app's only lock file; `kind` has no effect."""
        return self.root / "requirements" / f"{self.name}_chat.lock"

    def set_up(self) -> str:
        """Install the locked packages if needed; return the interpreter."""
        if sys.version_info[:2] > self.newest:
            raise Advice(
                f"The packages of the {self.name} app support Python up to "
                f"{'.'.join(map(str, self.newest))}, and this is {PYTHON}: run this command with "
                "an older one."
            )
        return str(set_up(self, "app"))

    def needs(self, kind: str) -> tuple[Action, str]:
        action, _ = super().needs(kind)
        return action, f"Setting up the packages of the {self.name} app in {self.folder}."

    @contextlib.contextmanager
    def served(
        self, python: str, port: int, environ: Mapping[str, str], output: IO[str] | int = STDERR
    ) -> Iterator[Child]:
        """Run the app during the `with` block, which starts once the app accepts connections."""
        command = [python, str(ROOT / "tools" / "with_parent.py")]
        command += [word.format(port=port) for word in self.command]
        prefix = f"{self.name}-"
        with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
            more = {name: value.format(folder=folder) for name, value in self.variables}
            with running(command, self.root / self.place, {**environ, **more}, output) as child:
                wait_until_it_listens(child, port, f"the {self.name} app")
                yield child


_UVICORN = ("--port", "{port}", "--log-level", "warning", "--timeout-graceful-shutdown", "1")
FASTAPI = App(
    root=ROOT,
    name="fastapi",
    place="apps/fastapi_chat",
    command=("uvicorn", "app:app", *_UVICORN),
)
STREAMLIT = App(
    root=ROOT,
    name="streamlit",
    place="apps",
    source="streamlit_chat.py",
    command=("streamlit", "run", "streamlit_chat.py", "--server.port", "{port}"),
    variables=(
        ("HOME", "{folder}"),  # where Streamlit stores its settings
        ("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false"),
        ("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "none"),
        ("STREAMLIT_CLIENT_TOOLBAR_MODE", "minimal"),
        ("STREAMLIT_SERVER_ADDRESS", HOST),
        ("STREAMLIT_SERVER_FILE_WATCHER_TYPE", "none"),
        ("STREAMLIT_SERVER_HEADLESS", "true"),
    ),
)
CHAINLIT = App(
    root=ROOT,
    name="chainlit",
    place="apps",
    source="chainlit_chat.py",
    command=(
        *("chainlit", "run", "chainlit_chat.py", "--headless"),
        *("--host", HOST, "--port", "{port}"),
    ),
    built=("cuid", "literalai", "syncer"),
    apart=("opentelemetry-api==",),
    newest=(3, 13),
    variables=(
        ("CHAINLIT_APP_ROOT", "{folder}"),
        ("CHAINLIT_HOST", HOST),
        ("CI", "false"),  # with CI=true, Chainlit overwrites OPENAI_API_KEY with a fake key
    ),
)
DJANGO = App(
    root=ROOT,
    name="django",
    place="apps",
    source="django_chat.py",
    command=("uvicorn", "django_chat:application", *_UVICORN, "--lifespan", "off"),
)
APPS = {app.name: app for app in [FASTAPI, STREAMLIT, CHAINLIT, DJANGO]}


def app(arguments: argparse.Namespace) -> int:
    chosen = APPS[arguments.name]
    port = free_port(arguments.port)
    python = sys.executable if arguments.here else chosen.set_up()
    with contextlib.ExitStack() as stack:
        try:
            model_line, environ = describe(), clean_environ()
            if real_provider() is None:
                course = interpreter("lab", arguments.here)
                environ = simulated_environ(**stack.enter_context(simulator(course)))
            child = stack.enter_context(chosen.served(python, port, environ))
        except ProviderError as error:
            raise Advice(str(error)) from error
        address = f"http://{HOST}:{port}/"
        say(f"\nThe {chosen.name} app is running at {address}\n{model_line}")
        say("Its code is in apps/: change it and start it again. Ctrl-C here ends it.")
        if arguments.browser:
            open_in_browser(address)
        try:
            code = wait_for(child)
        except KeyboardInterrupt:
            say("\nEnding the app.")
            return 0
        say(f"The app exited on its own (exit code {code}).")
        return code or 1


@contextlib.contextmanager
def simulator(python: str, model: str = "sim-chat", speed: str = "") -> Iterator[dict[str, str]]:
    """Run a simulator during the `with` block; yield the environment variables that select it."""
    port, key = free_port(), secrets.token_urlsafe(24)
    command = [python, "-m", "utils.simulator", "--with-parent", "--port", str(port)]
    command += ["--speed", speed or os.environ.get("COURSE_SPEED") or "1"]
    with running(command, ROOT, clean_environ(SIMULATOR_KEY=key)) as child:
        wait_until_it_listens(child, port, "the simulator")
        address = f"http://{HOST}:{port}/v1"
        yield {"OPENAI_MODEL": model, "OPENAI_BASE_URL": address, "OPENAI_API_KEY": key}


@contextlib.contextmanager
def running(
    command: list[str], place: Path, environ: Mapping[str, str], output: IO[str] | int = STDERR
) -> Iterator[Child]:
    """Run a program during the `with` block; Ctrl-C in the terminal doesn't reach it."""
    child = start(command, place, environ, output)
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        end(child)


def wait_until_it_listens(child: Child, port: int, name: str) -> None:
    """Wait until a program accepts connections; raise Advice if it exits or a minute passes."""

    def connects() -> bool:
        with socket.create_connection((HOST, port), 5):
            return True

    if not responds(child, connects, f"starting {name}", STARTING_SECONDS):
        if child.poll() is not None:
            raise Advice(f"Starting {name} failed (exit code {child.returncode}); see above.")
        raise Advice(f"Starting {name} took more than {STARTING_SECONDS:.0f} s: try it again.")
