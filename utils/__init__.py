"""The course's helpers: everything a lesson needs that is not the lesson itself.

Each module is short enough to read. Start with `timing`, then `reader_model` and `charts`.
Importing this package does no work.
"""
