"""The checks of lesson 4: one file per exercise, and their messages."""
