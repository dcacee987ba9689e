"""The reader's chart, the wait bars and the gap strip are correct for recordings of any speed.

A chart's title states its finding. The gap strip also gives a verdict: how the pieces arrive.
A sample such as `streamed()` lasts 10 s; `streamed(20)` is 20 times faster.
"""

import re

import pytest

from tests.charts.samples import (
    blocked,
    buffered,
    bursty,
    empty,
    failed,
    pausing,
    recorded,
    released_with_a_pause,
    stalling,
    streamed,
    stuttering,
    title,
    written,
)
from utils.charts import gap_strip, readers_chart, wait_bars

# --- waits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recordings", "finding"),
    [
        ([streamed(), blocked()], "The reader waits 0.20 s (stream) or 10.0 s (invoke)"),
        ([blocked(), streamed()], "The reader waits 0.20 s (stream) or 10.0 s (invoke)"),
        ([streamed(20), blocked(20)], "The reader waits 0.01 s (stream) or 0.50 s (invoke)"),
        ([blocked(), buffered()], "The reader waits about as long each time, 10.0 s"),
        ([streamed(), blocked(), bursty()], "The reader waits 0.20 s (stream) to 10.0 s (invoke)"),
        ([recorded("a", [2]), recorded("b", [2.2]), recorded("c", [7]), recorded("d", [7])],
         "The reader waits about 2.0 s (a and b) to 7.0 s (c and d)."),
        ([streamed()], "The reader waits 0.20 s in a reply that takes 10.0 s"),
        ([blocked()], "The reader waits for the whole reply: 10.0 s"),
        ([failed()], "The reader waits 0.50 s, then the reply fails after 7.2 s"),
        ([empty()], "3.0 s of waiting, and no text"),
        ([streamed(outcome="left")], "The reader waits 0.20 s; the reply was stopped after 10.0 s"),
        ([streamed(outcome="streaming")], "The reader waits 0.20 s in the reply's first 10.0 s"),
        ([streamed(), failed(), empty()],
         "The reader waits 0.20 s (stream) or 0.50 s (dropped); failed: dropped; no text: empty"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chart", [readers_chart, wait_bars])
def test_the_finding_compares_the_waits(chart, recordings, finding):
    assert title(chart(*recordings)).startswith(finding)


def legend(chart):
    return {text.get_text() for text in chart.legends[0].get_texts()}


@pytest.mark.parametrize(
    ("chart", "label"),
    [(readers_chart, "waits in the middle"), (wait_bars, "waits in the middle, added up")],
)
def test_stalls_are_mentioned_only_if_there_are_any(chart, label):
    with_stalls, without = chart(stalling()), chart(streamed())
    assert "of it in the middle" in with_stalls.alt_text
    assert {"waits for the first word", label} <= legend(with_stalls)
    assert "of it in the middle" not in without.alt_text
    assert label not in legend(without)


def test_every_panel_of_the_readers_chart_has_its_numbers():
    chart = readers_chart(blocked(), streamed())
    chart.draw_without_rendering()
    for axes in chart.axes:
        shown = [tick.label1 for tick in axes.xaxis.get_major_ticks()]
        assert len([label for label in shown if label.get_visible() and label.get_text()]) > 3


@pytest.mark.parametrize(
    ("recording", "end"),
    [
        (streamed(1), 15),  # reading takes a minute, so the axis ends at 1.5 times the reply's 10 s
        (streamed(20), 15 / 20),
        (recorded("slow", [2.0, 4.0, 6.0, 8.0, 10.0]), 12),
    ],
)
def test_the_readers_charts_axis_ends_with_the_reader_or_at_half_as_much_again(recording, end):
    assert readers_chart(recording).axes[0].get_xlim()[1] == pytest.approx(end)


def test_the_readers_speed_changes_the_chart():
    chart = readers_chart(stalling(), wpm=900)
    assert "900 words a minute" in chart.alt_text
    assert title(chart) != title(readers_chart(stalling()))


def test_recordings_without_a_label_get_a_name():
    chart = wait_bars(recorded("", [1.0]), recorded("", [2.0]))
    assert "reply 1" in chart.alt_text
    assert "reply 2" in chart.alt_text


# --- gaps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [1, 100])
@pytest.mark.parametrize(
    ("make", "way"),
    [
        (streamed, "steadily"),
        (stuttering, "steadily"),
        (bursty, "in bursts"),
        (pausing, "with pauses"),
        (buffered, "all at once"),
        (released_with_a_pause, "all at once"),
    ],
)
def test_the_gap_strip_distinguishes_ways_of_arriving_at_any_speed(make, way, speed):
    assert f"arrives {way}" in gap_strip(make(speed)).alt_text


def test_the_gap_strip_groups_recordings_by_the_way_they_arrive():
    strip = gap_strip(streamed(), blocked(), buffered(), bursty(), empty())
    assert title(strip).startswith(
        "They arrive steadily (stream), all at once (invoke, proxy), in bursts (bursty), "
        "not at all (empty)"
    )


def labels(chart):
    return [word for word in written(chart) if re.fullmatch(r"\d+ at once", word)]


def test_a_delivery_is_labelled_with_its_number_of_pieces():
    assert labels(gap_strip(bursty())) == ["50 at once"] * 5
    assert labels(gap_strip(stuttering())) == []
    released = gap_strip(released_with_a_pause(), streamed())
    assert labels(released) == ["124 at once"]
    assert "124 pieces at once, after 1.4 s" in written(released)


def test_other_strips_do_not_change_what_counts_as_one_delivery():
    beside = labels(gap_strip(bursty(), recorded("long", [1.0, 90.0])))
    assert set(beside) <= {"50 at once"}  # there may be no room for some labels


@pytest.mark.parametrize("make", [streamed, bursty, buffered, blocked, stuttering, pausing, empty])
def test_without_a_verdict_the_gap_strip_gives_only_counts_and_seconds(make):
    chart = gap_strip(make(), verdict=False)
    words = " ".join((chart.alt_text, *written(chart)))
    assert not re.search("at once|bursts|steadily|pauses|every", words.replace("Every mark", ""))
    assert title(chart).startswith("Every mark is a piece that arrived")
    assert re.search(rf"(nothing|1 piece|\d+ pieces) in {make().e2e:.1f} s", words)


def test_without_a_verdict_the_alternative_text_gives_the_first_and_last_arrival():
    text = gap_strip(buffered(), verdict=False).alt_text
    assert "proxy: 250 pieces in 10.0 s, the first after 9.9 s, the last after 10.0 s" in text


def test_a_title_replaces_the_gap_strips_finding():
    assert title(gap_strip(streamed(), title="Look here")).startswith("Look here.")
