"""A local server that speaks OpenAI's streaming protocol at the pace of real models.

In a notebook, `start()` gives the one simulator of the kernel. On a command line,
`python -m utils.simulator --help` tells the rest. Imports nothing else of this course.
"""

from .client import Seen, Simulator, start
from .process import HOST, SimulatorError
from .request_log import Request, Requests

__all__ = ["HOST", "Request", "Requests", "Seen", "Simulator", "SimulatorError", "start"]
