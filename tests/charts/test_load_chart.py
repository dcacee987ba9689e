"""The load chart shows how long the last client waits, and its lines are distinguishable."""

from __future__ import annotations

from itertools import combinations

import pytest

from utils.charts import load_chart
from utils.crowd import Row


def row(style, clients, worst, median=None):
    return Row(style, clients, median or worst, worst, worst + 0.2, 0, 0.01)


def measured():
    return [
        *(row("blocking", clients, 1.0 * clients) for clients in (1, 10)),
        *(row("threads", *point) for point in ((1, 1.0), (10, 1.05), (40, 1.3), (100, 3.2))),
        *(row("tasks", *point) for point in ((1, 1.0), (10, 1.03), (40, 1.2), (100, 1.6))),
    ]


def title(chart):
    return chart.alt_text.partition(": ")[2]


def labels(chart):
    return {text.get_text(): text for text in chart.axes[0].texts}


def test_the_finding_compares_at_the_most_clients_that_all_styles_had():
    assert title(load_chart(measured())).startswith(
        "The last of 10 clients waits 1.0 s for its first token (tasks) to 10.0 s (blocking)."
    )


def test_the_finding_follows_the_figures_and_not_the_order():
    assert title(load_chart(reversed(measured())))[:60] == title(load_chart(measured()))[:60]


def test_styles_that_wait_alike_are_told_as_one():
    rows = [row("a", 5, 1.0), row("b", 5, 1.1)]
    assert title(load_chart(rows)).startswith("The last of 5 clients waits 1.1 s")


def test_every_figure_stands_in_the_words():
    told = load_chart(measured()).alt_text
    assert "threads: 1.0 s with 1, 1.1 s with 10, 1.3 s with 40, 3.2 s with 100" in told


def test_each_style_is_a_line_through_its_worst_waits_with_look_and_name_of_its_own():
    axes = load_chart(measured()).axes[0]
    drawn = [list(zip(*line.get_data(), strict=True)) for line in axes.lines]
    assert drawn[0] == [(1, 1.0), (10, 10.0)]
    assert len({line.get_marker() for line in axes.lines}) == 3
    assert len({line.get_color() for line in axes.lines}) == 3
    assert list(labels(load_chart(measured()))) == ["tasks", "threads", "blocking"]


def test_names_of_lines_that_end_together_do_not_touch():
    rows = [row(style, clients, clients * 1.0) for style in "abcde" for clients in (1, 100)]
    chart = load_chart(rows)
    chart.draw_without_rendering()
    boxes = [text.get_window_extent() for text in labels(chart).values()]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize(
    "rows",
    [
        measured(),
        [row("alone", 1, 0.5)],
        [row("async def + .astream()", clients, clients / 9) for clients in (1, 100)],
        [row("async def + .astream()", 40, 0.002), row("b", 40, 900.0)],
    ],
)
def test_all_words_stay_inside_the_picture_and_large_enough(rows):
    chart = load_chart(rows)
    chart.draw_without_rendering()
    words = [*chart.texts, *labels(chart).values()]
    for text in words:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= chart.bbox.x1
        assert box.y1 <= chart.bbox.y1
    axes = chart.axes[0]
    assert min(t.get_fontsize() for t in [*words, *axes.get_xticklabels()]) >= 12


def test_the_axis_counts_clients_that_were_measured():
    chart = load_chart(measured())
    assert [tick.get_text() for tick in chart.axes[0].get_xticklabels()] == ["1", "10", "40", "100"]


def test_an_own_title_replaces_the_finding():
    assert title(load_chart(measured(), title="Look here")).startswith("Look here.")


def test_nothing_to_draw_and_too_many_styles_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="pass at least one row"):
        load_chart([])
    with pytest.raises(ValueError, match="At most 5 styles"):
        load_chart([row(str(number), 1, 1.0) for number in range(6)])
