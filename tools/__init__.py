"""The commands of `course.py`, and the notebook build.

The modules that `commands.py` imports at top level use only the standard library, since they run
before any packages are installed. Modules that need packages, such as `build`, are run with the
course's Python.
"""
