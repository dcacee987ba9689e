"""Answers to 3.diagnosis: diagnoses of four programs, as in the lesson's solution."""

from tests.checks.answers import diagnoses, wrong

TRUTH = {"A": "any reason", "B": "judges the text", "C": "healthy", "D": "no exception"}

diagnoses("3.diagnosis", "program", TRUTH)
wrong("3.diagnosis", "any reason for healthy", "^C doesn't go by .* `length`")(
    {**TRUTH, "C": "any reason"}
)
