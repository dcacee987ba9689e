"""Former name of `utils.crowd`, kept because learners' copies of lesson 4 may import it."""

from utils.crowd import app, experiment

__all__ = ["app", "experiment"]
