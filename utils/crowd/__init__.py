"""The load experiment: one server, three styles of endpoint, 1 to 100 concurrent clients."""

from utils.crowd.experiment import STYLES, experiment, load
from utils.crowd.process import LoadError
from utils.crowd.rows import Row, Rows

__all__ = ["STYLES", "LoadError", "Row", "Rows", "experiment", "load"]
