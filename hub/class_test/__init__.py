"""The `class` command: a simulated class on a temporary JupyterHub on this machine."""
