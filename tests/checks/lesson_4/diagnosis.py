"""Right and wrong answers to 4.diagnosis, made from the true diagnoses of four endpoints."""

from tests.checks.answers import diagnoses, right

TRUTH = {"A": "buffered", "B": "keeps generating", "C": "healthy", "D": "blocks the loop"}

diagnoses("4.diagnosis", "endpoint", TRUTH)
right("4.diagnosis", says="A reads the whole reply into a list.* D runs a plain `for`")(TRUTH)
