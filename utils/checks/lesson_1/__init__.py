"""The checks for lesson 1: one module per exercise, plus `messages`."""
