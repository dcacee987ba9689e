"""Exercise 3.6: what the JSON parser yields for pieces of a reply."""

from langchain_core.output_parsers import JsonOutputParser

from tests.checks.answers import right, wrong

PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")
VALUES = list(JsonOutputParser().transform(iter(PIECES)))

right("3.values")(VALUES)
right("3.values")(tuple(VALUES))
right("3.values")([dict(reversed(value.items())) for value in VALUES])

for mistake, says, answer in (
    ("begins too late", "1 value is missing before it.*beginning of a key", VALUES[1:]),
    ("begins too late", "4 values are missing before it", VALUES[-1:]),
    ("another string", "How much of `city` has arrived", [VALUES[0], *VALUES[2:]]),
    ("another string", "How much of `city`", [VALUES[0], {"city": ""}]),
    ("another number", "How much of `temp` has arrived", [*VALUES[:3], VALUES[4]]),
    ("key without a value", "`admin`", [*VALUES[:2], {"city": "Rome", "te": None}]),
    ("key without a value", "`admin`", [*VALUES[:2], {"city": "Rome", "temp": None}]),
    ("unknown key", "`town`", [{}, {"town": "Ro"}]),
    ("unknown key", "`Temp`", [*VALUES[:3], {"city": "Rome", "Temp": 2}]),
    ("unknown key", "`Temp`", [*VALUES[:4], {"city": "Rome", "Temp": 21}]),
    ("unknown key", "`1`", [{}, {1: "Ro"}]),
    ("repeats a value", r"value 3 is `\{'city': 'Ro'\}`", VALUES[:2] + VALUES[1:]),
    ("repeats a value", r"value 2 is `\{\}`", [VALUES[0], *VALUES]),
    ("repeats a value", "value 6", [*VALUES, VALUES[-1]]),
    ("too many values", "first 5 are right", [*VALUES, {"city": "Oslo"}]),
    ("number as a string", "`'2'`", [*VALUES[:3], {"city": "Rome", "temp": "2"}]),
    ("number as a string", "`'21'`", [*VALUES[:4], {"city": "Rome", "temp": "21"}]),
    ("no empty object", "beginning of a key", [{"city": ""}, *VALUES[1:]]),
    ("too few values", "more than 3 values", VALUES[:3]),
    ("too few values", "more than 1 value", VALUES[:1]),
    ("empty list", "no values yet", []),
    ("value missing", "Value 2 is still missing", [{}, ...]),
    ("no dict", "value 1 is a `str`", ['{"city']),
    ("no list", "not a `dict`", {"city": "Rome"}),
):
    wrong("3.values", mistake, says)(answer)
