"""The checks of lesson 2: a file for each exercise, and their messages."""
