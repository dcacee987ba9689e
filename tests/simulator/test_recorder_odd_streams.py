"""Recording unexpected streams: everything is kept or counted, and every file can be read."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from tests.simulator.virtual import VirtualSimulator
from utils.simulator.recorder import RecordError, record
from utils.simulator.recordings import RecordedReply, RecordingError, Recordings, read, write

REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
DONE = b"data: [DONE]\n\n"


def text(said: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": said} | more}]}


def sse(*events: Any) -> bytes:
    """Encode events for an event stream; strings are used unchanged."""
    data = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {item}\n\n" for item in data).encode()


class Body(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes], error: Exception | None) -> None:
        self.pieces, self.error = pieces, error

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.error:
            raise self.error


def recorded(
    *pieces: bytes, error: Exception | None = None, headers: dict[str, str] | None = None
) -> RecordedReply:
    """Record the reply of a provider that sends these bytes."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        kind = {"content-type": "text/event-stream"} | (headers or {})
        return httpx2.Response(200, headers=kind, stream=Body(list(pieces), error))

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = OpenAI(base_url="http://p/v1", api_key="k", http_client=http, max_retries=0)
        return record(client, REQUEST)


def said(trace: RecordedReply, kind: str = "text") -> str:
    return "".join(text for _, part, text in trace.pieces if trace.parts[part][0] == kind)


def saved(trace: RecordedReply, folder: Path) -> RecordedReply:
    """Write a recording to a file, and return it as read back."""
    write(folder / "trace.json", [trace])
    (again,) = read(folder / "trace.json")
    return again


def replayed(trace: RecordedReply, **fields: Any) -> list[dict[str, Any]]:
    """Replay a recording, and return the chunks."""
    simulator = VirtualSimulator(recordings=Recordings([trace]))
    try:
        stream = simulator.openai().chat.completions.with_raw_response.create(
            **REQUEST, stream=True, **fields
        )
        lines = stream.http_response.read().decode().split("\n\n")
        data = [line.removeprefix("data: ") for line in lines if line]
        assert data.pop() == "[DONE]"
        return [json.loads(item) for item in data]
    finally:
        simulator.close()


def deltas(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"] if choice["delta"]]


ODD: list[Any] = [
    "null", "[]", "1", '"text"', "true", "NaN", "{", "", "oops", "[" * 100_000, '{"a":' * 5000,
    "9" * 5000, '{"choices": "', "<html>", {"choices": None}, {"choices": "text"}, {"choices": 5},
    {"choices": {}}, {"choices": []}, {"choices": [None]}, {"choices": ["x", 1, []]},
    {"choices": [{}]}, {"choices": [{"delta": None}]}, {"choices": [{"delta": "text"}]},
    {"choices": [{"delta": []}]}, {"choices": [{"index": None, "delta": {}}]},
    {"choices": [{"index": "0", "delta": {}}]}, {"choices": [{"index": 0.0, "delta": {}}]},
    {"choices": [{"index": -1, "delta": {}}]}, {"choices": [{"finish_reason": 5}]},
    text(None), text(5), text({}), text([]), text([None, {"text": 5}, "x"]), text(True),
    text("", tool_calls=None), text("", tool_calls={}), text("", tool_calls="x"),
    text("", tool_calls=[None, 1, "x", []]), text("", tool_calls=[{}]),
    text("", tool_calls=[{"function": None}]), text("", tool_calls=[{"function": "f"}]),
    text("", tool_calls=[{"index": "0", "function": {"name": 5, "arguments": 5}}]),
    text("", role=5), text("", role=[]), text("", reasoning=5), text("", reasoning_content=[]),
    {"usage": None}, {"usage": "many"}, {"usage": []}, {"usage": {"prompt_tokens": "12"}},
    {"usage": {"prompt_tokens": 1.5, "completion_tokens": None, "completion_tokens_details": 5}},
    {"usage": {"completion_tokens": -3, "completion_tokens_details": {"reasoning_tokens": []}}},
    {"error": None}, {"id": 5, "created": "now", "model": None}, '{"choices": [], "choices": 5}',
    {"n": 10**300}, '{"n": 1e999}', '{"n": NaN}', {"deep": [[[[[["x"]]]]]]},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:40])
def test_what_is_odd_costs_nothing_of_the_rest(odd: Any, tmp_path: Path) -> None:
    trace = recorded(sse(text("Hello"), odd, text(" there"), STOP), DONE)
    assert said(trace) == "Hello there"
    assert trace.finish == "stop"
    again = saved(trace, tmp_path)
    assert repr(again) == repr(trace)
    replay = deltas(replayed(again))
    assert "".join(d["content"] for d in replay if isinstance(d.get("content"), str)) == (
        "Hello there"
    )


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (["null", "[]", "1"], "events that aren't JSON objects (3)"),
        (["{", "oops"], "events that aren't JSON (2)"),
        ([{"choices": "x"}, {"choices": 5}], "fields `choices` of a wrong type (2)"),
        ([{"choices": [{"delta": 5}]}], "fields `choices[].delta` of a wrong type (1)"),
        ([text(5)], "fields `content` of a wrong type (1)"),
        ([{"usage": "x"}], "fields `usage` of a wrong type (1)"),
        ([{"usage": {"prompt_tokens": "1"}}], "fields `usage.prompt_tokens` of a wrong type (1)"),
    ],
)
def test_what_could_not_be_read_is_counted(odd: list[Any], words: str, tmp_path: Path) -> None:
    trace = saved(recorded(sse(text("a"), *odd, STOP)), tmp_path)
    assert trace.note == f"Left out because it could not be parsed: {words}."


def test_a_reply_that_can_be_read_has_no_note() -> None:
    null = {"choices": [{"index": 0, "delta": {"content": None}, "finish_reason": None}]}
    assert recorded(sse(text("a"), null, {"choices": None}, {"usage": None}, STOP)).note == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_events_are_read_however_they_are_written_and_cut(end: str, size: int) -> None:
    lines = [
        "\ufeff: hello", "", "event: message", "id: 7", "retry: 5",
        "data: " + json.dumps(text("né")), "", ": comment",
        "data:" + json.dumps(text("😀"), ensure_ascii=False), "",
        'data: {"choices":', 'data: [{"delta": {"content": "x"}}]}', "",
        "data: " + json.dumps(STOP), "", "data: [DONE]", "",
        "data: " + json.dumps(text("after the end")), "",
    ]  # fmt: skip
    raw = end.join(lines).encode()
    trace = recorded(*(raw[at : at + size] for at in range(0, len(raw), size)))
    assert said(trace) == "né😀x"
    assert trace.note == ""


def test_bytes_that_are_no_utf8_are_replaced_and_counted() -> None:
    trace = recorded(sse(text("a")), b'data: {"choices":[{"delta":{"content":"b\xff\xc3c"}}]}\n\n',
                     sse(STOP))  # fmt: skip
    assert said(trace) == "ab\ufffd\ufffdc"
    assert trace.note.endswith("bytes that aren't UTF-8, in this many events (1).")


def test_halves_of_an_emoji_are_kept_and_replayed_as_they_came(tmp_path: Path) -> None:
    trace = recorded(sse(text("a \ud83d"), text("\ude00 b"), text("\udc00"), STOP))
    again = saved(trace, tmp_path)
    assert [text for _, _, text in again.pieces] == ["a \ud83d", "\ude00 b", "\udc00"]
    assert deltas(replayed(again))[1:] == [
        {"content": "a \ud83d"}, {"content": "\ude00 b"}, {"content": "\udc00"},
    ]  # fmt: skip


def test_a_compressed_stream_is_read() -> None:
    raw = gzip.compress(sse(text("a"), STOP))
    assert said(recorded(raw[:20], raw[20:], headers={"content-encoding": "gzip"})) == "a"


def test_neither_done_nor_the_last_blank_line_is_needed() -> None:
    assert said(recorded(sse(text("a"), STOP).rstrip())) == "a"


def test_any_finish_reason_is_an_end() -> None:
    assert recorded(sse(text("a"), {"choices": [{"finish_reason": "eos"}]})).finish == "eos"


BROKEN = httpx2.RemoteProtocolError("peer closed connection")


def test_a_connection_that_breaks_before_the_end_is_told() -> None:
    with pytest.raises(RecordError, match=r"dropped before the end of .* \(RemoteProtocolErr"):
        recorded(sse(text("a"), text("b"))[:-30], error=BROKEN)


def test_a_connection_that_breaks_after_the_finish_reason_loses_nothing() -> None:
    trace = recorded(sse(text("a"), STOP), b"data: {", error=BROKEN)
    assert said(trace) == "a"
    assert "what followed the finish reason" in trace.note


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "Unexpected endpoint or method. (POST /chat/completions)"}', "end in /v1"),
        (b"<html>Hello</html>", "end in /v1"),
        (b"", "end in /v1"),
        (sse("null", "oops"), "end in /v1"),
        (sse(text("a")), "reply is truncated"),
        (sse(text("a"), {"error": {"message": "out of memory"}}), "with an error: out of memory"),
        (sse(text("a"), {"error": "out of memory"}), "with an error: out of memory"),
        (sse({"choices": [{"index": 1, "delta": {}}]}), "several choices"),
    ],
)
def test_what_is_no_reply_is_told_in_a_sentence(body: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        recorded(body)


NEWER: list[dict[str, Any]] = [
    {"reasoning": "Hm."},
    {"reasoning_content": "Hm.", "reasoning": "Hm."},
    {"reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "index": 0}]},
    {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.org"}}]},
    {"audio": {"data": "UklGRg==", "transcript": "Hm"}},
    {"refusal": "I'm sorry."},
    {"content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}]},
    {"function_call": {"name": "f", "arguments": "{}"}},
    {"role": "tool"},
    {"new": None, "newer": {"newest": [1, 2.5, "x", False]}},
]


@pytest.mark.parametrize("delta", NEWER, ids=lambda delta: next(iter(delta)))
def test_a_newer_field_of_a_delta_is_kept_and_replayed(
    delta: dict[str, Any], tmp_path: Path
) -> None:
    sent = [{"choices": [{"index": 0, "delta": delta}]}, text("b"), STOP]
    trace = saved(recorded(sse(*sent)), tmp_path)
    assert trace.note == ""
    assert deltas(replayed(trace))[1:] == [delta, {"content": "b"}]


def test_fields_beside_the_delta_are_kept_and_replayed(tmp_path: Path) -> None:
    logprobs = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": []}]}
    first = text("a") | {"service_tier": "flex", "citations": ["https://e.org"], "obfuscation": "x"}
    first["choices"][0] |= {"logprobs": logprobs, "stop_reason": None}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "stop_reason": 7}]}
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "cost": 0.01,
             "completion_tokens_details": {"reasoning_tokens": 2, "image_tokens": 0}}  # fmt: skip
    trace = saved(recorded(sse(first, last, {"choices": [], "usage": usage})), tmp_path)
    chunks = replayed(trace, stream_options={"include_usage": True})
    one = next(chunk for chunk in chunks if chunk.get("citations"))
    assert (one["service_tier"], one["obfuscation"]) == ("flex", "x")
    assert one["choices"][0]["logprobs"] == logprobs
    assert one["choices"][0]["delta"] == {"content": "a"}
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [c["stop_reason"] for c in choices if "stop_reason" in c] == [None, 7]
    assert {name: chunks[-1]["usage"][name] for name in ("prompt_tokens", "cost")} == {
        "prompt_tokens": 5, "cost": 0.01,
    }  # fmt: skip
    assert chunks[-1]["usage"]["completion_tokens_details"]["image_tokens"] == 0


def test_what_is_replayed_whole_holds_what_the_chunks_held(tmp_path: Path) -> None:
    call = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"signature": "s"}}  # fmt: skip
    sent = [
        {"choices": [{"delta": {"reasoning": "H"}}], "provider": "p"},
        {"choices": [{"delta": {"reasoning": "m"}}], "provider": "p"},
        text("a", annotations=[{"n": 1}]),
        text("b", annotations=[{"n": 2}]),
        {"choices": [{"delta": {"tool_calls": [call]}}]},
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
    ]
    trace = saved(recorded(sse(*sent)), tmp_path)
    simulator = VirtualSimulator(recordings=Recordings([trace]))
    for _ in range(2):
        create = simulator.openai().chat.completions.with_raw_response.create
        whole = create(**REQUEST).http_response.json()
        message = whole["choices"][0]["message"]
        assert (message["content"], message["reasoning"]) == ("ab", "Hm")
        assert message["annotations"] == [{"n": 1}, {"n": 2}]
        assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
        assert message["tool_calls"][0]["extra_content"] == {"signature": "s"}
        assert whole["provider"] == "p"
    simulator.close()


def test_calls_are_told_apart_however_they_are_numbered(tmp_path: Path) -> None:
    def call(**fields: Any) -> dict[str, Any]:
        return {"choices": [{"delta": {"tool_calls": [fields]}}]}

    sent = [
        call(index=0, id="a", function={"name": "f", "arguments": ""}),
        call(index=0, function={"arguments": '{"x"'}),
        call(index=1, id="b", function={"name": "g"}),
        call(index=0, function={"arguments": ": 1}"}),
        call(
            index=0, id="c", function={"name": "h", "arguments": {"y": "é"}}
        ),  # some servers send arguments as an object
        call(id="d", function={"name": "i", "arguments": "{}"}),
        STOP,
    ]
    trace = saved(recorded(sse(*sent)), tmp_path)
    assert trace.parts == (("call", "f"), ("call", "g"), ("call", "h"), ("call", "i"))
    texts = ["".join(t for _, part, t in trace.pieces if part == n) for n in range(4)]
    assert texts == ['{"x": 1}', "", '{"y": "é"}', "{}"]
    calls = [d["tool_calls"][0] for d in deltas(replayed(trace))[1:]]
    assert [call["index"] for call in calls if "id" in call] == [0, 1, 2, 3]
    simulator = VirtualSimulator(recordings=Recordings([trace]))
    response = simulator.openai().responses.create(model="m", input="Hello?")
    assert [(item.name, item.arguments) for item in response.output] == [
        ("f", '{"x": 1}'), ("g", ""), ("h", '{"y": "é"}'), ("i", "{}"),
    ]  # fmt: skip
    simulator.close()


def test_a_reply_that_mixes_its_parts_is_replayed_by_responses_too(tmp_path: Path) -> None:
    sent = [text("a"), text(None, reasoning="Hm"), text("b"), text(None, new=5), text("c"), STOP]
    trace = saved(recorded(sse(*sent)), tmp_path)
    simulator = VirtualSimulator(recordings=Recordings([trace]))
    with simulator.openai().responses.stream(
        model="m", input="Hello?", reasoning={"summary": "auto"}
    ) as stream:
        kinds = [event.type for event in stream]
        response = stream.get_final_response()
    assert response.output_text == "abc"
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert (
        kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 2
    )
    simulator.close()


def test_identifiers_are_replaced_by_words(tmp_path: Path) -> None:
    sent = [
        {"id": "gen-secret", "system_fingerprint": "fp_secret", "created": 7, "x_groq": {
            "id": "req_secret"}, "user": "secret"} | text("a", audio={"id": "audio_secret"}),
        text("", audio={"id": "audio_secret"}, reasoning_details=[{"item_id": "rs_secret"}]),
        text("", tool_calls=[{"index": 0, "id": "call_secret", "function": {"name": "f"}}]),
        {"usage": {"prompt_tokens": 1, "request_id": "secret"}, "responseId": "secret"},
        STOP,
    ]  # fmt: skip
    trace = recorded(sse(*sent))
    saved(trace, tmp_path)
    assert "secret" not in (tmp_path / "trace.json").read_text(encoding="utf-8")
    named = [more["choices"][0]["delta"]["audio"]["id"] for _, more in trace.also[:2]]
    assert named[0] == named[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["content", "tool_calls", "function", "id", "index"]),
        inner, max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip
SURROGATES = st.text(st.characters(codec=None, categories=("Cs", "L", "Zs", "So")), max_size=5)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | JSON,
        "id": st.text(max_size=3) | JSON,
        "type": JSON,
        "function": st.fixed_dictionaries(
            {}, optional={"name": st.text() | JSON, "arguments": SURROGATES | JSON, "more": JSON}
        )
        | JSON,
        "more": JSON,
    },
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        "role": st.just("assistant") | JSON,
        "content": SURROGATES | JSON,
        "reasoning": SURROGATES | JSON,
        "tool_calls": st.lists(CALL | JSON, max_size=3) | JSON,
        "refusal": JSON,
        "more": JSON,
    },
)
CHOICE = st.fixed_dictionaries(
    {},
    optional={
        "index": st.just(0) | JSON.filter(lambda index: not isinstance(index, int) or index <= 0),
        "delta": DELTA | JSON,
        "finish_reason": st.sampled_from([None, "stop"]) | JSON,
        "logprobs": JSON,
        "more": JSON,
    },
)
CHUNK = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(CHOICE | JSON, max_size=2) | JSON,
        "usage": st.dictionaries(
            st.sampled_from(["prompt_tokens", "completion_tokens", "completion_tokens_details"]),
            st.integers(0, 9) | JSON,
        )
        | JSON,
        "more": JSON,
    },
)


@given(st.lists(CHUNK | JSON | st.text().map(lambda line: "".join(line.split())), max_size=6))
def test_whatever_comes_is_recorded_written_read_and_replayed(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[Any]
) -> None:
    trace = recorded(sse(*chunks, text("end"), STOP), DONE)
    again = saved(trace, tmp_path_factory.mktemp("trace"))
    assert joined(again) == joined(trace)
    assert said(again).endswith("end")
    assert deltas(replayed(again, stream_options={"include_usage": True}))
    simulator = VirtualSimulator(recordings=Recordings([again]))
    client = simulator.openai()
    assert client.chat.completions.with_raw_response.create(**REQUEST).status_code == 200
    assert client.responses.create(model="m", input="Hello?").output_text.endswith("end")
    simulator.close()


def joined(trace: RecordedReply) -> str:
    """Return a recording as text, with surrogate pairs joined."""
    return repr(trace).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def test_a_file_that_an_editor_saved_with_a_bom_is_read(tmp_path: Path) -> None:
    trace, file = recorded(sse(text("a"), STOP)), tmp_path / "trace.json"
    write(file, [trace])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read(file) == (trace,)


@given(JSON, st.sampled_from(["model", "prompt", "opening", "parts", "pieces", "finish", "end",
                              "usage", "also", "counts", "left_out", "more"]))  # fmt: skip
def test_a_damaged_file_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, value: Any, name: str
) -> None:
    trace = recorded(sse(text("a", reasoning="Hm"), STOP))
    file = tmp_path_factory.mktemp("trace") / "trace.json"
    write(file, [trace])
    document = json.loads(file.read_text(encoding="utf-8"))
    document["replies"][0][name] = value
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        (again,) = read(file)
    except RecordingError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert isinstance(Recordings([again]).prompts[0], str)


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    good = recorded(sse(text("a"), STOP))
    write(file, [good])
    with pytest.raises(RecordingError, match="damaged"):
        write(file, [RecordedReply("m", "p", 5.0, (), (), "stop", 1.0, (0, 0, 0))])
    assert read(file) == (good,)
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]
