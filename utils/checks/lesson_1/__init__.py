"""The checks of lesson 1: a file for each exercise, and their messages."""
