"""Serves the load experiment's `app` on a free port, until standard input closes."""

from utils.simulator.process.child_process import end_with_stdin, report

end_with_stdin()

import uvicorn  # noqa: E402 (slow imports, so `end_with_stdin` is called first)

from utils.crowd.app import app  # noqa: E402
from utils.simulator.server import listen  # noqa: E402

listener = listen("127.0.0.1", 0)
report(listener.getsockname()[1])  # the parent process needs the port; clients can now connect
config = uvicorn.Config(app, log_config=None, access_log=False, workers=1)
uvicorn.Server(config).run(sockets=[listener])
