"""The load experiment: one server, three styles of endpoint, 1 to 100 clients.

`app` is what is measured, in a process of its own (`process`); `clients` ask it, and `experiment`
makes `rows` of what they got.
"""

from utils.load.experiment import STYLES, experiment, load
from utils.load.process import LoadError
from utils.load.rows import Row, Rows

__all__ = ["STYLES", "LoadError", "Row", "Rows", "experiment", "load"]
