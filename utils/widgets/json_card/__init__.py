"""Card whose JSON fields fill in as they arrive."""
