"""The `class` command, which measures how a hub copes with a simulated class.

A token's lateness is the time from when it was due until the redraw that shows it. Its lag
excludes the delay that a widget adds to coalesce redraws.
"""

import argparse
import shutil

import pytest

from hub.class_test.kernel_messages import Message
from hub.class_test.lag import LagError, Pacing, Redraw, lag, lateness, streamed
from hub.class_test.measurements import LAG_LIMIT, READY_LIMIT, Measurements
from hub.class_test.schedule import LESSON_1, cells, check_memory
from hub.class_test.temporary_hub import proxy_command
from tools import commands
from tools.programs import ROOT, Advice
from utils.simulator.tokens import split
from utils.widgets.base.throttle import INTERVAL

LESSON = ROOT / LESSON_1
TEXT = "A river is patient."


# --- Lag


def append(pane: str, seq: int, *items: str, at: int = 0) -> Message:
    """Return the message that sets a text pane's items from index `at` onward."""
    data = {"method": "custom", "content": {"seq": seq, "at": at, "items": list(items)}}
    return Message("iopub", "comm_msg", "p", {"comm_id": pane, "data": data})


def badge(text: str) -> Message:
    content = {"comm_id": "b", "data": {"method": "update", "state": {"text": text}}}
    return Message("iopub", "comm_msg", "p", content)


def test_only_the_pane_that_streams_counts_and_repeated_text_counts_once():
    messages = [
        (1.0, append("s", 1, "A ")),
        (1.1, badge("0.1 s")),
        (1.2, append("s", 2, "river", at=1)),
        (1.3, append("s", 2, "A ", "river")),  # resends "A ", in case a slow page missed it
        (2.0, append("whole", 1, "A river")),
    ]
    assert streamed(messages) == [Redraw(1.0, "A "), Redraw(1.2, "river")]
    with pytest.raises(LagError, match="0 panes"):
        streamed(messages[-1:])


def test_each_token_is_as_late_as_the_redraw_that_shows_it():
    tokens = split(TEXT)
    pacing = Pacing(received=100.0, ttft=0.2, gap=0.1, tokens=len(tokens))
    redraws = [Redraw(100.25, tokens[0]), Redraw(101.0, "".join(tokens[1:]))]
    late = lateness(redraws, pacing)
    assert late[0] == pytest.approx(0.05)
    assert late[1:] == pytest.approx([0.8 - 0.1 * place for place in range(1, len(tokens))])


def all_due_immediately(tokens: int) -> Pacing:
    return Pacing(received=0.0, ttft=0.0, gap=0.0, tokens=tokens)


def test_a_split_token_is_late_until_its_end_arrives():
    tokens = split(TEXT)
    whole = "".join(tokens)
    redraws = [Redraw(1.0, whole[:1] + whole[1:3]), Redraw(5.0, whole[3:])]
    late = lateness(redraws, all_due_immediately(len(tokens)))
    assert len(late) == len(tokens)
    assert max(late) == 5.0


def test_text_that_is_not_the_reply_is_an_error():
    with pytest.raises(LagError, match="tokens reached the page"):
        lateness([Redraw(1.0, "A river")], all_due_immediately(40))


def test_lag_excludes_the_widgets_coalescing():
    assert lag(INTERVAL) == 0.0
    assert lag(INTERVAL + 0.02) == pytest.approx(0.02)
    assert lag(0.001) == 0.0


# --- Results and messages


def test_a_class_passes_only_if_no_learner_fails_and_both_limits_are_met():
    def passes(ready: float, late: float, *failures: str) -> bool:
        """Return whether a class of two passes, given the slower learner's times in seconds."""
        stages = {"kernel": [1.0, 10.0], "setup cell": [2.0, ready]}
        lags = {"race": [0.0, late]}
        measured = Measurements(2, 2, stages, late=lags, failures=[*failures])
        return measured.passed

    ready, late = READY_LIMIT * 10, INTERVAL + LAG_LIMIT - 1e-9  # at the limits
    assert passes(ready, late)
    assert not passes(ready + 0.1, late)
    assert not passes(ready, late + 0.001)
    assert not passes(ready, late, "learner-01, getting ready: no")
    assert not Measurements(learners=2, cores=2).passed


def test_the_report_has_a_line_for_each_failure():
    failures = ["learner-01, getting ready: the login returned status 403"]
    report = Measurements(learners=2, cores=2, failures=failures).report()
    assert "Ready        no learner" in report
    assert "Failures     1\n  - learner-01, getting ready: the login returned status 403" in report


def test_the_lessons_cells_are_found_or_reported_as_changed(tmp_path):
    setup, streaming = cells(LESSON)
    assert "ready()" in setup
    assert [name for name, _ in streaming] == ["race", "live text"]
    changed = tmp_path / "lesson.ipynb"
    changed.write_text(LESSON.read_text(encoding="utf-8").replace("await race(", "await walk("))
    with pytest.raises(Advice, match="to match"):
        cells(changed)


def test_a_class_that_does_not_fit_into_memory_is_reported_with_the_number_that_does():
    check_memory(2, free=1000)
    with pytest.raises(Advice, match=r"--learners 2,"):
        check_memory(24, free=1000)
    with pytest.raises(Advice, match="end other programs"):
        check_memory(1, free=100)


@pytest.mark.parametrize(
    ("windows", "learners", "message"),
    [(True, 2, "does not run on Windows"), (False, 0, "needs a learner")],
)
def test_a_class_that_cannot_run_is_refused_in_a_sentence(windows, learners, message, monkeypatch):
    monkeypatch.setattr(commands, "WINDOWS", windows)
    with pytest.raises(Advice, match=message):
        commands.class_(argparse.Namespace(learners=learners, here=True))


def test_an_installed_proxy_is_used_and_a_missing_node_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert proxy_command(tmp_path) == ["/bin/configurable-http-proxy"]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Advice, match=r"no node on PATH: install Node\.js"):
        proxy_command(tmp_path)
