"""Recordings and measurements for the chart tests, and functions that read a chart's text."""

from utils.crowd import Row
from utils.timing import Piece, Recording

WORDS = ["A ", "river ", "carries ", "its ", "water ", "a ", "little ", "at ", "a ", "time. "]


def title(chart):
    """Return the title and details in a chart's alternative text."""
    return chart.alt_text.partition(": ")[2]


def written(chart):
    """Return the text of the figure and of its first panel."""
    return [text.get_text() for text in (*chart.texts, *chart.axes[0].texts)]


def measured(style, waits):
    """Return one endpoint style's rows; `waits` maps numbers of clients to TTFTs in seconds."""
    return [
        Row(style, clients, wait, ttft_worst=wait, makespan=wait + 0.2, failed=0, health=0.01)
        for clients, wait in waits.items()
    ]


def recorded(label, arrivals, speed=1.0, e2e=None, **fields):
    """Return a recording with a word at each of `arrivals`, which are in seconds at speed 1."""
    pieces = tuple(Piece(at / speed, WORDS[i % 10]) for i, at in enumerate(arrivals))
    end = arrivals[-1] if e2e is None else e2e
    return Recording(label, pieces, e2e=end / speed, **fields)


def streamed(speed=1.0, **fields):
    arrivals = [0.2 + k * 9.8 / 249 for k in range(250)]  # evenly spaced, the last at 10 s
    return recorded("stream", arrivals, speed, **fields)


def blocked(speed=1.0):
    whole = Piece(10.0 / speed, "".join(WORDS * 25))
    return Recording("invoke", (whole,), e2e=10.0 / speed)


def buffered(speed=1.0):
    return recorded("proxy", [9.9 + k * 0.0004 for k in range(250)], speed)


def bursty(speed=1.0):
    arrivals = [0.4 + burst * 2 + k * 0.001 for burst in range(5) for k in range(50)]
    return recorded("bursty", arrivals, speed)


def released_with_a_pause(speed=1.0):
    """Return a buffered reply as read by a busy machine, with a pause after 17 pieces."""
    arrivals = [1.40 + k * 0.0002 for k in range(124)]
    return recorded("proxy", [*arrivals[:17], *(at + 0.1 for at in arrivals[17:])], speed)


def stuttering(speed=1.0):
    """Return a steady stream as read by a busy machine: several pieces arrive after each pause."""
    arrivals = [0.5 + k * 0.0076 for k in range(124)]
    for begin, end in ((0.75, 0.9), (0.92, 1.0), (1.05, 1.25)):
        arrivals = [end if begin < at < end else at for at in arrivals]
    return recorded("stutter", arrivals, speed)


def pausing(speed=1.0):
    arrivals = [0.5 + k * 0.02 for k in range(50)]
    return recorded("tool", [*arrivals, *(at + 8 for at in arrivals)], speed)  # a tool runs for 7 s


def stalling():
    return recorded("stalling", [1.0, 1.1, 9.0, 9.1, 20.0])


def failed():
    arrivals = [0.5 + k / 25 for k in range(100)]
    return recorded("dropped", arrivals, e2e=7.2, outcome="failed", error="ConnectionError: gone")


def empty():
    return Recording("empty", (Piece(0.2, ""),), e2e=3.0, outcome="failed")


def every_kind():
    left = streamed(outcome="left")
    running = streamed(outcome="streaming")
    unstarted = Recording("", (), e2e=0.0, outcome="streaming")
    return [streamed(), blocked(), buffered(), bursty(), stalling(), failed(), empty(), left,
            running, unstarted]  # fmt: skip
