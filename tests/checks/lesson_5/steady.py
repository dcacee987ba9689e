"""Silence and fallback together."""

import asyncio
from contextlib import aclosing

from langchain_core.messages import AIMessage, AIMessageChunk

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import (
    collects_pieces,
    committed,
    goes_on_with,
    keeps_the_error,
    kept,
    raises_what_was_survived,
    shows_the_error,
    steadied,
    text_alone,
    unwatched,
)
from utils import lesson_source
from utils.stall_timeout import Stalled, watched
from utils.widgets import Status

right("5.steady")(steadied())
right("5.steady")(steadied(before=[Status("Connecting")]))
right("5.steady")(steadied(before=[Status("Thinking")]))
right("5.steady")(keeps_the_error)


@right("5.steady")
async def holds_empty_chunks(sources, seconds):
    """Passes an empty chunk on with what follows it."""
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


def without_statuses(pieces):
    return any(not isinstance(piece, Status) for piece in pieces[-1:])


for mistake, how in (
    ("calls the next too late", {"commits": lambda piece: False}),
    ("calls the next too late", {"commits": text_alone}),
    ("calls the next too late", {"after_text": False}),
    ("calls the next without need", {"failures": BaseException}),
    ("calls the next without need", {"answered": lambda pieces: any(map(text_alone, pieces))}),
    ("calls the next without need", {"answered": without_statuses}),
    ("never calls the next", {"watch": unwatched}),
    ("never calls the next", {"commits": lambda piece: True}),
    ("never calls the next", {"commits": lambda piece: not isinstance(piece, Status)}),
    ("never calls the next", {"failures": Stalled}),
    ("never calls the next", {"last": lambda sources, n: sources[n - 1] is sources[-1]}),
    (
        "ends quietly",
        {"last": lambda sources, n: sources.index(sources[n - 1]) == len(sources) - 1},
    ),
    ("another limit", {"watch": lambda stream, seconds: watched(stream, 3 * seconds)}),
    ("another limit", {"watch": lambda stream, seconds: watched(stream, 0.7 * seconds)}),
    ("no long silence", {"watch": lambda stream, seconds: watched(stream, seconds / 10)}),
    ("raises", {"commits": lambda piece: piece.content}),
    ("yields the wrong type", {"parts": lambda piece: [getattr(piece, "content", piece)]}),
    ("yields something else", {"parts": lambda piece: [piece, AIMessageChunk("!")]}),
    ("yields a piece again", {"parts": lambda piece: [piece, piece]}),
    ("leaves a piece out", {"parts": lambda piece: [piece] * (not isinstance(piece, Status))}),
    ("leaves a piece out", {"parts": lambda p: [p] * (getattr(p, "content", None) != "")}),
):
    wrong("5.steady", mistake)(steadied(**how))


@wrong("5.steady", "calls none")
async def forgets_to_call(sources, seconds):
    for source in sources:
        async for piece in watched(source, seconds):
            yield piece


@wrong("5.steady", "calls the next too late", "called a tool and failed later")
async def forgets_what_was_before(sources, seconds):
    for number, source in enumerate(sources, start=1):
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = committed(piece)
                yield piece
            return
        except Exception:
            if begun or number == len(sources):
                raise


@wrong("5.steady", "ends quietly", "called a tool and fell silent")
async def watches_until_a_tool_is_called(sources, seconds):
    for number, source in enumerate(sources, start=1):
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
            if begun or number == len(sources):
                raise
        finally:
            await stream.aclose()


@wrong("5.steady", "calls the next without need")
async def calls_all_sources(sources, seconds):
    streams = [source() for source in sources]
    async for piece in steadied()([lambda s=s: s for s in streams], seconds):
        yield piece


@wrong("5.steady", "calls one again")
async def tries_each_twice(sources, seconds):
    async for piece in steadied()([each for each in sources for _ in range(2)], seconds):
        yield piece


@wrong("5.steady", "never calls the next", "in the list twice")
async def each_source_once(sources, seconds):
    once = list(dict.fromkeys(sources))
    async for piece in steadied()(once, seconds):
        yield piece


@wrong("5.steady", "not in order")
async def the_last_first(sources, seconds):
    async for piece in steadied()(sources[::-1], seconds):
        yield piece


@wrong("5.steady", "no long silence")
async def one_limit_for_all(sources, seconds):
    async with asyncio.timeout(seconds):
        async for piece in steadied()(sources, seconds):
            yield piece


@wrong("5.steady", "never calls the next", "the first two sources failed")
async def two_sources_only(sources, seconds):
    async for piece in steadied()(sources[:2], seconds):
        yield piece


@wrong("5.steady", "another error", "when both sources failed")
async def raises_its_own_from_the_last(sources, seconds):
    begun = False
    try:
        async for piece in steadied()(sources, seconds):
            begun = begun or committed(piece)
            yield piece
    except Exception:
        if begun:
            raise
        raise RuntimeError("No source answered.")  # noqa: B904 (learners forget it)


@wrong("5.steady", "ends quietly", "the last source was silent")
async def watches_all_but_the_last(sources, seconds):
    def watch(stream, seconds, number=[0]):  # noqa: B006 (it counts)
        number[0] += 1
        return watched(stream, seconds if number[0] < len(sources) else 1000)

    async for piece in steadied(watch=watch)(sources, seconds):
        yield piece


@wrong("5.steady", "another error", "when both sources failed")
async def raises_its_own(sources, seconds):
    begun = False
    async for piece in steadied(last=lambda *_: False)(sources, seconds):
        begun = begun or committed(piece)
        yield piece
    if not begun:
        raise RuntimeError("No source answered.")


@wrong("5.steady", "another error", "number 2 was lost")
async def the_first_error(sources, seconds):
    errors = []
    for source in sources:
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception as error:
            errors.append(error)
            if begun:
                raise
    raise errors[0]


@wrong("5.steady", "held back")
async def holds_statuses(sources, seconds):
    held = []
    async for piece in steadied()(sources, seconds):
        held.append(piece)
        if not isinstance(piece, Status):
            for each in held:
                yield each
            held = []
    for each in held:
        yield each


@wrong("5.steady", "yields the wrong type", "an `AIMessage`")
async def yields_the_message_as_well(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece
    yield AIMessage("done")


@wrong("5.steady", "raises", "StalledTooLong")
async def catches_what_it_never_imported(sources, seconds):
    for source in sources:
        try:
            async for piece in watched(source(), seconds):
                yield piece
            return
        except StalledTooLong:  # noqa: F821
            continue


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


@wrong("5.steady", "left open")
async def keeps_the_first_open(sources, seconds):
    async def once(source):
        kept.append(source())
        async for piece in kept[-1]:
            yield piece

    async for piece in steadied()([lambda s=s: once(s) for s in sources], seconds):
        yield piece


@wrong("5.steady", "leaves a task")
async def reads_on(sources, seconds):
    async for piece in steadied()([lambda s=s: goes_on_with(s()) for s in sources], seconds):
        yield piece


wrong("5.steady", "ends quietly")(shows_the_error)
wrong("5.steady", "fails all the same", "`ConnectionLost` was raised")(raises_what_was_survived)
wrong("5.steady", "held back")(collects_pieces)

UNFINISHED = """
async def watched(stream, seconds):
    async with asyncio.timeout(seconds):
        return [piece async for piece in stream]
"""


def on_its_own_watched(own):
    """The function `steady` of a notebook that has its own `watched`."""
    names = {"committed": committed, "asyncio": asyncio, "aclosing": aclosing}
    exec(f"check = print\n{own}\n{lesson_source.solution('5.steady')}", names)
    return names["steady"]


STANDS_IN = "The course's `watched` took the place of yours"
right("5.steady", STANDS_IN)(on_its_own_watched(lesson_source.stub("5.watched")))
right("5.steady", STANDS_IN)(on_its_own_watched(UNFINISHED))
right("5.steady", "the error is raised.$")(on_its_own_watched(lesson_source.solution("5.watched")))
