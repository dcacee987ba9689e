"""The pattern bars show how long the screen was blank, and when the first word appeared."""

import pytest

from utils.charts import Pattern, pattern_bars
from utils.timing import Piece, Recording

WHOLE = Recording("invoke", (Piece(10.0, "A river carries its water."),), e2e=10.0)
STREAM = Recording("stream", tuple(Piece(4.0 + i / 10, f"word{i} ") for i in range(60)), e2e=10.0)


def test_without_a_status_the_screen_is_blank_until_the_first_word():
    assert (
        "stream: blank 4.0 s · first word 4.0 s · all 10.0 s"
        in pattern_bars(Pattern(STREAM)).alt_text
    )


def test_a_status_shortens_the_blank_time_but_not_the_wait():
    chart = pattern_bars(Pattern(WHOLE), Pattern(WHOLE, sign=0.5))
    assert "blank 10.0 s · first word 10.0 s" in chart.alt_text
    assert "blank 0.50 s · first word 10.0 s" in chart.alt_text


def test_a_status_after_the_first_word_is_ignored():
    assert "blank 4.0 s" in pattern_bars(Pattern(STREAM, sign=7.0)).alt_text


def test_the_title_names_the_shortest_and_the_longest_blank_time():
    chart = pattern_bars(Pattern(WHOLE), Pattern(STREAM, sign=0.5))
    assert "Blank for 0.50 s (stream) to 10.0 s (invoke)" in chart.alt_text
    assert "first words after 4.0 s to 10.0 s" in chart.alt_text


def test_equal_blank_times_are_reported_as_equal():
    assert (
        "Each screen is blank for about 10.0 s"
        in pattern_bars(Pattern(WHOLE), Pattern(WHOLE)).alt_text
    )


def test_the_bars_are_as_long_as_the_times_they_show():
    bars = pattern_bars(Pattern(STREAM, sign=1.0)).axes[0].patches
    assert [bar.get_width() for bar in bars][:3] == pytest.approx([10.0, 1.0, 3.0])
