"""What lesson 1's answers are given to read, and whether they let go of it."""

import gc

from utils.checks.streams import Probe

PROMPT = "Why do rivers bend?"
RIVERS = (
    "Rivers bend because water is never quite even. A little more flows on one side, takes a "
    "little more earth with it, and makes the next bend. Give it time!"
)
HARBOUR = "The harbour wakes at five.\nGulls first, then engines, then people with coffee."


def closed(probe: Probe) -> bool:
    """Whether the source was let go; a cycle of references may need the collector for that."""
    if not probe.closed:
        gc.collect()
    return probe.closed
