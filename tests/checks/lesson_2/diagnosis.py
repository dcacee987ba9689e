"""Answers to 2.diagnosis: diagnoses of four programs, as in the lesson's solution."""

from tests.checks.answers import diagnoses, right, wrong

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails silently", "D": "not streaming"}

diagnoses("2.diagnosis", "program", TRUTH)
right("2.diagnosis")({**TRUTH, "C": "fails in silence"})  # a label in learners' old copies
wrong("2.diagnosis", "not streaming for healthy", "^B does stream")({**TRUTH, "B": "not streaming"})
wrong("2.diagnosis", "fails silently for healthy", "^B doesn't fail silently")(
    {**TRUTH, "B": "fails silently"}
)
