"""The checks for lesson 4: one module per exercise, and one with the messages."""
