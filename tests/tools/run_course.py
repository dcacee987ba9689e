"""Runs course.py as a user would."""

import os
import subprocess
import sys

from tools.programs import ROOT

COURSE = ROOT / "course.py"


def course(
    *words: str, python: tuple[str, ...] = (sys.executable,), **variables: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*python, str(COURSE), *words],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=240,
    )
