"""Former name of `utils.crowd`, for learners' copies of lesson 4."""

from utils.crowd import app, experiment

__all__ = ["app", "experiment"]
