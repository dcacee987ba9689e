"""The checks of lesson 2: one file per exercise, and their messages."""
