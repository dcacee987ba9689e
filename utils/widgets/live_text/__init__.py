"""Live text."""
