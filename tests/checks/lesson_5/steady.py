"""Exercise 5.10: the two safety nets together."""

import asyncio
from contextlib import aclosing
from functools import partial

from langchain_core.messages import AIMessage

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import (
    collects_pieces,
    committed,
    goes_on_with,
    keeps_the_error,
    kept,
    news_of_its_own,
    nobody_watches,
    steadied,
)
from utils import lesson_source
from utils.stall_timeout import Stalled, watched
from utils.widgets import Status

right("5.steady")(steadied())
right("5.steady")(keeps_the_error)


@right("5.steady")
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


@right("5.steady")
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


def text_alone(piece):
    return bool(getattr(piece, "content", ""))


@wrong("5.steady", "yields strings")
async def texts_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece.content if hasattr(piece, "content") else piece


@wrong("5.steady", "leaves a piece out")
async def chunks_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if not isinstance(piece, Status):
            yield piece


@wrong("5.steady", "calls the next without need")
async def calls_all_sources(sources, seconds):
    streams = [source() for source in sources]
    async for piece in steadied()([lambda s=s: s for s in streams], seconds):
        yield piece


@wrong("5.steady", "calls no source")
async def forgets_to_call(sources, seconds):
    for source in sources:
        async for piece in watched(source, seconds):
            yield piece


@wrong("5.steady", "calls no source")
async def swallows_that_it_forgot_to_call(sources, seconds):
    for source in sources:
        try:
            async for piece in watched(source, seconds):
                yield piece
            return
        except Exception:
            continue


@wrong("5.steady", "raises")
async def catches_what_it_never_imported(sources, seconds):
    for source in sources:
        try:
            async for piece in watched(source(), seconds):
                yield piece
            return
        except Stalledd:  # noqa: F821
            continue


@wrong("5.steady", "calls no source")
async def reads_functions(sources, seconds):
    for source in sources:
        async for piece in source:
            yield piece


@wrong("5.steady", "calls the next after a tool")
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


@wrong("5.steady", "waits for a silent source")
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


@wrong("5.steady", "leaves a piece out")
async def drops_empty_chunks(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if getattr(piece, "content", None) != "":
            yield piece


@wrong("5.steady", "tries the failed one again")
async def tries_each_twice(sources, seconds):
    twice = [source for source in sources for _ in range(2)]
    async for piece in steadied()(twice, seconds):
        yield piece


@wrong("5.steady", "yields a piece again")
async def adds_news(sources, seconds):
    tried = [lambda source=source: thinks_first(source) for source in sources[1:]]
    async for piece in steadied()([*sources[:1], *tried], seconds):
        yield piece


async def thinks_first(source):
    yield Status("Thinking")
    async for piece in source():
        yield piece


@wrong("5.steady", "held back")
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


@wrong("5.steady", "waits too long")
async def waits_longer(sources, seconds):
    async for piece in steadied()(sources, 3 * seconds):
        yield piece


@wrong("5.steady", "no long silence")
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


@wrong("5.steady", "raises")
async def own_error(sources, seconds):
    shown = False
    async for piece in steadied(at_last=False)(sources, seconds):
        shown = shown or bool(getattr(piece, "content", ""))
        yield piece
    if not shown:
        raise RuntimeError("Nobody can answer.")


@wrong("5.steady", "another error")
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


@wrong("5.steady", "yields a piece again")
async def twice_each(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece
        if isinstance(piece, Status):
            yield piece


@right("5.steady")
async def tells_more(sources, seconds):
    yield Status("Connecting")
    async for piece in steadied()(sources, seconds):
        yield piece


@wrong("5.steady", "leaves a task")
async def reads_on(sources, seconds):
    made = [lambda source=source: goes_on_with(source()) for source in sources]
    async for piece in steadied()(made, seconds):
        yield piece


@wrong("5.steady", "waits too briefly")
async def hurries(sources, seconds):
    async for piece in steadied()(sources, 0.7 * seconds):
        yield piece


@wrong("5.steady", "leaves a piece out")
async def tells_no_news_twice(sources, seconds):
    last = None
    async for piece in steadied()(sources, seconds):
        if not (isinstance(piece, Status) and piece == last):
            yield piece
        if isinstance(piece, Status):
            last = piece


@wrong("5.steady", "another order")
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


@wrong("5.steady", "calls the next without need")
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


@wrong("5.steady", "calls the next without need")
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


@wrong("5.steady", "doesn't try again")
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


@wrong("5.steady", "ends quietly")
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


@wrong("5.steady", "doesn't try again")
async def each_source_once(sources, seconds):
    once = list(dict.fromkeys(sources))
    async for piece in steadied(at_last=len(once) == len(sources))(once, seconds):
        yield piece


@wrong("5.steady", "returns a collection")
async def by_return(sources, seconds):
    return [piece async for piece in steadied()(sources, seconds)]


@right("5.steady")
async def says_that_it_tries_another(sources, seconds):
    *others, last = sources
    for source in others:
        begun = False
        try:
            async with aclosing(watched(source(), seconds)) as pieces:
                async for piece in pieces:
                    begun |= committed(piece)
                    yield piece
            return
        except Exception:
            if begun:
                raise
        yield Status("Trying another")
    async with aclosing(watched(last(), seconds)) as pieces:
        async for piece in pieces:
            yield piece


@right("5.steady")
async def works_on_a_copy(sources, seconds):
    waiting = list(sources)
    while waiting:
        begun, stream = False, waiting.pop(0)()
        async with aclosing(stream):
            try:
                while True:
                    async with asyncio.timeout(seconds):
                        piece = await anext(stream, None)
                    if piece is None:
                        return
                    begun = begun or committed(piece)
                    yield piece
            except Exception:
                if begun or not waiting:
                    raise


@wrong("5.steady", "changes an argument", "changed its argument `sources`")
async def takes_sources_off_the_list(sources, seconds):
    while sources:
        source, begun = sources.pop(0), False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception:
            if begun or not sources:
                raise


@wrong("5.steady", "yields something else", "an `AIMessage` that no source sent")
async def yields_the_message_as_well(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece
    yield AIMessage("done")


@wrong("5.steady", "fails all the same", "`ConnectionLost` came out when the first source failed")
async def raises_what_was_survived(sources, seconds):
    errors = []
    async for piece in steadied()([*map(partial(noting, errors), sources)], seconds):
        yield piece
    if errors:
        raise errors[0]


@wrong("5.steady", "left open")
async def keeps_the_first_open(sources, seconds):
    kept.append([])

    def keeping(source):
        def made():
            kept[-1].append(source())
            return once(kept[-1][-1])

        return made

    async for piece in steadied()([*map(keeping, sources)], seconds):
        yield piece


async def once(stream):
    async for piece in stream:
        yield piece


@wrong("5.steady", "swallows the cancellation")
async def ends_when_cancelled(sources, seconds):
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    except asyncio.CancelledError:
        return


@wrong("5.steady", "calls the next after text")
async def looks_at_the_last_piece_alone(sources, seconds):
    for number, source in enumerate(sources, start=1):
        try:
            async for piece in watched(source(), seconds):
                yield piece
            return
        except Exception:
            if number == len(sources):
                raise


for mistake, parts in (
    ("never calls the next", {"watch": nobody_watches}),
    ("never calls the next", {"commits": lambda piece: True}),
    ("never calls the next", {"commits": lambda piece: not isinstance(piece, Status)}),
    ("never calls the next", {"failures": Stalled}),
    ("calls the next after text", {"commits": lambda piece: isinstance(piece, str)}),
    ("calls the next after text", {"after_text": False}),
    ("calls the next after a tool", {"commits": text_alone}),
    ("attribute of a status", {"commits": lambda piece: piece.content}),
    ("ends quietly", {"at_last": False}),
    ("calls the next without need", {"failures": BaseException}),
):
    wrong("5.steady", mistake)(steadied(**parts))
wrong("5.steady", "ends quietly")(news_of_its_own)
wrong("5.steady", "held back")(collects_pieces)

UNFINISHED = """
async def watched(stream, seconds):
    async with asyncio.timeout(seconds):
        return [piece async for piece in stream]
"""


def on_its_own_watched(own):
    """The function `steady` of a notebook in which 5.4's cell was run again."""
    names = {"committed": committed, "asyncio": asyncio, "aclosing": aclosing}
    exec(f"check = print\n{own}\n{lesson_source.solution('5.10')}", names)
    return names["steady"]


wrong("5.steady", "unfinished watched")(on_its_own_watched(lesson_source.stub("5.watched")))
wrong("5.steady", "unfinished watched")(on_its_own_watched(UNFINISHED))
right("5.steady")(on_its_own_watched(lesson_source.solution("5.watched")))
