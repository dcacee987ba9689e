"""Right and wrong answers to 1.diagnosis, made from the true diagnoses of three deployments."""

from tests.checks.answers import diagnoses

diagnoses("1.diagnosis", "deployment", {"A": "slow model", "B": "buffered", "C": "healthy"})
