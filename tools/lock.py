"""The `lock` command: updates the lock files from pyproject.toml."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.app import APPS
from tools.environment import LOCKS
from tools.installers import needed_uv
from tools.programs import ROOT, run, say, this_command


def lock(arguments: argparse.Namespace) -> int:
    """Update the lock files in order; each file must agree with the earlier ones."""
    compiling = [needed_uv(), "pip", "compile", "--universal", "--python-version", "3.11"]
    compiling += ["--quiet", "--no-header", "--no-annotate"]
    compiling += ["--no-emit-index-url", "--no-emit-find-links"]
    compiling += ["--upgrade"] if arguments.upgrade else []
    say("Updating requirements/, which takes a minute or two.")
    options: list[str] = []
    for kind, file in LOCKS.items():
        if kind != "lab":  # every other kind is an extra in pyproject.toml
            options += ["--extra", kind]
        if (code := run([*compiling, "pyproject.toml", *options, "--output-file", file])) != 0:
            return code
        options += ["--constraints", file]
    if (code := _lock_apps(compiling)) != 0:
        return code
    say(f"Updated requirements/. To test it, run {this_command('test')}.")
    return 0


def _lock_apps(compiling: Sequence[str]) -> int:
    """Update the apps' lock files to the course's versions, except for packages in `App.apart`."""
    course = (ROOT / LOCKS["lab"]).read_text(encoding="utf-8").splitlines(keepends=True)
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        for each in APPS.values():
            wanted, pins = Path(folder, "wanted.txt"), Path(folder, "pins.txt")
            wanted.write_text(each.wanted(), encoding="utf-8")
            pins.write_text("".join(line for line in course if not line.startswith(each.apart)))
            command = [*compiling, str(wanted), "--constraints", str(pins), "--emit-build-options"]
            for package in each.built:
                command += ["--no-binary", package]
            if (code := run([*command, "--output-file", str(each.lock())])) != 0:
                return code
    return 0
