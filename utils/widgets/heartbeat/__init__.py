"""Heartbeat of the event loop."""
