"""A local server with OpenAI's APIs that streams at the pace of real models.

In a notebook, `start()` returns the kernel's one simulator; on a command line, run
`python -m utils.simulator --help`. The server imports nothing else from this course. Only the
command `record` uses other modules of `utils` (`sse`, `errors`, `env_vars`, `unicode`), since a
second SSE reader or key redactor would have to be kept in step with the first.
"""

from .client import Seen, Simulator, start
from .process import HOST, SimulatorError
from .request_log import Request, Requests

__all__ = ["HOST", "Request", "Requests", "Seen", "Simulator", "SimulatorError", "start"]
