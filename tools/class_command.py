"""The `class` command: starts `hub/class_test/` in an environment that has JupyterHub."""

import argparse

from tools.environment import interpreter
from tools.programs import WINDOWS, Advice, run, stop_on_signals


def class_(arguments: argparse.Namespace) -> int:
    """Run the simulated class in the environment that has JupyterHub."""
    stop_on_signals()
    if WINDOWS:
        raise Advice(
            "JupyterHub does not run on Windows: run this on the machine that will serve the "
            "class, under Linux or macOS, or in WSL."
        )
    if arguments.learners < 1:
        raise Advice(f"A class needs a learner: --learners {arguments.learners} is too few.")
    python = interpreter("class", arguments.here)
    return run([python, "-m", "hub.class_test.schedule", str(arguments.learners)])
