"""The checks of lesson 5: one file per exercise, and their messages."""
