"""The commands of `course.py`, and the build of the notebooks.

What `commands.py` imports at its top uses only the standard library, since it runs before any
packages are installed. Modules that need packages, such as `build`, are run with the course's
Python.
"""
