"""The pattern bars show how long the screen was blank, and when the first word appeared."""

import pytest

from utils.charts import Pattern, pattern_bars
from utils.timing import Piece, Recording

WHOLE = Recording("invoke", (Piece(10.0, "A river carries its water."),), e2e=10.0)
STREAM = Recording("stream", tuple(Piece(4.0 + i / 10, f"word{i} ") for i in range(60)), e2e=10.0)


@pytest.mark.parametrize(
    # `sign` is when a status appeared; 7.0 s has no effect, since the first word came earlier
    ("patterns", "text"),
    [
        ([Pattern(STREAM)], "stream: blank 4.0 s · first word 4.0 s · all 10.0 s"),
        ([Pattern(WHOLE, sign=0.5)], "invoke: blank 0.50 s · first word 10.0 s · all 10.0 s"),
        ([Pattern(STREAM, sign=7.0)], "stream: blank 4.0 s · first word 4.0 s"),
        (
            [Pattern(WHOLE), Pattern(STREAM, sign=0.5)],
            "Blank for 0.50 s (stream) or 10.0 s (invoke); first words after 4.0 s to 10.0 s",
        ),
        (
            [Pattern(WHOLE), Pattern(WHOLE, sign=0.5), Pattern(STREAM, sign=0.5)],
            "Blank for 0.50 s (invoke and stream) to 10.0 s (invoke)",
        ),
        ([Pattern(WHOLE), Pattern(WHOLE)], "Each screen is blank for about 10.0 s"),
    ],
)
def test_a_status_shortens_the_blank_time_but_not_the_wait_for_a_word(patterns, text):
    assert text in pattern_bars(*patterns).alt_text


def test_the_bars_are_as_long_as_the_times_they_show():
    bars = pattern_bars(Pattern(STREAM, sign=1.0)).axes[0].patches
    assert [bar.get_width() for bar in bars][:3] == pytest.approx([10.0, 1.0, 3.0])
