"""The checks for lesson 2: one module per exercise, and one with the messages."""
