"""Failures of real providers and networks, injected on request: the table of faults.

To add one, write a function in `refusals` (an error instead of a reply), `generation` (what is
generated, and when) or `delivery` (bytes on their way) and describe it in its decorator.
`python -m utils.simulator --faults` prints the table, which is `FAULTS.md`.
"""

from . import delivery, generation, refusals
from .fault import FAULTS, Chosen, Fault, parse

__all__ = ["FAULTS", "Chosen", "Fault", "delivery", "generation", "parse", "refusals"]
