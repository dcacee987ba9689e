"""What the tests of lessons' checks say: an answer is right, or wrong in a way that is named."""

import re

import pytest

from utils.checks import evaluate


def right(number, answer):
    """The outcome of an answer that passes."""
    outcome = evaluate(number, answer)
    assert outcome.status == "correct", outcome
    return outcome


def wrong(number, answer, said):
    """The outcome of one that doesn't, whose message says this (a regular expression)."""
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet", outcome
    assert re.search(said, outcome.message), outcome
    return outcome


def by_name(*functions):
    """Parameters, named as the functions are."""
    return [pytest.param(function, id=function.__name__) for function in functions]


def with_reason(*pairs):
    """The same for pairs of a function and what is said of it."""
    return [pytest.param(function, said, id=function.__name__) for function, said in pairs]


def told_apart(number, cases, alike):
    """Wrong answers, each with a message of its own, but for as many as are alike."""
    reasons = {evaluate(number, answer).message for answer, _ in cases}
    assert len(reasons) >= len(cases) - alike, number
