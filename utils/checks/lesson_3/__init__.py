"""The checks for lesson 3: one module per exercise, and one with the messages."""
