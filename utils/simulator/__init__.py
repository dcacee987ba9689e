"""A local server that implements OpenAI's APIs and streams at the pace of real models.

In a notebook, `start()` returns the simulator that all cells share; on the command line, run
`python -m utils.simulator --help`. The server imports nothing from the rest of this course. Only
the `record` command uses other modules of `utils` (`sse`, `errors`, `env_vars`, `unicode`).
"""

from .client import Seen, Simulator, start
from .process.server_process import HOST, SimulatorError
from .request_log import Request, Requests

__all__ = ["HOST", "Request", "Requests", "Seen", "Simulator", "SimulatorError", "start"]
