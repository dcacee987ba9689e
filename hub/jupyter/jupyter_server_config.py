"""A learner's Jupyter server, made light: what the course does not use is neither loaded nor run.

Put the folder of this file on `JUPYTER_CONFIG_PATH`, as `jupyterhub_config.py` beside it does, or
copy the file to `/etc/jupyter/` of an image.
"""

import jupyterlab.commands
import zmq
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

c = get_config()  # noqa: F821 -- Jupyter puts it there

c.ServerApp.jpserver_extensions = {
    "jupyter_lsp": False,
    "jupyter_server_terminals": False,
    "jupyterlab_jupytext": False,
    "notebook_shim": False,
}
c.ServerApp.terminals_enabled = False

# Nobody in a class updates JupyterLab, or adds extensions to it.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"

# By default each message of a kernel becomes a record of level DEBUG that no handler wants: a tenth
# of what a server does while text streams.
c.Application.logging_config = {
    "loggers": {"JupyterHubSingleUser": {"level": "INFO"}, "ServerApp": {"level": "INFO"}}
}

# Kernels of closed pages end after an hour, which is longer than any break.
c.MappingKernelManager.cull_idle_timeout = 3600
c.MappingKernelManager.cull_interval = 300
c.MappingKernelManager.cull_connected = False


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A page's connection to its kernel that sends at once.

    By default the system holds a small message back until the one before is confirmed, which takes
    some 20 ms: to be seen where text grows.
    """

    def connect(self):
        """Connect as always, with Nagle's algorithm off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.kernel_websocket_connection_class = PromptConnection


class CalmKernelManager(AsyncMappingKernelManager):
    """A manager that hears of a kernel's states, and not of each piece of text.

    By default it reads every message once more, to note when a kernel was last active: a third of
    what a server does while text streams. Whether a kernel is busy decides what is culled.
    """

    def start_watching_activity(self, kernel_id):
        """Watch as always, and leave out what widgets and prints send."""
        super().start_watching_activity(kernel_id)
        stream = self._kernels[kernel_id]._activity_stream
        stream.setsockopt(zmq.UNSUBSCRIBE, b"")
        stream.setsockopt(zmq.SUBSCRIBE, b"kernel.")


c.ServerApp.kernel_manager_class = CalmKernelManager

# Kernels are spoken to through files, where their names are not too long for it (104 bytes). Ports
# are looked up first and taken later: in a class that starts at once, two may be promised the same.
if len(jupyter_runtime_dir().encode()) <= 50:
    c.KernelManager.transport = "ipc"

# As it starts, JupyterLab asks Node.js where packages come from, for builds that nobody does in a
# class: a third of a second of a core.
jupyterlab.commands._yarn_config = lambda _: {"yarn config": {}, "npm config": {}}
