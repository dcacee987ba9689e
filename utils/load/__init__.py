"""The load experiment: one server, three styles of endpoint, 1 to 100 clients.

`app` is what is measured, in a process of its own (`process`); `clients` ask it, and `experiment`
makes figures of what they got.
"""

from utils.load.experiment import STYLES, Row, Rows, experiment, load
from utils.load.process import LoadError

__all__ = ["STYLES", "LoadError", "Row", "Rows", "experiment", "load"]
