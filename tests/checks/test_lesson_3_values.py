"""Exercise 3.6: what the JSON parser yields for pieces of a reply."""

import pytest
from langchain_core.output_parsers import JsonOutputParser

from tests.checks.verdict import right, wrong
from utils import source
from utils.checks import evaluate

PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")
VALUES = list(JsonOutputParser().transform(iter(PIECES)))


@pytest.mark.parametrize(
    "values", [VALUES, tuple(VALUES), [dict(reversed(value.items())) for value in VALUES]]
)
def test_3_6_accepts_what_the_parser_yields(values):
    right("3.6", values)


def test_3_6_is_asked_in_the_lesson_with_the_same_pieces():
    for path in source.paths():
        if path.name.startswith("03_"):
            assert "      ".join(f"'{piece}'" for piece in PIECES) in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (VALUES[1:], "One comes before it: .*beginning of a key"),
        ([VALUES[0], *VALUES[2:]], "How far has the text come at that point"),
        ([*VALUES[:3], VALUES[4]], "How much of the number has come at that point"),
        ([*VALUES[:2], {"city": "Rome", "te": None}], "of which no value has come yet"),
        ([*VALUES[:2], {"city": "Rome", "temp": None}], "of which no value has come yet"),
        ([VALUES[0], {"city": ""}], "How far has the text come"),
        ([{}, {"town": "Ro"}], "There is no key `town`"),
        ([*VALUES[:3], {"city": "Rome", "Temp": 2}], "There is no key `Temp`"),
        ([*VALUES[:4], {"city": "Rome", "Temp": 21}], "There is no key `Temp`"),
        ([{}, {1: "Ro"}], "There is no key `1`"),
        (VALUES[:2] + VALUES[1:], r"value 3 is `\{'city': 'Ro'\}`. .* isn't yielded again"),
        ([VALUES[0], *VALUES], r"value 2 is `\{\}`. A value that is the same as the one before"),
        ([*VALUES, VALUES[-1]], "then you have more. A value that is the same .* isn't yielded"),
        ([*VALUES, {"city": "Oslo"}], "then you have more.$"),
        ([*VALUES[:3], {"city": "Rome", "temp": "2"}], "Its `temp` is a text, `'2'`, where the"),
        ([*VALUES[:4], {"city": "Rome", "temp": "21"}], "is a text, `'21'`, .* has a number"),
        ([{"city": ""}, *VALUES[1:]], "value never comes: look .* beginning of a key"),
        (VALUES[:3], "Your 3 values are right, and there are more"),
        (VALUES[:1], "Your value is right, and there are more"),
        ([], "There are no values yet"),
        ([{}, ...], "Value 2 is still missing"),
        (['{"city'], "Value 1 is a `str`"),
        ({"city": "Rome"}, "a list of values, not a `dict`"),
    ],
)
def test_3_6_says_which_line_above_to_compare_with(values, said):
    message = wrong("3.6", values, said).message
    for value in VALUES[1:]:
        if value not in list(values):
            assert repr(value) not in message, "it tells the answer"


def test_3_6_is_not_attempted_while_there_are_only_dots():
    assert evaluate("3.6", [...]).status == "not attempted"
