"""The simulator's process. Every notebook imports this, so it uses only the standard library."""
