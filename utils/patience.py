"""Former name of `utils.stall_timeout`, for learners' copies of lesson 5."""

from utils.stall_timeout import Stalled, watched

__all__ = ["Stalled", "watched"]
