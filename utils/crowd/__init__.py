"""The load experiment: one server, three styles of endpoint, and many concurrent clients."""

from utils.crowd.experiment import STYLES, experiment
from utils.crowd.process import LoadError
from utils.crowd.rows import Row, Rows

__all__ = ["STYLES", "LoadError", "Row", "Rows", "experiment"]
