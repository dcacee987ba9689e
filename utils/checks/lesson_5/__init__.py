"""The checks of lesson 5: a file for each exercise, and their messages."""
