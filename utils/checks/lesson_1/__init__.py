"""The checks of lesson 1: one file per exercise, and their messages."""
