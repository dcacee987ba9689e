"""Recording real models' replies and their timing, and replaying them."""
