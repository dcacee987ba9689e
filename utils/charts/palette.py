"""The colours for charts and widgets, one per meaning, and the text size for charts.

Colour-blind readers can tell the colours apart: all but the greys come from the Okabe-Ito palette.
Each use of a colour is also labelled in words.
"""

WAITING = "#E69F00"  # nothing to read yet
READING = "#0072B2"  # words read
STALL = "#CC79A7"  # the reader has caught up and is waiting
DELIVERED = "#009E73"  # words on the screen
QUIET = "#6B7280"  # axes and captions
FAINT = "#E5E7EB"  # grid lines, and the background of bars
INK = "#1F2937"  # text
TEXT = 13  # points; in a figure 10 inches wide, 12 or more is readable from the back of a room
