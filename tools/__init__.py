"""The commands of `course.py`, and the build of the notebooks.

`build.py` needs the locked packages; everything else uses only the standard library, since it runs
before any packages are installed.
"""
