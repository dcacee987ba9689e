"""Live Markdown."""
