"""Latency badge."""
