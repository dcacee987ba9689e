"""Race of several replies."""
