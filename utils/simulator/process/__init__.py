"""The simulator's process.

Every notebook imports this package, so it uses only the standard library.
"""
