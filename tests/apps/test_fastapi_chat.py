"""The FastAPI app over HTTP, without its page: replies, memory, and rejected requests."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from html.parser import HTMLParser
from types import ModuleType
from typing import Any, ClassVar

import httpx2
import pytest
from langchain_core.tools import tool

from tests.apps.conftest import PLACE
from tests.apps.scripted import Scripted
from tests.simulator.virtual import KEY, AppTransport, VirtualSimulator
from utils import sse
from utils.simulator.content import prepared_replies

RIVER = "Name a river."
ANSWER = prepared_replies.answer(RIVER)
ORDER = "Where is my order 4711?"

Events = list[tuple[str, Any]]


class Visitor:
    """A browser with its own cookies."""

    def __init__(self, module: ModuleType) -> None:
        self._client = httpx2.AsyncClient(
            transport=AppTransport(module.app), base_url="http://app", timeout=None
        )

    async def post(self, message: Any) -> httpx2.Response:
        body = json.dumps({"message": message})  # like a browser, which escapes lone surrogates
        headers = {"content-type": "application/json"}
        return await self._client.post("/chat", content=body, headers=headers)

    async def start(self, message: str) -> str:
        answer = await self.post(message)
        assert answer.status_code == 200, answer.text
        return answer.json()["reply"]

    async def events(self, reply: str, after: int = 0) -> AsyncGenerator[tuple[str, str, Any]]:
        """Yield the id, name and data of a reply's events."""
        headers = {"last-event-id": str(after)} if after else {}
        request = self._client.stream("GET", f"/replies/{reply}", headers=headers)
        async with request as answer:
            assert answer.status_code == 200, answer.status_code
            reader = sse.Reader()
            async for piece in answer.aiter_bytes():
                for event in reader.feed(piece):
                    yield event.id, event.type, json.loads(event.data)

    async def read(self, reply: str, after: int = 0) -> Events:
        return [(name, data) async for _, name, data in self.events(reply, after)]

    async def ask(self, message: str) -> Events:
        return await self.read(await self.start(message))

    async def stop(self, reply: str) -> int:
        return (await self._client.post(f"/replies/{reply}/stop")).status_code

    async def turns(self) -> list[list[str]]:
        return (await self._client.get("/conversation")).json()["turns"]

    async def running(self) -> str | None:
        return (await self._client.get("/conversation")).json()["reply"]


def text(events: Events) -> str:
    return "".join(data for name, data in events if name == "text")


def behave(virtual: VirtualSimulator, model: str) -> Awaitable[Any]:
    client = httpx2.AsyncClient(transport=AppTransport(virtual.app))
    return client.put(
        "http://virtual/simulator/sim",
        json={"model": model},
        headers={"authorization": f"Bearer {KEY}"},
    )


def asked(virtual: VirtualSimulator, app: ModuleType, model: str, *messages: str) -> list[Events]:
    """Send messages as one visitor, one after another; return the events of each reply."""

    async def main() -> list[Events]:
        await behave(virtual, model)
        visitor = Visitor(app)
        return [await visitor.ask(message) for message in messages]

    return virtual.run(main())


def requests(virtual: VirtualSimulator) -> list[str]:
    return [request.model for request in virtual.requests()]


# --- replies --------------------------------------------------------------------------------------


def test_a_reply_comes_in_pieces_and_ends_with_all_of_it_rendered(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[0] == ("status", "Thinking")
    assert text(events) == ANSWER
    assert len([name for name, _ in events if name == "text"]) > 20
    assert events[-1] == ("end", f"<p>{ANSWER}</p>\n")


def test_each_tool_is_named_while_it_runs_and_its_result_is_used(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    (events,) = asked(virtual, app, "sim-chat", ORDER)
    assert [data for name, data in events if name != "text"][:3] == [
        "Thinking",
        "order_status",
        "Thinking",
    ]
    assert "arrives on Thursday" in text(events)


def test_the_conversation_goes_along_with_the_next_question(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    asked(virtual, app, "sim-chat", RIVER, "Shorter, please.")
    sent = [
        (message["role"], message["content"]) for message in virtual.requests()[-1].body["messages"]
    ]
    assert sent[1:] == [("user", RIVER), ("assistant", ANSWER), ("user", "Shorter, please.")]


def test_a_long_conversation_is_cut_at_a_question(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_TURNS", 2)
    asked(virtual, app, "sim-fast", "hi", "hello", "say hello")
    roles = [message["role"] for message in virtual.requests()[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


def test_visitors_have_conversations_of_their_own_and_wait_for_nobody(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        one, other = Visitor(app), Visitor(app)
        begun = virtual.clock()
        first, second = await asyncio.gather(one.ask(RIVER), other.ask("hello"))
        both = virtual.clock() - begun
        assert text(first) == ANSWER
        assert [question for question, _ in await one.turns()] == [RIVER]
        assert [question for question, _ in await other.turns()] == ["hello"]
        await Visitor(app).ask(RIVER)
        assert both < 1.5 * (virtual.clock() - begun - both)
        assert text(second) == prepared_replies.answer("hello")

    virtual.run(main())


# --- leaving, rejoining, stopping -----------------------------------------------------------------


@pytest.mark.parametrize("leave_after", [1, 2, 7, 30])
def test_a_reader_who_leaves_can_rejoin_and_misses_nothing(
    virtual: VirtualSimulator, app: ModuleType, leave_after: int
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        reply = await visitor.start(RIVER)
        first: Events = []
        last = ""
        async with aclosing(visitor.events(reply)) as events:
            async for number, name, data in events:
                last = number
                first.append((name, data))
                if len(first) == leave_after:
                    break
        rest = await visitor.read(reply, int(last))
        assert text(first) + text(rest) == ANSWER
        assert await visitor.read(reply) == first + rest  # as for a page that was just loaded

    virtual.run(main())
    assert [request.ended for request in virtual.requests()] == ["finished"]


def test_a_last_event_id_that_no_event_has_is_the_end_or_refused(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        reply = await visitor.start(RIVER)
        await visitor.read(reply)
        assert await visitor.read(reply, 9_999) == []
        with pytest.raises(AssertionError, match="422"):
            await visitor.read(reply, -1)

    virtual.run(main())


def test_a_reply_is_written_to_its_end_when_nobody_reads(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        await visitor.start(RIVER)
        await asyncio.sleep(10)
        assert await visitor.turns() == [[RIVER, f"<p>{ANSWER}</p>\n"]]
        assert await visitor.running() is None

    virtual.run(main())


@pytest.mark.parametrize("stop_at", [0, 0.2, 1.0, 5.0], ids="{} s".format)
def test_stop_cancels_the_model_at_any_moment_and_keeps_what_came(
    virtual: VirtualSimulator, app: ModuleType, stop_at: float
) -> None:
    async def main() -> tuple[Events, list[list[str]], Events]:
        await behave(virtual, "sim-seed:stall@10,60")  # silent from the third second on
        visitor = Visitor(app)
        reply = await visitor.start(RIVER)
        reading = asyncio.create_task(visitor.read(reply))
        await asyncio.sleep(stop_at)
        assert await visitor.stop(reply) == 204
        events, turns = await reading, await visitor.turns()
        await behave(virtual, "sim-chat")
        return events, turns, await visitor.ask("hello")

    events, turns, after = virtual.run(main())
    stopped = virtual.requests()[0] if stop_at else None
    assert events[-1][0] == "end"
    assert "[Stopped.]" in events[-1][1]
    assert ANSWER.startswith(text(events))
    assert turns == [[RIVER, events[-1][1]]]
    if stopped is not None:
        assert (stopped.ended, stopped.tokens_unsent > 0) == ("client left", True)
    assert after[-1][0] == "end"
    told = virtual.requests()[-1].body["messages"][-2]
    assert told["role"] == "assistant"
    assert told["content"] == f"{text(events)}\n\n[Stopped.]"


def test_a_note_stands_beside_code_that_was_cut_off(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    (events,) = asked(
        virtual, app, "sim-chat:drop@60", "Write a Python function that counts words."
    )
    assert text(events).count("```") == 1
    assert events[-1][1].endswith(
        "</code></pre>\n<p><em>[The connection to the model failed.]</em></p>\n"
    )


def test_a_second_stop_and_a_late_one_do_no_harm(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        reply = await visitor.start(RIVER)
        await asyncio.sleep(1)
        assert await asyncio.gather(visitor.stop(reply), visitor.stop(reply)) == [204, 204]
        assert await visitor.stop(reply) == 204
        assert len(await visitor.turns()) == 1

    virtual.run(main())


# --- failures -------------------------------------------------------------------------------------

BREAKS = {
    "drop@9": "The connection to the model failed.",
    "end@9": "The reply ended before it was complete.",
    "error@9": "The model's provider reported an error.",
    "stall@9,100": "The model didn't answer in time.",
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_break_in_mid_reply_is_said_once_and_asks_nobody_again(
    virtual: VirtualSimulator, app: ModuleType, fault: str
) -> None:
    (events,) = asked(virtual, app, f"sim-chat:{fault}", RIVER)
    assert 0 < len(text(events)) < len(ANSWER)
    assert events[-1][0] == "failed"
    assert events[-1][1] == app.html(text(events), BREAKS[fault])
    assert len(virtual.requests()) == 1


@pytest.mark.parametrize(
    "fault", ["503@0", "429@0", "401@0", "404@0", "drop@0", "end@0", "slow@90"]
)
def test_before_the_first_text_the_fallback_answers(
    virtual: VirtualSimulator, app: ModuleType, fault: str
) -> None:
    (events,) = asked(virtual, app, f"sim-chat:{fault}", RIVER)
    assert text(events) == ANSWER
    assert events[-1][0] == "end"
    assert requests(virtual)[-1] == "sim-fast"


def test_after_a_tool_was_called_no_fallback_calls_it_again(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    @tool
    async def order_status(order: int) -> str:
        """Look up where an order is, by its number."""
        calls.append(order)
        await behave(virtual, "sim-chat:503@0")  # the first model fails from here on
        return "on its way"

    monkeypatch.setitem(app.assistant.TOOLS, "order_status", order_status)
    (events,) = asked(virtual, app, "sim-chat", ORDER)
    assert events[-1][0] == "failed"
    assert calls == [4711]
    assert "sim-fast" not in requests(virtual)


REFUSALS = {
    "401@0": "The model's provider refused this server's key.",
    "404@0": "The model's provider doesn't have this model.",
    "429@0": "The model's provider is too busy. Try again in a minute.",
    "500@0": "The model's provider reported an error.",
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_is_one_sentence_and_the_question_is_kept(
    virtual: VirtualSimulator, app: ModuleType, fault: str
) -> None:
    del app.assistant.MODELS[1:]
    events, after = asked(virtual, app, f"sim-chat:{fault}", RIVER, "hello")
    assert events[-1] == ("failed", app.markdown(f"*[{REFUSALS[fault]}]*"))
    assert after[-1][0] == "failed"
    assert virtual.requests()[-1].body["messages"][1] == {"role": "user", "content": RIVER}


def test_a_provider_that_can_t_be_reached_is_one_sentence(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    class Unreachable(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("no route to sk-secret-host-key")

    client = httpx2.AsyncClient(transport=Unreachable())
    app.assistant.MODELS[:] = [virtual.chat("sim", http_async_client=client)]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == ("failed", app.markdown("*[The connection to the model failed.]*"))
    assert "sk-secret" not in str(events)


@pytest.mark.parametrize(
    ("fault", "note"),
    [("length@9", "The reply reached its length limit."), ("filter@9", "Filtered.")],
)
def test_an_end_before_the_models_own_is_said(
    virtual: VirtualSimulator, app: ModuleType, fault: str, note: str
) -> None:
    (events,) = asked(virtual, app, f"sim-chat:{fault}", RIVER)
    assert events[-1] == ("end", app.html(text(events), note))


# --- tools ----------------------------------------------------------------------------------------


def test_a_tool_that_does_not_exist_or_fails_is_news_for_the_model(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool
    async def refund(order: int) -> str:
        """Fail."""
        raise RuntimeError("password hunter2")

    monkeypatch.setitem(app.assistant.TOOLS, "refund", refund)
    app.assistant.MODELS[:] = [Scripted("nothing_of_the_kind", "refund")]
    sent = app.assistant.MODELS[0].sent
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == ("end", "<p>done</p>\n")
    results = [message.content for message in sent[-1] if getattr(message, "type", "") == "tool"]
    assert results == ["The tool failed.", "The tool failed."]


def test_a_model_that_calls_tools_without_end_is_stopped(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    app.assistant.MODELS[:] = [Scripted(*["order_status"] * 20)]
    sent = app.assistant.MODELS[0].sent
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert len(sent) == app.assistant.MOST_ROUNDS
    assert events[-1] == ("end", app.markdown("*[Stopped after 5 rounds of tools.]*"))


@pytest.mark.parametrize("fault", ["end", "length"])
def test_a_call_that_was_cut_off_is_not_made(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    calls = []

    @tool
    async def order_status(order: int) -> str:
        """Look up where an order is, by its number."""
        calls.append(order)
        return "on its way"

    monkeypatch.setitem(app.assistant.TOOLS, "order_status", order_status)
    del app.assistant.MODELS[1:]
    for tokens in range(1, 8):  # the whole call has eight tokens
        asked(virtual, app, f"sim-chat:{fault}@{tokens}", ORDER)
    assert calls == []


# --- rejected requests ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "status"),
    [("", 422), ("  \n\t ", 422), ("x" * 8_001, 413), ("\u3000", 422)],
    ids=["empty", "blank", "long", "ideographic space"],
)
def test_a_message_that_won_t_do_is_a_sentence_and_changes_nothing(
    virtual: VirtualSimulator, app: ModuleType, message: str, status: int
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        await visitor.ask(RIVER)
        answer = await visitor.post(message)
        assert answer.status_code == status
        assert isinstance(answer.json()["detail"], str)
        assert [question for question, _ in await visitor.turns()] == [RIVER]

    virtual.run(main())
    assert len(virtual.requests()) == 1


def test_half_a_surrogate_pair_does_no_harm(virtual: VirtualSimulator, app: ModuleType) -> None:
    app.assistant.MODELS[:] = [Scripted(says=["a ", "\ud83d", "\ude00", " b ", "\ud83d"])]

    async def main() -> tuple[list[list[str]], Events]:
        visitor = Visitor(app)
        events = await visitor.ask("broken \ud83d")
        return await visitor.turns(), events

    ((question, reply),), events = virtual.run(main())
    assert question == "broken \ufffd"
    assert reply == events[-1][1] == "<p>a \U0001f600 b \ufffd</p>\n"


def test_a_second_question_while_one_is_answered_is_refused_and_the_first_goes_on(
    virtual: VirtualSimulator, app: ModuleType
) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        reply = await visitor.start(RIVER)
        again = await asyncio.gather(visitor.post("hello"), visitor.post("hello"))
        assert [answer.status_code for answer in again] == [409, 409]
        assert "stop it" in again[0].json()["detail"]
        assert text(await visitor.read(reply)) == ANSWER
        assert len(await visitor.turns()) == 1

    virtual.run(main())


def test_two_questions_at_once_start_one_reply(virtual: VirtualSimulator, app: ModuleType) -> None:
    async def main() -> None:
        await behave(virtual, "sim-chat")
        visitor = Visitor(app)
        await visitor.ask("hello")
        answers = await asyncio.gather(*(visitor.post(RIVER) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]

    virtual.run(main())


@pytest.mark.parametrize("path", ["/replies/nothing", "/replies/nothing/stop"])
def test_a_reply_that_isn_t_kept_is_404(
    virtual: VirtualSimulator, app: ModuleType, path: str
) -> None:
    async def main() -> int:
        client = httpx2.AsyncClient(transport=AppTransport(app.app), base_url="http://app")
        method = "POST" if path.endswith("stop") else "GET"
        return (await client.request(method, path)).status_code

    assert virtual.run(main()) == 404


# --- Markdown -------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "[click](vbscript:x)",
    "![seen](https://tracker.example/pixel.png)",
    '![a" onerror="alert(1)](x)',
    '[x](https://ok.example/"onmouseover="alert(1))',
    "<javascript:alert(1)>",
    "```html\n<script>alert(1)</script>\n```",
    "`<b onclick=alert(1)>`",
    "| <script> |\n| --- |\n| <iframe src=x> |",
]


@pytest.mark.parametrize("written", HOSTILE)
def test_nothing_a_model_writes_can_run_or_fetch(app: ModuleType, written: str) -> None:
    class Tags(HTMLParser):
        found: ClassVar[list[Any]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.append((tag, dict(attrs)))

    parser = Tags()
    parser.found = []
    parser.feed(app.markdown(written))
    for tag, attributes in parser.found:
        assert tag in {"p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert set(attributes) <= {"href", "class"}
        assert attributes.get("href", "https://").startswith(("https://", "http://", "#"))


@pytest.mark.parametrize("name", ["markdown", "python_code", "three_tips", "unicode"])
def test_what_is_rendered_while_it_comes_is_all_text_but_the_last_paragraph(
    app: ModuleType, name: str
) -> None:
    source = next(reply.text for reply in prepared_replies.all_replies() if reply.name == name)
    done, rest = "", ""
    for character in source:
        blocks, rest = app.split_blocks(rest + character)
        done += blocks + "\n\n" if blocks else ""
        assert done.count("```") % 2 == 0
    assert done + rest == source


# --- memory ---------------------------------------------------------------------------------------


def test_only_the_last_reply_of_a_visitor_and_so_many_visitors_are_kept(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_VISITORS", 3)

    async def main() -> None:
        await behave(virtual, "sim-fast")
        visitors = [Visitor(app) for _ in range(6)]
        for visitor in visitors:
            for message in ("hello", "hi"):
                await visitor.ask(message)
        assert len(app.latest) == len(app.conversations) == 3
        kept = [len(turn.events) for turns in app.conversations.values() for turn in turns]
        assert [events > 0 for events in kept] == [False, True] * 3
        assert await visitors[0].turns() == []
        assert len(await visitors[5].turns()) == 2

    virtual.run(main())


def test_a_conversation_whose_reply_is_being_written_is_kept(
    virtual: VirtualSimulator, app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_VISITORS", 1)

    async def main() -> None:
        await behave(virtual, "sim-chat")
        slow, quick = Visitor(app), Visitor(app)
        reply = await slow.start(RIVER)
        await quick.start("hello")
        assert text(await slow.read(reply)) == ANSWER

    virtual.run(main())


def test_without_a_model_it_says_what_is_missing() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "OPENAI_MODEL"}
    done = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=PLACE, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "Set OPENAI_MODEL to the name of a model, such as gpt-5-mini."
