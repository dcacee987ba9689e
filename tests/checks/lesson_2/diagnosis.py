"""Right and wrong answers to 2.diagnosis, made from the true diagnoses of four programs."""

from tests.checks.answers import diagnoses, right

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails silently", "D": "not streaming"}

diagnoses("2.diagnosis", "program", TRUTH)
right("2.diagnosis")({**TRUTH, "C": "fails in silence"})  # the label in older copies of the lesson
