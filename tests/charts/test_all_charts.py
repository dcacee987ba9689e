"""All charts: any label can be drawn, and all text fits and is readable."""

import io
import subprocess
import sys
import warnings
from functools import partial

import pytest
from matplotlib import rc_context
from PIL import Image

from tests.charts.samples import blocked, bursty, every_kind, measured, recorded, stalling, streamed
from tests.widgets.test_all_widgets import ODD
from utils.charts import (
    Pattern,
    gap_strip,
    guard_chart,
    load_chart,
    pattern_bars,
    readers_chart,
    wait_bars,
    waterfall,
)
from utils.charts.chart import Chart
from utils.timing import Piece, Recording

LABELS = ODD | {  # `ODD` contains unusual strings, such as half an emoji
    "formula": "$x_ and $y^",
    "broken formula": "$\\frac{",
    "Arabic": "مرحبا",
    "Chinese": "你好",
    "lines": "one\ntwo",
}
OF_RECORDINGS = [readers_chart, wait_bars, gap_strip, waterfall]
# A reply in which 7319 is forbidden text.
LEAKING = Recording("leaking", (Piece(1.0, "is"), Piece(1.01, "7319"), Piece(1.02, "ok")), e2e=1.1)


def eight_words(label, **fields):
    pieces = tuple(Piece(0.2 + 0.02 * k, "word ") for k in range(8))
    return Recording(label, pieces, e2e=4.0, **fields)


def test_any_label_can_be_drawn(monkeypatch):
    monkeypatch.setattr("utils.charts.chart.DPI", 20)  # so that drawing is faster
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # earlier tests may have left files open
        for label in LABELS.values():
            charts = [
                readers_chart(eight_words(label), eight_words(label)),
                wait_bars(eight_words(label)),
                gap_strip(eight_words(label), title=label),
                waterfall(eight_words(label)),
                waterfall(*[eight_words(label)] * 9),
                pattern_bars(Pattern(eight_words(label))),
                load_chart(measured(label, {1: 0.2, 10: 0.2})),
            ]
            assert charts[0].png()
            for chart in charts:
                chart.alt_text.encode()
                assert chart.get_figheight() < 20


@pytest.mark.parametrize(
    "draw", [readers_chart, wait_bars, lambda *r: pattern_bars(*map(Pattern, r))]
)
def test_an_implausible_token_count_is_mentioned(draw):
    def words(*recordings):
        chart = draw(*recordings)
        return " ".join(text.get_text() for text in chart.texts), chart.alt_text

    counted = eight_words("counted", usage={"output_tokens": 10})
    doubted = eight_words("doubted", usage={"output_tokens": 1040})
    drawn, described = words(counted, doubted)
    assert "Implausible token count: words are used." in drawn
    assert "doubted: The provider counts 1040 tokens" in described
    assert "counted: The provider" not in described
    assert "Implausible" not in words(counted)[0]


LONG = "a label that is too long for a heading or a row"


@pytest.mark.parametrize(
    "draw",
    [
        *(partial(chart, *every_kind(), recorded(LONG, [1, 2, 40.0])) for chart in OF_RECORDINGS),
        *(partial(waterfall, *[streamed()] * count) for count in (8, 20, 100)),
        *(partial(guard_chart, LEAKING, "7319", sizes) for sizes in (range(61), [0, 1])),
        lambda: pattern_bars(*map(Pattern, every_kind())),
        lambda: load_chart(measured("a", {1: 1, 10: 9}) + measured("b", {1: 1, 40: 1.3, 100: 3})),
        lambda: load_chart(measured("alone", {1: 0.5})),
        lambda: load_chart(measured("a long label + .x()", {40: 0.002}) + measured("b", {40: 900})),
    ],
)  # fmt: skip
def test_all_text_is_inside_the_picture_and_large_enough_for_a_projector(draw):
    chart = draw()
    chart.draw_without_rendering()
    texts = [*chart.texts, *(legend for each in chart.legends for legend in each.get_texts())]
    for axes in chart.axes:
        texts += [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
    assert min(text.get_fontsize() for text in texts) >= 12
    for text in [*chart.texts, *(text for axes in chart.axes for text in axes.texts)]:
        box = text.get_window_extent()
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= chart.bbox.x1 and box.y1 <= chart.bbox.y1
        assert inside, text.get_text()


@pytest.mark.parametrize("draw", OF_RECORDINGS)
def test_headings_do_not_overlap(draw):
    chart = draw(recorded(LONG, [1, 2, 40.0]))
    chart.draw_without_rendering()
    _title, name, details, _x_label = chart.texts
    assert name.get_window_extent().x1 < details.get_window_extent().x0


def test_a_title_never_breaks_between_a_number_and_its_unit():
    for words in range(30):
        chart = Chart("Any chart", "a " * words + "first text after 12 ms to 0.09 s", [], body=1.0)
        lines = chart.texts[0].get_text().split("\n")
        assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ").endswith("12 ms to 0.09 s")
        assert not [line for line in lines if line.startswith(("s", "ms"))]


@pytest.mark.parametrize("draw", [*OF_RECORDINGS, pattern_bars])
def test_nothing_to_draw_is_an_error(draw):
    with pytest.raises(ValueError, match="pass at least one recording"):
        draw()


@pytest.mark.parametrize("draw", OF_RECORDINGS)
def test_every_kind_of_recording_can_be_drawn_alone(draw):
    for recording in every_kind():
        draw(recording).draw_without_rendering()


@pytest.mark.parametrize("draw", [readers_chart, gap_strip])
def test_a_picture_is_white_small_of_high_resolution_and_has_an_alternative_text(draw):
    chart = draw(streamed(), blocked(), bursty(), stalling())
    data, metadata = chart._repr_mimebundle_()
    png = data["image/png"]
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.width == 2 * metadata["image/png"]["width"] == 1600
    assert metadata["image/png"]["alt"] == chart.alt_text
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert len(png) < 120_000


@pytest.mark.parametrize(
    "draw",
    [
        *(lambda c=c: c(streamed()) for c in OF_RECORDINGS),
        lambda: pattern_bars(Pattern(streamed())),
        lambda: guard_chart(LEAKING, "7319", [0, 1]),
        lambda: load_chart(measured("a", {1: 1, 10: 9})),
    ],
)
def test_the_users_matplotlib_settings_change_nothing(draw, monkeypatch):
    monkeypatch.setattr("utils.charts.chart.DPI", 20)  # so that drawing is faster
    usual = draw().png()
    with rc_context({"text.usetex": True, "axes.grid": True, "font.size": 40, "lines.marker": "o"}):
        assert draw().png() == usual


def test_matplotlib_is_imported_with_the_first_chart_and_pyplot_never():
    program = (
        "import sys, utils.timing, utils.reader_model, utils.charts as charts\n"
        "assert 'matplotlib' not in sys.modules\n"
        "r = utils.timing.Recording('tea', (utils.timing.Piece(1.0, 'Tea'),), e2e=1.0)\n"
        "charts.readers_chart(r).png(); charts.gap_strip(r).png()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=240)
