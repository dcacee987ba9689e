"""Exercise 2.7: diagnoses of four programs, as the lesson's solution has them."""

from tests.checks.answers import diagnoses, wrong

TRUTH = {"A": "attached twice", "B": "healthy", "C": "fails in silence", "D": "not streaming"}

diagnoses("2.diagnosis", "program", TRUTH)
wrong("2.diagnosis", "not streaming for healthy", "^B does stream")({**TRUTH, "B": "not streaming"})
wrong("2.diagnosis", "fails in silence for healthy", "^B doesn't fail in silence")(
    {**TRUTH, "B": "fails in silence"}
)
