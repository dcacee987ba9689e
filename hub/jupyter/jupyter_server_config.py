"""Settings for a lightweight Jupyter server, without features that the course does not use.

Put this file's folder on `JUPYTER_CONFIG_PATH`, as `hub/jupyterhub_config.py` does, or copy its
contents to `/etc/jupyter/` in an image.
"""

import jupyterlab.commands
import zmq
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

c = get_config()  # noqa: F821 -- defined by Jupyter

c.ServerApp.jpserver_extensions = {
    "jupyter_lsp": False,
    "jupyter_server_terminals": False,
    "jupyterlab_jupytext": False,
    "notebook_shim": False,
}

# Prevent learners from installing extensions. (A file in `labconfig/` turns off news and updates.)
c.LabApp.extension_manager = "readonly"

# By default, the server creates a DEBUG record of each kernel message, but no handler uses it.
# That takes a tenth of a server's CPU time while text streams.
c.Application.logging_config = {
    "loggers": {"JupyterHubSingleUser": {"level": "INFO"}, "ServerApp": {"level": "INFO"}}
}

# Shut down idle kernels of closed pages after an hour, which is longer than any break.
c.MappingKernelManager.cull_idle_timeout = 3600
c.MappingKernelManager.cull_interval = 300
c.MappingKernelManager.cull_connected = False


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A page-to-kernel connection that sends each message immediately.

    By default, the OS delays a small packet until the previous one is acknowledged. That adds
    about 20 ms, which is visible when text streams.
    """

    def connect(self):
        """Connect, and disable Nagle's algorithm."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = PromptConnection


class CalmKernelManager(AsyncMappingKernelManager):
    """A kernel manager that tracks a kernel's status, but not its output.

    The default manager also reads every message to record when a kernel was last active. That takes
    a third of a server's CPU time while text streams. Culling only needs to know whether a kernel
    is busy.
    """

    def start_watching_activity(self, kernel_id):
        """Track the kernel's status, ignoring widget messages and printed output."""
        super().start_watching_activity(kernel_id)
        stream = self._kernels[kernel_id]._activity_stream
        stream.setsockopt(zmq.UNSUBSCRIBE, b"")
        stream.setsockopt(zmq.SUBSCRIBE, b"kernel.")


c.ServerApp.kernel_manager_class = CalmKernelManager

# Connect to kernels through Unix domain sockets, unless their paths would be too long (the limit is
# 104 bytes). With ports, two servers that start at the same time could pick the same free port.
if len(jupyter_runtime_dir().encode()) <= 50:
    c.KernelManager.transport = "ipc"

# At startup, JupyterLab runs Node.js to find out which package registries to use. That takes a
# third of a second of CPU time, and only JupyterLab builds need the result.
jupyterlab.commands._yarn_config = lambda _: {"yarn config": {}, "npm config": {}}
