"""Helpers that run the command `python -m utils.simulator` in its own process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tools.programs import ROOT

COMMAND = [sys.executable, "-m", "utils.simulator"]
KEY = "a-key-for-the-class"  # the API key of a simulator that `shared` starts


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@contextmanager
def shared(*options: str, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a simulator that a class of learners could share; yield its URL and its process."""
    with subprocess.Popen(
        [*COMMAND, *options],
        cwd=ROOT,
        env=os.environ | {"SIMULATOR_KEY": KEY} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+/v1", server.stdout.readline())
            assert address
            for _ in range(3):
                server.stdout.readline()  # skip the printed `export` commands
            yield address.group(), server
        finally:
            server.terminate()
