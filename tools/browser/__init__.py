"""Starts a real JupyterLab, and drives it in a browser; for tests and screenshots."""
