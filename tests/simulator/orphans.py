"""Processes that have to end with another one: watching them go."""

import socket
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # s


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
