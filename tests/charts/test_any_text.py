"""Charts accept any label, and explain why a token count can't be used."""

import warnings

import pytest

from tests.widgets.test_any_text import ODD
from utils.charts import (
    Pattern,
    gap_strip,
    load_chart,
    pattern_bars,
    readers_chart,
    wait_bars,
    waterfall,
)
from utils.crowd import Row
from utils.timing import Piece, Recording

LABELS = ODD | {
    "formula": "$x_ and $y^",
    "broken formula": "$\\frac{",
    "Arabic": "مرحبا",
    "Chinese": "你好",
    "lines": "one\ntwo",
}


def recorded(label, words=8, **fields):
    pieces = tuple(Piece(0.2 + 0.02 * k, "word ") for k in range(words))
    return Recording(label, pieces, e2e=4.0, **fields)


CHARTS = {
    "reader": lambda label: readers_chart(recorded(label), recorded(label), title=label),
    "waits": lambda label: wait_bars(recorded(label)),
    "gaps": lambda label: gap_strip(recorded(label)),
    "waterfall": lambda label: waterfall(recorded(label)),
    "rows": lambda label: waterfall(*[recorded(label)] * 9),
    "patterns": lambda label: pattern_bars(Pattern(recorded(label))),
    "load": lambda label: load_chart([Row(label, n, 0.1, 0.2, 1.0, 0, 0.1) for n in (1, 10)]),
}


@pytest.mark.parametrize("label", LABELS)
def test_a_chart_takes_any_label(label, monkeypatch):
    monkeypatch.setattr("utils.charts.chart.DPI", 20)  # so that drawing is faster
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # for files that earlier tests left open
        for draw in CHARTS.values():
            chart = draw(LABELS[label])
            chart.alt_text.encode()
            assert chart.get_figheight() < 20
    assert CHARTS["reader"](LABELS[label]).png()


@pytest.mark.parametrize(
    "draw", [readers_chart, wait_bars, lambda *r: pattern_bars(*map(Pattern, r))]
)
def test_a_chart_of_waits_says_where_a_token_count_is_not_used(draw):
    def words(*recordings):
        chart = draw(*recordings)
        return " ".join(text.get_text() for text in chart.texts), chart.alt_text

    counted = recorded("counted", 180, usage={"output_tokens": 240})
    doubted = recorded("doubted", 180, usage={"output_tokens": 1040})
    drawn, told = words(counted, doubted)
    assert "Implausible token count: words are used." in drawn
    assert "doubted: The provider counts 1040 tokens" in told
    assert "counted: The provider" not in told
    assert "Implausible" not in words(counted)[0]
