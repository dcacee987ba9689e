"""A real JupyterLab, and a browser page that drives it; for tests and screenshots."""
