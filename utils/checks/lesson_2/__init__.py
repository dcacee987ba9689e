"""The checks for lesson 2: one module per exercise, plus `messages` and `handlers`."""
