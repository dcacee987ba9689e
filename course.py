#!/usr/bin/env python3
"""The course's commands: `python3 course.py lab` opens lesson 1, `--help` shows the others.

This file only looks at the Python it runs on, in syntax that any Python can read, so that one
which is too old gets a sentence and not a SyntaxError. The commands are in `tools/`, and they too
need nothing but the standard library.
"""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        "The course needs Python {}.{} or newer, and this is Python {}.{}: install a newer one "
        "from https://www.python.org/downloads/ and run this command with it (for example: "
        "python3.12 course.py lab).".format(*(OLDEST + tuple(sys.version_info[:2])))
    )

if __name__ == "__main__":
    import os

    # A Python told to be safe (-P, PYTHONSAFEPATH) does not look beside the file that it runs.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from utils import shadowing

    for name, path in shadowing.hidden(sys.path).items():
        if name in sys.stdlib_module_names and name != "test":  # which nothing here imports
            sys.exit(shadowing.told(name, path))
    from tools.commands import main

    sys.exit(main(sys.argv[1:]))
