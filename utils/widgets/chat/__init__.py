"""Chat panel."""
