"""Faults: failures of real providers and networks, injected on request.

CONTRIBUTING.md explains how to add one.
"""

from . import delivery, generation, refusals  # importing these modules registers their faults
from .fault import FAULTS, ChosenFault, Fault, parse

__all__ = ["FAULTS", "ChosenFault", "Fault", "delivery", "generation", "parse", "refusals"]
