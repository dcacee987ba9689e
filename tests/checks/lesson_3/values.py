"""Right and wrong answers to 3.values, which asks for the values that the JSON parser yields."""

from langchain_core.output_parsers import JsonOutputParser

from tests.checks.answers import right, wrong

VALUES = list(JsonOutputParser().transform(iter(('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}"))))
ROME = {"city": "Rome"}

right("3.values")(VALUES)
right("3.values")(tuple(VALUES))
right("3.values")([dict(reversed(value.items())) for value in VALUES])

for mistake, says, answer in (
    ("begins too late", "part of a key", VALUES[1:]),
    ("another value", "How much of `city` has arrived", [VALUES[0], *VALUES[2:]]),
    ("only what is new", "`city` was complete before", [*VALUES[:3], {"temp": 2}]),
    ("key without a value", "`admin`", [*VALUES[:2], {**ROME, "te": None}]),
    ("unknown key", "`town`", [{}, {"town": "Ro"}]),
    ("unknown key", "`1`", [{}, {1: "Ro"}]),
    ("repeats a value", r"value 3 is `\{'city': 'Ro'\}`", VALUES[:2] + VALUES[1:]),
    ("too many values", "first 5 values are right", [*VALUES, {"city": "Oslo"}]),
    ("too few values", "more than 2 values", VALUES[:2]),
    ("no values", "empty, but the parser yields 5 values", []),
    ("no dict", "value 1 is `None`", [None]),
    ("no list", "not a `dict`", {"city": "Rome"}),
):
    wrong("3.values", mistake, says)(answer)
