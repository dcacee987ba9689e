"""The checks of lesson 3: a file for each exercise, and their messages."""
