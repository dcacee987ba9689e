"""The checks for lesson 5: one module per exercise, one with the messages, and shared modules."""
