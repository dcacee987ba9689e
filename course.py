#!/usr/bin/env python3
"""The course's commands: `python3 course.py lab` opens lesson 1, and `--help` lists them all.

The commands are in `tools/`. This file checks Python and its standard library first. It avoids new
syntax, so that an old Python prints advice instead of a SyntaxError.
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

    # In safe-path mode (-P, PYTHONSAFEPATH), Python doesn't add the script's folder to sys.path.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from utils import shadowing

    for name, path in shadowing.shadowed(sys.path).items():
        if name in sys.stdlib_module_names and name != "test":  # the course doesn't import `test`
            sys.exit(shadowing.advice(name, path))
    from importlib.util import find_spec

    for name in ("_sqlite3", "_ssl", "pyexpat", "zlib"):
        if find_spec(name) is None:
            sys.exit(
                "This Python, {}, lacks its own module {}: install all of Python (Debian and "  # noqa: UP032
                "Ubuntu: apt install python3-full), or another one, such as the one from "
                "https://www.python.org/downloads/.".format(sys.executable, name)
            )
    # A closed stream, as under pythonw: child processes use it too. In this order, each gets the
    # lowest free descriptor, which is its own.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
            os.set_inheritable(getattr(sys, name).fileno(), True)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # for paths that stdout can't encode
    try:
        from tools.commands import main
        from tools.programs import stop_on_signals

        stop_on_signals()
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # Ctrl-C during imports
        sys.exit(130)
