"""What runs the course rather than teaches it: its commands (`course.py`) and the notebook build.

`build.py` needs the packages of the lock; everything else here is standard library alone, as it
runs before there are any packages.
"""
