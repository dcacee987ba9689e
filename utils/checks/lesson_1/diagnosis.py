"""Exercise 1.6: which deployment is healthy, buffered, or has a slow model."""

from utils.checks.engine.clinic import clinic

check = clinic("1.6", ("healthy", "buffered", "slow model"))
