"""Progress bar."""
