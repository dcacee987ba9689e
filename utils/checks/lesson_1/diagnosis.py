"""Check for 1.diagnosis: whether each deployment is healthy, is buffered, or has a slow model."""

from utils.checks.engine.diagnosis import clinic

check = clinic("1.diagnosis", ("healthy", "buffered", "slow model"))
