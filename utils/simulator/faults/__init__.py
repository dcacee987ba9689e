"""Faults: failures of real providers and networks, injected on request.

To add a fault, write a function in `refusals` (an error instead of a reply), `generation` (content
and timing) or `delivery` (the bytes sent), and describe it in its decorator. Then regenerate
`FAULTS.md` with `python -m utils.simulator --faults`.
"""

from . import delivery, generation, refusals
from .fault import FAULTS, Chosen, Fault, parse

__all__ = ["FAULTS", "Chosen", "Fault", "delivery", "generation", "parse", "refusals"]
