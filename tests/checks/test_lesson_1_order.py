"""Exercise 1.3: lines in an order that measures."""

import pytest

from tests.checks.verdict import right, wrong

LINES = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    if ttft is None:",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "        ttft = perf_counter() - start",
    "F": "ttft = None",
    "G": "    if ttft is None and chunk.content:",
}
OTHER_LINES = {
    "A": "first = next(piece for piece in pieces if piece.content)",
    "B": "start = perf_counter()",
    "C": "for piece in pieces: pass",
    "D": "ttft = perf_counter() - start",
    "E": "pieces = model.stream(prompt)",
    "F": "total = perf_counter() - start",
}
WITHOUT_GUARD = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    ttft = perf_counter() - start",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "ttft = perf_counter() - start",
    "F": "stream = model.stream(prompt)",
    "G": "whole = model.invoke(prompt)",
    "H": "    pass",
    "I": "oops =",
}


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        (LINES, "DFAGEC"),
        (LINES, "FDAGEC"),
        (LINES, "f, d, a, g, e, c"),
        (LINES, ["D", "F", "A", "G", "E", "C"]),
        (OTHER_LINES, "BEADCF"),
        (OTHER_LINES, "EBADCF"),
    ],
)
def test_1_3_accepts_every_arrangement_that_measures_right(lines, order):
    assert "0.6 s to the first text" in right("1.3", (lines, order)).message


@pytest.mark.parametrize(
    ("lines", "order", "said"),
    [
        (LINES, "DFABEC", "0.1 s: that is when an empty chunk arrived"),
        (WITHOUT_GUARD, "DABC", "as long as the whole reply"),
        (WITHOUT_GUARD, "DAHCE", "as long as the whole reply"),
        (WITHOUT_GUARD, "DEAHC", "`ttft` came out as 0.0 s"),
        (WITHOUT_GUARD, "DFECAH", "`total` came out as 0.0 s"),
        (WITHOUT_GUARD, "DFEC", "0 of .* pieces of the reply were read"),
        (LINES, "DFAGE", "`total` got no figure"),
        (LINES, "DFAGCE", "Line G opens a block .* line C after it isn't indented"),
        (LINES, "FAGEDC", r"NameError: .*start.* at the line `ttft ="),
        (LINES, "EDFAGC", "Line E is indented"),
        (LINES, "DFAG", "Line G opens a block with its `:`, and nothing follows"),
        (WITHOUT_GUARD, "DI", "Python can't read line I here"),
        (LINES, "DFAGECX", "There is no line X"),
        (LINES, "DDFAGEC", "Line D stands in your order 2 times"),
        (LINES, "", "The order is empty"),
        (LINES, 7, 'a text such as "CAB", not an `int`'),
    ],
)
def test_1_3_says_what_an_arrangement_measured(lines, order, said):
    wrong("1.3", (lines, order), said)


def test_1_3_without_its_lines_says_how_to_call_the_check():
    wrong("1.3", "DFAGEC", r"`check\(\"1.3\", \(lines, order\)\)`")
