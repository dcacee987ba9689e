"""Right and wrong answers to 5.diagnosis, made from the true diagnoses of four programs."""

from tests.checks.answers import diagnoses, right

TRUTH = {"A": "doubled", "B": "truncated", "C": "healthy", "D": "lost"}

diagnoses("5.diagnosis", "program", TRUTH)
right("5.diagnosis")({**TRUTH, "B": "cut off"})  # the label in older copies of the lesson
