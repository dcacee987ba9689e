"""Exercise 5.10's check: the two safety nets, and nothing that happens twice."""

import asyncio
from functools import partial

import pytest

from tests.checks.lesson_5._parts import (
    collects_pieces,
    committed,
    goes_on_with,
    keeps_the_error,
    news_of_its_own,
    nobody_watches,
    steadied,
)
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.patience import Stalled, watched
from utils.widgets import Status


async def holds_empty_chunks(sources, seconds):
    """Hands an empty chunk over with what follows it."""
    for number, source in enumerate(sources, start=1):
        empty, begun = [], False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                if getattr(piece, "content", None) == "" and not begun:
                    empty.append(piece)
                    continue
                for held in empty:
                    yield held
                empty = []
                yield piece
            return
        except Exception:
            if begun or number == len(sources):
                raise


async def calls_itself(sources, seconds):
    first, *others = sources
    begun = False
    try:
        async for piece in watched(first(), seconds):
            begun = begun or committed(piece)
            yield piece
    except Exception:
        if begun or not others:
            raise
    else:
        return
    async for piece in calls_itself(others, seconds):
        yield piece


@pytest.mark.parametrize(
    "steady", by_name(steadied(), keeps_the_error, holds_empty_chunks, calls_itself)
)
def test_5_10_accepts(steady):
    right("5.10", steady)


def text_alone(piece):
    return bool(getattr(piece, "content", ""))


async def texts_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece.content if hasattr(piece, "content") else piece


async def chunks_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if not isinstance(piece, Status):
            yield piece


async def calls_all_sources(sources, seconds):
    streams = [source() for source in sources]
    async for piece in steadied()([lambda s=s: s for s in streams], seconds):
        yield piece


async def forgets_to_call(sources, seconds):
    for source in sources:
        async for piece in watched(source, seconds):
            yield piece


async def swallows_that_it_forgot_to_call(sources, seconds):
    for source in sources:
        try:
            async for piece in watched(source, seconds):
                yield piece
            return
        except Exception:
            continue


async def catches_what_it_never_imported(sources, seconds):
    for source in sources:
        try:
            async for piece in watched(source(), seconds):
                yield piece
            return
        except Stalledd:  # noqa: F821
            continue


async def reads_functions(sources, seconds):
    for source in sources:
        async for piece in source:
            yield piece


async def forgets_what_was_before(sources, seconds):
    for source in sources:
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = committed(piece)
                yield piece
            return
        except Exception:
            if begun or source is sources[-1]:
                raise


async def watches_until_a_tool_is_called(sources, seconds):
    for source in sources:
        begun, limit, stream = False, seconds, source()
        try:
            while True:
                piece = await asyncio.wait_for(anext(stream), limit)
                begun = begun or committed(piece)
                limit = None if getattr(piece, "stage", "") == "Tool call" else seconds
                yield piece
        except StopAsyncIteration:
            return
        except Exception:
            if begun or source is sources[-1]:
                raise
        finally:
            await stream.aclose()


async def drops_empty_chunks(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if getattr(piece, "content", None) != "":
            yield piece


async def tries_each_twice(sources, seconds):
    twice = [source for source in sources for _ in range(2)]
    async for piece in steadied()(twice, seconds):
        yield piece


async def adds_news(sources, seconds):
    tried = [lambda source=source: thinks_first(source) for source in sources[1:]]
    async for piece in steadied()([*sources[:1], *tried], seconds):
        yield piece


async def thinks_first(source):
    yield Status("Thinking")
    async for piece in source():
        yield piece


async def holds_news(sources, seconds):
    news = []
    async for piece in steadied()(sources, seconds):
        if isinstance(piece, Status):
            news.append(piece)
        else:
            for held in news:
                yield held
            news = []
            yield piece


async def waits_longer(sources, seconds):
    async for piece in steadied()(sources, 3 * seconds):
        yield piece


async def one_limit_for_all(sources, seconds):
    shown = False
    for source in sources:
        try:
            async with asyncio.timeout(seconds):
                async for piece in source():
                    shown = shown or bool(getattr(piece, "content", ""))
                    yield piece
            return
        except Exception:
            if shown or source is sources[-1]:
                raise


async def own_error(sources, seconds):
    shown = False
    async for piece in steadied(at_last=False)(sources, seconds):
        shown = shown or bool(getattr(piece, "content", ""))
        yield piece
    if not shown:
        raise RuntimeError("Nobody can answer.")


async def the_first_error(sources, seconds):
    errors = []
    try:
        async for piece in steadied()([*map(partial(noting, errors), sources)], seconds):
            yield piece
    except ConnectionError:
        raise
    except Exception:
        raise errors[0] from None


def noting(errors, source):
    async def noted():
        try:
            async for piece in source():
                yield piece
        except Exception as error:
            errors.append(error)
            raise

    return noted


async def twice_each(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece
        if isinstance(piece, Status):
            yield piece


async def tells_more(sources, seconds):
    yield Status("Connecting")
    async for piece in steadied()(sources, seconds):
        yield piece


async def reads_on(sources, seconds):
    made = [lambda source=source: goes_on_with(source()) for source in sources]
    async for piece in steadied()(made, seconds):
        yield piece


async def hurries(sources, seconds):
    async for piece in steadied()(sources, 0.7 * seconds):
        yield piece


async def tells_no_news_twice(sources, seconds):
    last = None
    async for piece in steadied()(sources, seconds):
        if not (isinstance(piece, Status) and piece == last):
            yield piece
        if isinstance(piece, Status):
            last = piece


async def the_empty_ones_first(sources, seconds):
    news = None
    async for piece in steadied()(sources, seconds):
        if news is None and isinstance(piece, Status):
            news = piece
        elif news and getattr(piece, "content", "") == "":
            yield piece
            yield news
            news = 0
        else:
            yield piece


async def wants_a_text(sources, seconds):
    failed = None
    for source in sources:
        shown = begun = False
        try:
            async for piece in watched(source(), seconds):
                shown = shown or bool(getattr(piece, "content", ""))
                begun = begun or committed(piece)
                yield piece
            if shown:
                return
        except Exception as error:
            if begun:
                raise
            failed = error
    if failed:
        raise failed


async def wants_more_than_news(sources, seconds):
    failed = None
    for source in sources:
        waits = begun = False
        try:
            async for piece in watched(source(), seconds):
                waits = isinstance(piece, Status)
                begun = begun or committed(piece)
                yield piece
            if not waits:
                return
        except Exception as error:
            if begun:
                raise
            failed = error
    if failed:
        raise failed


async def the_last_by_itself(sources, seconds):
    for source in sources:
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception:
            if begun or source is sources[-1]:
                raise


async def the_last_by_its_place(sources, seconds):
    for source in sources:
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception:
            if begun or sources.index(source) == len(sources) - 1:
                raise


async def each_source_once(sources, seconds):
    once = list(dict.fromkeys(sources))
    async for piece in steadied(at_last=len(once) == len(sources))(once, seconds):
        yield piece


async def by_return(sources, seconds):
    return [piece async for piece in steadied()(sources, seconds)]


WRONG_5_10 = (
    (steadied(watch=nobody_watches), "The first source was silent for 30 s, and nobody else was"),
    (steadied(commits=lambda piece: True), "a `Status` and failed, and `ConnectionLost` came out"),
    (
        steadied(commits=lambda piece: not isinstance(piece, Status)),
        "yielded an empty chunk and failed, and `ConnectionLost` came out: nobody else",
    ),
    (
        steadied(commits=lambda piece: isinstance(piece, str)),
        "failed in mid-reply, when some text had been shown, and source 2 was called all the same",
    ),
    (
        steadied(commits=text_alone),
        "announced a tool call and failed, and source 2 was called all the same: the tool may run",
    ),
    (
        forgets_what_was_before,
        "called a tool and failed when the model was asked again, and source 2 was called",
    ),
    (
        watches_until_a_tool_is_called,
        "The first source announced a tool call and fell silent, and `steady` waited for it",
    ),
    (
        steadied(commits=lambda piece: piece.content),
        r"A `Status` has no `content`\. Your code raised `AttributeError: .*",
    ),
    (swallows_that_it_forgot_to_call, "Nobody called a source. A source is a function: call it"),
    (
        catches_what_it_never_imported,
        "NameError: name 'Stalledd' is not defined.*, when the first source failed at once",
    ),
    (reads_functions, "A source is a function: call it"),
    (drops_empty_chunks, "An `AIMessageChunk` that came was not passed on"),
    (tries_each_twice, "The first source failed at once, and was called twice. Call the next"),
    (
        adds_news,
        r"failed at once. \d+ pieces came, and \d+ were passed on: some twice, or your own",
    ),
    (holds_news, r"holds back what comes: `Status.stage='Thinking'.* was yielded 0.1 s after"),
    (steadied(after_text=False), "in mid-reply, when some text had been shown, and source 2 was"),
    (steadied(at_last=False), "No source got as far as a text, and the stream ended without"),
    (steadied(failures=BaseException), "cancelled in a silence, and source 2 was called"),
    (steadied(failures=Stalled), "first source failed at once, and `ConnectionLost` came out"),
    (news_of_its_own, "failed in mid-reply, and `steady` ended as if"),
    (collects_pieces, r"holds back what comes: .* was yielded \d.\d s after"),
    (texts_alone, "yields text where a chunk came"),
    (chunks_alone, "A `Status` that came was not passed on"),
    (calls_all_sources, "The first source answers, and source 2 was called all the same"),
    (forgets_to_call, "A source is a function: call it"),
    (waits_longer, "and the next one was asked after 6.0 s"),
    (one_limit_for_all, "No silence is as long as 2 s, and `TimeoutError` came out after 2.0 s"),
    (own_error, "RuntimeError: Nobody can answer.*when no source got as far"),
    (the_first_error, "error that came out is .*the first source's.*the last one's was"),
    (twice_each, r"\d+ pieces came, and \d+ were passed on: some twice"),
    (tells_more, "yields a `Status` that no source made"),
    (reads_on, "the next one answered, and the first one's stream is still open"),
    (hurries, "and the next one was asked after 1.4 s already"),
    (by_return, "hands over a `list`, once"),
    (tells_no_news_twice, r"`Status.stage='Thinking'.* came twice, and was passed on once: one is"),
    (the_empty_ones_first, r"\d+ pieces came, and \d+ were passed on, in another order"),
    (wants_a_text, "without an error, and with no text, and source 2 was called all the same: the"),
    (wants_more_than_news, "an error, and with a `Status` alone, and source 2 was called all the"),
    (the_last_by_itself, "stood in the list twice.* failed once, and its error came out. How does"),
    (the_last_by_its_place, "twice.* failed both times, and the stream ended without an error"),
    (each_source_once, "twice.* It failed once, and nobody asked it again"),
)


@pytest.mark.parametrize(("steady", "said"), with_reason(*WRONG_5_10))
def test_5_10_says_what_is_wrong_with_code_that(steady, said):
    wrong("5.10", steady, said)
