"""Status line of stages."""
