"""The guard chart: how long the reader waits, and how much forbidden text they see.

A guard holds back the last characters of a reply until more arrive, so that it can recognise
forbidden text. Here, a code of four digits is forbidden.
"""

import re

import pytest

from utils.charts import guard_chart
from utils.timing import Piece, Recording

WORDS = ["", "The ", "code ", "is ", "7", "3", "1", "9", ", of ", "course. "]
LEAKING = Recording(  # a piece every 10 ms, faster than a person reads
    "leaking", tuple(Piece(1 + i / 100, word) for i, word in enumerate(WORDS)), e2e=1.1
)
CODE = r"\d{4}"


def drawn(chart, panel):
    """Return a panel's line as a dict that maps x, the number of characters held back, to y."""
    return dict(zip(*chart.axes[panel].lines[0].get_data(), strict=True))


def test_the_upper_panel_shows_the_wait_for_each_number_of_characters():
    waits = drawn(guard_chart(LEAKING, CODE, [0, 3, 4, 8, 9, 99]), 0)
    assert waits == pytest.approx({0: 1.01, 3: 1.01, 4: 1.02, 8: 1.02, 9: 1.03, 99: 1.1})


def test_the_lower_panel_counts_forbidden_characters_shown_before_the_last_one_arrives():
    assert drawn(guard_chart(LEAKING, CODE, range(5)), 1) == {0: 3, 1: 2, 2: 1, 3: 0, 4: 0}


def test_forbidden_text_in_one_piece_is_never_shown():
    whole = Recording("whole", (Piece(1.0, "It is 7319, of course."),), e2e=1.0)
    assert set(drawn(guard_chart(whole, CODE, range(5)), 1).values()) == {0}


def test_the_finding_is_the_smallest_number_that_shows_nothing():
    text = guard_chart(LEAKING, re.compile(CODE)).alt_text
    assert "With 3 characters held back, nothing forbidden is shown" in text
    assert "0 characters held back: wait" in text


def test_the_finding_compares_waits_only_if_they_differ():
    slow = Recording("slow", tuple(Piece(1 + i, word) for i, word in enumerate(WORDS)), e2e=10.0)
    assert "the reader waits 9.1 s, not 8.9 s. " in guard_chart(slow, CODE).alt_text
    assert "the reader waits 1.0 s. " in guard_chart(LEAKING, CODE).alt_text


def test_numbers_that_are_all_too_small_are_reported():
    text = guard_chart(LEAKING, CODE, [0, 1]).alt_text
    assert "Even with 1 character held back, 2 forbidden ones can be seen before" in text


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="contains nothing forbidden"):
        guard_chart(LEAKING, "password")
    with pytest.raises(ValueError, match="pass at least one size"):
        guard_chart(LEAKING, CODE, [])
