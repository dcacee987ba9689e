"""Right and wrong answers to 1.diagnosis, which asks for diagnoses of three deployments."""

from tests.checks.answers import diagnoses

diagnoses("1.diagnosis", "deployment", {"A": "slow model", "B": "buffered", "C": "healthy"})
