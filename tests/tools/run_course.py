"""Runs course.py as a user would."""

import os
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2] / "course.py"


def course(
    *words: str, python: tuple[str, ...] = (sys.executable,), **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run `course.py` with these arguments, and capture its output."""
    return subprocess.run(
        [*python, str(COURSE), *words],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=240,
    )
