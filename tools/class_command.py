"""The `class` command: its options, and the start of `hub/class_test/` where JupyterHub is."""

import argparse

from tools.environment import interpreter
from tools.programs import WINDOWS, Advice, run, stop_on_signals


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    command.add_argument("--learners", type=int, default=24, metavar="N", help="24 unless given")
    command.add_argument(
        "--within",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="start live cells within this many seconds of each other (5)",
    )
    command.add_argument(
        "--keep-log", metavar="FILE", help="copy the log of the hub and its servers to this file"
    )


def class_(arguments: argparse.Namespace) -> int:
    """Run the class in the environment that has JupyterHub."""
    stop_on_signals()
    if WINDOWS:
        raise Advice(
            "JupyterHub does not run on Windows: run this on the machine that will serve the "
            "class, under Linux or macOS, or in WSL."
        )
    if arguments.learners < 1:
        raise Advice(f"A class needs a learner: --learners {arguments.learners} is too few.")
    python = interpreter("class", arguments.here)
    words = ["--learners", str(arguments.learners), "--within", str(arguments.within)]
    words += ["--keep-log", arguments.keep_log] if arguments.keep_log else []
    return run([python, "-m", "hub.class_test.command", *words])
