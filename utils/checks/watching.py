"""Runs an answer that streams on a loop of virtual time, and says what is wrong with its stream.

How it is read and left is `listening`'s.
"""

import asyncio
import inspect
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Sequence,
)
from itertools import pairwise
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage, BaseMessageChunk

from utils.checks.async_streams import LiveProbe
from utils.checks.awaited import learners_tasks, leaves, the_stream
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.student_code import LearnersError, learners_code, told
from utils.checks.engine.timeout import OutOfTime
from utils.checks.engine.wording import shown
from utils.checks.listening import Cancelled, Feed, Heard, cancelled, listen
from utils.checks.observe import asked_for_a_stream, first_difference, kind
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, cut

T = TypeVar("T")

PROMPT = "Why does the fox look both ways?"
FOX = "The fox stops at the road at night. It looks both ways, and so should you."
LONG = 30.0  # virtual seconds of a silence in which anybody would press Stop
AT_ONCE = 0.25  # virtual seconds; who polls every fifth of a second is quick enough


def fox(**how: Any) -> LiveProbe:
    """The reply to `PROMPT`, with further settings of the probe; some pieces are only a space."""
    return LiveProbe(cut(FOX, 381), **how)


def ended_when_cancelled(end: Cancelled, name: str) -> None:
    """Turn down code that keeps its caller from cancelling it.

    Raises:
        NotYet: If it didn't end by `CancelledError`, not at once, or left something open.
    """
    if end.how == "cancelled" and end.seconds <= AT_ONCE:
        if end.let_go:
            return
        raise NotYet(
            f"The task that runs `{name}` was cancelled, as by Stop or the notebook's ■, and the "
            "stream is still open: somebody goes on writing for nobody."
        )
    if end.how == "early":
        raise NotYet(f"`{name}` ended by itself in a silence in which nobody had stopped it yet.")
    if end.how == "raised" and end.error is not None:
        what = f"{type(end.error).__name__}: {end.error}".removesuffix(": ")
        raise NotYet(
            f"When the task that runs `{name}` was cancelled, {shown(what, 100)} came out in place "
            "of the cancellation."
        )
    if end.how in ("cancelled", "went on"):
        raise NotYet(
            f"The task that runs `{name}` was cancelled, and {end.seconds:g} s later it was still "
            "at work."
        )
    raise NotYet(
        f"When the task that runs `{name}` was cancelled, it came back as if nothing had happened. "
        "Whoever cancels it should see it end by `CancelledError`."
    )


def no_error(heard: Heard, when: str = "") -> None:
    """Tell an exception that should not have come.

    Raises:
        LearnersError: In its place.
    """
    if heard.error is not None:
        raise LearnersError(told(heard.error, when)) from heard.error


def came_out(error: BaseException | None, kind_of_error: type[BaseException]) -> bool:
    """Whether it is, comes from, or holds an error of that kind."""
    return error is not None and any(
        isinstance(leaf, kind_of_error) or came_out(leaf.__cause__, kind_of_error)
        for leaf in leaves(error)
    )


def asked_well(probe: LiveProbe, name: str) -> None:
    """Turn down code that didn't ask its model once, by a stream that leaves the loop free.

    Raises:
        NotYet: If it didn't.
    """
    if probe.blocking:
        raise NotYet(
            "The model was asked by `.stream(…)` or `.invoke(…)`, which hold up the event loop: "
            "until it answers nothing else happens here, not even Stop."
        )
    asked_for_a_stream(probe, name, to_the_end=False)


def right_text(items: Sequence[Any], right: str, name: str) -> None:
    """Turn down items that are no texts, or texts that aren't those of the reply.

    Raises:
        NotYet: If they are.
    """
    for item in items:
        if isinstance(item, BaseMessageChunk):
            raise NotYet(f"`{name}` yields chunks; the exercise asks for their text.")
        if isinstance(item, BaseMessage):
            raise NotYet(f"`{name}` yields {kind(item)}; the exercise asks for its text.")
        if not isinstance(item, str):
            raise NotYet(f"`{name}` yields {kind(item)}; the exercise asks for text.")
    text = "".join(items)
    if text == right:
        return
    if not text:
        raise NotYet(f"`{name}` yields no text at all.")
    texts = [item for item in items if item]
    if len(texts) > 1 and all(late.startswith(early) for early, late in pairwise(texts)):
        raise NotYet(
            f"Each piece holds all that came before it, {shown(texts[0])}, then "
            f"{shown(texts[1])}; the exercise asks for what is new."
        )
    if right.startswith(text):
        raise NotYet(f"The end of the reply is missing: {shown(right[len(text) :])}.")
    raise NotYet(f"The text isn't that of the reply. {first_difference(text, right)}")


def nothing_held(probe: Probe, name: str) -> None:
    """Turn down code that takes a piece before it has handed over the one before it.

    Raises:
        NotYet: If it does; its text must be right already.
    """
    total = len(probe.pieces)
    if probe.most_held == total:
        raise NotYet(
            f"The text is right, and it was collected first: all {total} pieces had come before "
            f"`{name}` yielded anything."
        )
    if probe.most_held:
        were = "piece was" if probe.most_held == 1 else "pieces were"
        raise NotYet(
            f"`{name}` holds text back: {probe.most_held} {were} there and not yielded when the "
            "next one was taken."
        )


def nothing_late(
    heard: Heard, feed: Feed, began: float, name: str, *, empty_too: bool = True
) -> None:
    """As `nothing_held`, for a feed whose items all came out, by their times.

    Args:
        heard: What came out.
        feed: Where it comes from.
        began: When reading began, by the loop's clock.
        name: The function's.
        empty_too: Whether a chunk without text has to be as quick.

    Raises:
        NotYet: If an item came out later than it was there.
    """
    for came, taken, item in zip(heard.times, feed.times, heard.items, strict=True):
        late = came - (taken - began)
        if late > loops.SOON and (empty_too or not is_empty(item)):
            what = shown(repr(getattr(item, "content", item)))
            raise NotYet(
                f"`{name}` holds back what comes: {what} was yielded {late:.1f} s after it came."
            )


def is_empty(item: object) -> bool:
    """Whether it is a chunk without text."""
    return isinstance(item, BaseMessage) and not item.text


def often(count: int) -> str:
    """So many times, in words."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def left_open(heard: Heard) -> None:
    """Turn down code that goes on when its reader has left.

    Raises:
        NotYet: If it does.
    """
    if not heard.let_go:
        raise NotYet(
            "The reader has left, and the model goes on writing: its stream is still open."
        )


def on_a_loop(main: Callable[[], Coroutine[Any, Any, T]], function: object) -> T:
    """As `loops.run`; a learner's `exit()` ends the check and not the kernel.

    Raises:
        LearnersError: In place of the `SystemExit`.
    """
    try:
        return loops.run(main, function)
    except OutOfTime:
        raise
    except SystemExit as error:
        raise LearnersError(told(error)) from error


def run_stream(
    function: Callable[..., object],
    args: Sequence[Any],
    name: str,
    *sources: LiveProbe | Feed,
    when: str = "",
    **how: Any,
) -> Heard:
    """Call the learner's function on a virtual loop of its own, and `listen` to what it returns.

    Args:
        function: The learner's.
        args: Its arguments.
        name: What the exercise calls it.
        sources: See `listen`.
        when: What it was given, such as "when the reader left", if that explains an error.
        **how: See `listen`.

    Raises:
        LearnersError: If the call fails; what the stream raises is noted.
        NotYet: If it returns no stream, or cancels the task of its reader.
    """

    async def main() -> Heard:
        stream = await _called(function, args, name, when)
        reading = asyncio.ensure_future(listen(stream, *sources, **how))
        await asyncio.wait({reading})
        if reading.cancelled():
            raise NotYet(
                f"`{name}` cancelled the task that reads it, while that was busy with a piece. "
                "Does a time limit go on over a `yield`, where the reader's own time counts?"
            )
        return reading.result()

    return on_a_loop(main, function)


def run_cancelled(
    function: Callable[..., object],
    args: Sequence[Any],
    name: str,
    *sources: LiveProbe | Feed,
    after: float,
    into: Heard | None = None,
) -> None:
    """Cancel the task of a reader after so many seconds, and see that it ends by that.

    Args:
        function: As the next three, see `run_stream`.
        args: See above.
        name: See above.
        sources: See above.
        after: Virtual seconds.
        into: Where the reader writes what it gets.

    Raises:
        NotYet: If the cancellation is swallowed, or a source is not let go.
    """

    async def main() -> Cancelled:
        stream = await _called(function, args, name, "when its task was cancelled")
        return await cancelled(listen(stream, *sources, into=into), after, *sources)

    ended_when_cancelled(on_a_loop(main, function), name)


async def _called(
    function: Callable[..., object], args: Sequence[Any], name: str, when: str
) -> AsyncIterator[Any]:
    with learners_code(when):
        returned = function(*args)
    if inspect.iscoroutine(returned):
        returned = _something(returned, name, when)
    return await the_stream(returned, name)


async def _something(work: Coroutine[Any, Any, T], name: str, when: str) -> T:
    """What comes of awaiting a function that ought to be a generator."""
    with learners_tasks(when):
        result = await work
    if result is None:
        raise NotYet(
            f"`{name}` hands over nothing: there is no `yield` in it yet. The exercise asks for "
            "something to read by `async for`, piece by piece."
        )
    return result
