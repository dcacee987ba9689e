"""Killing kernels in mid-reply and watching their simulators go; for a test and a benchmark."""

import socket
import subprocess
import time
from pathlib import Path
from queue import Empty

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # s

STREAMING_CELL = f"""
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
    print("streaming", flush=True)
"""


def kill_a_kernel_in_mid_reply() -> tuple[int, float]:
    """Start a kernel, kill it while a reply streams, wait until its simulator is gone.

    Returns:
        The simulator's process id, and the seconds from the kill to its end.

    Raises:
        TimeoutError: If the simulator lives on.
    """
    manager, client = start_new_kernel(startup_timeout=PATIENCE, stderr=subprocess.DEVNULL)
    try:
        port, pid = stream(client)
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            killed = time.monotonic()
            manager.shutdown_kernel(now=True)  # SIGKILL, or TerminateProcess on Windows
            wait_for_the_end(line)
        return pid, time.monotonic() - killed
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def stream(client: BlockingKernelClient) -> tuple[int, int]:
    """Let a kernel start a simulator and read a long reply; returns while that streams.

    Returns:
        The simulator's port and process id.

    Raises:
        RuntimeError: If no reply comes.
    """
    client.execute(STREAMING_CELL)
    printed = ""
    deadline = time.monotonic() + PATIENCE
    while "streaming" not in printed:
        try:
            message = client.get_iopub_msg(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise RuntimeError(f"no reply in the kernel; it printed {printed!r}") from None
        printed += message["content"].get("text", "")
        printed += "\n".join(message["content"].get("traceback", []))
    port, pid = map(int, printed.split()[:2])
    return port, pid


def wait_for_the_end(line: socket.socket) -> None:
    """Block until the other side is gone: its end closes the connection."""
    try:
        while line.recv(1024):
            pass
    except ConnectionError:
        pass  # reset instead of closed: gone as well


def is_running(pid: int) -> bool:
    """Return whether a process lives; one that only waits to be buried does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
