"""JupyterHub configuration, and a test of it with a simulated class of learners."""
