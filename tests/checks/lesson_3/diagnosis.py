"""Exercise 3.diagnosis: the clinic."""

from tests.checks.answers import diagnoses

diagnoses(
    "3.diagnosis", "reply", {"A": "limit", "B": "truncated", "C": "complete", "D": "filtered"}
)
