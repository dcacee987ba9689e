"""Charts show the recordings correctly at any speed, appear once, and have alternative text."""

import base64
import io
import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from utils.charts import gap_strip, readers_chart, wait_bars, waterfall
from utils.charts.chart import Chart
from utils.timing import Piece, Recording

WORDS = ["A ", "river ", "carries ", "its ", "water ", "a ", "little ", "at ", "a ", "time. "]
CHARTS = [readers_chart, wait_bars, gap_strip, waterfall]


def recorded(label, arrivals, speed=1.0, e2e=None, **fields):
    pieces = tuple(Piece(at / speed, WORDS[i % 10]) for i, at in enumerate(arrivals))
    end = arrivals[-1] if e2e is None else e2e
    return Recording(label, pieces, e2e=end / speed, **fields)


def streamed(speed=1.0, **fields):
    arrivals = [0.2 + k * 9.8 / 249 for k in range(250)]
    return recorded("stream", arrivals, speed, **fields)


def blocked(speed=1.0):
    whole = Piece(10.0 / speed, "".join(WORDS * 25))
    return Recording("invoke", (whole,), e2e=10.0 / speed)


def buffered(speed=1.0):
    return recorded("proxy", [9.9 + k * 0.0004 for k in range(250)], speed)


def bursty(speed=1.0):
    return recorded("bursty", [0.4 + k // 50 * 2 + k % 50 * 0.001 for k in range(250)], speed)


def released_in_jerks(speed=1.0):
    """Return a buffered reply on a busy machine: 17 pieces, a pause, then the rest."""
    return recorded("proxy", [1.40 + k * 0.0002 + (k > 16) * 0.1 for k in range(124)], speed)


def stuttering(speed=1.0):
    """Return a steady stream read on a busy machine: several pieces arrive after each pause."""
    due = [0.5 + k * 0.0076 for k in range(124)]
    looks = [0.9, 1.0, 1.25]  # after a pause, the client reads again only at these times
    away = [0.75, 0.92, 1.05]
    return recorded(
        "stutter",
        [next((b for a, b in zip(away, looks, strict=True) if a < at < b), at) for at in due],
        speed,
    )


def pausing(speed=1.0):
    arrivals = [0.5 + k * 0.02 for k in range(50)]
    return recorded("tool", [*arrivals, *(at + 8 for at in arrivals)], speed)


def stalling():
    return recorded("stalling", [1.0, 1.1, 9.0, 9.1, 20.0])


def failed():
    arrivals = [0.5 + k / 25 for k in range(100)]
    return recorded("dropped", arrivals, e2e=7.2, outcome="failed", error="ConnectionError: gone")


def empty():
    return Recording("empty", (Piece(0.2, ""),), e2e=3.0, outcome="failed")


def title(chart):
    """Return the chart's finding from its alternative text."""
    return chart.alt_text.partition(": ")[2]


def every_kind():
    left = streamed(outcome="left")
    going = streamed(outcome="streaming")
    unstarted = Recording("", (), e2e=0.0, outcome="streaming")
    return [streamed(), blocked(), buffered(), bursty(), stalling(), failed(), empty(), left, going,
            unstarted]  # fmt: skip


# --- findings ------------------------------------------------------------------------------------


def test_the_readers_chart_states_both_waits():
    chart = readers_chart(streamed(), blocked())
    assert title(chart).startswith("The reader waits 0.20 s (stream) or 10.0 s (invoke).")


def test_the_finding_follows_the_data_and_not_the_order():
    assert "0.20 s (stream) or 10.0 s (invoke)" in wait_bars(blocked(), streamed()).alt_text


def test_the_finding_holds_when_time_runs_faster():
    assert "0.01 s (stream) or 0.50 s (invoke)" in wait_bars(streamed(20), blocked(20)).alt_text


def test_equal_waits_are_called_equal():
    chart = wait_bars(blocked(), buffered())
    assert title(chart).startswith("The reader waits about as long each time, 10.0 s")


def test_more_than_two_waits_are_told_as_a_range():
    chart = wait_bars(streamed(), blocked(), bursty())
    assert title(chart).startswith("The reader waits 0.20 s (stream) to 10.0 s (invoke)")


@pytest.mark.parametrize(
    ("recording", "finding"),
    [
        (streamed(), "The reader waits 0.20 s in a reply that takes 10.0 s"),
        (blocked(), "The reader waits for the whole reply: 10.0 s"),
        (failed(), "The reader waits 0.50 s, then the reply fails after 7.2 s"),
        (empty(), "3.0 s of waiting, and no text"),
        (streamed(outcome="left"), "The reader waits 0.20 s; the reply was stopped after 10.0 s"),
        (streamed(outcome="streaming"), "The reader waits 0.20 s in the reply's first 10.0 s"),
    ],
)
@pytest.mark.parametrize("chart", [readers_chart, wait_bars])
def test_one_recordings_finding_says_how_it_ended(chart, recording, finding):
    assert title(chart(recording)).startswith(finding)


def test_failures_among_several_are_named():
    finding = title(readers_chart(streamed(), failed(), empty()))
    assert "failed: dropped" in finding
    assert "no text: empty" in finding


def test_stalls_are_told_and_named_in_the_legend_only_when_there_are_any():
    def legend(chart):
        return [text.get_text() for text in chart.legends[0].get_texts()]

    with_stalls, without = readers_chart(stalling()), readers_chart(streamed())
    assert "of it in the middle" in with_stalls.alt_text
    assert "waits in the middle" in legend(with_stalls)
    assert "of it in the middle" not in without.alt_text
    assert "waits in the middle" not in legend(without)


def test_both_charts_of_waits_call_a_wait_by_the_same_words():
    words = [
        {text.get_text() for text in chart(stalling(), streamed()).legends[0].get_texts()}
        for chart in (readers_chart, wait_bars)
    ]
    assert words[0] & words[1] == {"waits for the first word", "waits in the middle"}
    assert {"on the screen, still to be read", "read"} <= words[0]


def test_every_panel_of_the_readers_chart_has_its_numbers():
    chart = readers_chart(blocked(), streamed())
    chart.draw_without_rendering()
    for axes in chart.axes:
        shown = [tick.label1 for tick in axes.xaxis.get_major_ticks()]
        assert len([label for label in shown if label.get_visible() and label.get_text()]) > 3


@pytest.mark.parametrize("speed", [1, 20])
def test_the_readers_chart_goes_on_to_half_of_the_reply_while_the_reader_reads(speed):
    (axes,) = readers_chart(streamed(speed)).axes  # 250 words take a minute to read
    assert axes.get_xlim()[1] == pytest.approx(15 / speed)


def test_the_readers_chart_ends_soon_after_a_reader_who_has_read_all():
    recording = recorded("slow", [2.0 * k for k in range(1, 6)])
    assert readers_chart(recording).axes[0].get_xlim()[1] == pytest.approx(12)


def test_a_faster_readers_wait_is_what_the_chart_shows():
    assert readers_chart(stalling(), wpm=900).alt_text != readers_chart(stalling()).alt_text
    assert "900 words a minute" in readers_chart(stalling(), wpm=900).alt_text


@pytest.mark.parametrize("speed", [1, 20, 100])
@pytest.mark.parametrize(
    ("make", "way"),
    [
        (streamed, "steadily"),
        (stuttering, "steadily"),
        (bursty, "in bursts"),
        (pausing, "with pauses"),
        (buffered, "all at once"),
        (released_in_jerks, "all at once"),
    ],
)
def test_the_gap_strip_tells_ways_of_arriving_apart_at_any_speed(make, way, speed):
    assert f"arrives {way}" in gap_strip(make(speed)).alt_text


def test_the_gap_strip_groups_recordings_by_the_way_they_arrive():
    strip = gap_strip(streamed(), blocked(), buffered(), bursty(), empty())
    assert title(strip).startswith(
        "They arrive steadily (stream), all at once (invoke, proxy), in bursts (bursty), "
        "not at all (empty)"
    )


def test_the_gap_strip_counts_pieces_that_fall_together():
    words = [text.get_text() for text in gap_strip(bursty()).axes[0].texts]
    assert words == ["50 at once"] * 5


def written(chart):
    return [text.get_text() for text in (*chart.texts, *chart.axes[0].texts)]


def test_heading_and_label_of_a_delivery_count_the_same_pieces():
    words = written(gap_strip(released_in_jerks(), streamed()))
    assert "124 pieces at once, after 1.4 s" in words
    assert [word for word in words if word.endswith(" at once")] == ["124 at once"]


def test_clumps_in_a_steady_stream_are_no_deliveries():
    assert not [word for word in written(gap_strip(stuttering())) if "at once" in word]


def test_what_counts_as_one_delivery_does_not_hang_on_the_strips_beside_it():
    alone, beside = (
        [word for word in written(chart) if word.startswith("50 ")]
        for chart in (gap_strip(bursty()), gap_strip(bursty(), recorded("long", [1.0, 90.0])))
    )
    assert alone == ["50 at once"] * 5
    assert set(beside) <= set(alone)  # with both, there is less room for labels


@pytest.mark.parametrize("make", [streamed, bursty, buffered, blocked, stuttering, pausing, empty])
def test_without_a_verdict_the_picture_tells_counts_and_seconds_alone(make):
    chart = gap_strip(make(), verdict=False)
    words = " ".join((chart.alt_text, *written(chart)))
    assert not re.search("at once|bursts|steadily|pauses|every", words.replace("Every mark", ""))
    assert title(chart).startswith("Every mark is a piece that arrived")
    seconds = "3.0" if make is empty else f"{make().e2e:.1f}"
    assert re.search(rf"(nothing|1 piece|\d+ pieces) in {seconds} s", words)


def test_without_a_verdict_the_words_still_say_where_the_marks_stand():
    told = gap_strip(buffered(), verdict=False).alt_text
    assert "proxy: 250 pieces in 10.0 s, the first after 9.9 s, the last after 10.0 s" in told


def test_an_own_title_replaces_the_finding():
    for chart in CHARTS:
        assert title(chart(streamed(), title="Look here")).startswith("Look here.")


def test_no_line_of_a_title_breaks_between_a_number_and_its_unit():
    for words in range(30):
        chart = Chart("Any chart", "a " * words + "first text after 12 ms to 0.09 s", [], body=1.0)
        lines = chart.texts[0].get_text().split("\n")
        assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ").endswith("12 ms to 0.09 s")
        assert not [line for line in lines if line.startswith(("s", "ms"))]


def test_recordings_without_a_label_still_get_a_name():
    chart = wait_bars(recorded("", [1.0]), recorded("", [2.0]))
    assert "reply 1" in chart.alt_text
    assert "reply 2" in chart.alt_text


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_to_draw_is_refused_with_a_sentence(chart):
    with pytest.raises(ValueError, match="pass at least one recording"):
        chart()


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", CHARTS)
def test_every_kind_of_recording_can_be_drawn_alone_and_together(chart, monkeypatch):
    monkeypatch.setattr("utils.charts.chart.DPI", 20)  # so that drawing is faster
    for recording in every_kind():
        chart(recording).draw_without_rendering()
    Image.open(io.BytesIO(chart(*every_kind()).png())).verify()


@pytest.mark.parametrize("chart", CHARTS)
def test_all_words_stay_inside_the_picture(chart):
    long = [recorded("a label that goes on for longer than anybody would like", [1, 2, 40.0])]
    figure = chart(*every_kind(), *long, stalling())
    figure.draw_without_rendering()
    frame = figure.bbox
    for text in [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]:
        box = text.get_window_extent()
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= frame.x1 and box.y1 <= frame.y1
        assert inside, text.get_text()


@pytest.mark.parametrize("chart", CHARTS)
def test_headings_do_not_run_into_each_other(chart):
    long = recorded("a label that goes on for longer than anybody would like", [1, 2, 40.0])
    figure = chart(long)
    figure.draw_without_rendering()
    _title, name, account, _x_label = figure.texts
    assert name.get_window_extent().x1 < account.get_window_extent().x0


@pytest.mark.parametrize("chart", CHARTS)
def test_words_are_large_enough_for_a_projector(chart):
    figure = chart(streamed(), blocked(), bursty(), stalling())
    words = [*figure.texts, *figure.legends[0].get_texts()]
    for axes in figure.axes:
        words += [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
    assert min(text.get_fontsize() for text in words) >= 12


@pytest.mark.parametrize("chart", [readers_chart, gap_strip])
def test_a_picture_is_sharp_white_and_light_to_send(chart):
    data, metadata = chart(streamed(), blocked(), bursty(), stalling())._repr_mimebundle_()
    png = data["image/png"]
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.width == 2 * metadata["image/png"]["width"]
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert len(png) < 120_000


def test_the_plain_form_is_the_same_every_time():
    assert repr(readers_chart(streamed())) == repr(readers_chart(streamed(20)))


# --- in a notebook -------------------------------------------------------------------------------


def test_a_notebook_shows_a_chart_once_with_its_alternative_text():
    cell = nbformat.v4.new_code_cell(
        "from utils.charts import wait_bars\n"
        "from utils.timing import Piece, Recording\n"
        "chart = wait_bars(Recording('tea', (Piece(1.0, 'Tea'),), e2e=1.0))\n"
        "chart"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, kernel_name="python3", timeout=240).execute()
    (output,) = cell.outputs
    picture = base64.b64decode(output.data["image/png"])
    assert Image.open(io.BytesIO(picture)).format == "PNG"
    assert output.data["text/plain"] == "<Chart: Wait bars at 238 words a minute>"
    assert output.metadata["image/png"]["alt"].startswith("Wait bars")
    assert output.metadata["image/png"]["width"] == 800


def test_importing_the_helpers_does_not_load_matplotlib_and_drawing_never_loads_pyplot():
    program = (
        "import sys, utils.timing, utils.reader_model, utils.charts as charts\n"
        "assert 'matplotlib' not in sys.modules\n"
        "r = utils.timing.Recording('tea', (utils.timing.Piece(1.0, 'Tea'),), e2e=1.0)\n"
        "charts.readers_chart(r).png(); charts.gap_strip(r).png()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=240)
