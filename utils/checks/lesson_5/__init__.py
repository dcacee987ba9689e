"""The checks for lesson 5: one module per exercise, plus `messages` and shared code."""
