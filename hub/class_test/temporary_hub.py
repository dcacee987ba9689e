"""A temporary JupyterHub on the loopback address, with all its files in one folder.

The hub loads `hub/jupyterhub_config.py`, as a real one does, and this module adds ports, folders
and a random password. Each learner's server gets a port outside the ephemeral range. By default,
the hub would pick a free port, which another process could take before the server listens on it.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tools.env_vars import clean_environ
from tools.installers import output_of
from tools.lab import ask, free_ports
from tools.lab_supervisor import end_all, marked, new_mark
from tools.programs import ROOT, Advice, ignore_signals, responds

PROXY = "configurable-http-proxy"
PROXY_VERSION = "5.3.0"
NOT_DOWNLOADED = f"npm could not download {PROXY}"
COURSE = "streaming-course"  # the course folder in each learner's home
_STARTING_SECONDS = 60.0
_CONFIG = """\
load_subconfig({settings!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.log_level = "WARN"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.pid_file = "proxy.pid"
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allow_all = True
c.SharedPasswordAuthenticator.user_password = {password!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.SimpleLocalProcessSpawner.shell_cmd = []
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--Application.log_level=ERROR"]
c.Spawner.ip = "127.0.0.1"
ports = {ports!r}
c.Spawner.pre_spawn_hook = lambda spawner: setattr(spawner, "port", ports.pop())
c.Spawner.env_keep.extend({kept!r})
runtime = {runtime!r}
c.Spawner.environment["JUPYTER_RUNTIME_DIR"] = lambda spawner: runtime + "/" + spawner.user.name
"""


def proxy_command(folder: Path) -> list[str]:
    """Return the command for the hub's proxy, found on PATH or installed by npm into `folder`."""
    found = shutil.which(PROXY)
    if found is not None:
        return [found]
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Advice(
            f"JupyterHub's proxy, {PROXY}, runs on Node.js, and there is no "
            f"{'node' if node is None else 'npm'} on PATH: install Node.js 18 or newer with npm "
            "(Debian and Ubuntu: apt install nodejs npm), and run this again."
        )
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
    command += ["--prefer-offline", "--loglevel=error", f"{PROXY}@{PROXY_VERSION}"]
    code, lines = output_of(command, f"npm is downloading {PROXY}", lambda _: None, folder)
    if code != 0:
        last = lines[-1].strip() if lines else f"exit code {code}"
        raise Advice(
            f"{NOT_DOWNLOADED} ({last}): connect to the network, or install it first "
            f"(npm install -g {PROXY}), and run this again."
        )
    return [node, str(folder / "node_modules" / PROXY / "bin" / PROXY)]


_PARTS = {  # kinds of processes, keyed by a string that their command lines contain
    "jupyterhub --config": "hub",
    PROXY: "proxy",
    "jupyterhub.singleuser": "server",
    "ipykernel_launcher": "kernel",
    "utils.simulator": "simulator",
}


@dataclass(frozen=True)
class Hub:
    address: str
    password: str  # the same for all learners
    mark: str  # the name of an environment variable that all its processes have

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Return the hub process and all its descendants, by kind."""
        parts: dict[str, list[psutil.Process]] = {part: [] for part in (*_PARTS.values(), "other")}
        for process in marked(self.mark):
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())
                kinds = (part for words, part in _PARTS.items() if words in command)
                parts[next(kinds, "other")].append(process)
        return parts


@contextlib.contextmanager
def temporary_hub(folder: Path, names: list[str]) -> Iterator[Hub]:
    """Run a hub during the `with` block, then kill all its processes; `folder` is kept."""
    proxy = proxy_command(folder)
    for name in names:
        home = folder / "homes" / name
        home.mkdir(parents=True)
        (home / COURSE).symlink_to(ROOT, target_is_directory=True)
    port, hub_port, proxy_port, *ports = free_ports(3 + len(names))
    hub = Hub(f"http://127.0.0.1:{port}", secrets.token_urlsafe(16), new_mark())
    config = folder / "jupyterhub_config.py"
    text = _CONFIG.format(
        settings=str(ROOT / "hub" / "jupyterhub_config.py"),
        port=port,
        hub_port=hub_port,
        proxy_port=proxy_port,
        proxy=proxy,
        password=hub.password,
        ports=ports,
        homes=str(folder / "homes" / "{username}"),
        runtime=str(folder / "run"),
        python=sys.executable,
        kept=["COURSE_SPEED", hub.mark],
    )
    config.write_text(text, encoding="utf-8")
    config.chmod(0o600)
    environ = clean_environ(  # without the current user's settings
        HOME=str(folder),
        JUPYTER_CONFIG_DIR=str(folder / "config"),
        JUPYTER_DATA_DIR=str(folder / "data"),
        JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
    )
    log = folder / "hub.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)],
            cwd=folder,
            env=environ | {hub.mark: "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C doesn't reach the hub
        )
    try:
        _wait(process, port, log)
        yield hub
    finally:
        ignore_signals()
        end_all(hub.mark)
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    def ready() -> bool:
        return ask(port, "GET", "/hub/health")[0] == 200

    if responds(process, ready, "starting JupyterHub", _STARTING_SECONDS):
        return
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next(filter(str.strip, reversed(lines)), "")
    said = f"Its last line of output: {last}" if last else "It printed nothing."
    if process.poll() is not None:
        raise Advice(f"JupyterHub ended while starting. {said}")
    raise Advice(
        f"JupyterHub did not respond within a minute: end other programs and try again. {said}"
    )


def memory_free() -> float:
    """Return the available memory, in MB."""
    return float(psutil.virtual_memory().available) / 1e6


def cores() -> int:
    """Return the number of cores that this command may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
