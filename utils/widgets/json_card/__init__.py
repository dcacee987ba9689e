"""Card of JSON fields that fill in."""
