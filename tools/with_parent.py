"""`python with_parent.py MODULE …` acts like `python -m MODULE …`, but ends when its parent ends.

`tools/app.py` starts the apps with it. Standard input is a pipe from the parent. The operating
system closes the pipe when the parent ends, even if the parent is killed.

This module uses only the standard library, so that it runs in every app's environment.
"""

import os
import runpy
import sys
import threading


def _end_with_stdin() -> None:
    while os.read(0, 1024):  # blocks until the pipe closes
        pass
    os._exit(0)


if __name__ == "__main__":
    del sys.argv[0]
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.path[0] = os.getcwd()  # noqa: PTH109 (as `python -m` does)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
