"""What each Python of a learner runs first: server, kernel, simulator.

By default the garbage collector looks for rubbish after every 700 new objects. While modules are
imported there is none, and the looking takes a sixth of a start. 300,000 objects are more than a
start makes, and some 30 MB of rubbish at the most.
"""

import gc

gc.set_threshold(300_000, 10, 10)
