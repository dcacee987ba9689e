"""Which deployment is healthy, which is buffered, and which has a slow model."""

from utils.checks.engine.diagnosis import clinic

check = clinic("1.diagnosis", ("healthy", "buffered", "slow model"))
