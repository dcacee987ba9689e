"""Starts a real JupyterLab server and drives it in a browser, for tests and screenshots."""
