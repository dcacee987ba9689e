"""Exercise 5.7: diagnoses of four programs, as the lesson's solution has them."""

from tests.checks.answers import diagnoses, wrong

TRUTH = {"A": "doubled", "B": "cut off", "C": "healthy", "D": "lost"}

diagnoses("5.diagnosis", "program", TRUTH)
wrong("5.diagnosis", "doubled for healthy", "^C shows nothing twice. .* did it show two replies")(
    {**TRUTH, "C": "doubled"}
)
wrong("5.diagnosis", "cut off for lost", "^D wasn't cut off. .* isn't the end")(
    {**TRUTH, "D": "cut off"}
)
