"""Settings for a lightweight Jupyter server, without what the course does not use.

Put the folder of this file on `JUPYTER_CONFIG_PATH`, as `jupyterhub_config.py` beside it does, or
copy the file to `/etc/jupyter/` of an image.
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
c.ServerApp.terminals_enabled = False

# No extension manager and no updates in a class.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"

# By default each kernel message becomes a DEBUG record that no handler uses, which costs a tenth of
# a server's work while text streams.
c.Application.logging_config = {
    "loggers": {"JupyterHubSingleUser": {"level": "INFO"}, "ServerApp": {"level": "INFO"}}
}

# Kernels of closed pages are ended after an hour, longer than any break.
c.MappingKernelManager.cull_idle_timeout = 3600
c.MappingKernelManager.cull_interval = 300
c.MappingKernelManager.cull_connected = False


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A page's connection to its kernel that sends immediately.

    By default the system delays a small packet until the previous one is acknowledged. That takes
    about 20 ms, which is visible in growing text.
    """

    def connect(self):
        """Connect with Nagle's algorithm off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = PromptConnection


class CalmKernelManager(AsyncMappingKernelManager):
    """A kernel manager that tracks only a kernel's states, not each piece of text.

    By default it also reads every message to record when a kernel was last active, which is a third
    of a server's work while text streams. Culling only needs to know whether a kernel is busy.
    """

    def start_watching_activity(self, kernel_id):
        """Track activity, ignoring messages from widgets and prints."""
        super().start_watching_activity(kernel_id)
        stream = self._kernels[kernel_id]._activity_stream
        stream.setsockopt(zmq.UNSUBSCRIBE, b"")
        stream.setsockopt(zmq.SUBSCRIBE, b"kernel.")


c.ServerApp.kernel_manager_class = CalmKernelManager

# Connect to kernels through sockets with file names, unless these are too long (104 bytes). When a
# class starts, two servers could otherwise look up the same free port for their kernels.
if len(jupyter_runtime_dir().encode()) <= 50:
    c.KernelManager.transport = "ipc"

# At startup, JupyterLab asks Node.js where packages come from, for builds that no class needs. That
# costs a third of a second of CPU.
jupyterlab.commands._yarn_config = lambda _: {"yarn config": {}, "npm config": {}}
