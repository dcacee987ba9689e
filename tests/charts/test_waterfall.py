"""The waterfall chart shows when each stream waited or delivered text, and how it ended."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from tests.charts.samples import title
from utils.charts import waterfall
from utils.charts.palette import DELIVERED, WAITING
from utils.timing import Piece, Recording


def stream(label="a", sent=0.0, arrivals=(0.5, 0.6, 0.7, 0.8), e2e=None, outcome="finished"):
    """Return a recording; `sent` is in seconds after an arbitrary start."""
    pieces = (Piece(0.1, ""), *(Piece(at, "word ") for at in arrivals))
    return Recording(label, pieces, e2e=e2e or pieces[-1].at, outcome=outcome, sent=500 + sent)


def bars(chart, colour):
    """Return the start and end, in seconds, of each bar in this colour, from the top row down."""
    return [
        (round(bar.get_x(), 3), round(bar.get_x() + bar.get_width(), 3))
        for container in chart.axes[0].containers
        if isinstance(container, BarContainer)
        for bar in container
        if to_hex(bar.get_facecolor()).upper() == colour
    ]


def ends(chart):
    """Return the marker and time, in seconds, of each stream's end."""
    return [
        (line.get_marker(), round(float(line.get_xdata()[0]), 3)) for line in chart.axes[0].lines
    ]


def test_a_row_begins_when_its_request_was_sent():
    chart = waterfall(stream(sent=3.0), stream(sent=3.2))
    assert bars(chart, WAITING) == [(0, 0.8), (0.2, 1.0)]
    assert bars(chart, DELIVERED) == [(0.5, 0.8), (0.7, 1.0)]


def test_a_gap_in_the_middle_is_waiting_too():
    chart = waterfall(stream(arrivals=(0.5, 0.6, 2.0, 2.1)))
    assert bars(chart, DELIVERED) == [(0.5, 0.6), (2.0, 2.1)]


def test_a_stream_without_text_is_all_waiting():
    chart = waterfall(stream(arrivals=(), e2e=2.0, outcome="failed"))
    assert (bars(chart, WAITING), bars(chart, DELIVERED)) == ([(0, 2.0)], [])
    assert "no text · failed 2.0 s" in chart.alt_text


def test_each_ending_has_its_own_mark_and_name():
    outcomes = ["finished", "left", "failed", "streaming"]
    chart = waterfall(*(stream(outcome=outcome) for outcome in outcomes))
    assert len({mark for mark, _ in ends(chart)}) == 4
    named = [text.get_text() for text in chart.legends[0].get_texts()]
    assert named == ["waiting", "text arrives", "finished", "left", "failed", "still streaming"]
    details = [text.get_text() for text in chart.texts]
    for words in named[2:]:
        assert f"first text 0.50 s · {words} 0.80 s" in details


def test_the_legend_names_only_the_endings_that_occur():
    named = [text.get_text() for text in waterfall(stream()).legends[0].get_texts()]
    assert named == ["waiting", "text arrives", "finished"]


@pytest.mark.parametrize(
    ("starts", "how"),
    [
        ((0, 0, 0), "3 streams, all at once, in 0.80 s"),
        ((0, 0.8, 1.6), "3 streams, one after another, in 2.4 s"),
        ((0, 0.5, 1.0), "3 streams, 2 at a time, in 1.8 s"),
    ],
)
def test_the_finding_gives_the_number_of_concurrent_streams(starts, how):
    chart = waterfall(*(stream(sent=start) for start in starts))
    assert title(chart).startswith(f"{how}: the first text of each after about 0.50 s")


def test_the_finding_gives_the_range_of_first_texts_and_the_failures():
    late = stream(arrivals=(3.0, 3.1), outcome="failed")
    assert title(waterfall(stream(), late)).startswith(
        "2 streams, all at once, in 3.1 s: first text after 0.50 s to 3.0 s; 1 failed"
    )
    assert title(waterfall(stream())).startswith("One stream in 0.80 s: first text after 0.50 s")


@pytest.mark.parametrize(("count", "named"), [(8, True), (20, True), (100, False)])
def test_many_rows_are_thinner_and_named_only_if_there_is_room(count, named):
    chart = waterfall(*(stream(f"client {number}", sent=number / 50) for number in range(count)))
    chart.draw_without_rendering()
    assert chart.get_figheight() < 13
    words = {text.get_text(): text for text in chart.texts}
    assert ("client 7" in words) is named
    assert "client 7: first text 0.50 s" in chart.alt_text
    assert len(ends(chart)) == count
