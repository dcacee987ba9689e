"""Run a module as `python -m MODULE` does, and end when standard input is closed.

Standard input is a pipe from the parent process. The operating system closes it when the parent
ends, even if the parent is killed. With `--terminate`, the module then receives SIGTERM, so that it
can end its own child processes; if it hangs, it is ended after a minute. Standard library only, as
apps run it with their own Python.
"""

import os
import runpy
import signal
import sys
import threading
import time

ENDING_SECONDS = 60.0
TERMINATE = "--terminate"


def _end_with_stdin(terminate: bool) -> None:
    while os.read(0, 1024):
        pass
    if terminate:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ENDING_SECONDS)  # JupyterLab can hang if a kernel is restarting
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    del sys.argv[0]
    terminate = sys.argv[0] == TERMINATE
    if terminate:
        del sys.argv[0]
    threading.Thread(target=_end_with_stdin, args=[terminate], daemon=True).start()
    sys.path[0] = os.getcwd()  # noqa: PTH109 (as `python -m` does)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
