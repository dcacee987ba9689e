"""The course's helper modules, which the lessons import.

Each module is short enough to read. Start with `timing`, then `reader_model` and `charts`.
Importing the package itself loads none of them.
"""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:  # this file must use only syntax that older Pythons can parse
    raise ImportError(
        "The course needs Python {}.{} or newer, and this is Python {}.{} at {}: choose the "
        "course's kernel, or start the course with `python3 course.py lab`.".format(
            *(OLDEST + tuple(sys.version_info[:2])), sys.executable
        )
    )
