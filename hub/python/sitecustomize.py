"""Run first by each Python of a learner: server, kernel, simulator.

By default the garbage collector looks for rubbish after every 700 new objects. While modules are
imported there is none, and the looking takes a sixth of a start. 500,000 objects are more than a
start makes (a kernel's some 335,000), and some 50 MB of rubbish at the most. To look through so
many takes a tenth of a second: a lesson's `ready()` lets it look more often from then on.
"""

import gc

gc.set_threshold(500_000, 10, 10)
