"""Exercise 2.diagnosis: diagnoses of four programs, as in the lesson's solution."""

from tests.checks.answers import diagnoses, wrong

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails in silence", "D": "not streaming"}

diagnoses("2.diagnosis", "program", TRUTH)
wrong("2.diagnosis", "not streaming for healthy", "^B does stream")({**TRUTH, "B": "not streaming"})
wrong("2.diagnosis", "fails in silence for healthy", "^B doesn't fail in silence")(
    {**TRUTH, "B": "fails in silence"}
)
