"""Runs a kernel for benchmarks, and reads the messages that it sends to the page."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 240.0  # seconds to wait for a kernel or a message


@contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """Run a kernel in `notebooks/`, with a real-speed simulator, until the `with` block ends."""
    environ = {name: value for name, value in os.environ.items() if name != "COURSE_SPEED"}
    manager, client = start_new_kernel(
        startup_timeout=PATIENCE,
        cwd=str(ROOT / "notebooks"),
        env=environ | {"PYTHONPATH": str(ROOT)},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def received(
    client: BlockingKernelClient, matches: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the next matching message from the kernel to the page; raise if a cell fails."""
    while True:
        message: dict[str, Any] = client.get_iopub_msg(timeout=PATIENCE)
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        if matches(message):
            return message
