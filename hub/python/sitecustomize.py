"""Makes a learner's Python processes (server, kernel, simulator) start faster.

Python imports this file at startup, since `jupyterhub_config.py` puts its folder on PYTHONPATH.

By default, the garbage collector runs after every 700 new objects (on Python 3.11). During
imports, it finds no garbage and takes a sixth of the startup time. With a threshold of 500,000
it doesn't run during startup, which creates fewer objects (about 335,000 in a kernel). Later, up to
50 MB of garbage could pile up, and each collection would take a tenth of a second, so a lesson's
`ready()` lowers the threshold again.
"""

import gc

gc.set_threshold(500_000, 10, 10)
