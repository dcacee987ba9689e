"""What the simulated model says: text, tool calls, JSON. When it is said is `pacing`."""
