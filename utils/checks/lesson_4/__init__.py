"""The checks for lesson 4: one module per exercise, plus `messages`."""
