"""The commands of `course.py`, and the notebook build.

The modules that `commands.py` imports at top level use only the standard library, since they run
before any packages are installed. Modules that need packages, such as `build`, are run with the
course's Python.
"""

import sys
from typing import Any


def _except_hook(kind: type[BaseException], *details: Any) -> None:
    """Print an uncaught exception, but nothing after Ctrl-C, even during imports."""
    if kind is not KeyboardInterrupt:
        sys.__excepthook__(kind, *details)


sys.excepthook = _except_hook
