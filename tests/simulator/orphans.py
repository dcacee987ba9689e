"""Helpers for tests that watch processes end with another one."""

import socket
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # s


def wait_for_the_end(line: socket.socket) -> None:
    """Block until the other process is gone, which closes the connection."""
    try:
        while line.recv(1024):
            pass
    except ConnectionError:
        pass  # reset instead of closed: also gone


def is_running(pid: int) -> bool:
    """Return whether a process is alive; a zombie doesn't count."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
