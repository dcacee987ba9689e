"""The simulator process: started once, stopped with its owner, restarted if it dies."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.simulator.orphans import PATIENCE, ROOT, is_running, stream
from tests.simulator.raw import chat
from utils import simulator as sim
from utils.simulator import Simulator, SimulatorError
from utils.simulator.process import child_process, server_process


@pytest.fixture
def own() -> Iterator[Simulator]:
    simulator = Simulator(speed=50)
    yield simulator
    simulator.stop()


def wait_for_exit(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(PATIENCE)
    assert not is_running(pid)


def run(code: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def test_its_process_and_repr_do_not_show_the_key(own: Simulator) -> None:
    assert own.pid != os.getpid()
    assert is_running(own.pid)
    assert own.api_key not in " ".join(psutil.Process(own.pid).cmdline())
    assert own.api_key not in repr(own)


def test_threads_that_start_it_concurrently_share_one(shared: None) -> None:
    together = threading.Barrier(8)

    def start(_: int) -> int:
        together.wait()
        return sim.start().pid

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


def test_the_default_speed_is_course_speed(monkeypatch: pytest.MonkeyPatch, shared: None) -> None:
    monkeypatch.setenv("COURSE_SPEED", "25")
    assert sim.start().speed == 25


@pytest.mark.parametrize("speed", ["fast", "0", "inf"])
def test_an_invalid_course_speed_is_explained(
    monkeypatch: pytest.MonkeyPatch, shared: None, speed: str
) -> None:
    monkeypatch.setenv("COURSE_SPEED", speed)
    with pytest.raises(SimulatorError, match=f"COURSE_SPEED is '{speed}'"):
        sim.start()


def test_after_stop_a_new_one_can_be_started(shared: None) -> None:
    first = sim.start()
    pid = first.pid
    first.stop()
    first.stop()
    assert first.over
    assert not is_running(pid)
    with pytest.raises(SimulatorError, match="stopped"):
        first.requests()
    assert sim.start().pid != pid


def test_it_can_be_stopped_before_it_is_ready() -> None:
    one, other = Simulator(speed=50), Simulator(speed=50)
    for server in (one, other):
        server.stop()
        assert not is_running(server._child.pid)
    assert one.api_key != other.api_key


def test_a_model_works_again_each_time_the_server_was_killed(own: Simulator) -> None:
    model, port, pids = chat(own, max_retries=2), own.port, [own.pid]
    before = model.invoke("Name a river.").content
    for _ in range(2):
        with own.watch() as seen:
            psutil.Process(pids[-1]).kill()
            wait_for_exit(pids[-1])
            own.wait()
            assert model.invoke("Name a river.").content == before
        assert [request.prompt for request in seen] == ["Name a river."]
        assert own.port == port
        pids.append(own.pid)
    assert len(set(pids)) == 3


# Code for a `sitecustomize` module, which runs before the simulator's code.
_HOOKS = {
    "prints on": "import threading\ndef on():\n    while True: print('on')\n"
    "threading.Thread(target=on, daemon=True).start()",
    "raises": "raise RuntimeError('a broken hook')",
    "closes descriptors": "import os; os.closerange(1, 200)",
    "has no outputs": "import sys; sys.stdout = sys.stderr = sys.stdin = None",
}
_LEAVES_A_PROCESS = (
    "import os, subprocess, sys; os.environ.pop('PYTHONPATH', '')\n"
    "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'])"
)


def hooked(monkeypatch: pytest.MonkeyPatch, folder: Path, hook: str) -> None:
    (folder / "sitecustomize.py").write_text(hook, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.mark.parametrize("hook", _HOOKS.values(), ids=_HOOKS)
def test_it_starts_and_ends_despite_a_site_hook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hook: str
) -> None:
    hooked(monkeypatch, tmp_path, hook)
    server = Simulator(speed=50)
    try:
        assert server.requests() == []
        pid = server.pid
    finally:
        server.stop()
    assert not is_running(pid)


def test_it_restarts_although_a_site_hook_left_a_process_with_its_output_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hooked(monkeypatch, tmp_path, _LEAVES_A_PROCESS)
    server = Simulator(speed=50)
    left = psutil.Process(server.pid).children()
    try:
        first = server.pid
        psutil.Process(first).kill()
        wait_for_exit(first)
        second = server.pid
        assert second != first
        left += psutil.Process(second).children()
        server.stop()
        assert not is_running(second)
    finally:
        server.stop()
        for process_left in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process_left.kill()


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("raise SystemExit('no Python today')", "no Python today"),
        ("import os; os._exit(7)", "ended with exit code 7 and has printed nothing"),
        ("import os; os.close(0)", "its standard input was closed, perhaps by a sitecustomize"),
    ],
)
def test_a_site_hook_that_ends_python_is_reported_immediately(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hook: str, words: str
) -> None:
    hooked(monkeypatch, tmp_path, hook)
    # The time limit is so long that only the hook can cause the error.
    monkeypatch.setattr(server_process, "_READY_SECONDS", PATIENCE * 10)
    server = Simulator(speed=50)
    with pytest.raises(SimulatorError, match=f"could not start.*{words}") as caught:
        server.wait()
    assert "\n" not in str(caught.value)
    server.stop()


_SETTINGS = {
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "xx_YY.nothing",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def test_it_starts_despite_odd_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _SETTINGS.items():
        monkeypatch.setenv(name, value)
    server = Simulator(speed=50)
    assert server.requests() == []
    server.stop()


def test_a_port_reported_by_another_process_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_REPORT_SECONDS", 0.2)
    settings = ["--with-parent", "--host", server_process.HOST, "--port", "0", "--speed", "50"]
    child = child_process.Child("utils.simulator", {server_process.KEY_VARIABLE: "key"}, settings)
    place = child._listener.getsockname()
    with socket.create_connection(place) as silent, socket.create_connection(place) as stranger:
        stranger.sendall(b"token 80\n")  # a wrong token, and a port
        port = child.port()
        assert silent.recv(1) == b""
    assert port not in (None, 80)
    child.end()
    assert not is_running(child.pid)


def test_a_failed_start_can_be_repeated(monkeypatch: pytest.MonkeyPatch, shared: None) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(server_process, "HOST", "203.0.113.1")  # no machine has this address
        with pytest.raises(SimulatorError, match=r"could not start.*Could not listen"):
            sim.start()
    assert is_running(sim.start().pid)


def test_a_missing_python_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SimulatorError, match=r"could not start.*No such file.*/nowhere/python"):
        Simulator(speed=50)


_SERVE = """
import sys
from utils import simulator
server = simulator.start()
print(server.pid, flush=True)
"""


def test_it_ends_when_its_kernel_is_killed_during_a_reply() -> None:
    manager, client = start_new_kernel(startup_timeout=PATIENCE, stderr=subprocess.DEVNULL)
    try:
        _, pid = stream(client)
    finally:
        manager.shutdown_kernel(now=True)  # SIGKILL, or TerminateProcess on Windows
        client.stop_channels()
    wait_for_exit(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to interrupt")
def test_it_survives_an_interrupt_of_the_kernels_process_group() -> None:
    survives = (
        "import signal as s\ns.signal(s.SIGINT, lambda *_: print('interrupted', flush=True))\n"
    )
    asks = "sys.stdin.readline()\nprint(server.pid, len(server.requests()), flush=True)\n"
    child = run(survives + _SERVE + asks, start_new_session=True)
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    assert os.getpgid(pid) != child.pid
    os.killpg(child.pid, signal.SIGINT)
    assert child.stdout.readline() == "interrupted\n"
    out, _ = child.communicate("\n", timeout=PATIENCE)
    assert out == f"{pid} 0\n"  # the same process still responds


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_forked_child_can_use_it_but_not_stop_it() -> None:
    code = _SERVE + (
        "import os\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    same = simulator.start() is server and len(server.requests()) == 0\n"
        "    server.stop()\n"
        "    os._exit(0 if same else 1)\n"
        "print(os.waitpid(child, 0)[1], len(server.requests()), flush=True)\n"
    )
    child = run(code)
    out, _ = child.communicate(timeout=PATIENCE)
    assert out.split()[1:] == ["0", "0"], "the child's exit status, and the number of requests"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_forked_child_does_not_keep_it_alive() -> None:
    code = _SERVE + (
        "import os\n"
        "if os.fork() == 0:\n"
        "    sys.stdin.read()\n"  # waits until the test closes the input
        "    os._exit(0)\n"
        "print('forked', flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    child = run(code)
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    wait_for_exit(pid)  # the simulator exits even though the forked process is still running
    assert child.stdin is not None
    child.stdin.close()
    child.wait(PATIENCE)
    child.stdout.close()


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("utils.simulator, utils.provider", r"(starlette|uvicorn|langchain_\w+|openai)$"),
        ("utils.simulator.server", r"utils\.(?!simulator)"),
    ],
)
def test_an_import_imports_no_unwanted_modules(module: str, unwanted: str) -> None:
    code = (
        f"import re, sys, {module}\nprint([it for it in sys.modules if re.match({unwanted!r}, it)])"
    )
    out, _ = run(code).communicate(timeout=PATIENCE)
    assert out.strip() == "[]"
