"""The checks for lesson 3: one module per exercise, plus `messages` and `given`."""
