"""A learner's Jupyter server, made light: what the course does not use is neither loaded nor run.

Put the folder of this file on `JUPYTER_CONFIG_PATH`, as `jupyterhub_config.py` beside it does, or
copy the file to `/etc/jupyter/` of an image.
"""

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
