"""Recording and replaying replies from real models, including their timing."""
