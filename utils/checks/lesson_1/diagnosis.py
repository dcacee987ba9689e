"""Check for 1.diagnosis: whether each deployment is healthy, is buffered, or has a slow model."""

from utils.checks.engine.diagnosis import clinic

# the diagnoses to choose from; `clinic` finds the right ones in the lesson's solution
check = clinic("1.diagnosis", ("healthy", "buffered", "slow model"))
