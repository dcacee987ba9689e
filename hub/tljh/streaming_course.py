"""The course on The Littlest JupyterHub: copy this file to `/opt/tljh/config/jupyterhub_config.d/`.

It expects the course at /srv/streaming-course. Untested on a real server.
"""

load_subconfig("/srv/streaming-course/hub/jupyterhub_config.py")  # noqa: F821 -- from JupyterHub
