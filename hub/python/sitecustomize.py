"""Run at the start of each of a learner's Python processes: server, kernel, simulator.

By default, the garbage collector runs after every 700 new objects (on Python 3.11). While modules
are imported there is no garbage, and the collections take a sixth of the startup time. Startup
creates fewer than 500,000 objects (a kernel some 335,000), and that many leave at most some 50 MB
of garbage. A collection over so many takes a tenth of a second, so a lesson's `ready()` makes
collections frequent again.
"""

import gc

gc.set_threshold(500_000, 10, 10)
