"""The measured server's process, as the notebook sees it: started, found, ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from utils.errors import Sentence
from utils.simulator.handle import SPEED_VARIABLE

_ROOT = Path(__file__).resolve().parents[2]  # where `utils` can be imported from
_END_SECONDS = 3.0
_FASTEST = 1.5  # times; time can be sped up, work can't, and would soon be all that is measured


class LoadError(Sentence, RuntimeError):
    """The measurement can't be made; the message says what to do."""


@asynccontextmanager
async def server() -> AsyncIterator[int]:
    """Run `utils.load.app` in a process of its own while the block runs.

    It ends when the pipe to its standard input closes: at the end of the block, or when this
    process ends, however it ends.

    Yields:
        Its port on 127.0.0.1.

    Raises:
        LoadError: If it could not start.
    """
    process = _spawn()
    try:
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        if not line:
            assert process.stderr is not None
            said = (await asyncio.to_thread(process.stderr.read)).decode(errors="replace").strip()
            raise LoadError(
                "The server to measure could not start. `python3 course.py doctor` says what is "
                f"missing. Its last words: {said.splitlines()[-1] if said else 'none'}"
            )
        yield int(line)
    finally:
        await asyncio.shield(asyncio.to_thread(_end, process))


def _spawn() -> subprocess.Popen[bytes]:
    environment = dict(os.environ)
    environment.pop("PYTHONSAFEPATH", None)  # it would hide `utils` in the working directory
    speed = float(environment.get(SPEED_VARIABLE) or 1)
    environment[SPEED_VARIABLE] = str(min(speed, _FASTEST))
    apart: dict[str, Any]  # an interrupt of the kernel (■) goes to its group: stay out of it
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    else:
        apart = {"start_new_session": True}
    return subprocess.Popen(
        [sys.executable, "-m", "utils.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=_ROOT,
        env=environment,
        **apart,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
