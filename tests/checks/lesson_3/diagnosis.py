"""Right and wrong answers to 3.diagnosis, made from the true diagnoses of four programs."""

from tests.checks.answers import diagnoses

TRUTH = {"A": "any reason", "B": "judges the text", "C": "healthy", "D": "no exception"}

diagnoses("3.diagnosis", "program", TRUTH)
