"""The simulator's process: started once, ended with its owner, restarted if it dies."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from langchain_openai import ChatOpenAI

from benchmarks.simulator_orphans import kill_a_kernel_at_work
from tests.conftest import own_shared
from tests.simulator.orphans import PATIENCE, is_running
from utils import simulator as sim
from utils.simulator import Simulator, SimulatorError
from utils.simulator import client as simulator_client
from utils.simulator.process import child_process, server_process

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own() -> Iterator[Simulator]:
    simulator = Simulator(speed=50)
    yield simulator
    simulator.stop()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make `start()` start a new simulator, and stop it after the test."""
    for fresh in own_shared():
        monkeypatch.setattr(simulator_client, "shared", fresh)
        yield


def chat(server: Simulator) -> ChatOpenAI:
    return ChatOpenAI(model="sim-fast", base_url=server.base_url, api_key=server.api_key)


def port_of(server: Simulator) -> int:
    return int(server.base_url.split(":")[2].split("/")[0])


def wait_until_gone(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(PATIENCE)


def run(code: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def test_it_is_a_process_of_its_own_and_its_key_is_not_shown(own: Simulator) -> None:
    assert own.pid != os.getpid()
    assert is_running(own.pid)
    assert own.api_key not in " ".join(psutil.Process(own.pid).cmdline())
    assert own.api_key not in repr(own)


def test_many_threads_that_start_at_once_share_one(shared: None) -> None:
    together = threading.Barrier(8)
    pids: list[int] = []

    def start() -> None:
        together.wait()
        pids.append(sim.start(speed=50).pid)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 8
    assert len(set(pids)) == 1


def test_starting_again_gives_the_same_one_and_another_speed_is_refused(shared: None) -> None:
    assert sim.start(speed=50) is sim.start()
    with pytest.raises(SimulatorError, match="already running at speed 50"):
        sim.start(speed=2)


def test_the_course_speed_is_the_default(monkeypatch: pytest.MonkeyPatch, shared: None) -> None:
    monkeypatch.setenv("COURSE_SPEED", "25")
    assert sim.start().speed == 25


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "nan", "inf"])
def test_a_course_speed_that_is_none_is_explained(
    monkeypatch: pytest.MonkeyPatch, shared: None, speed: str
) -> None:
    monkeypatch.setenv("COURSE_SPEED", speed)
    with pytest.raises(SimulatorError, match=f"COURSE_SPEED is '{speed}'"):
        sim.start()


def test_after_stop_a_new_one_can_be_started(shared: None) -> None:
    first = sim.start(speed=50)
    pid = first.pid
    first.stop()
    assert not is_running(pid)
    with pytest.raises(SimulatorError, match="stopped"):
        first.requests()
    assert sim.start(speed=50).pid != pid


def test_stopping_twice_is_fine(own: Simulator) -> None:
    own.stop()
    own.stop()
    assert own.over


def test_stopping_before_it_is_ready_ends_it() -> None:
    one, other = Simulator(speed=50), Simulator(speed=50)
    for server in (one, other):
        server.stop()
        assert not is_running(server._process._process.pid)
    assert one.api_key != other.api_key


def test_the_same_model_object_works_again_each_time_the_server_was_killed(own: Simulator) -> None:
    model, port, pids = chat(own), port_of(own), [own.pid]
    before = model.invoke("Name a river.").content
    for _ in range(2):
        with own.watch() as seen:
            psutil.Process(pids[-1]).kill()
            wait_until_gone(pids[-1])
            own.wait()
            assert model.invoke("Name a river.").content == before
        assert [request.prompt for request in seen] == ["Name a river."]
        assert port_of(own) == port
        pids.append(own.pid)
    assert len(set(pids)) == 3


# --- output and side effects of Python's startup, before the simulator's own code

_WHATEVER = {
    "prints": "import atexit, os, sys, warnings\nprint(4711)\nprint('x' * 3_000_000)\n"
    "os.write(1, bytes(range(256)) * 20)\nsys.stderr.write('y' * 3_000_000)\n"
    "atexit.register(print, 'bye')\nwarnings.warn('careful')",
    "prints on": "import threading\ndef on():\n    while True: print('on')\n"
    "threading.Thread(target=on, daemon=True).start()",
    "raises": "raise RuntimeError('a broken hook')",
    "closes its outputs": "import sys; sys.stdout.close(); sys.stderr.close()",
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


@pytest.mark.parametrize("hook", _WHATEVER.values(), ids=_WHATEVER)
def test_it_starts_and_ends_whatever_a_site_hook_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hook: str
) -> None:
    hooked(monkeypatch, tmp_path, hook)
    server = Simulator(speed=50)
    try:
        assert server.requests() == ()
        pid = server.pid
    finally:
        server.stop()
    assert not is_running(pid)


def test_it_comes_back_where_a_site_hook_leaves_a_process_that_holds_its_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hooked(monkeypatch, tmp_path, _LEAVES_A_PROCESS)
    server = Simulator(speed=50)
    left = psutil.Process(server.pid).children()
    try:
        pid = server.pid
        psutil.Process(pid).kill()
        wait_until_gone(pid)
        assert server.pid != pid
        pid = server.pid
        left += psutil.Process(pid).children()
        server.stop()
        assert not is_running(pid)
    finally:
        server.stop()
        for process_left in left:
            with contextlib.suppress(psutil.NoSuchProcess):  # it may have ended already
                process_left.kill()


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("raise SystemExit('no Python today')", "no Python today"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import os; print('bye', flush=True); os._exit(7)", "bye"),
        ("import os; os._exit(7)", "ended with exit code 7 and has printed nothing"),
        ("import os; os.close(0)", "its standard input was closed, perhaps by a sitecustomize"),
    ],
)
def test_a_site_hook_that_ends_python_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hook: str, said: str
) -> None:
    hooked(monkeypatch, tmp_path, hook)
    monkeypatch.setattr(
        server_process, "_READY_SECONDS", PATIENCE * 10
    )  # longer than this test waits
    server = Simulator(speed=50)
    with pytest.raises(SimulatorError, match=f"could not start.*{said}") as caught:
        server.wait()
    assert "\n" not in str(caught.value)
    server.stop()


_SETTINGS = {
    "PYTHONWARNINGS": "error",
    "PYTHONVERBOSE": "2",
    "PYTHONDEBUG": "1",
    "PYTHONINSPECT": "1",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONMALLOCSTATS": "1",
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "never",
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "xx_YY.nothing",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def test_it_starts_whatever_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _SETTINGS.items():
        monkeypatch.setenv(name, value)
    server = Simulator(speed=50)
    assert server.requests() == ()
    server.stop()


def test_who_connects_first_and_is_not_the_process_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child_process, "_REPORT_SECONDS", 0.2)
    settings = ["--with-parent", "--host", server_process.HOST, "--port", "0", "--speed", "50"]
    child = child_process.Child(
        "utils.simulator", settings, {server_process.KEY_VARIABLE: "sim-key"}
    )
    place = child._listener.getsockname()
    with socket.create_connection(place) as silent, socket.create_connection(place) as liar:
        liar.sendall(b"token 80\n")
        port = child.port()
        assert silent.recv(1) == b""
    assert port not in (None, 80)
    child.end()
    assert not is_running(child.pid)


def test_after_a_failed_start_the_next_one_tries_again(
    monkeypatch: pytest.MonkeyPatch, shared: None
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(server_process, "HOST", "203.0.113.1")  # no machine has this address
        with pytest.raises(SimulatorError, match=r"could not start.*Could not listen"):
            sim.start(speed=50)
    assert is_running(sim.start(speed=50).pid)


def test_a_python_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SimulatorError, match=r"could not start.*No such file.*/nowhere/python"):
        Simulator(speed=50)


_SERVE = """
import sys
from utils import simulator
server = simulator.start(speed=50)
print(server.pid, server.base_url.split(":")[2].split("/")[0], flush=True)
"""


def test_it_ends_with_a_process_that_ends_normally() -> None:
    child = run(_SERVE)
    out, _ = child.communicate(timeout=PATIENCE)
    pid = int(out.split()[0])
    wait_until_gone(pid)
    assert not is_running(pid)


def test_it_ends_with_a_kernel_that_is_killed_in_mid_reply() -> None:
    pid, _ = kill_a_kernel_at_work()
    wait_until_gone(pid)
    assert not is_running(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to interrupt")
def test_an_interrupt_of_the_kernels_group_leaves_it_running() -> None:
    survives = (
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))\n"
    )
    asks = "sys.stdin.readline()\nprint(server.pid, len(server.requests()), flush=True)\n"
    child = run(survives + _SERVE + asks, start_new_session=True)
    assert child.stdout is not None
    pid = int(child.stdout.readline().split()[0])
    assert os.getpgid(pid) != child.pid
    os.killpg(child.pid, signal.SIGINT)
    assert child.stdout.readline() == "interrupted\n"
    out, _ = child.communicate("\n", timeout=PATIENCE)
    assert out == f"{pid} 0\n"  # the same process still responds


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_shares_it_and_does_not_end_it() -> None:
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
    assert out.split()[2:] == ["0", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_that_lives_on_does_not_keep_it_alive() -> None:
    code = _SERVE + (
        "import os\n"
        "if os.fork() == 0:\n"
        "    sys.stdin.read()\n"  # runs until the test closes its input
        "    os._exit(0)\n"
        "print('forked', flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    child = run(code)
    assert child.stdout is not None
    pid = int(child.stdout.readline().split()[0])
    wait_until_gone(pid)  # although the grandchild is still waiting
    assert not is_running(pid)
    assert child.stdin is not None
    child.stdin.close()
    child.wait(PATIENCE)
    child.stdout.close()


def test_importing_the_handle_brings_in_neither_server_nor_langchain() -> None:
    code = (
        "import sys, utils.simulator, utils.provider\n"
        "heavy = {'starlette', 'uvicorn', 'langchain_openai', 'langchain_core', 'openai'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out, _ = run(code).communicate(timeout=PATIENCE)
    assert out.strip() == "[]"


def test_the_server_imports_nothing_else_of_the_course() -> None:
    code = (
        "import sys, utils.simulator.server\n"
        "print([name for name in sys.modules if name.startswith('utils.')"
        " and not name.startswith('utils.simulator')])"
    )
    out, _ = run(code).communicate(timeout=PATIENCE)
    assert out.strip() == "[]"
