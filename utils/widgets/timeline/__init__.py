"""Event timeline."""
