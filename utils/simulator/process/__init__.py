"""The simulator's process, and child processes in general. Standard library only."""
