"""Run a module as `python -m MODULE` does, and end when standard input is closed.

Whoever starts this holds the other end of a pipe, which the operating system closes when that
process ends, however it ends. Standard library only, as apps run it with their own Python.
"""

import os
import runpy
import sys
import threading


def _end_with_stdin() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    del sys.argv[0]
    sys.path[0] = os.getcwd()  # noqa: PTH109 (as `python -m` has it)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
