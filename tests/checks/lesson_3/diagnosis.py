"""Exercise 3.7: the clinic."""

from tests.checks.answers import diagnoses

diagnoses("3.7", "reply", {"A": "limit", "B": "broken off", "C": "complete", "D": "filtered"})
