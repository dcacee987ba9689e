"""The course's colours: one colour for one idea, in every chart and widget.

The values are Okabe and Ito's set, which stays distinct for colour-blind readers. A label always
stands beside a colour, so that no meaning hangs on colour alone.
"""

WAITING = "#E69F00"  # nothing to read yet
READING = "#0072B2"  # words that the reader has read
STALL = "#CC79A7"  # the reader caught up and waits again
DELIVERED = "#009E73"  # words on the screen, read or not
QUIET = "#6B7280"  # axes, captions, everything that should step back
