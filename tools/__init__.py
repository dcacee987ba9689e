"""The commands of `course.py`, and the build of the notebooks.

`build.py` needs the packages of the lock; everything else here is standard library alone, as it
runs before there are any packages.
"""
