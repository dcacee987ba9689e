"""JupyterHub configuration, and the class test that exercises it."""
