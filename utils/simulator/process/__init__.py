"""The simulator's process. Every notebook imports this package: standard library only."""
