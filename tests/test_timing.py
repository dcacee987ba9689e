"""Recorders pass a stream's items through unchanged, and recordings compute latencies.

A recording's `outcome` is `left` if the stream was closed before its end.
"""

import asyncio
import gc
from contextlib import suppress
from itertools import accumulate, count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk

from tests.widgets.doubles import Clock
from utils.timing import (
    Piece,
    Recording,
    arecord,
    arecord_call,
    held_back,
    passed_on,
    record,
    record_call,
)


class Source:
    """A stream that counts items pulled and calls to `close`. Each pull advances `clock`."""

    def __init__(self, items, clock=None, gap=0.0, error=None):
        self.items, self.clock, self.gap, self.error = list(items), clock, gap, error
        self.pulled = self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.clock:
            self.clock.now += self.gap
        if self.pulled == len(self.items):
            raise self.error or StopIteration
        self.pulled += 1
        return self.items[self.pulled - 1]

    def close(self):
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self):
        self.close()


items = st.lists(
    st.one_of(
        st.text(max_size=5),
        st.text(max_size=5).map(lambda text: AIMessageChunk(content=text)),
        st.text(max_size=5).map(lambda text: {"content": text}),
        st.integers(),
        st.none(),
    )
)


def recorded(*arrivals, **fields):
    """Return a recording of these (seconds, text) pairs; by default, it ends at the last one."""
    pieces = tuple(Piece(at, text) for at, text in arrivals)
    end = pieces[-1].at if pieces else 0.0
    return Recording("reply", pieces, **{"e2e": end} | fields)


def recording_of(stream):
    recorder = record(stream)
    list(recorder)
    return recorder.recording


# --- items pass unchanged -------------------------------------------------------------------------


@given(items)
def test_items_pass_unchanged_and_none_is_pulled_ahead(sent):
    source = Source(sent)
    for pulled, item in enumerate(record(source), start=1):
        assert item is sent[pulled - 1]
        assert source.pulled == pulled
    assert source.pulled == len(sent)


@given(items, st.floats(0.001, 10))
def test_a_recording_has_each_items_arrival(sent, gap):
    clock = Clock(1000.0)
    recorder = record(Source(sent, clock, gap), clock=clock)
    for _ in recorder:
        pass
    arrivals = list(accumulate([gap] * len(sent)))
    assert [piece.at for piece in recorder.recording.pieces] == pytest.approx(arrivals)
    assert recorder.recording.e2e == pytest.approx(gap * (len(sent) + 1))


@given(items)
def test_an_exception_propagates_and_the_partial_recording_remains(sent):
    error = ConnectionError("connection reset")
    recorder = record(Source(sent, error=error))
    for _ in islice(recorder, len(sent)):
        pass
    with pytest.raises(ConnectionError) as raised:
        next(recorder)
    assert raised.value is error
    assert recorder.recording.outcome == "failed"
    assert recorder.recording.error == "ConnectionError: connection reset"
    assert len(recorder.recording.pieces) == len(sent)


@pytest.mark.parametrize("error", [None, ConnectionError])
@given(sent=items)
def test_an_async_recorder_passes_items_and_records_in_the_same_way(sent, error):
    async def read():
        async for item in timed:
            received.append((item, source.pulled))  # noqa: PERF401 (kept if an error follows)

    def begun(make, kind):
        clock = Clock(1000.0)
        source = kind(sent, clock, 1.0, error)
        timed = make(source, "reply", clock=clock)
        clock.now += 5  # not recorded: a recording starts when the first item is requested
        return source, timed

    received = []
    source, timed = begun(arecord, AsyncSource)
    with suppress(ConnectionError):
        asyncio.run(read())
    assert received == [(item, pulled) for pulled, item in enumerate(sent, start=1)]
    _, synchronous = begun(record, Source)
    with suppress(ConnectionError):
        list(synchronous)
    assert timed.recording == synchronous.recording


def test_a_finished_recorder_stays_finished():
    clock = Clock(1000.0)
    recorder = record(Source("ab", clock, 1.0), clock=clock)
    assert list(recorder) == ["a", "b"]
    clock.now += 100
    assert list(recorder) == []
    recorder.close()
    assert (recorder.recording.outcome, recorder.recording.e2e) == ("finished", 3.0)


# --- the clock -----------------------------------------------------------------------------------


def test_the_clock_starts_at_the_first_pull():
    clock = Clock(50.0)
    recorder = record(Source(["a"], clock, 2.0), clock=clock)
    clock.now = 70.0
    assert recorder.elapsed == 0
    next(recorder)
    assert (recorder.recording.sent, recorder.recording.ttft) == (70.0, 2.0)
    clock.now += 3
    assert recorder.elapsed == 5


def test_a_recording_is_a_snapshot():
    clock = Clock(1000.0)
    recorder = record(Source(["one ", "two"], clock, 1.0), clock=clock)
    unsent = recorder.recording
    next(recorder)
    clock.now += 5
    early = recorder.recording
    list(recorder)
    assert (unsent.pieces, unsent.e2e, unsent.outcome) == ((), 0.0, "streaming")
    assert (early.text, early.outcome, early.e2e) == ("one ", "streaming", 6.0)
    assert (recorder.recording.text, recorder.recording.outcome) == ("one two", "finished")


# --- stopping early -------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [0, 3])
def test_closing_closes_the_source_exactly_once(taken):
    source = Source(range(9))
    with record(source) as recorder:
        list(islice(recorder, taken))
        recorder.close()
    recorder.close()
    assert source.closed == 1
    assert recorder.recording.outcome == "left"
    assert list(recorder) == []
    del recorder
    gc.collect()
    assert source.closed == 1


def test_breaking_out_of_a_loop_over_an_unnamed_recorder_closes_the_source():
    source = Source(range(9))
    for _ in record(source):
        break
    assert source.closed == 1


def test_a_named_recorder_stays_open_after_break_until_it_is_closed():
    source = Source(range(9))
    recorder = record(source)
    for _ in recorder:
        break
    assert (source.closed, recorder.recording.outcome) == (0, "streaming")
    recorder.close()
    assert (source.closed, recorder.recording.outcome) == (1, "left")


def test_an_interrupt_propagates_and_closes_the_source():
    source = Source(["a"], error=KeyboardInterrupt())
    recorder = record(source)
    with pytest.raises(KeyboardInterrupt):
        list(recorder)
    assert (source.closed, recorder.recording.outcome) == (1, "left")


def test_an_iterable_that_owns_the_connection_is_closed_too():
    class Response:
        closed = False

        def __iter__(self):
            yield from "abc"

        def close(self):
            self.closed = True

    response = Response()
    with record(response) as recorder:
        next(recorder)
    assert response.closed


async def test_an_async_with_block_closes_the_source_exactly_once():
    source = AsyncSource(range(9))
    async with arecord(source) as recorder:
        async for _ in recorder:
            break
    assert (source.closed, recorder.recording.outcome) == (1, "left")
    await recorder.aclose()
    assert source.closed == 1
    assert [item async for item in recorder] == []


async def test_breaking_out_of_an_async_loop_closes_a_generator_in_the_next_iteration():
    ended = asyncio.Event()

    async def stream():
        try:
            for item in count():
                yield item
        finally:
            ended.set()

    async for _ in arecord(stream()):
        break
    await ended.wait()


async def test_a_cancellation_propagates_and_closes_the_source():
    class Endless(AsyncSource):
        async def __anext__(self):
            waiting.set()
            await asyncio.Event().wait()

    waiting = asyncio.Event()
    source = Endless([])
    recorder = arecord(source)
    task = asyncio.ensure_future(anext(recorder))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (source.closed, recorder.recording.outcome) == (1, "left")


# --- blocking calls ------------------------------------------------------------------------------


def test_a_blocking_call_is_one_piece_at_the_end():
    clock = Clock(1000.0)
    message = AIMessage(
        "All at once.",
        usage_metadata={"input_tokens": 1, "output_tokens": 9, "total_tokens": 10},
        response_metadata={"finish_reason": "stop"},
    )

    def invoke(prompt, stop=None):
        clock.now += 10
        return message

    reply, recording = record_call(invoke, "Hi", stop=["!"], label="invoke", clock=clock)
    assert reply is message
    assert recording.ttft == recording.e2e == 10
    assert recording.tpot is None
    assert (recording.label, recording.tokens, recording.finish_reason) == ("invoke", 9, "stop")


async def test_an_awaited_call_is_one_piece_at_the_end():
    clock = Clock(1000.0)

    async def ainvoke(prompt):
        clock.now += 10
        return "All at once."

    reply, recording = await arecord_call(ainvoke, "Hi", label="ainvoke", clock=clock)
    assert reply == recording.text == "All at once."
    assert recording.ttft == recording.e2e == 10


# --- metrics -------------------------------------------------------------------------------------


def test_first_byte_first_token_and_first_answer_token_differ():
    pieces = (Piece(0.1, ""), Piece(2.0, "", reasoning="Hmm"), Piece(12.5, "Yes"))
    recording = Recording("reasoning", pieces, e2e=13.0)
    assert (recording.ttfb, recording.ttft, recording.ttfat) == (0.1, 2.0, 12.5)


def test_tpot_uses_the_providers_count_if_there_is_one():
    arrivals = [(1.0, "two words"), (2.0, " and"), (4.0, " more")]
    assert recorded(*arrivals, usage={"output_tokens": 7}).tpot == 0.5
    assert recorded(*arrivals).tpot == 1.5
    assert recorded(*arrivals[:2], usage={"output_tokens": 2}).tpot == 1.0


# 180 words, one every 0.02 s; a plausible token count is 240.
WORDS = [(0.2 + 0.02 * k, f"word{'s' * (k % 4)} ") for k in range(180)]


@pytest.mark.parametrize(
    "usage",
    [
        {"output_tokens": 1040},  # 800 of them are hidden reasoning
        {"output_tokens": 1040, "output_token_details": {"reasoning": 0}},
        {"output_tokens": 1040, "output_token_details": None},
        {"output_tokens": 1040, "output_token_details": {"reasoning": -800}},
        {"output_tokens": 1040, "output_token_details": {"reasoning": 1039}},
        {"output_tokens": 2 * 240},  # counted twice
        {"output_tokens": 20},
        {"output_tokens": 0},
        {"output_tokens": -5},
        {"output_tokens": "240"},
        {"output_tokens": float("nan")},
        {"output_tokens": True},
    ],
    ids=str,
)
def test_an_implausible_token_count_is_reported_and_not_used(usage):
    recording = recorded(*WORDS, usage=usage)
    assert recording.tpot == pytest.approx(0.02)
    assert recording.answer_tokens is recording.shown_tokens is None
    assert "use what arrived instead" in recording.count_doubt
    assert ("isn't a number of tokens" in recording.count_doubt) == (recording.tokens is None)
    assert "180 words (implausible token count: " in recording.summary()


@pytest.mark.parametrize(
    ("pieces", "count"),
    [
        (["word "] * 180, 180),  # one token per word
        (["word "] * 180, 250),  # including tokens without text
        (["Rindfleischetikettierung "] * 20, 140),
        (["word " * 30] * 6, 240),  # in bursts
        (["我们今天学习流式输出。"] * 20, 220),
        (["我们今天学习流式输出。"] * 20, 340),
        (list("我们今天学习流式输出。" * 20), 220),
        (["😀" * 10] * 20, 600),
        (["👩‍👩‍👧‍👦"] * 10, 180),
        (["مرحبا بالعالم "] * 30, 300),
        (list("xqzjwv" * 30), 180),  # one token per character
        (["for i in range(10):\n\tx[i] += 1\n"] * 10, 180),
        (["0123456789"] * 20, 200),
        (["Yes", "."], 3),
        ([" "] * 5, 5),
        (list("It streams, character by character."), 7),
        (["It \ud83d", "\ude00 streams"], 5),
    ],
    ids=str,
)
def test_a_plausible_token_count_is_used(pieces, count):
    recording = recorded(*enumerate(pieces), usage={"output_tokens": count})
    assert recording.shown_tokens == recording.answer_tokens == count
    assert recording.count_doubt == ""
    assert "implausible" not in recording.summary()


@pytest.mark.parametrize("counted", [1040, 240], ids=["included", "excluded"])
def test_hidden_reasoning_is_subtracted_only_if_the_count_includes_it(counted):
    details = {"output_token_details": {"reasoning": 800}}
    recording = recorded(*WORDS, usage={"output_tokens": counted} | details)
    assert (recording.answer_tokens, recording.count_doubt) == (240, "")


def test_shown_reasoning_is_in_the_shown_tokens_but_not_in_the_answers():
    shown = tuple(Piece(0.1 * k, "", reasoning="thinking ") for k in range(100))
    answer = tuple(Piece(10 + 0.1 * k, "word ") for k in range(100))
    usage = {"output_tokens": 260, "output_token_details": {"reasoning": 130}}
    recording = Recording("reasoning", shown + answer, e2e=20.0, usage=usage)
    assert (recording.shown_tokens, recording.answer_tokens) == (260, 130)
    assert Recording("", shown + answer, 20, usage={"output_tokens": 2600}).shown_tokens is None


def test_the_count_of_a_tool_call_without_text_is_not_doubted():
    assert recorded((1.0, ""), usage={"output_tokens": 40}).count_doubt == ""


@pytest.mark.parametrize(
    ("counts", "whole"),
    [
        ([240], 240),
        (list(range(1, 241)), 240),  # a running total in each chunk
        ([1] * 240, 240),  # increments
        ([0, 240], 240),
        ([100, 150], 150),  # running totals, though their sum is plausible
        ([120, 120], 240),
        ([240, 240], 240),  # sent twice
        ([240, None], 240),
        ([1040], 1040),
        ([None, "x"], "x"),
    ],
    ids=str,
)
def test_usage_in_several_chunks_is_combined_into_one_count(counts, whole):
    text = [{"content": "word "} for _ in range(180)]
    usages = [{"content": "", "usage_metadata": {"output_tokens": count}} for count in counts]
    assert recording_of([*text, *usages]).usage["output_tokens"] == whole


def test_surrogate_pairs_are_joined_and_lone_surrogates_replaced():
    recorder = record(["Hi \ud83d", "\ude00 there\ud83d"], label="\ud83d")
    list(recorder)
    assert recorder.recording.text == "Hi 😀 there�"
    repr(recorder.recording).encode()
    failing = record(Source([], error=ValueError("\ud83d")))
    with pytest.raises(ValueError, match="\ud83d"):
        next(failing)
    assert failing.recording.error == "ValueError: �"


def test_gaps_are_between_pieces_with_text():
    recording = recorded((0.1, ""), (0.5, "a"), (0.6, ""), (1.5, "b"), (1.75, "c"), (2.0, ""))
    assert recording.gaps == (1.0, 0.25)


def test_a_stream_without_content_has_no_metrics():
    recording = recorded(usage={"output_tokens": 0})
    assert recording.ttfb is recording.ttft is recording.ttfat is recording.tpot is None
    assert (recording.gaps, recording.tokens) == ((), 0)


def test_blocks_of_content_are_distinguished():
    chunks = [
        AIMessageChunk(content=[{"type": "reasoning", "summary": [{"text": "Let me see. "}]}]),
        AIMessageChunk(content=[{"type": "thinking", "thinking": "Hm."}]),
        AIMessageChunk(content=[{"type": "reasoning", k: "Oh."} for k in ("reasoning", "text")]),
        AIMessageChunk(content="", additional_kwargs={"reasoning_content": "So:"}),
        AIMessageChunk(content=[{"type": "text", "text": "Yes"}, " and ", {"type": "image"}]),
        {"content": "no", "additional_kwargs": "none", "usage_metadata": "many"},
        AIMessageChunk(  # Mistral's format
            content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Or?"}]}]
        ),
        AIMessageChunk(content=[{"type": "reasoning", "summary": "No."}, {"type": "text"}]),
    ]
    recording = recording_of(chunks)
    assert recording.text == "Yes and no"
    assert "".join(p.reasoning for p in recording.pieces) == "Let me see. Hm.Oh.Oh.So:Or?No."


def test_usage_and_finish_reason_may_be_in_any_chunk():
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    recording = recording_of(
        [
            AIMessageChunk(content="Hi"),
            AIMessageChunk(content="", response_metadata={"finish_reason": "length"}),
            AIMessageChunk(content="", usage_metadata=usage),
            AIMessageChunk(content=""),
        ]
    )
    assert (recording.finish_reason, recording.usage) == ("length", usage)


def test_an_incomplete_response_has_its_reason():
    details = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    recording = recording_of(
        [AIMessageChunk(content="Hi"), AIMessageChunk(content="", response_metadata=details)]
    )
    assert recording.summary().endswith("finished (max_output_tokens)")
    details = {"status": "completed", "incomplete_details": None}
    completed = recording_of([AIMessageChunk(content="Hi", response_metadata=details)])
    assert completed.finish_reason is None


# --- summaries ----------------------------------------------------------------------------


def test_a_summary_is_one_line():
    pieces = [(0.21 + k * 0.04, "a ") for k in range(248)]
    recording = recorded(*pieces, e2e=10.04, usage={"output_tokens": 248})
    expected = "TTFT 0.21 s · TPOT 40 ms · total 10.0 s · 248 tokens · finished"
    assert recording.summary() == expected
    assert repr(recording) == f"<Recording 'reply': {expected}>"
    assert recorded(e2e=3.0).summary() == "no text · total 3.0 s · 0 words · finished"


@pytest.mark.parametrize(
    ("fields", "ending"),
    [
        ({"outcome": "left"}, "1 word · left early"),
        ({"outcome": "failed", "error": "APIError: no more"}, "1 word · failed (APIError)"),
        ({"outcome": "streaming"}, "1 word · still streaming"),
        ({"finish_reason": "stop"}, "1 word · finished"),
        ({"finish_reason": "length"}, "1 word · finished (length)"),
    ],
)
def test_a_summary_reports_how_the_stream_ended(fields, ending):
    summary = recorded((0.5, "Hello"), **fields).summary()
    assert summary == f"TTFT 0.50 s · total 0.50 s · {ending}"


# --- invalid arguments -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorder", "source", "advice"),
    [
        (record, AIMessage("whole"), r"AIMessage is not a stream.*record_call"),
        (record, AsyncSource("ab"), "arecord"),
        (arecord, iter("ab"), r"`record\(…\)`"),
        (arecord, AIMessage("whole"), r"AIMessage is not a stream.*arecord_call"),
    ],
)
def test_the_wrong_kind_of_stream_is_rejected_with_advice(recorder, source, advice):
    with pytest.raises(TypeError, match=advice):
        recorder(source)


# --- steps after the model --------------------------------------------------------------

# `passed_on` and `held_back` turn a recording of a step's input into a recording of its output.

# Regular expressions that match where a part ends; NOWHERE never matches.
AFTER_A_WORD, AFTER_A_SENTENCE, NOWHERE = r"(?<=\s)(?=\S)", r"(?<=[.]\s)(?=\S)", r"(?!)"


def test_a_step_that_waits_for_words_passes_each_on_when_the_next_begins():
    received = recorded((1, ""), (2, "a red"), (3, " fo"), (4, "x"))
    words = passed_on(received, "words", AFTER_A_WORD)
    assert [(p.at, p.text) for p in words.pieces] == [(2, "a "), (3, "red "), (4, "fox")]


@given(st.lists(st.text("a. ")), st.sampled_from([AFTER_A_WORD, AFTER_A_SENTENCE, NOWHERE]))
def test_a_step_that_waits_loses_no_text(texts, end):
    received = recorded(*enumerate(texts))
    assert passed_on(received, "later", end).text == received.text


def behind_a_guard(size, seconds, *arrivals):
    """Return what a guard that withholds `size` characters shows, as (time, text) pairs.

    Each check takes `seconds`.
    """
    guarded = held_back(recorded(*arrivals), "guarded", size, seconds)
    return [(piece.at, piece.text) for piece in guarded.pieces]


def test_a_guard_holds_the_latest_characters_back_until_the_end():
    shown = behind_a_guard(2, 0.0, (1, ""), (2, "abc"), (3, "d"), (4, "efg"))
    assert shown == [(2, "a"), (3, "b"), (4, "cde"), (4, "fg")]


def test_a_check_covers_all_that_arrived_during_the_previous_check():
    shown = behind_a_guard(0, 1.5, (0, "a"), (1, "b"), (1.5, "c"), (5, "d"))
    assert shown == [(1.5, "a"), (3.0, "bc"), (6.5, "d")]


@given(st.lists(st.text("a. ")), st.integers(0, 9), st.sampled_from([0.0, 0.5, 3.0]))
def test_a_guard_that_allows_everything_loses_no_text(texts, size, check):
    received = recorded(*enumerate(texts))
    guarded = held_back(received, "later", size, check)
    assert guarded.text == received.text
    ends = [*(piece.at for piece in guarded.pieces), guarded.e2e]
    assert ends == sorted(ends)
    assert guarded.e2e == max(guarded.e2e, received.e2e)
