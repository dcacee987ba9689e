"""The endpoints of the FastAPI app, tested without its page.

The fixture `app` is a fresh copy of the app's module. Its models are `sim`, which `behave`
controls, and the fallback `sim-fast`. They belong to `virtual`, a simulator in virtual time.
"""

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import wraps
from html.parser import HTMLParser
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple

import httpx2
import openai
import pytest
from langchain_core.tools import tool

from tests.apps.conftest import FASTAPI_FOLDER
from tests.apps.scripted import Scripted
from tests.simulator.virtual import KEY, AppTransport, VirtualSimulator
from utils import sse
from utils.simulator.content import prepared_replies

RIVER = "Name a river."
ANSWER = prepared_replies.answer(RIVER)
ORDER = "Where is my order 4711?"


class Event(NamedTuple):
    name: str
    data: Any


Events = list[Event]


class Visitor:
    def __init__(self, module: ModuleType) -> None:
        self._client = httpx2.AsyncClient(
            transport=AppTransport(module.app), base_url="http://app", timeout=None
        )

    async def post(self, message: Any) -> httpx2.Response:
        body = json.dumps({"message": message})  # escapes lone surrogates, as a browser does
        headers = {"content-type": "application/json"}
        return await self._client.post("/chat", content=body, headers=headers)

    async def start(self, message: str) -> str:
        answer = await self.post(message)
        assert answer.status_code == 200, answer.text
        return answer.json()["reply"]

    async def events(self, reply: str, after: int = 0) -> AsyncGenerator[tuple[str, str, Any]]:
        """Yield the ID, name and data of each event in a reply stream."""
        headers = {"last-event-id": str(after)} if after else {}
        request = self._client.stream("GET", f"/replies/{reply}", headers=headers)
        async with request as answer:
            assert answer.status_code == 200, answer.status_code
            reader = sse.Reader()
            async for piece in answer.aiter_bytes():
                for event in reader.feed(piece):
                    yield event.id, event.type, json.loads(event.data)

    async def read(self, reply: str, after: int = 0) -> Events:
        return [Event(name, data) async for _, name, data in self.events(reply, after)]

    async def ask(self, message: str) -> Events:
        return await self.read(await self.start(message))

    async def stop(self, reply: str) -> int:
        return (await self._client.post(f"/replies/{reply}/stop")).status_code

    async def conversation(self) -> dict[str, Any]:
        return (await self._client.get("/conversation")).json()

    async def turns(self) -> list[list[str]]:
        return (await self.conversation())["turns"]


@pytest.fixture
def visitor(app: ModuleType) -> Visitor:
    return Visitor(app)


def in_virtual_time(test: Callable[..., Any]) -> Callable[..., None]:
    """Wrap an async test so that it runs on the virtual event loop."""

    @wraps(test)
    def run(virtual: VirtualSimulator, **others: Any) -> None:
        virtual.run(test(virtual, **others))

    return run


def text(events: Events) -> str:
    return "".join(data for name, data in events if name == "text")


def behave(virtual: VirtualSimulator, model: str) -> Awaitable[Any]:
    """Make the app's `sim` model behave like another model, such as `sim-chat:drop@9`."""
    client = httpx2.AsyncClient(transport=AppTransport(virtual.app))
    return client.put(
        "http://virtual/simulator/sim",
        json={"model": model},
        headers={"authorization": f"Bearer {KEY}"},
    )


def asked(virtual: VirtualSimulator, app: ModuleType, model: str, *messages: str) -> list[Events]:
    """Send messages one after another from one client; return each reply's events."""

    async def main() -> list[Events]:
        await behave(virtual, model)
        visitor = Visitor(app)
        return [await visitor.ask(message) for message in messages]

    return virtual.run(main())


def test_a_reply_arrives_in_pieces_and_ends_with_its_html(virtual, app):
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[0] == ("status", "Thinking")
    assert text(events) == ANSWER
    assert len([name for name, _ in events if name == "text"]) > 20
    assert events[-1] == ("end", f"<p>{ANSWER}</p>\n")


def test_each_tool_is_named_while_it_runs(virtual, app):
    (events,) = asked(virtual, app, "sim-chat", ORDER)
    statuses = [data for name, data in events if name != "text"]
    assert statuses[:3] == ["Thinking", "order_status", "Thinking"]
    assert "arrives on Thursday" in text(events)


@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize(
    ("fault", "name", "note"),
    [
        ("", "end", ""),
        (":length@9", "end", "The reply reached its length limit."),
        (":filter@9", "end", "Filtered."),
        (":end@9", "failed", "The reply ended before it was complete."),
    ],
)
def test_the_end_of_a_reply_is_explained(virtual, app, fault, name, note, by_responses):
    # test both APIs: ChatOpenAI uses the Responses API for GPT-6 with tools
    models = app.assistant.MODELS
    models[:] = [model.model_copy(update={"use_responses_api": by_responses}) for model in models]
    events, order = asked(virtual, app, f"sim-chat{fault}", RIVER, ORDER)
    assert events[-1] == (name, app.html(text(events), note))
    assert note or "arrives on Thursday" in text(order)


def test_the_next_question_is_sent_with_the_conversation(virtual, app):
    asked(virtual, app, "sim-chat", RIVER, "Shorter, please.")
    sent = virtual.requests()[-1].body["messages"]
    assert [message["content"] for message in sent[1:]] == [RIVER, ANSWER, "Shorter, please."]
    assert [message["role"] for message in sent[1:]] == ["user", "assistant", "user"]


def test_a_long_conversation_is_shortened_to_whole_turns(virtual, app, monkeypatch):
    monkeypatch.setattr(app.replies, "MOST_TURNS", 1)
    asked(virtual, app, "sim-fast", "hi", "hello", "say hello")
    roles = [message["role"] for message in virtual.requests()[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


@in_virtual_time
async def test_visitors_have_separate_conversations_at_the_same_time(virtual, app):
    one, other = Visitor(app), Visitor(app)
    start = virtual.clock()
    first, second = await asyncio.gather(one.ask(RIVER), other.ask("hello"))
    both = virtual.clock() - start
    assert text(first) == ANSWER
    assert [question for question, _ in await one.turns()] == [RIVER]
    assert [question for question, _ in await other.turns()] == ["hello"]
    await Visitor(app).ask(RIVER)
    assert both < 1.5 * (virtual.clock() - start - both)
    assert text(second) == prepared_replies.answer("hello")


@pytest.mark.parametrize("leave_after", [1, 2, 7, 30])
def test_a_reader_who_reconnects_misses_nothing(virtual, visitor, leave_after):
    async def main() -> None:
        reply = await visitor.start(RIVER)
        first: Events = []
        async with aclosing(visitor.events(reply)) as events:
            async for number, name, data in events:
                first.append(Event(name, data))
                last = int(number)
                if len(first) == leave_after:
                    break
        rest = await visitor.read(reply, last)
        assert text(first) + text(rest) == ANSWER
        assert await visitor.read(reply) == first + rest  # as read by a newly loaded page

    virtual.run(main())
    assert [request.ended for request in virtual.requests()] == ["finished"]


@in_virtual_time
async def test_an_unknown_last_event_id(virtual, visitor):
    reply = await visitor.start(RIVER)
    await visitor.read(reply)
    assert await visitor.read(reply, 9_999) == []
    with pytest.raises(AssertionError, match="422"):
        await visitor.read(reply, -1)


@in_virtual_time
async def test_a_reply_is_completed_without_readers(virtual, visitor):
    await visitor.start(RIVER)
    await asyncio.sleep(10)
    turns = [[RIVER, f"<p>{ANSWER}</p>\n"]]
    assert await visitor.conversation() == {"turns": turns, "reply": None}


@pytest.mark.parametrize("stop_at", [0, 0.2, 1.0, 5.0], ids="{} s".format)
def test_stop_cancels_the_model_and_keeps_the_text(virtual, visitor, stop_at):
    async def main():
        await behave(virtual, "sim-seed:stall@10,60")  # silent after 3 s
        reply = await visitor.start(RIVER)
        reading = asyncio.create_task(visitor.read(reply))
        await asyncio.sleep(stop_at)
        for _ in range(2):  # pressing Stop again has no effect
            assert await asyncio.gather(visitor.stop(reply), visitor.stop(reply)) == [204, 204]
        events, turns = await reading, await visitor.turns()
        await behave(virtual, "sim-chat")
        return events, turns, await visitor.ask("hello")

    events, turns, after = virtual.run(main())
    assert events[-1].name == "end"
    assert "[Stopped.]" in events[-1].data
    assert ANSWER.startswith(text(events))
    assert turns == [[RIVER, events[-1].data]]
    assert after[-1].name == "end"
    first, last = virtual.requests()[0], virtual.requests()[-1]
    if stop_at:  # at 0 s, the reply may be stopped before the model is called
        assert (first.ended, first.tokens_unsent > 0) == ("client left", True)
    sent = last.body["messages"][-2]
    assert (sent["role"], sent["content"]) == ("assistant", f"{text(events)}\n\n[Stopped.]")


def test_a_note_follows_a_truncated_code_block(virtual, app):
    (events,) = asked(
        virtual, app, "sim-chat:drop@60", "Write a Python function that counts words."
    )
    assert text(events).count("```") == 1
    assert events[-1].data.endswith(
        "</code></pre>\n<p><em>[The connection to the model failed.]</em></p>\n"
    )


BREAKS = {
    "drop@9": "The connection to the model failed.",
    "end@9": "The reply ended before it was complete.",
    "error@9": "The model's provider reported an error.",
    "stall@9,100": "The model didn't answer in time.",
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_failure_midway_is_reported_and_not_retried(virtual, app, fault):
    (events,) = asked(virtual, app, f"sim-chat:{fault}", RIVER)
    assert 0 < len(text(events)) < len(ANSWER)
    assert events[-1].name == "failed"
    assert events[-1].data == app.html(text(events), BREAKS[fault])
    assert len(virtual.requests()) == 1


@pytest.mark.parametrize(
    "fault", ["503@0", "429@0", "401@0", "404@0", "drop@0", "end@0", "slow@90"]
)
def test_the_fallback_takes_over_before_the_first_text(virtual, app, fault, caplog):
    (events,) = asked(virtual, app, f"sim-chat:{fault}", RIVER)
    assert "The fallback model takes over" in caplog.messages
    assert text(events) == ANSWER
    assert events[-1].name == "end"
    assert virtual.requests()[-1].model == "sim-fast"


@pytest.fixture
def calls(virtual, app, monkeypatch) -> list[int]:
    """Return the list of orders looked up. Once there is one, the model `sim` fails."""
    orders = []

    @tool
    async def order_status(order: int) -> str:
        """Look up where an order is, by its number."""
        orders.append(order)
        await behave(virtual, "sim-chat:503@0")
        return "on its way"

    monkeypatch.setitem(app.assistant.TOOLS, "order_status", order_status)
    return orders


def test_the_fallback_does_not_repeat_a_tool_call(virtual, app, calls):
    (events,) = asked(virtual, app, "sim-chat", ORDER)
    assert events[-1].name == "failed"
    assert calls == [4711]
    assert "sim-fast" not in [request.model for request in virtual.requests()]


REFUSALS = {
    "401@0": "The model's provider refused this server's key.",
    "404@0": "The model's provider doesn't have this model or URL.",
    "429@0": "The model's provider is too busy. Try again in a minute.",
    "500@0": "The model's provider reported an error.",
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_is_explained_and_the_question_is_kept(virtual, app, fault):
    del app.assistant.MODELS[1:]
    events, after = asked(virtual, app, f"sim-chat:{fault}", RIVER, "hello")
    assert events[-1] == ("failed", app.markdown(f"*[{REFUSALS[fault]}]*"))
    assert after[-1].name == "failed"
    assert virtual.requests()[-1].body["messages"][1] == {"role": "user", "content": RIVER}


@pytest.mark.parametrize("args", ['{"order": 1}', '"order": 1}'], ids=["JSON", "not JSON"])
def test_a_failed_or_unknown_tool_is_reported_to_the_model(virtual, app, monkeypatch, args):
    @tool
    async def refund(order: int) -> str:
        """Refund an order."""
        raise RuntimeError("password hunter2")

    monkeypatch.setitem(app.assistant.TOOLS, "refund", refund)
    app.assistant.MODELS[:] = [model := Scripted("nothing_of_the_kind", "refund", args=args)]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == COMPLETE
    last = model.sent[-1]
    results = [message.content for message in last if getattr(message, "type", "") == "tool"]
    assert results == ["The tool failed.", "The tool failed."]


def test_endless_tool_calls_are_stopped(virtual, app):
    app.assistant.MODELS[:] = [model := Scripted(*["order_status"] * 20)]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert len(model.sent) == app.assistant.MOST_ROUNDS
    assert events[-1] == ("end", app.markdown("*[Stopped after 5 rounds of tools.]*"))


COMPLETE = ("end", "<p>done</p>\n")


@pytest.mark.parametrize("reasons", [["stop"], ["tool_calls", "tool_calls"]], ids=" ".join)
def test_other_providers_ends_of_a_tool_call_are_understood(virtual, app, reasons):
    app.assistant.MODELS[:] = [Scripted("order_status", calls_end=reasons)]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert ("tool", "order_status") in events
    assert events[-1] == COMPLETE


def test_a_tool_call_with_another_finish_reason_is_a_failure_not_a_blank_reply(virtual, app):
    app.assistant.MODELS[:] = [Scripted("order_status", calls_end=["unknown"])]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == ("failed", app.html("", BREAKS["end@9"]))


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_a_finish_reason_can_report_a_failure(virtual, app, reason):
    app.assistant.MODELS[:] = [Scripted(text_ends=[reason])]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == ("failed", app.html("done", BREAKS["end@9"]))


def test_a_reply_without_text_has_a_note(virtual, app):
    app.assistant.MODELS[:] = [Scripted(says=())]
    (events,) = asked(virtual, app, "sim-chat", RIVER)
    assert events[-1] == ("end", app.html("", "The model returned no text."))


@pytest.mark.parametrize("fault", ["end", "length"])
def test_a_truncated_tool_call_is_not_run(virtual, app, calls, fault):
    del app.assistant.MODELS[1:]
    for tokens in range(1, 8):  # the complete tool call has eight tokens
        asked(virtual, app, f"sim-chat:{fault}@{tokens}", ORDER)
    assert calls == []


@pytest.mark.parametrize(
    ("message", "status"),
    [("", 422), ("  \n\t ", 422), ("x" * 8_001, 413), ("\u3000", 422)],
    ids=["empty", "blank", "long", "ideographic space"],
)
def test_an_invalid_message_is_explained_and_changes_nothing(virtual, visitor, message, status):
    async def main() -> None:
        await visitor.ask(RIVER)
        answer = await visitor.post(message)
        assert answer.status_code == status
        assert isinstance(answer.json()["detail"], str)
        assert [question for question, _ in await visitor.turns()] == [RIVER]

    virtual.run(main())
    assert len(virtual.requests()) == 1


@in_virtual_time
async def test_halves_of_characters_are_joined_or_replaced(virtual, app, visitor):
    app.assistant.MODELS[:] = [Scripted(says=["a ", "\ud83d", "\ude00", " b ", "\ud83d", " c"])]
    events = await visitor.ask("broken \ud83d")
    ((question, reply),) = await visitor.turns()
    assert question == "broken \ufffd"
    assert reply == events[-1].data == "<p>a \U0001f600 b \ufffd c</p>\n"
    pieces = [data for name, data in events if name == "text"]
    assert pieces == ["a ", "\U0001f600", " b ", "\ufffd c"]


@in_virtual_time
async def test_a_visitor_has_one_reply_at_a_time(virtual, visitor):
    await visitor.ask("hello")
    answers = await asyncio.gather(*(visitor.post(RIVER) for _ in range(5)))
    first, *others = sorted(answers, key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in others] == [409] * 4
    assert "stop it" in others[0].json()["detail"]
    assert text(await visitor.read(first.json()["reply"])) == ANSWER
    assert len(await visitor.turns()) == 2


@in_virtual_time
async def test_an_unknown_reply_is_404(virtual, visitor):
    with pytest.raises(AssertionError, match="404"):
        await visitor.read("nothing")
    assert await visitor.stop("nothing") == 404


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
def test_a_models_markdown_cannot_run_or_fetch_anything(app, written):
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Tags().feed(app.markdown(written))
    for tag, attributes in found:
        assert tag in {"p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert set(attributes) <= {"href", "class"}
        assert attributes.get("href", "https://").startswith(("https://", "http://", "#"))


@pytest.mark.parametrize("name", ["markdown", "python_code", "three_tips", "unicode"])
def test_all_paragraphs_but_the_last_are_rendered_while_streaming(app, name):
    source = next(reply.text for reply in prepared_replies.all_replies() if reply.name == name)
    done, rest = "", ""
    for character in source:
        blocks, rest = app.split_blocks(rest + character)
        done += blocks + "\n\n" if blocks else ""
        assert done.count("```") % 2 == 0
    assert done + rest == source


@in_virtual_time
async def test_old_replies_and_old_visitors_are_dropped(virtual, app, monkeypatch):
    monkeypatch.setattr(app.replies, "MOST_VISITORS", 3)
    await behave(virtual, "sim-fast")
    visitors = [Visitor(app) for _ in range(6)]
    replies = []
    for visitor in visitors:
        for message in ("hello", "hi"):
            replies.append(await visitor.start(message))
            await visitor.read(replies[-1])
    assert [len(await visitor.turns()) for visitor in visitors] == [0] * 3 + [2] * 3
    status = [await visitors[0].stop(reply) for reply in replies]
    assert status == [404] * 6 + [404, 204] * 3


@in_virtual_time
async def test_a_conversation_is_kept_while_its_reply_streams(virtual, app, monkeypatch):
    monkeypatch.setattr(app.replies, "MOST_VISITORS", 1)
    slow, quick = Visitor(app), Visitor(app)
    reply = await slow.start(RIVER)
    await quick.start("hello")
    assert text(await slow.read(reply)) == ANSWER


def test_a_missing_model_is_reported(app, monkeypatch):
    monkeypatch.delenv("OPENAI_MODEL")
    with pytest.raises(SystemExit) as caught:
        importlib.reload(app.assistant)
    assert caught.value.code == "Set OPENAI_MODEL to the name of a model, such as gpt-5-mini."


def test_a_line_break_after_the_key_is_not_sent(app, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\n")
    model, _ = importlib.reload(app.assistant).MODELS
    assert model.openai_api_key.get_secret_value() == "sk-1"


@in_virtual_time
async def test_a_tool_is_named_before_its_result(virtual, app):
    pieces = [piece async for piece in app.assistant.answer([("user", ORDER)])]
    assert [kind for kind, _ in pieces[:3]] == ["tool", "result", "text"]
    assert "arrives on Thursday" in pieces[1][1]


@pytest.mark.parametrize("fault", ["slow@90", "stall@9,90", "429@9,70"])
@in_virtual_time
async def test_a_silent_model_times_out_before_a_proxy_does(virtual, app, fault):
    del app.assistant.MODELS[1:]
    await behave(virtual, f"sim-chat:{fault}")
    times = [virtual.clock()]

    async def read() -> None:
        async for _ in app.assistant.answer([("user", RIVER)]):
            times.append(virtual.clock())  # noqa: PERF401 (a comprehension loses them on failure)

    (failure,) = await asyncio.gather(read(), return_exceptions=True)
    times.append(virtual.clock())
    assert app.assistant.sentence(failure) == "The model didn't answer in time."
    assert max(end - start for start, end in pairwise(times)) < 60


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (openai.OpenAIError, "The model's provider reported an error."),
        (ValueError, "The server failed."),
    ],
)
def test_an_exceptions_own_text_is_logged_but_never_shown(app, caplog, kind, said):
    assert app.assistant.sentence(kind("key 123")) == said
    assert "key 123" in caplog.text


def test_apps_import_nothing_from_the_course():
    sources = {
        path: path.read_text(encoding="utf-8") for path in FASTAPI_FOLDER.parent.rglob("*.py")
    }
    assert len(sources) == 7
    for path, source in sources.items():
        assert "utils" not in source, path.name
        assert "from tools" not in source, path.name
