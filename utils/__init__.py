"""The course's helpers: everything that lessons import.

Each module is short enough to read. Start with `timing`, then `reader_model` and `charts`.
Importing the package itself loads none of them.
"""
