"""The load chart: for each style of endpoint, a line that shows how long the last client waits."""

from itertools import combinations

import pytest

from tests.charts.samples import measured, title
from utils.charts import load_chart

ROWS = [  # for each style of endpoint, the wait in seconds by number of clients
    *measured("blocking", {1: 1.0, 10: 10.0}),
    *measured("threads", {1: 1.0, 10: 1.05, 40: 1.3, 100: 3.2}),
    *measured("tasks", {1: 1.0, 10: 1.03, 40: 1.2, 100: 1.6}),
]


def labels(chart):
    return {text.get_text(): text for text in chart.axes[0].texts}


def test_the_finding_compares_all_styles_at_their_largest_common_number_of_clients():
    assert title(load_chart(ROWS)).startswith(
        "The last of 10 clients gets its first token after about 1.0 s (threads and tasks) "
        "to 10.0 s (blocking)."
    )


def test_the_order_of_rows_does_not_change_the_finding():
    assert title(load_chart(reversed(ROWS)))[:60] == title(load_chart(ROWS))[:60]


def test_similar_waits_are_reported_as_one():
    rows = measured("a", {5: 1.0}) + measured("b", {5: 1.1})
    assert title(load_chart(rows)).startswith(
        "The last of 5 clients gets its first token after 1.1 s."
    )


def test_the_alternative_text_has_every_number():
    text = load_chart(ROWS).alt_text
    assert "threads: 1.0 s with 1, 1.1 s with 10, 1.3 s with 40, 3.2 s with 100" in text


def test_each_style_is_a_line_with_its_own_marker_colour_and_name():
    axes = load_chart(ROWS).axes[0]
    drawn = [list(zip(*line.get_data(), strict=True)) for line in axes.lines]
    assert drawn[0] == [(1, 1.0), (10, 10.0)]
    assert len({line.get_marker() for line in axes.lines}) == 3
    assert len({line.get_color() for line in axes.lines}) == 3
    assert list(labels(load_chart(ROWS))) == ["tasks", "threads", "blocking"]


def test_labels_of_lines_that_end_together_do_not_overlap():
    rows = [row for style in "abcde" for row in measured(style, {1: 1.0, 100: 100.0})]
    chart = load_chart(rows)
    chart.draw_without_rendering()
    boxes = [text.get_window_extent() for text in labels(chart).values()]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_axis_shows_the_measured_numbers_of_clients():
    chart = load_chart(ROWS)
    assert [tick.get_text() for tick in chart.axes[0].get_xticklabels()] == ["1", "10", "40", "100"]


def test_no_rows_or_too_many_styles_are_an_error():
    with pytest.raises(ValueError, match="pass at least one row"):
        load_chart([])
    with pytest.raises(ValueError, match="At most 5 styles"):
        load_chart([row for style in "abcdef" for row in measured(style, {1: 1.0})])
