"""The course's colours, one per meaning, in every chart and widget.

From Okabe and Ito's set, which colour-blind readers can tell apart. Each colour also has a label.
"""

WAITING = "#E69F00"  # nothing to read yet
READING = "#0072B2"  # words read
STALL = "#CC79A7"  # the reader has caught up and waits
DELIVERED = "#009E73"  # words on the screen
QUIET = "#6B7280"  # axes and captions
