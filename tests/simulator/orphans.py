"""Helpers for tests that kill a process and check that its child processes exit."""

import socket

import psutil
from jupyter_client.blocking.client import BlockingKernelClient

from tools.programs import ROOT

PATIENCE = 240.0  # seconds to wait for another process

# A cell that starts a simulator, prints its port and process ID, and reads a reply.
READING = f"""
import json, sys
from urllib.request import Request, urlopen
sys.path.insert(0, {str(ROOT)!r})
from utils import simulator
server = simulator.start()
print(server.base_url.split(":")[2].split("/")[0], server.pid, flush=True)
messages = [{{"role": "user", "content": "Write a poem about a river."}}]
body = json.dumps({{"model": "sim-seed", "stream": True, "messages": messages}}).encode()
headers = {{"Authorization": "Bearer " + server.api_key, "Content-Type": "application/json"}}
for line in urlopen(Request(server.base_url + "/chat/completions", body, headers)):
    print("reading", flush=True)
"""


def stream(client: BlockingKernelClient) -> tuple[int, int]:
    """Make a kernel read a reply; return the port and process ID of the kernel's simulator."""
    client.execute(READING)
    printed = ""
    while "reading" not in printed:
        message = client.get_iopub_msg(timeout=PATIENCE)
        assert message["msg_type"] != "error", message["content"]["traceback"]
        printed += message["content"].get("text", "")
    port, pid = map(int, printed.split()[:2])
    return port, pid


def wait_for_the_end(connection: socket.socket) -> None:
    """Block until the other process has exited, which closes the connection."""
    try:
        while connection.recv(1024):
            pass
    except ConnectionError:
        pass  # a reset connection also means that the process has exited


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
