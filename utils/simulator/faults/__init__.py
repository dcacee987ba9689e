"""Faults: failures of real providers and networks, injected on request.

CONTRIBUTING.md explains how to add one.
"""

from . import delivery, generation, refusals
from .fault import FAULTS, Chosen, Fault, parse

__all__ = ["FAULTS", "Chosen", "Fault", "delivery", "generation", "parse", "refusals"]
