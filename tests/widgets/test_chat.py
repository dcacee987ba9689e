"""The chat panel: questions, Stop, failures, Continue.

Each reply streams from a `Tap`: `put` sends an item, and `end` ends the stream. When Continue is
pressed, the panel sends `GO_ON` to the model. In the history, `INTERRUPTED` marks partial replies.
"""

import asyncio

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage

from tests.widgets.doubles import Tap, stubborn, until
from utils.widgets import ChatPanel, Status
from utils.widgets.base import stream_reader
from utils.widgets.chat.history import GO_ON, INTERRUPTED


class Model:
    """A reply function that records the history and returns a new `Tap` on each call."""

    def __init__(self):
        self.taps, self.histories = asyncio.Queue(), []

    def __call__(self, history):
        self.histories.append(history)
        self.taps.put_nowait(tap := Tap())
        return tap

    async def tap(self) -> Tap:
        """Wait for the next request and return its tap."""
        return await asyncio.wait_for(self.taps.get(), 240)


@pytest.fixture
async def model():
    return Model()


@pytest.fixture
async def panel(model, clock):
    return ChatPanel(model, clock=clock)


async def started(request, model, *texts):
    """Start a request such as `panel.ask("Why?")` and send `texts`; return its task and its tap."""
    cell = asyncio.create_task(request)
    tap = await model.tap()
    for text in texts:
        await tap.put(text)
    return cell, tap


async def answered(request, model, *texts, error=None):
    """Start a request such as `panel.go_on()`, send `texts`, end the reply, and return the turn."""
    cell, tap = await started(request, model, *texts)
    tap.end(error)
    return await cell


def footers(panel):
    return [item for item in panel.whole if isinstance(item, dict) and item["kind"] == "foot"]


def press(panel, content):
    """Simulate a message from the page, such as one sent by a button."""
    panel._handle_custom_msg(content, [])


class TestAsking:
    async def test_a_turn_contains_its_latency(self, panel, model, clock):
        cell, tap = await started(panel.ask("Why?"), model)
        clock.now = 0.3
        await tap.put("")
        clock.now = 0.5
        await tap.put("Because.")
        clock.now = 2.0
        tap.end()
        turn = await cell
        assert (turn.ttft, turn.e2e) == (0.5, 2.0)
        assert footers(panel)[0]["badge"] == "first words 0.50 s · done 2.0 s"

    async def test_the_model_receives_the_conversation_as_messages(self, model):
        panel = ChatPanel(model, system="Be brief.")
        await answered(panel.ask("Why?"), model, "Because.")
        await answered(panel.ask("Really?"), model, "Yes.")
        assert model.histories[1] == [
            SystemMessage("Be brief."),
            HumanMessage("Why?"),
            AIMessage("Because."),
            HumanMessage("Really?"),
        ]
        assert panel.history == [*model.histories[1], AIMessage("Yes.")]

    async def test_only_one_reply_streams_at_a_time(self, panel, model):
        cell, tap = await started(panel.ask("Why?"), model)
        for request in (lambda: panel.ask("And?"), panel.regenerate, panel.go_on):
            with pytest.raises(RuntimeError, match="still streaming"):
                await request()
        press(panel, {"ask": "And?"})
        tap.end()
        assert (await cell).state == "complete"
        assert len(panel.turns) == 1

    async def test_an_empty_question_is_refused(self, panel):
        with pytest.raises(ValueError, match="empty"):
            await panel.ask("  ")
        assert panel.turns == []

    async def test_an_empty_reply_is_reported(self, panel, model):
        turn = await answered(panel.ask("Why?"), model)
        assert (turn.state, turn.note, turn.ttft) == ("complete", "The reply is empty.", None)
        assert footers(panel)[0]["actions"] == ["Regenerate"]

    async def test_items_that_cannot_hold_text_are_named(self, panel, model):
        turn = await answered(panel.ask("Hello"), model, {"event": "on_chat_model_stream"})
        assert turn.note.startswith("No text: the stream's items are of type dict, not ")

    async def test_a_line_is_printed(self, panel, model, capsys):
        await answered(panel.ask("Why is\nthe sky blue?"), model, "Because.")
        printed = capsys.readouterr().out.splitlines()[-1]
        assert printed == "Why is the sky blue? → first words 0.00 s · done 0.00 s"


class TestTyping:
    async def test_a_typed_question_is_sent_and_prints_nothing(self, panel, model, wire, capsys):
        await answered(panel.ask("First?"), model, "Yes.")  # sets the panel's event loop
        capsys.readouterr()
        press(panel, {"ask": "Why?"})
        tap = await model.tap()
        took = [content["took"] for content in wire.contents_sent_by(panel) if "took" in content]
        assert took[-1] == "Why?", "the page should clear its box"
        await tap.put("Because.")
        tap.end()
        await until(lambda: not panel.busy)
        assert [turn.reply for turn in panel.turns] == ["Yes.", "Because."]
        assert capsys.readouterr().out == ""

    async def test_clicks_in_another_thread_use_the_loop_of_the_cell(self, panel, model):
        panel._repr_mimebundle_()
        await asyncio.to_thread(press, panel, {"ask": "Why?"})
        tap = await model.tap()
        await tap.put("Bec")
        await asyncio.to_thread(press, panel, "stop")
        await until(lambda: not panel.busy)
        assert panel.turns[0].state == "stopped"

    async def test_two_quick_presses_send_one_question(self, panel, model):
        panel.show()
        press(panel, {"ask": "Why?"})
        press(panel, {"ask": "Why?"})
        tap = await model.tap()
        tap.end()
        await until(lambda: panel.turns and not panel.busy)
        assert len(panel.turns) == len(model.histories) == 1
        assert panel.hint == ""

    async def test_a_request_that_makes_no_sense_breaks_nothing(self, panel, model):
        panel.show()
        for content in ("go on", "stop", {"ask": "  "}, 3, None, "regenerate"):
            press(panel, content)
        panel.stop()
        await until(lambda: panel.hint)
        press(panel, "regenerate")
        await until(lambda: "ask something first" in panel.hint)
        turn = await answered(panel.ask("Why?"), model, "Because.")
        assert turn.state == "complete"
        assert panel.hint == ""


class TestStopping:
    @pytest.mark.parametrize("way", ["button", "call"])
    async def test_stop_keeps_the_text_and_closes_the_stream(self, panel, model, way):
        cell, tap = await started(panel.ask("Why?"), model, "Bec")
        panel.stop() if way == "call" else press(panel, "stop")
        turn = await cell
        assert (turn.state, turn.reply) == ("stopped", "Bec")
        assert tap.closed
        assert footers(panel)[0]["actions"] == ["Continue", "Regenerate"]
        assert not panel.busy

    async def test_stop_after_a_number_of_words(self, panel, model):
        request = panel.ask("Why?", stop_after=3)
        cell, tap = await started(request, model, "Be", "cause", " it", " r")
        turn = await cell
        assert (turn.state, turn.reply) == ("stopped", "Because it r")
        assert tap.closed
        cell, tap = await started(panel.ask("Again?"), model, "One two three four")
        tap.end()
        assert (await cell).state == "complete", "the limit is for one question"

    async def test_stop_before_any_text(self, panel, model):
        cell, _ = await started(panel.ask("Why?"), model)
        panel.stop()
        turn = await cell
        assert (turn.state, turn.note) == ("stopped", "Stopped before any text.")
        assert footers(panel)[0]["actions"] == ["Regenerate"]

    async def test_a_stream_that_does_not_close_is_reported(self, monkeypatch):
        monkeypatch.setattr(stream_reader, "GRACE", 0.01)
        released = asyncio.Event()
        turn = await ChatPanel(lambda history: stubborn(released)).ask("Why?", stop_after=1)
        released.set()
        assert (turn.state, turn.reply) == ("stopped", "Half")
        assert "may go on generating" in turn.note

    async def test_an_interrupt_propagates_and_leaves_the_panel_usable(self, panel, model):
        cell, tap = await started(panel.ask("Why?"), model, "Bec")
        cell.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cell
        assert (panel.turns[0].state, tap.closed, panel.busy) == ("stopped", True, False)
        assert (await answered(panel.ask("And?"), model, "So.")).state == "complete"


class TestContinuing:
    @pytest.mark.parametrize("ending", ["stopped", "failed", "complete", "truncated"])
    async def test_regenerate_replaces_the_last_reply(self, panel, model, ending):
        cell, tap = await started(panel.ask("Why?"), model, AIMessageChunk("Bec"))
        if ending == "stopped":
            panel.stop()
        else:
            if ending == "complete":
                await tap.put(AIMessageChunk("", response_metadata={"finish_reason": "stop"}))
            tap.end(ConnectionError("gone") if ending == "failed" else None)
        assert (await cell).state == ending
        if ending != "complete":
            marked = AIMessage(f"Bec\n\n{INTERRUPTED}", additional_kwargs={"interrupted": ending})
            assert panel.history[1] == marked
            assert footers(panel)[0]["actions"][0] == "Continue"
        assert (await answered(panel.regenerate(), model, "Because.")).reply == "Because."
        assert model.histories[-1] == [HumanMessage("Why?")]
        assert len(panel.turns) == 1

    @pytest.mark.parametrize("error", [None, ConnectionError("gone")])
    async def test_go_on_adds_the_rest_to_a_partial_reply(self, panel, model, clock, error):
        cell, tap = await started(panel.ask("Why?"), model, AIMessageChunk("Bec"))
        clock.now = 2.0
        tap.end(error)
        await cell
        clock.now = 60.0
        rest, tap = await started(panel.go_on(), model)
        assert model.histories[-1] == [HumanMessage("Why?"), AIMessage("Bec"), HumanMessage(GO_ON)]
        assert panel.turns[0].reply == "Bec"
        await tap.put("ause.")
        clock.now = 61.0
        tap.end()
        turn = await rest
        assert (turn.reply, turn.state, turn.ttft, turn.e2e) == ("Because.", "complete", 0.0, 3.0)
        assert panel.history == [HumanMessage("Why?"), AIMessage("Because.")]

    async def test_go_on_without_text_regenerates_the_reply(self, panel, model):
        await answered(panel.ask("Why?"), model, error=ConnectionError("gone"))
        assert (await answered(panel.go_on(), model, "Because.")).reply == "Because."
        assert model.histories[-1] == [HumanMessage("Why?")]

    async def test_a_complete_reply_cannot_be_continued(self, panel, model):
        with pytest.raises(RuntimeError, match="nothing to continue"):
            await panel.go_on()
        with pytest.raises(RuntimeError, match="ask something first"):
            await panel.regenerate()
        await answered(panel.ask("Why?"), model, "Because.")
        with pytest.raises(RuntimeError, match="nothing to continue"):
            await panel.go_on()


class TestFailing:
    async def test_an_exception_is_shown_and_the_text_is_kept(self, panel, model):
        error = ConnectionError("The server left.")
        turn = await answered(panel.ask("Why?"), model, "Bec", error=error)
        assert (turn.state, turn.reply) == ("failed", "Bec")
        assert turn.note == footers(panel)[0]["note"] == "ConnectionError: The server left."

    @pytest.mark.parametrize(
        ("explain", "note"),
        [
            (lambda error: f"Ask again: {error}", "Ask again: no"),
            (lambda error: error.nothing, "ValueError: no (`explain` failed: AttributeError"),
        ],
    )
    async def test_explain_sets_the_note(self, model, explain, note):
        panel = ChatPanel(model, explain=explain)
        turn = await answered(panel.ask("Why?"), model, error=ValueError("no"))
        assert turn.note.startswith(note)

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (lambda history: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda history: iter("ab"), "synchronous stream"),
            (lambda history: None, "NoneType is not a stream"),
            (lambda: None, "takes 0 positional arguments"),
        ],
    )
    async def test_a_wrong_reply_function_is_explained(self, reply, words):
        turn = await ChatPanel(reply).ask("Why?")
        assert turn.state == "failed"
        assert words in turn.note

    async def test_an_exception_on_closing_after_stop_is_shown(self):
        async def rude():
            try:
                yield "Bec"
                await asyncio.Event().wait()
            finally:
                raise ConnectionError("The door was stuck.")

        turn = await ChatPanel(lambda history: rude()).ask("Why?", stop_after=1)
        assert (turn.state, turn.note) == ("stopped", "ConnectionError: The door was stuck.")

    async def test_a_note_never_contains_a_key(self, panel, model):
        error = ValueError("refused Zm9vYmFyYmF6MTIzNDU2Nzg5MA")
        turn = await answered(panel.ask("Why?"), model, error=error)
        assert "Zm9v" not in turn.note


class TestWaiting:
    async def test_a_silence_is_reported_until_text_arrives(self, panel, model, clock):
        cell, tap = await started(panel.ask("Why?"), model)
        clock.now = 9.9
        panel._exchanges[0].tick()  # normally called by a timer
        assert panel.turns[0].note == ""
        clock.now = 10.0
        await until(lambda: panel.turns[0].note)
        assert panel.turns[0].note == "no new text for 10 s"
        assert panel.turns[0].state == "streaming"
        clock.now = 11.0
        await tap.put(AIMessageChunk(""))
        await until(lambda: panel.turns[0].note == "no new text for 11 s")
        await tap.put("Bec")
        await until(lambda: not panel.turns[0].note)
        clock.now = 26.5
        await until(lambda: panel.turns[0].note == "no new text for 15 s")
        await tap.put(Status("Tool call"))
        await until(lambda: not panel.turns[0].note)
        panel.stop()
        assert (await cell).state == "stopped"

    async def test_text_ends_a_stage(self, panel, model, clock):
        cell, tap = await started(panel.ask("Weather?"), model, Status("Thinking"))
        clock.now = 2.0
        await tap.put("Let me ")
        panel._throttle.flush()
        (line,) = (item for item in panel.whole if isinstance(item, dict) and "stages" in item)
        assert [(stage["state"], stage["seconds"]) for stage in line["stages"]] == [("done", 2.0)]
        clock.now = 3.0
        await tap.put(Status("Tool call"))
        clock.now = 7.0
        await tap.put("see.")
        clock.now = 9.0
        panel.stop()
        await cell
        (line,) = (item for item in panel.whole if isinstance(item, dict) and "stages" in item)
        assert [(stage["name"], stage["state"], stage["seconds"]) for stage in line["stages"]] == [
            ("Thinking", "done", 2.0),
            ("Tool call", "done", 4.0),
        ]

    async def test_an_unchanged_stage_is_not_sent_again(self, panel, model, wire, clock):
        cell, tap = await started(panel.ask("Weather?"), model, Status("Answer"))
        await tap.put("A ")
        panel._throttle.flush()
        wire.messages.clear()
        for second in range(1, 5):
            clock.now = second
            await tap.put("word ")
            panel._throttle.flush()
        tap.end()
        await cell
        sent = wire.contents_sent_by(panel)
        with_stages = [
            item for message in sent[:-1] for item in message["items"] if "stages" in item
        ]
        assert len(sent) > 3
        assert with_stages == []


async def test_a_page_that_opens_late_gets_the_conversation(panel, model):
    await answered(panel.ask("Why?"), model, "**Bec**ause <b>.")
    items = panel.get_state()["items"]
    assert items[0] == {"kind": "question", "text": "Why?"}
    assert items[1] == "<p><strong>Bec</strong>ause &lt;b&gt;.</p>\n"
