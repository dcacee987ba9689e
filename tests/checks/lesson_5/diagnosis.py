"""Answers to 5.diagnosis: diagnoses of four programs, as in the lesson's solution."""

from tests.checks.answers import diagnoses, right, wrong

TRUTH = {"A": "doubled", "B": "truncated", "C": "healthy", "D": "lost"}

diagnoses("5.diagnosis", "program", TRUTH)
right("5.diagnosis")({**TRUTH, "B": "cut off"})  # a label in learners' old copies
wrong("5.diagnosis", "doubled for healthy", "^C shows nothing twice. .* did it show two replies")(
    {**TRUTH, "C": "doubled"}
)
wrong("5.diagnosis", "truncated for lost", "^D isn't a truncated reply. .* isn't the end")(
    {**TRUTH, "D": "truncated"}
)
