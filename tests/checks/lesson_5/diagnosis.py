"""Right and wrong answers to 5.diagnosis, which asks for diagnoses of four programs."""

from tests.checks.answers import diagnoses, right

TRUTH = {"A": "doubled", "B": "truncated", "C": "healthy", "D": "lost"}

diagnoses("5.diagnosis", "program", TRUTH)
right("5.diagnosis")({**TRUTH, "B": "cut off"})  # the label in older copies of the lesson
