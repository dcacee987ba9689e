"""Serves `app` in a process of its own: prints its port, and ends when standard input closes."""

import uvicorn

from utils.simulator.server import end_with_stdin, listen

end_with_stdin()

from utils.load.app import app  # noqa: E402 (takes a second, in which the notebook may be gone)

listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)  # who connects now is answered in a moment
uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])
