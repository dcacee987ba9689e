"""`StatusLine`: the stages of a run, such as "Thinking", their times, and the printed line."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from utils.widgets import StatusLine, Step


@pytest.fixture
def status(clock):
    return StatusLine("Thinking", "Tool call", "Answer", clock=clock)


def states(status):
    return {stage["name"]: stage["state"] for stage in status.view()["stages"]}


def test_entering_a_stage_ends_the_one_before(status):
    assert states(status) == {"Thinking": "ahead", "Tool call": "ahead", "Answer": "ahead"}
    assert (status.outcome, status.history) == ("ready", ())
    status.to("Thinking")
    status.to("Tool call", "get_weather(Oslo)")
    assert states(status) == {"Thinking": "done", "Tool call": "now", "Answer": "ahead"}
    assert status.view()["stages"][1]["detail"] == "get_weather(Oslo)"


def test_a_skipped_stage_can_be_entered_later(status):
    status.to("Answer")
    assert states(status)["Tool call"] == "skipped"
    status.to("Tool call")
    assert states(status) == {"Thinking": "skipped", "Tool call": "now", "Answer": "done"}


def test_seconds_count_from_show_or_the_first_call(status, clock):
    clock.now = 5.0
    status.to("Thinking")
    clock.now = 5.4
    status.to("Answer")
    assert status.history == (Step("Thinking", "", 0.0), Step("Answer", "", pytest.approx(0.4)))
    clock.now = 100.0
    shown = StatusLine("A", clock=clock).show()
    clock.now = 101.5
    shown.to("A", "late")
    assert shown.history == (Step("A", "late", 1.5),)


def test_a_second_tool_call_adds_to_the_first(status, clock):
    for name, at in [("Thinking", 0.0), ("Tool call", 1.0), ("Thinking", 3.0), ("Tool call", 4.0)]:
        clock.now = at
        status.to(name)
    clock.now = 4.5
    thinking, call, _ = status.view()["stages"]
    assert (thinking["times"], thinking["seconds"], thinking["state"]) == (2, 2.0, "done")
    assert (call["times"], call["seconds"], call["state"]) == (2, 2.5, "now")
    assert [step.name for step in status.history] == ["Thinking", "Tool call"] * 2
    assert "Tool call \N{MULTIPLICATION SIGN} 2 2.5 s" in status.line()


def test_only_another_detail_is_a_new_step(status):
    for detail in ("a", "a", "b"):
        status.to("Tool call", detail)
    assert [step.detail for step in status.history] == ["a", "b"]


def test_a_page_that_opens_late_gets_the_current_seconds(status, clock):
    status.to("Thinking")
    clock.now = 7.0
    assert status.get_state()["state"]["stages"][0]["seconds"] == 7.0


def test_an_unknown_stage_is_refused(status):
    with pytest.raises(ValueError, match=r"no stage 'Tea'\. The stages are 'Thinking', 'Tool"):
        status.to("Tea")


def test_without_names_any_stage_is_accepted():
    status = StatusLine()
    status.to("Search")
    status.to("Read")
    assert states(status) == {"Search": "done", "Read": "now"}


def test_repeated_names_are_refused():
    with pytest.raises(ValueError, match="same name"):
        StatusLine("A", "A")


@pytest.mark.parametrize(
    ("end", "outcome", "state", "last", "words"),
    [
        (lambda status: status.done(), "done", "done", "skipped", "(skipped)"),
        (lambda status: status.fail("No answer."), "failed", "failed", "ahead", "No answer."),
        (lambda status: status.stop(), "stopped", "stopped", "ahead", "· stopped"),
    ],
)
def test_an_ending_marks_the_current_stage(status, clock, end, outcome, state, last, words):
    status.to("Thinking")
    clock.now = 2.0
    end(status)
    clock.now = 9.0
    status.stop()
    assert status.outcome == outcome, "only the first ending counts"
    assert (states(status)["Thinking"], states(status)["Answer"]) == (state, last)
    assert status.view()["stages"][0]["seconds"] == 2.0
    assert status.line().endswith(words)


def test_entering_a_stage_after_the_end_starts_a_new_run(status, clock):
    status.to("Answer")
    status.done()
    clock.now = 50.0
    status.to("Thinking")
    assert status.history == (Step("Thinking", "", 0.0),)
    assert states(status)["Answer"] == "ahead"


def test_a_line_is_printed_at_the_end(clock, capsys):
    status = StatusLine("Thinking", "Tool call", "Answer", clock=clock).show()
    status.to("Thinking")
    clock.now = 0.4
    status.to("Tool call", "get_weather(Oslo)")
    clock.now = 1.6
    status.fail("The tool did not answer.")
    status.stop()
    _repr, printed = capsys.readouterr().out.splitlines()
    assert printed == (
        "Thinking 0.40 s → Tool call (get_weather(Oslo)) 1.2 s → Answer (not reached)"
        " · failed: The tool did not answer."
    )
    assert status.view()["note"] == "The tool did not answer."


def test_a_widget_that_was_not_displayed_prints_nothing(status, capsys):
    status.to("Answer")
    status.done()
    assert capsys.readouterr().out == ""
    assert status.line() == "Thinking (skipped) → Tool call (skipped) → Answer 0.00 s"


def test_threads_can_report_concurrently(status):
    def work(name):
        for number in range(200):
            status.to(name, str(number))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ("Thinking", "Answer")))
    assert len(status.history) == 400
    assert sum(stage["times"] for stage in status.view()["stages"]) == 400
