"""Every fault in `FAULTS`: its effect on a stream, and how `ChatOpenAI` reacts.

For example, the model `sim-chat:drop@7` drops the connection after 7 tokens. FAULTS.md describes
all faults.
"""

import json
import math
import re
import socket
import sys
from contextlib import nullcontext
from pkgutil import resolve_name
from typing import Any

import httpx2
import openai
import pytest
from langchain_openai import ChatOpenAI

from tests.simulator.raw import ask, chat, events, unread
from utils.assistant import order_status
from utils.simulator import Simulator
from utils.simulator.compose import compose
from utils.simulator.content.prepared_replies import answer
from utils.simulator.faults import FAULTS, Fault, parse
from utils.simulator.model_request import ModelRequest, Turn
from utils.simulator.profiles import PROFILES
from utils.simulator.reply import reasoning_tokens
from utils.simulator.tokens import split

PROMPT = "What do I pack for a hike?"
REPLY = answer(PROMPT)
QUESTION = [{"role": "user", "content": PROMPT}]
MEGABYTES = 1  # the size of a flood in these tests


def whole(fault: Fault) -> str:
    """Return the text of a complete reply with this fault and its default numbers."""
    if fault.name == "mangled":  # drops token 40
        return "".join(token for place, token in enumerate(split(REPLY)) if place != 40)
    if fault.name == "flood":
        piece = (REPLY * 4096)[:4096]  # 4 KB, as documented in FAULTS.md
        return piece * (MEGABYTES * 1_000_000 // len(piece))
    return REPLY


def outcome(model: ChatOpenAI) -> tuple[list[str], str | None, Exception | None]:
    """Return the non-empty pieces received, the finish reason, and the exception, if any."""
    texts: list[str] = []
    finish = None
    try:
        for chunk in model.stream(PROMPT):
            texts += [chunk.text] if chunk.text else []
            finish = chunk.response_metadata.get("finish_reason") or finish
    except (openai.APIError, ValueError, AttributeError) as error:
        return texts, finish, error
    return texts, finish, None


def suffixes(fault: Fault) -> list[str]:
    """Return the fault's name and, if it has `tokens`, the name with 0 and 999 tokens."""
    if fault.name == "flood":
        return [f"flood@{MEGABYTES}"]
    numbers = ["", "@0", "@999"] if "tokens" in dict(fault.numbers) else [""]
    return [f"{fault.name}{number}" for number in numbers]


@pytest.mark.parametrize("name", [name for fault in FAULTS.values() for name in suffixes(fault)])
@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
def test_chat_openai_reacts_as_listed(server: Simulator, name: str, by_responses: bool) -> None:
    fault = FAULTS[name.partition("@")[0]]
    model = chat(server, f"sim-fast:{name}", use_responses_api=by_responses)
    received, _, error = outcome(model)
    raised = fault.by_responses if by_responses else fault.raises
    if raised:  # the name of the expected exception, such as "openai.APIError"
        named = resolve_name(raised if "." in raised else f"builtins.{raised}")
        assert named in (type(error), *type(error).__bases__)
    else:
        assert error is None
    if whole(fault) == REPLY:
        assert REPLY.startswith("".join(received))


@pytest.mark.parametrize(
    "name",
    [name for fault in FAULTS.values() if fault.stage == "generation" for name in suffixes(fault)],
)
def test_the_usage_and_the_end_fit_the_pieces(name: str) -> None:
    request = ModelRequest(f"sim-fast:thinking:{name}", (Turn("user", PROMPT),))
    reply = compose(request, PROFILES["fast"], attempt=1)
    assert reply.usage.completion == sum(piece.tokens for piece in reply.pieces)
    assert reply.usage.reasoning == reasoning_tokens(reply.pieces, reply.parts)
    assert sorted(times := [*(piece.at for piece in reply.pieces), reply.end]) == times


def stream(server: Simulator, model: str, **fields: Any) -> bytes:
    body = {"model": model, "messages": QUESTION, "stream": True} | fields
    response = ask(server, body)
    assert response.status_code == 200
    return response.content


def texts(chunks: list[Any]) -> list[str]:
    """Return the non-empty pieces of text in the chunks of a chat completion."""
    return [
        choice["delta"]["content"]
        for chunk in chunks
        if chunk != "[DONE]"
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    ]


@pytest.mark.parametrize("name", ["end", "error", "drop", "bare", "cut", "notjson"])
@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
def test_a_failed_reply_has_the_earlier_tokens_and_no_finish_reason(
    server: Simulator, name: str, by_responses: bool
) -> None:
    model = chat(server, f"sim-chat:{name}@7", use_responses_api=by_responses)
    received, finish, error = outcome(model)
    assert (received, finish) == (list(split(REPLY)[:7]), None)
    assert (error is None) is (name in ("end", "bare"))


def test_a_bare_error_is_sent_as_plain_json(server: Simulator) -> None:
    assert b'\n\n{"error": {"message": "The server had' in stream(server, "sim-chat:bare@7")


def test_the_text_of_a_mangled_event_is_silently_lost(server: Simulator) -> None:
    tokens = split(REPLY)
    received, finish, error = outcome(chat(server, "sim-chat:mangled@7"))
    assert received == [*tokens[:7], *tokens[8:]]
    assert (finish, error) == ("stop", None)


def test_a_stream_may_lack_done(server: Simulator) -> None:
    chunks = events(stream(server, "sim-chat:nodone"))
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert b"[DONE]" not in stream(server, "sim-chat:end@3")


@pytest.mark.skipif(
    sys.platform != "linux", reason="Only Linux reports what a client has acknowledged."
)
def test_a_slow_reader_gets_everything_sent_before_a_reset(server: Simulator) -> None:
    beyond_the_end = "sim-chat:drop@99999"  # drops the connection after the last token
    body = {"model": beyond_the_end, "messages": QUESTION, "stream": True}
    with unread(server, body, buffer=16_384) as client:
        raw = bytearray(client.recv(1))
        while server.requests(settled=False)[-1].ended == "streaming":
            pass
        assert server.requests(settled=False)[-1].ended == "failed"
        with pytest.raises(ConnectionResetError):
            read_on(client, raw)
    received = b"".join(re.findall(rb'"content": ?"([^"]*)"', raw))
    assert received.decode() == REPLY.replace("\n", r"\n")


def read_on(client: socket.socket, raw: bytearray) -> None:
    while part := client.recv(65536):
        raw += part


def test_a_dropped_connection_is_logged_as_failed(server: Simulator) -> None:
    model = chat(server, "sim-chat:drop@5")
    with server.watch() as seen:
        outcome(model)
        with pytest.raises(openai.APIConnectionError):
            model.invoke(PROMPT)
    assert [(it.ended, it.status) for it in seen] == [("failed", 200)] * 2
    assert seen[0].tokens_sent == 5


@pytest.mark.parametrize(("name", "finish"), [("length", "length"), ("filter", "content_filter")])
def test_a_truncated_reply_has_a_finish_reason(server: Simulator, name: str, finish: str) -> None:
    received, reason, error = outcome(chat(server, f"sim-chat:{name}@9"))
    assert (len(received), reason, error) == (9, finish, None)


def test_packed_chunks_contain_several_tokens_and_the_same_text(server: Simulator) -> None:
    loose = texts(events(stream(server, "sim-chat")))
    packed = texts(events(stream(server, "sim-chat:packed@5")))
    assert "".join(packed) == "".join(loose) == REPLY
    assert len(packed) == math.ceil(len(loose) / 5)


@pytest.mark.parametrize("later", ["end", "failed", "cut", "drop"])
@pytest.mark.parametrize(("first", "raised"), [("drop", httpx2.ReadError), ("error", None)])
def test_of_two_faults_the_first_ends_the_reply(
    server: Simulator, first: str, raised: type[Exception] | None, later: str
) -> None:
    name = f"sim-chat:{first}@1:{later}@999"
    with pytest.raises(raised) if raised else nullcontext():
        assert events(stream(server, name))[-1]["error"]


@pytest.mark.parametrize("name", ["packed@4:filter@8", "filter@8:packed@4"])
def test_a_limit_counts_tokens_rather_than_packed_chunks(server: Simulator, name: str) -> None:
    loose = texts(events(stream(server, "sim-chat")))
    packed = texts(events(stream(server, f"sim-chat:{name}")))
    assert packed == ["".join(loose[:4]), "".join(loose[4:8])]


@pytest.mark.parametrize("usage", [False, True])
def test_usage_is_sent_once_whether_requested_or_not(server: Simulator, usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if usage else {}
    chunks = events(stream(server, "sim-chat:usage", **options))
    assert [c["choices"] for c in chunks[-2:-1]] == [[]]
    assert sum(bool(c.get("usage")) for c in chunks[:-1]) == 1


def test_the_first_chunk_has_no_choices(server: Simulator) -> None:
    chunks = events(stream(server, "sim-chat:empty"))
    assert chunks[0]["choices"] == []
    assert texts(chunks) == texts(events(stream(server, "sim-chat")))


def test_keep_alive_comments_are_sent_during_pauses(server: Simulator) -> None:
    raw = stream(server, "sim-laptop:keepalive@1", max_tokens=3)
    assert raw.startswith(b": keep-alive\n\n")
    assert raw.count(b": keep-alive\n\n") >= 3
    data = b"".join(part + b"\n\n" for part in raw.split(b"\n\n") if part.startswith(b"data"))
    assert len(texts(events(data))) == 3


def test_refusals_start_again_after_a_success(server: Simulator) -> None:
    body = {"model": "sim-fast:429@1", "messages": QUESTION, "max_tokens": 1}
    assert [ask(server, body).status_code for _ in range(4)] == [429, 200, 429, 200]


def test_a_flood_respects_max_tokens(server: Simulator) -> None:
    received, finish, _ = outcome(chat(server, "sim-fast:flood@1", max_tokens=3000))
    assert [len(text) for text in received] == [4096, 4096]  # 1,024 tokens each
    assert finish == "length"


@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
def test_a_flood_has_no_reasoning(server: Simulator, by_responses: bool) -> None:
    model = chat(server, "sim-fast:thinking:flood@0.01", use_responses_api=by_responses)  # 10 kB
    received, _, error = outcome(model)
    assert [len(text) for text in received] == [4096, 4096]
    assert error is None


@pytest.mark.parametrize("suffix", ["odd", "drop@", "drop@x", "drop@1,2", "drop@-1", ":"])
def test_an_invalid_fault_is_refused(suffix: str) -> None:
    assert parse(suffix) is None


def test_omitted_numbers_have_defaults() -> None:
    (plain,), (given,) = parse("stall@5"), parse("stall@5,2.5")
    assert plain.numbers == (5, 15)
    assert given.numbers == (5, 2.5)


@pytest.mark.parametrize(
    ("name", "called", "arguments"),
    [
        ("misnamed", "order_status_now", '{"order": 4711}'),
        ("garbled", "order_status", None),
        ("misfit", "order_status", '{"x_order": 4711}'),
    ],
)
@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
def test_an_invalid_call_has_a_normal_finish_reason(
    server: Simulator, name: str, called: str, arguments: str | None, by_responses: bool
) -> None:
    plain = chat(server, f"sim-fast:{name}", use_responses_api=by_responses)
    model = plain.bind_tools([order_status])
    chunks = list(model.stream("Where is my order 4711?"))
    whole = sum(chunks[1:], chunks[0])
    good, bad = whole.tool_calls, whole.invalid_tool_calls
    assert [call["name"] for call in good or bad] == [called]
    if arguments is None:
        assert not good
    else:
        assert good[0]["args"] == json.loads(arguments)
    if not by_responses:
        assert whole.response_metadata["finish_reason"] == "tool_calls"
