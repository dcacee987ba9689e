"""Right and wrong answers to 3.diagnosis, which asks for diagnoses of four programs."""

from tests.checks.answers import diagnoses, wrong

TRUTH = {"A": "any reason", "B": "judges the text", "C": "healthy", "D": "no exception"}

diagnoses("3.diagnosis", "program", TRUTH)
wrong("3.diagnosis", "any reason for healthy", says="^C doesn't go by .* `length`")(
    {**TRUTH, "C": "any reason"}
)
