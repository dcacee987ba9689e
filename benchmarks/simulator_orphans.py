"""How soon a simulator exits after its kernel is killed while a reply streams.

    python benchmarks/simulator_orphans.py [--kills 20]

Exits with an error if a simulator survives. The floor, alternating with the simulator, is a bare
Python process, started by a kernel, that exits when its standard input closes.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

sys.path.insert(0, str(Path(__file__).resolve().parent))  # so that a test can import this file, too

from floor import HOST, Ratio, judge

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 240.0  # seconds after which something counts as stuck
MOST = 3.0  # limit, as a multiple of the floor

# Each cell starts a process, and prints its port and id, then `at work`.
SIMULATOR = f"""
import http.client, json, sys
sys.path.insert(0, {str(ROOT)!r})
from utils import simulator
server = simulator.start()
port = int(server.base_url.split(":")[2].split("/")[0])
print(port, server.pid, flush=True)
connection = http.client.HTTPConnection("127.0.0.1", port)
messages = [{{"role": "user", "content": "Write a poem about a river."}}]
question = {{"model": "sim-seed", "stream": True, "messages": messages}}
connection.request(
    "POST",
    "/v1/chat/completions",
    json.dumps(question),
    {{"Authorization": "Bearer " + server.api_key}},
)
for line in connection.getresponse():
    print("at work", flush=True)
"""
BARE = """
import subprocess, sys
code = "import socket, sys; plug = socket.create_server(('127.0.0.1', 0)); "
code += "print(plug.getsockname()[1], flush=True); sys.stdin.read()"
child = subprocess.Popen(
    [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
print(int(child.stdout.readline()), child.pid, flush=True)
print("at work", flush=True)
"""


def stream(client: BlockingKernelClient, cell: str = SIMULATOR) -> tuple[int, int]:
    """Execute a cell that starts a process; return the process's port and id."""
    client.execute(cell)
    printed = ""
    while "at work" not in printed:
        message = client.get_iopub_msg(timeout=PATIENCE)
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        printed += message["content"].get("text", "")
    port, pid = map(int, printed.split()[:2])
    return port, pid


def kill_a_kernel_at_work(cell: str = SIMULATOR) -> tuple[int, float]:
    """Kill a kernel while it runs a cell.

    Return the id of its child process, and the seconds until the child exited.
    """
    manager, client = start_new_kernel(startup_timeout=PATIENCE, stderr=subprocess.DEVNULL)
    try:
        port, pid = stream(client, cell)
        with socket.create_connection((HOST, port), timeout=PATIENCE) as line:
            killed = time.monotonic()
            manager.shutdown_kernel(now=True)  # SIGKILL, or TerminateProcess on Windows
            with contextlib.suppress(ConnectionError):  # a reset also means that the child exited
                while line.recv(1024):
                    pass
        return pid, time.monotonic() - killed
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    kills = parser.parse_args().kills
    ours: list[float] = []
    floor: list[float] = []
    pids: list[int] = []
    for _ in range(kills):
        pid, seconds = kill_a_kernel_at_work()
        pids.append(pid)
        ours.append(seconds)
        floor.append(kill_a_kernel_at_work(BARE)[1])
    running = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, left = psutil.wait_procs(running, timeout=PATIENCE)
    judge(
        {f"gone after the kill, {kills} kernels": Ratio(ours, floor, MOST, 0.01)},
        *[f"left behind: {process.pid}" for process in left],
    )


if __name__ == "__main__":
    main()
