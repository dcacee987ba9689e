"""Builds `notebooks/` and `solutions/` from `lessons/`: `python -m tools.build`."""
