"""The checks of lesson 3: one file per exercise, and their messages."""
