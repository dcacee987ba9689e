"""Recording valid and malformed streams; storing and replaying the recordings.

A recording's `parts` are (kind, tool name) pairs; its `pieces` are (time, index of the part, text).
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from tests.simulator.virtual import VirtualSimulator
from utils.simulator.profiles import PROFILES
from utils.simulator.recording.recorder import RecordError, record
from utils.simulator.recording.recordings import (
    RecordedReply,
    RecordingError,
    Recordings,
    read,
    write,
)

REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
DONE = b"data: [DONE]\n\n"


def text(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content} | more}]}


def sse(*events: Any) -> bytes:
    """Encode events as an event stream; strings are used unchanged."""
    data = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {item}\n\n" for item in data).encode()


def recorded(*pieces: bytes, error: Exception | None = None) -> tuple[RecordedReply, int]:
    """Record a reply made of these bytes; return it, and the number of unreadable items."""

    def body() -> Iterator[bytes]:
        yield from pieces
        if error:
            raise error

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body())

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = OpenAI(base_url="http://p/v1", api_key="k", http_client=http, max_retries=0)
        return record(client, REQUEST)


def text_of(reply: RecordedReply) -> str:
    """Return a recording's text, without reasoning or tool calls."""
    kinds = [kind for kind, _ in reply.parts]
    return "".join(text for _, part, text in reply.pieces if kinds[part] == "text")


def times(reply: RecordedReply) -> list[float]:
    return [at for at, _, _ in reply.pieces]


def saved(reply: RecordedReply, folder: Path) -> RecordedReply:
    """Return a recording after writing it to a file and reading it back."""
    write(folder / "trace.json", [reply])
    (again,) = read(folder / "trace.json")
    return again


@contextmanager
def replaying(reply: RecordedReply) -> Iterator[OpenAI]:
    with closing(VirtualSimulator(recordings=Recordings([reply]))) as simulator:
        yield simulator.openai()


def replayed(reply: RecordedReply) -> list[dict[str, Any]]:
    """Replay a recording, and return the non-empty deltas."""
    with replaying(reply) as client:
        create = client.chat.completions.with_raw_response.create
        lines = create(**REQUEST, stream=True).http_response.read().decode().split("\n\n")
    data = [line.removeprefix("data: ") for line in lines if line]
    assert data.pop() == "[DONE]"
    choices = [choice for item in data for choice in json.loads(item)["choices"]]
    return [choice["delta"] for choice in choices if choice["delta"]]


def test_a_recording_has_the_times_of_pieces_and_a_replay_keeps_their_rhythm() -> None:
    request = {"model": "sim-laptop:stall@6,8", "messages": REQUEST["messages"]}
    provider = VirtualSimulator()
    first, _ = record(provider.openai(), request, provider.clock)
    (asked,) = provider.requests()
    provider.close()
    gaps = [later - earlier for earlier, later in pairwise(times(first))]
    expected = [asked.planned_gap] * len(gaps)
    expected[5] += 8.0  # the stall
    assert gaps == pytest.approx(expected, abs=2e-4)
    assert times(first)[0] == pytest.approx(asked.planned_ttft, abs=1e-4)

    replay = VirtualSimulator(recordings=Recordings([first]), speed=0.5)
    second, _ = record(replay.openai(), request, replay.clock)
    replay.close()
    assert second.opening == pytest.approx(2 * first.opening, abs=1e-3)
    assert second.end == pytest.approx(2 * first.end, abs=1e-3)
    assert times(second) == pytest.approx([2 * at for at in times(first)], abs=1e-3)


@pytest.mark.parametrize(
    ("odd", "count"),
    [
        ([{"choices": None}, {"usage": None}, text(None)], 0),
        (["null", "[]", "{", "oops", "[" * 100_000], 5),
        ([{"choices": "x"}, {"choices": [None]}, {"choices": [{"delta": 5}]}], 3),
        ([text(5), text("", tool_calls=[{"function": {"name": True}}]), {"usage": "x"}], 3),
    ],
)
def test_unreadable_events_and_fields_are_counted(odd: list[Any], count: int) -> None:
    reply, left_out = recorded(sse(text("a"), *odd, text("b"), STOP))
    assert (text_of(reply), left_out) == ("ab", count)


def test_halves_of_an_emoji_are_replayed_unchanged(tmp_path: Path) -> None:
    reply, _ = recorded(sse(text("a \ud83d"), text("\ude00 b"), text("\udc00"), STOP))
    again = saved(reply, tmp_path)
    assert [text for _, _, text in again.pieces] == ["a \ud83d", "\ude00 b", "\udc00"]
    assert [delta["content"] for delta in replayed(again)[1:]] == ["a \ud83d", "\ude00 b", "\udc00"]


@pytest.mark.parametrize("end", [b"", b"\n\n" + DONE + sse(text("after the end"))])
def test_a_reply_ends_with_done_or_with_the_response(end: bytes) -> None:
    reply, _ = recorded(sse(text("a"), {"choices": [{"finish_reason": "eos"}]}).rstrip() + end)
    assert (text_of(reply), reply.finish) == ("a", "eos")


BROKEN = httpx2.RemoteProtocolError("peer closed connection")


def test_a_connection_that_drops_before_the_finish_reason_is_an_error() -> None:
    with pytest.raises(RecordError, match=r"dropped before the end of .* \(RemoteProtocolErr"):
        recorded(sse(text("a"), text("b"))[:-30], error=BROKEN)


def test_a_connection_that_drops_after_the_finish_reason_loses_nothing() -> None:
    assert text_of(recorded(sse(text("a"), STOP), b"data: {", error=BROKEN)[0]) == "a"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "Unexpected endpoint or method. (POST /chat/completions)"}', "end in /v1"),
        (sse("null", "oops"), "end in /v1"),
        (sse(text("a")), "reply is truncated"),
        (sse(text("a"), {"error": {"message": "out of memory"}}), "with an error: out of memory"),
        (sse(text("a"), {"error": "out of memory"}), "with an error: out of memory"),
        (sse({"choices": [{"index": 1, "delta": {}}]}), "several choices"),
    ],
)
def test_an_incomplete_or_invalid_reply_is_explained(body: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        recorded(body)


def test_calls_are_separated_despite_missing_and_repeated_indexes(tmp_path: Path) -> None:
    def call(**fields: Any) -> dict[str, Any]:
        return {"choices": [{"delta": {"tool_calls": [fields]}}]}

    sent = [
        call(index=0, id="a", function={"name": "f", "arguments": ""}),
        call(index=0, function={"arguments": '{"x"'}),
        call(index=1, id="b", function={"name": "g"}),
        call(index=0, function={"arguments": ": 1}"}),
        # Some servers send arguments as an object.
        call(index=0, id="c", function={"name": "h", "arguments": {"y": "é"}}),
        call(id="d", function={"name": "i", "arguments": "{}"}),
        STOP,
    ]
    reply = saved(recorded(sse(*sent))[0], tmp_path)
    assert reply.parts == (("call", "f"), ("call", "g"), ("call", "h"), ("call", "i"))
    calls = [delta["tool_calls"][0] for delta in replayed(reply)[1:]]
    assert [call["index"] for call in calls if "id" in call] == [0, 1, 2, 3]
    with replaying(reply) as client:
        response = client.responses.create(model="m", input="Hello?")
    assert [(item.name, item.arguments) for item in response.output] == [
        ("f", '{"x": 1}'), ("g", ""), ("h", '{"y": "é"}'), ("i", "{}"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content", "thinking"])
def test_mixed_reasoning_and_text_are_replayed_with_both_apis(name: str, tmp_path: Path) -> None:
    # some servers send the content as a list
    parts = [{"type": "text", "text": "c"}, {"type": "image"}]
    sent = [text("a"), text(None, **{name: "Hm"}), text("b"), text(parts), STOP]
    reply = saved(recorded(sse(*sent))[0], tmp_path)
    deltas = replayed(reply)[1:]
    assert "".join(delta.get("content", "") for delta in deltas) == "abc"
    assert "".join(delta.get("reasoning_content", "") for delta in deltas).strip() == "Hm"
    with replaying(reply) as client, client.responses.stream(model="m", input="Hello?") as stream:
        kinds = [event.type for event in stream]
        response = stream.get_final_response()
    assert response.output_text == "abc"
    assert [item.type for item in response.output] == ["reasoning", "message"]
    for change in ("added", "done"):
        assert kinds.count(f"response.output_item.{change}") == 2


def test_thinking_among_the_content_is_recorded_and_a_refusal_is_counted() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]  # from Mistral
    reply, left_out = recorded(sse(text(thinking), text("a"), text(None, refusal="No."), STOP))
    assert reply.parts == (("thought", ""), ("text", ""))
    assert [piece for _, _, piece in reply.pieces] == ["Hm", "a"]
    assert left_out == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
SURROGATES = st.text(st.characters(codec=None, categories=("Cs", "L", "Zs", "So")), max_size=5)


def fields(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for objects with some of these fields, and for other JSON values."""
    optional = {name: value | JSON for name, value in values.items()}
    return JSON | st.fixed_dictionaries({}, optional=optional)


CALL = fields(
    index=st.integers(0, 2),
    id=st.text(max_size=3),
    function=fields(name=st.text(), arguments=SURROGATES),
)
DELTA = fields(content=SURROGATES, reasoning=SURROGATES, tool_calls=st.lists(CALL, max_size=3))
CHOICE = st.fixed_dictionaries({}, optional={"delta": DELTA, "finish_reason": JSON})
CHUNK = fields(
    choices=st.lists(CHOICE, max_size=2),
    usage=fields(
        prompt_tokens=st.integers(-9, 9),
        completion_tokens_details=fields(reasoning_tokens=st.integers(0, 9)),
    ),
).filter(lambda chunk: not (isinstance(chunk, dict) and chunk.get("error")))


# The events are chunks and arbitrary strings without whitespace, most of them invalid JSON.
@given(st.lists(CHUNK | st.text().map(lambda text: "".join(text.split())), max_size=6))
def test_any_stream_is_recorded_written_read_and_replayed(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[Any]
) -> None:
    reply, _ = recorded(sse(*chunks, text("end"), STOP), DONE)
    again = saved(reply, tmp_path_factory.mktemp("trace"))
    assert joined(again) == joined(reply)
    assert text_of(again).endswith("end")
    assert replayed(again)
    with replaying(again) as client:
        assert client.chat.completions.with_raw_response.create(**REQUEST).status_code == 200
        assert client.responses.create(model="m", input="Hello?").output_text.endswith("end")


def joined(reply: RecordedReply) -> str:
    """Return a recording as text, with surrogate pairs joined."""
    return repr(reply).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        '{"format": "recorded replies of a chat model, version 2", "replies": [{"model": "x"}]}',
        '{"format": "recorded replies of a chat model, version 2", "replies": 3}',
    ],
)
def test_a_file_without_recordings_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "broken.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(RecordingError, match=r"broken\.json"):
        read(file)


def with_field(file: Path, name: str, value: Any) -> None:
    """Write a recording to a file, with one field changed or added."""
    reply, _ = recorded(sse(text("a", reasoning="Hm"), STOP))
    write(file, [reply])
    document = json.loads(file.read_text(encoding="utf-8"))
    document["replies"][0][name] = value
    file.write_text(json.dumps(document), encoding="utf-8-sig")  # some editors add a BOM


@given(JSON, st.sampled_from(["model", "prompt", "opening", "parts", "pieces", "finish", "end",
                              "usage", "more"]))  # fmt: skip
def test_a_damaged_file_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, value: Any, name: str
) -> None:
    file = tmp_path_factory.mktemp("trace") / "trace.json"
    with_field(file, name, value)
    try:
        (again,) = read(file)
    except RecordingError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert isinstance(Recordings([again]).prompts[0], str)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pieces", [[1e9, 0, "a"]]), ("pieces", [[0, 9, "a"]]), ("parts", [["x", ""]])],
)
def test_impossible_times_and_parts_are_refused(name: str, value: Any, tmp_path: Path) -> None:
    with_field(tmp_path / "trace.json", name, value)
    with pytest.raises(RecordingError, match="damaged"):
        read(tmp_path / "trace.json")


def test_a_recorded_model_with_a_simulated_models_name_is_listed_once() -> None:
    reply = RecordedReply(
        "sim-fast", "Hello?", opening=0.0, parts=(), pieces=(), finish="stop", end=1.0,
        usage=(0, 0, 0),
    )  # fmt: skip
    with replaying(reply) as client:
        listed = [model.id for model in client.models.list()]
    assert sorted(listed) == sorted(f"sim-{name}" for name in PROFILES)


def test_an_older_file_is_read_without_its_obsolete_fields(tmp_path: Path) -> None:
    with_field(tmp_path / "trace.json", "also", [[0, {"citations": []}]])
    (reply,) = read(tmp_path / "trace.json")
    assert text_of(reply) == "a"
