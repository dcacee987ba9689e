"""The checks of lesson 4: a file for each exercise, and their messages."""
