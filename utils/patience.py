"""Former name of `utils.stall_timeout`, kept because learners' copies of lesson 5 may import it."""

from utils.stall_timeout import Stalled, watched

__all__ = ["Stalled", "watched"]
