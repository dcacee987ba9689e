"""Helpers for tests in which a process must end when another one ends."""

import socket
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # seconds to wait for another process


def wait_for_the_end(line: socket.socket) -> None:
    """Block until the other process has ended, which closes the connection."""
    try:
        while line.recv(1024):
            pass
    except ConnectionError:
        pass  # a reset connection also means that the process has ended


def is_running(pid: int) -> bool:
    """Return whether a process is alive; a zombie doesn't count."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
