"""Exercise 5.10's check: the two safety nets, and nothing that happens twice."""

import asyncio
from functools import partial

import pytest

from tests.checks.capstone_parts import (
    collects_pieces,
    goes_on_with,
    keeps_the_error,
    news_of_its_own,
    nobody_watches,
    steadied,
)
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.patience import Stalled, watched
from utils.widgets import Status


@pytest.mark.parametrize("steady", by_name(steadied(), keeps_the_error))
def test_5_10_accepts(steady):
    right("5.10", steady)


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


async def by_return(sources, seconds):
    return [piece async for piece in steadied()(sources, seconds)]


WRONG_5_10 = (
    (steadied(watch=nobody_watches), "The first source was silent for 30 s, and nobody else was"),
    (steadied(is_text=lambda piece: True), "a `Status` and failed, and `ConnectionLost` came out"),
    (
        steadied(is_text=lambda piece: not isinstance(piece, Status)),
        "yielded an empty chunk and failed, and `ConnectionLost` came out: nobody else",
    ),
    (
        steadied(is_text=lambda piece: isinstance(piece, str)),
        "failed in mid-reply, when some text had been shown, and source 2 was called all the same",
    ),
    (steadied(after_text=False), "in mid-reply, when some text had been shown, and source 2 was"),
    (steadied(at_last=False), "No source got as far as a text, and the stream ended without"),
    (steadied(failures=BaseException), "cancelled in a silence, and source 2 was called"),
    (steadied(failures=Stalled), "first source failed at once, and `ConnectionLost` came out"),
    (news_of_its_own, "failed in mid-reply, and `steady` ended as if"),
    (collects_pieces, r"holds back what comes: .* was yielded \d.\d s after"),
    (texts_alone, "yields text where a chunk came"),
    (chunks_alone, "A `Status` that came was not passed on"),
    (calls_all_sources, "The first source answers, and source 2 was called all the same"),
    (forgets_to_call, "AttributeError: 'Feed' object has no attribute 'aclose'"),
    (waits_longer, "and the next one was asked after 6.0 s"),
    (one_limit_for_all, "No silence is as long as 2 s, and `TimeoutError` came out after 2.0 s"),
    (own_error, "RuntimeError: Nobody can answer.*when no source got as far"),
    (the_first_error, "error that came out is .*the first source's.*the last one's was"),
    (twice_each, r"\d+ pieces came, and \d+ were passed on: some twice"),
    (tells_more, "yields a `Status` that no source made"),
    (reads_on, "the next one answered, and the first one's stream is still open"),
    (hurries, "and the next one was asked after 1.4 s already"),
    (by_return, "hands over a `list`, once"),
)


@pytest.mark.parametrize(("steady", "said"), with_reason(*WRONG_5_10))
def test_5_10_says_what_is_wrong_with_code_that(steady, said):
    wrong("5.10", steady, said)
