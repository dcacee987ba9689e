"""JupyterHub configuration, and the class test that tries it."""
