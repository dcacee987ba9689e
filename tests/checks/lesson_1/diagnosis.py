"""Exercise 1.6: diagnoses of three deployments, as the lesson's solution has them."""

from tests.checks.answers import diagnoses

diagnoses("1.diagnosis", "deployment", {"A": "slow model", "B": "buffered", "C": "healthy"})
