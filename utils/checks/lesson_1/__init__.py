"""The checks for lesson 1: one module per exercise, and one with the messages."""
