"""The chat panel with streams that a test feeds: questions, Stop, failures, Continue."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage

from tests.widgets.doubles import Tap
from utils.widgets import ChatPanel, Status
from utils.widgets.base import stream_reader
from utils.widgets.chat.history import GO_ON, INTERRUPTED


class Model:
    """A reply function that returns a new `Tap` for each call, and records the messages."""

    def __init__(self):
        self.taps, self.histories = [], []
        self.asked = asyncio.Event()

    def __call__(self, history):
        self.histories.append(history)
        self.taps.append(Tap())
        self.asked.set()
        return self.taps[-1]

    async def tap(self) -> Tap:
        """Return the tap of the next request."""
        await asyncio.wait_for(self.asked.wait(), 240)
        self.asked.clear()
        return self.taps[-1]


@pytest.fixture
async def model():
    return Model()


@pytest.fixture
async def panel(wire, model, clock):
    return ChatPanel(model, clock=clock)


async def begun(panel, model, question="Why?", *texts):
    """Send a question, and let some text arrive; return the cell and the tap."""
    cell = asyncio.create_task(panel.ask(question))
    tap = await model.tap()
    for text in texts:
        await tap.put(text)
    return cell, tap


async def asked(panel, model, question="Why?", *texts, error=None):
    """Send a question, and let the reply end; return the turn."""
    cell, tap = await begun(panel, model, question, *texts)
    tap.end(error)
    return await cell


def feet(panel):
    return [item for item in panel.whole if isinstance(item, dict) and item["kind"] == "foot"]


async def settled(condition):
    """Let the event loop run until a condition is true."""
    async with asyncio.timeout(240):
        while not condition():  # noqa: ASYNC110 (each test has its own condition)
            await asyncio.sleep(0.002)


def press(panel, content):
    """Send the message that the page sends when a button is pressed."""
    panel._handle_custom_msg(content, [])


class TestAsking:
    async def test_the_turn_carries_its_latency(self, panel, model, clock):
        cell, tap = await begun(panel, model)
        clock.now = 0.3
        await tap.put("")
        clock.now = 0.5
        await tap.put("Because.")
        clock.now = 2.0
        tap.end()
        turn = await cell
        assert (turn.ttft, turn.e2e) == (0.5, 2.0)
        assert feet(panel)[0]["badge"] == "first words 0.50 s · done 2.0 s"

    async def test_the_model_is_sent_the_conversation_as_messages(self, wire, model):
        panel = ChatPanel(model, system="Be brief.")
        await asked(panel, model, "Why?", "Because.")
        await asked(panel, model, "Really?", "Yes.")
        assert model.histories[1] == [
            SystemMessage("Be brief."),
            HumanMessage("Why?"),
            AIMessage("Because."),
            HumanMessage("Really?"),
        ]
        assert panel.history == [*model.histories[1], AIMessage("Yes.")]

    async def test_a_list_that_the_reply_function_changes_is_its_own(self, wire):
        def greedy(history):
            history.clear()
            return Tap()

        panel = ChatPanel(greedy, system="Be brief.")
        cell = asyncio.create_task(panel.ask("Why?"))
        await settled(lambda: panel.busy)
        assert len(panel.history) == 2
        panel.stop()
        await cell

    async def test_while_one_reply_streams_no_other_is_asked_for(self, panel, model):
        cell, tap = await begun(panel, model)
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

    async def test_a_whole_reply_is_shown_too(self, wire):
        async def whole(history):
            return AIMessage("Because.", response_metadata={"finish_reason": "stop"})

        turn = await ChatPanel(whole).ask("Why?")
        assert (turn.reply, turn.state) == ("Because.", "complete")

    async def test_an_async_function_may_make_the_stream(self, wire):
        async def late(history):
            return words()

        async def words():
            yield "Because."

        assert (await ChatPanel(late).ask("Why?")).reply == "Because."

    async def test_an_empty_reply_is_said_to_be_empty(self, panel, model):
        turn = await asked(panel, model)
        assert (turn.state, turn.note, turn.ttft) == ("complete", "The reply is empty.", None)
        assert feet(panel)[0]["actions"] == ["Regenerate"]

    async def test_a_line_stays_when_the_widget_has_gone(self, panel, model, capsys):
        await asked(panel, model, "Why is\nthe sky blue?", "Because.")
        printed = capsys.readouterr().out.splitlines()[-1]
        assert printed == "Why is the sky blue? → first words 0.00 s · done 0.00 s"

    async def test_its_plain_text_is_the_same_before_and_after(self, panel, model):
        before = repr(panel)
        await asked(panel, model, "Why?", "Because.")
        assert repr(panel) == before == "ChatPanel()"


class TestTyping:
    async def test_typing_and_enter_ask(self, panel, model, wire, capsys):
        # The first question is sent as from a cell, which gives the panel its event loop.
        await asked(panel, model, "First?", "Yes.")
        capsys.readouterr()
        press(panel, {"ask": "Why?"})
        tap = await model.tap()
        took = [
            data["content"] for data in wire.sent_by(panel) if "took" in data.get("content", {})
        ]
        assert took[-1] == {"took": "Why?"}, "the page should know that its box can be emptied"
        await tap.put("Because.")
        tap.end()
        await settled(lambda: not panel.busy)
        assert [turn.reply for turn in panel.turns] == ["Yes.", "Because."]
        assert capsys.readouterr().out == "", "nobody's cell should get what was typed"

    async def test_the_loop_of_the_cell_that_shows_it_is_used_from_any_thread(self, panel, model):
        panel.show()
        click = threading.Thread(target=press, args=(panel, {"ask": "Why?"}))
        click.start()
        tap = await model.tap()
        click.join()
        stop = threading.Thread(target=press, args=(panel, "stop"))
        await tap.put("Bec")
        stop.start()
        await settled(lambda: not panel.busy)
        stop.join()
        assert panel.turns[0].state == "stopped"

    async def test_two_quick_presses_ask_once(self, panel, model):
        panel.show()
        press(panel, {"ask": "Why?"})
        press(panel, {"ask": "Why?"})
        tap = await model.tap()
        tap.end()
        await settled(lambda: panel.turns and not panel.busy)
        assert len(panel.turns) == len(model.histories) == 1
        assert panel.hint == "", "a page that is a moment late is not scolded"

    async def test_typing_is_heard_while_a_cell_awaits_something_else(self, panel, model):
        panel.show()
        cell = asyncio.create_task(asyncio.Event().wait())
        press(panel, {"ask": "Why?"})
        (await model.tap()).end()
        await settled(lambda: panel.turns and not panel.busy)
        assert not cell.done()
        cell.cancel()

    @pytest.mark.parametrize("content", ["regenerate", "go on", "stop", {"ask": "  "}, 3, None])
    async def test_what_makes_no_sense_now_breaks_nothing(self, panel, model, content):
        panel.show()
        press(panel, content)
        await asyncio.sleep(0.01)
        turn = await asked(panel, model, "Why?", "Because.")
        assert turn.state == "complete"
        assert panel.hint == ""

    async def test_a_request_that_can_not_be_followed_is_explained(self, panel):
        panel.show()
        press(panel, "regenerate")
        await settled(lambda: panel.hint)
        assert "ask something first" in panel.hint


class TestStopping:
    @pytest.mark.parametrize("way", ["button", "call"])
    async def test_stop_ends_the_stream_keeps_the_text_and_closes(self, panel, model, way):
        cell, tap = await begun(panel, model, "Why?", "Bec")
        panel.stop() if way == "call" else press(panel, "stop")
        turn = await cell
        assert (turn.state, turn.reply) == ("stopped", "Bec")
        assert tap.closed
        assert feet(panel)[0]["actions"] == ["Continue", "Regenerate"]
        assert not panel.busy

    async def test_a_cell_stops_after_so_many_words(self, panel, model):
        cell = asyncio.create_task(panel.ask("Why?", stop_after=3))
        tap = await model.tap()
        for text in ("Be", "cause", " it", " r"):
            await tap.put(text)
        turn = await cell
        assert (turn.state, turn.reply) == ("stopped", "Because it r")
        assert tap.closed
        cell, tap = await begun(panel, model, "Again?", "One two three four")
        tap.end()
        assert (await cell).state == "complete", "it holds for one question"

    async def test_stop_before_any_text(self, panel, model):
        cell, _ = await begun(panel, model)
        panel.stop()
        turn = await cell
        assert (turn.state, turn.note) == ("stopped", "Stopped before any text.")
        assert feet(panel)[0]["actions"] == ["Regenerate"]

    async def test_stop_where_nothing_streams_does_nothing(self, panel, model):
        panel.stop()
        assert (await asked(panel, model, "Why?", "Because.")).state == "complete"

    async def test_a_stream_that_ignores_its_cancellation_does_not_hold_the_panel(
        self, wire, monkeypatch
    ):
        monkeypatch.setattr(stream_reader, "GRACE", 0.01)
        let_go = asyncio.Event()

        async def deaf():
            yield "Bec"
            while not let_go.is_set():
                with suppress(asyncio.CancelledError):
                    await let_go.wait()
            yield "ause"

        panel = ChatPanel(lambda history: deaf())
        cell = asyncio.create_task(panel.ask("Why?"))
        await settled(lambda: panel.turns and panel.turns[0].reply)
        panel.stop()
        turn = await cell
        assert (turn.state, turn.reply) == ("stopped", "Bec")
        assert "may go on generating" in turn.note
        let_go.set()
        await asyncio.sleep(0.02)
        assert panel.turns[0].reply == "Bec", "what comes too late is not shown"

    async def test_interrupting_the_cell_is_raised_on_and_leaves_the_panel_usable(
        self, panel, model
    ):
        cell, tap = await begun(panel, model, "Why?", "Bec")
        cell.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cell
        assert (panel.turns[0].state, tap.closed, panel.busy) == ("stopped", True, False)
        assert (await asked(panel, model, "And?", "So.")).state == "complete"

    async def test_two_panels_stream_at_once_and_stop_apart(self, wire, clock):
        models = Model(), Model()
        panels = [ChatPanel(model, clock=clock) for model in models]
        cells = [
            await begun(panel, model, "Why?", "a")
            for panel, model in zip(panels, models, strict=True)
        ]
        panels[0].stop()
        assert (await cells[0][0]).state == "stopped"
        await cells[1][1].put("b")
        cells[1][1].end()
        turn = await cells[1][0]
        assert (turn.state, turn.reply) == ("complete", "ab")


class TestTheWayOn:
    @pytest.mark.parametrize("ending", ["stopped", "failed", "complete", "truncated"])
    async def test_regenerate_replaces_the_last_reply(self, panel, model, ending):
        cell, tap = await begun(panel, model, "Why?", AIMessageChunk("Bec"))
        if ending == "stopped":
            panel.stop()
        else:
            if ending == "complete":
                await tap.put(AIMessageChunk("", response_metadata={"finish_reason": "stop"}))
            tap.end(ConnectionError("gone") if ending == "failed" else None)
        assert (await cell).state == ending
        again = asyncio.create_task(panel.regenerate())
        tap = await model.tap()
        assert model.histories[-1] == [HumanMessage("Why?")], "the old reply should not be sent"
        await tap.put("Because.")
        tap.end()
        assert (await again).reply == "Because."
        assert len(panel.turns) == 1

    @pytest.mark.parametrize("error", [None, ConnectionError("gone")])
    async def test_go_on_adds_the_rest_to_the_partial(self, panel, model, clock, error):
        cell, tap = await begun(panel, model, "Why?", AIMessageChunk("Bec"))
        clock.now = 2.0
        tap.end(error)
        await cell
        clock.now = 60.0
        rest = asyncio.create_task(panel.go_on())
        tap = await model.tap()
        assert model.histories[-1] == [HumanMessage("Why?"), AIMessage("Bec"), HumanMessage(GO_ON)]
        assert panel.turns[0].reply == "Bec", "what was there stays while the rest is awaited"
        await tap.put("ause.")
        clock.now = 61.0
        tap.end()
        turn = await rest
        assert (turn.reply, turn.state, turn.ttft, turn.e2e) == ("Because.", "complete", 0.0, 3.0)
        assert panel.history == [HumanMessage("Why?"), AIMessage("Because.")]

    async def test_go_on_with_nothing_asks_anew(self, panel, model):
        await asked(panel, model, "Why?", error=ConnectionError("gone"))
        rest = asyncio.create_task(panel.go_on())
        tap = await model.tap()
        assert model.histories[-1] == [HumanMessage("Why?")]
        await tap.put("Because.")
        tap.end()
        assert (await rest).reply == "Because."

    async def test_a_continuation_can_be_stopped_and_gone_on_with(self, panel, model):
        cell, _ = await begun(panel, model, "Why?", "Be")
        for text in ("ca", "use"):
            panel.stop()
            await cell
            cell = asyncio.create_task(panel.go_on())
            await (await model.tap()).put(text)
        panel.stop()
        assert (await cell).reply == "Because"

    async def test_the_last_letters_of_a_continuation_are_not_held_back_for_ever(
        self, panel, model
    ):
        cell, _ = await begun(panel, model, "Spell it.", "Bana")
        panel.stop()
        await cell
        rest = asyncio.create_task(panel.go_on())
        tap = await model.tap()
        await tap.put("Ba")  # the same text as the beginning of the reply
        tap.end()
        assert (await rest).reply == "BanaBa"

    async def test_there_is_nothing_to_go_on_with_after_a_complete_reply(self, panel, model):
        with pytest.raises(RuntimeError, match="nothing to continue"):
            await panel.go_on()
        with pytest.raises(RuntimeError, match="ask something first"):
            await panel.regenerate()
        await asked(panel, model, "Why?", "Because.")
        with pytest.raises(RuntimeError, match="nothing to continue"):
            await panel.go_on()

    async def test_the_next_question_tells_the_model_of_the_interruption(self, panel, model):
        cell, _ = await begun(panel, model, "Why?", "Bec")
        panel.stop()
        await cell
        await asked(panel, model, "And?", "So.")
        assert model.histories[-1][1].content == f"Bec\n\n{INTERRUPTED}"

    async def test_the_buttons_of_the_page_do_the_same(self, panel, model):
        await asked(panel, model, "Why?", "Bec", error=ConnectionError("gone"))
        assert feet(panel)[0]["actions"] == ["Continue", "Try again"]
        press(panel, "go on")
        tap = await model.tap()
        await tap.put("ause.")
        tap.end()
        await settled(lambda: not panel.busy)
        assert panel.turns[0].reply == "Because."
        press(panel, "regenerate")
        (await model.tap()).end()
        await settled(lambda: not panel.busy)
        assert panel.turns[0].reply == ""


class TestFailing:
    async def test_an_exception_is_a_sentence_and_the_partial_stays(self, panel, model):
        turn = await asked(panel, model, "Why?", "Bec", error=ConnectionError("The server left."))
        assert (turn.state, turn.reply) == ("failed", "Bec")
        assert turn.note == feet(panel)[0]["note"] == "ConnectionError: The server left."

    async def test_explain_finds_the_words(self, wire, model):
        panel = ChatPanel(model, explain=lambda error: f"Ask again: {error}")
        turn = await asked(panel, model, error=ValueError("no"))
        assert turn.note == "Ask again: no"

    async def test_an_explain_that_fails_hides_nothing(self, wire, model):
        panel = ChatPanel(model, explain=lambda error: error.nothing)
        turn = await asked(panel, model, error=ValueError("no"))
        assert turn.note.startswith("ValueError: no (`explain` failed: AttributeError")

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (lambda history: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda history: iter("ab"), "synchronous stream"),
            (lambda history: None, "NoneType is not a stream"),
            (lambda: None, "takes 0 positional arguments"),
        ],
    )
    async def test_a_reply_function_that_is_wrong_is_told_so(self, wire, reply, words):
        turn = await ChatPanel(reply).ask("Why?")
        assert turn.state == "failed"
        assert words in turn.note

    async def test_an_error_while_closing_after_stop_is_told(self, wire):
        async def rude():
            try:
                yield "Bec"
                await asyncio.Event().wait()
            finally:
                raise ConnectionError("The door was stuck.")

        panel = ChatPanel(lambda history: rude())
        cell = asyncio.create_task(panel.ask("Why?"))
        await settled(lambda: panel.turns and panel.turns[0].reply)
        panel.stop()
        turn = await cell
        assert (turn.state, turn.note) == ("stopped", "ConnectionError: The door was stuck.")

    async def test_a_note_never_shows_a_key(self, panel, model):
        turn = await asked(panel, model, error=ValueError("refused Zm9vYmFyYmF6MTIzNDU2Nzg5MA"))
        assert "Zm9v" not in turn.note

    async def test_chunks_without_a_finish_reason_are_truncated(self, panel, model):
        turn = await asked(panel, model, "Why?", AIMessageChunk("Bec"))
        assert turn.state == "truncated"
        assert "without a finish reason" in turn.note
        assert feet(panel)[0]["actions"] == ["Continue", "Regenerate"]


class TestWaiting:
    async def test_a_silence_is_told_with_its_length_and_goes_when_text_comes(
        self, panel, model, clock
    ):
        cell, tap = await begun(panel, model)
        clock.now = 9.9
        panel._exchanges[0].tick()
        assert panel.turns[0].note == ""
        clock.now = 10.0
        await settled(lambda: panel.turns[0].note)
        assert panel.turns[0].note == "no new text for 10 s"
        assert panel.turns[0].state == "streaming"
        await tap.put("Bec")
        await settled(lambda: not panel.turns[0].note)
        clock.now = 25.5
        await settled(lambda: panel.turns[0].note == "no new text for 15 s")
        panel.stop()
        assert (await cell).state == "stopped", "Stop should work in a silence"

    async def test_empty_chunks_are_no_text(self, panel, model, clock):
        cell, tap = await begun(panel, model)
        clock.now = 11.0
        await tap.put(AIMessageChunk(""))
        await settled(lambda: panel.turns[0].note == "no new text for 11 s")
        tap.end()
        await cell

    async def test_stages_are_shown_within_the_turn(self, panel, model, clock):
        cell, tap = await begun(panel, model, "Weather?", Status("Thinking"))
        clock.now = 1.0
        await tap.put(Status("Tool call", "get_weather(Oslo)"))
        clock.now = 3.0
        await tap.put(Status("Answer"))
        await tap.put("Sunny.")
        tap.end()
        turn = await cell
        assert turn.reply == "Sunny."
        (line,) = (item for item in panel.whole if isinstance(item, dict) and "stages" in item)
        told = [(stage["name"], stage["state"], stage["seconds"]) for stage in line["stages"]]
        assert told == [
            ("Thinking", "done", 1.0),
            ("Tool call", "done", 2.0),
            ("Answer", "done", 0),
        ]

    async def test_the_first_text_ends_the_stage_before_it(self, panel, model, clock):
        cell, tap = await begun(panel, model, "Weather?", Status("Thinking"))
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

    async def test_a_stage_that_lasts_is_not_sent_again_with_every_piece_of_text(
        self, panel, model, wire, clock
    ):
        cell, tap = await begun(panel, model, "Weather?", Status("Answer"))
        await tap.put("A ")
        panel._throttle.flush()
        wire.messages.clear()
        for second in range(1, 5):
            clock.now = second
            await tap.put("word ")
            panel._throttle.flush()
        tap.end()
        await cell
        sent = [data["content"] for data in wire.sent_by(panel) if data["method"] == "custom"]
        with_stages = [
            item for message in sent[:-1] for item in message["items"] if "stages" in item
        ]
        assert len(sent) > 3
        assert with_stages == []

    async def test_news_of_a_stage_is_no_silence(self, panel, model, clock):
        cell, tap = await begun(panel, model)
        clock.now = 8.0
        await tap.put(Status("Tool call"))
        clock.now = 12.0
        panel._exchanges[0].tick()
        assert panel.turns[0].note == ""
        tap.end()
        await cell


async def test_a_reply_is_sent_as_it_comes_and_not_per_token(wire):
    async def quick():
        for _ in range(2000):
            yield "token "

    panel = ChatPanel(lambda history: quick())
    wire.messages.clear()
    turn = await panel.ask("Why?")
    assert len(turn.reply) == 12_000
    assert len(wire.sent_by(panel)) < 60


async def test_the_conversation_reaches_a_page_that_opens_late(panel, model):
    await asked(panel, model, "Why?", "**Bec**ause <b>.")
    items = panel.get_state()["items"]
    assert items[0] == {"kind": "question", "text": "Why?"}
    assert items[1] == "<p><strong>Bec</strong>ause &lt;b&gt;.</p>\n"
