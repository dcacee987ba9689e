"""Answers to 1.diagnosis: diagnoses of three deployments, as in the lesson's solution."""

from tests.checks.answers import diagnoses

diagnoses("1.diagnosis", "deployment", {"A": "slow model", "B": "buffered", "C": "healthy"})
