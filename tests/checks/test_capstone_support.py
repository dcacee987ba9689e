"""Exercise 5.11's check: the whole assistant, and which of its steps is to blame."""

# ruff: noqa: B023 (learners write such code)

import asyncio
import re
from functools import partial
from types import FunctionType

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from tests.checks.lesson_5._parts import (
    all_tools_at_once,
    built,
    calls_itself,
    collects_all_but_news,
    collects_pieces,
    committed,
    in_a_loop,
    keeps_the_error,
    news_of_its_own,
    nobody_watches,
    steadied,
)
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils import source as lesson
from utils.checks.streams import ConnectionLost
from utils.patience import Stalled, watched
from utils.widgets import Status


def assembled(*, answer=in_a_loop, steady=None, sources=None):
    """The right answer with one part of it exchanged."""
    steady = steady or steadied()

    def support(models, tools, seconds):
        def reply(history):
            if sources:
                return steady(sources(models, tools, history), seconds)
            return steady([partial(answer, model, tools, history) for model in models], seconds)

        return reply

    return support


def as_a_generator(models, tools, seconds):
    async def reply(history):
        sources = [lambda model=model: calls_itself(model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds):
            yield piece

    return reply


class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [partial(in_a_loop, model, self.tools, history) for model in self.models]
        return steadied()(sources, self.seconds)


@pytest.mark.parametrize(
    "support",
    by_name(assembled(), assembled(answer=all_tools_at_once), as_a_generator, Assistant),
)
def test_5_11_accepts(support):
    outcome = right("5.11", support)
    assert "survived a tool call, Stop, a refusal, a silence" in outcome.message
    assert "waited 0.6 s in all" in outcome.message


def late_binding(models, tools, seconds):
    def reply(history):
        return steadied()([lambda: in_a_loop(model, tools, history) for model in models], seconds)

    return reply


def forgets_seconds(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, tools, history) for model in models], 60)

    return reply


def returns_the_stream(models, tools, seconds):
    return steadied()([partial(in_a_loop, model, tools, []) for model in models], seconds)


def the_first_alone(models, tools, seconds):
    return partial(in_a_loop, models[0], tools)


def without_tools(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, [], history) for model in models], seconds)

    return reply


def returns_nothing(models, tools, seconds):
    def reply(history):
        steadied()([partial(in_a_loop, model, tools, history) for model in models], seconds)

    return reply


def forgets_to_return(models, tools, seconds):
    def reply(history):
        return None


async def async_support(models, tools, seconds):
    return assembled()(models, tools, seconds)


def async_reply(models, tools, seconds):
    async def reply(history):
        return assembled()(models, tools, seconds)(history)

    return reply


def streams_not_sources(models, tools, seconds):
    def reply(history):
        return steadied()([in_a_loop(model, tools, history) for model in models], seconds)

    return reply


def last_model_first(models, tools, seconds):
    return assembled()(models[::-1], tools, seconds)


def used_up(models, tools, seconds):
    kept = []

    def reply(history):
        kept[:] = kept or [partial(in_a_loop, model, tools, history) for model in models]
        return steadied()(kept, seconds)

    return reply


def tells_no_news(models, tools, seconds):
    async def reply(history):
        async for piece in assembled()(models, tools, seconds)(history):
            if not isinstance(piece, Status):
                yield piece

    return reply


async def thinks_aloud_too_late(model, tools, messages):
    news = None
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            news = piece
            continue
        if news and piece.content:
            yield news
            news = None
        yield piece


def the_notebooks_tools(models, tools, seconds):
    return assembled()(models, [order_status], seconds)


@tool
async def order_status(order: int) -> str:
    """Look up where an order is, by its number."""
    return f"Order {order} left the warehouse."


def writes_it_down(models, tools, seconds):
    def reply(history):
        history.append(HumanMessage("Be kind."))
        return assembled()(models, tools, seconds)(history)

    return reply


def shares_the_seconds(models, tools, seconds):
    return assembled()(models, tools, seconds / len(models))


def hurries(models, tools, seconds):
    return assembled()(models, tools, seconds / 10)


def a_little_less(models, tools, seconds):
    return assembled()(models, tools, 0.7 * seconds)


async def asks_both(sources, seconds):
    spare = asyncio.ensure_future(anext(chunks_of(sources[1]), None)) if len(sources) > 1 else None
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    finally:
        if spare:
            spare.cancel()


async def chunks_of(source):
    async for piece in source():
        if not isinstance(piece, Status):
            yield piece


async def asks_nobody(sources, seconds):
    yield Status("Thinking")


async def in_capitals(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if hasattr(piece, "content"):
            piece.content = piece.content.upper()
        yield piece


def text_alone(piece):
    return bool(getattr(piece, "content", ""))


async def asks_again_when_a_tool_is_slow(sources, seconds):
    """As it should be, but for a silence right after a tool was called."""
    for source in sources:
        begun = calling = False
        try:
            async for piece in watched(source(), seconds):
                calling = getattr(piece, "stage", "") == "Tool call"
                begun = begun or committed(piece)
                yield piece
            return
        except Stalled:
            if source is sources[-1] or (begun and not calling):
                raise
        except Exception:
            if begun or source is sources[-1]:
                raise


async def quiet_after_a_tool(sources, seconds):
    called = False
    try:
        async for piece in steadied()(sources, seconds):
            called = called or getattr(piece, "stage", "") == "Tool call"
            yield piece
    except Exception:
        if not called:
            raise


async def asks_the_second_without_need(sources, seconds):
    called = False
    try:
        async for piece in steadied()(sources, seconds):
            called = called or getattr(piece, "stage", "") == "Tool call"
            yield piece
    except Exception:
        if called and len(sources) > 1:
            stream = sources[1]()
            await anext(stream)
            await anext(stream)
            await stream.aclose()
        raise


def gives_up_in_silence(sources, seconds):
    return steadied(failures=ConnectionLost)(sources, seconds)


def one_stream(models, tools, seconds):
    streams = []

    def reply(history):
        streams.append(assembled()(models, tools, seconds)(history))
        return streams[0]

    return reply


WRONG_5_11 = (
    (late_binding, "the second was asked, but never the first. .* when does the code of a source"),
    (last_model_first, "the second was asked, but never the first. Are they in order"),
    (
        forgets_seconds,
        "first text came after 30.1 s, though `seconds` was 2.*See step 3, Exercise 5.10",
    ),
    (returns_the_stream, "`support` returns an `async_generator`; a panel wants a function"),
    (the_first_alone, "refused, and the second didn't answer .*See step 3"),
    (without_tools, "asked without the tools that `support` was given"),
    (returns_nothing, "Calling `reply` gave `None`"),
    (forgets_to_return, "`support` returns `None`; a panel wants a function"),
    (async_support, "`support` returns a `coroutine`; a panel wants a function"),
    (async_reply, "Calling `reply` gives a coroutine"),
    (streams_not_sources, "A source is a function without arguments.* hands over is a stream al"),
    (used_up, "the model didn't see that turn's history"),
    (assembled(steady=asks_both), "The first model answers, and the second was asked too"),
    (assembled(steady=asks_nobody), "Neither of the two models was asked"),
    (assembled(steady=in_capitals), "A plain reply came out as `YOUR"),
    (assembled(steady=gives_up_in_silence), "was silent, and the second didn't answer in its"),
    (one_stream, "In the second turn of a chat"),
    (assembled(answer=collects_all_but_news), r"waits \d.\d s in all where the model needs 0.6"),
    (
        assembled(answer=built(thinking=list)),
        "No `Status` came out at all, so the screen was blank for 0.6 s. See step 1",
    ),
    (
        assembled(answer=thinks_aloud_too_late),
        "first sign of life comes after 0.6 s, with a blank screen until then. See step 1",
    ),
    (tells_no_news, "No `Status` came out at all"),
    (the_notebooks_tools, "given the `tools` `order_status, opening_hours`, and the model was ask"),
    (writes_it_down, "history that `reply` was given was changed by it. That list is the panel's"),
    (
        shares_the_seconds,
        "was 1 s, while a tool was at work, `seconds` was 2, and `Stalled` came out. Does all of",
    ),
    (hurries, "The longest silence was 0.5 s, `seconds` was 2, and `Stalled` came out. Does all"),
    (a_little_less, "first text came after 2.1 s already, though `seconds` was 2. Does all of it"),
    (assembled(answer=built(wanted=lambda whole: False)), "and 0 ran; .*See step 1"),
    (
        assembled(answer=built(calling=lambda call: [])),
        "and the screen said `Thinking, Thinking`. See step 1",
    ),
    (assembled(answer=built(copy=lambda m: m)), "history was changed by a tool call. See step 1"),
    (
        assembled(steady=steadied(watch=nobody_watches)),
        "first text came after 30.1 s, .*See step 3",
    ),
    (assembled(steady=steadied(after_text=False)), "what came out is .*See step 3"),
    (
        assembled(steady=steadied(commits=text_alone)),
        "refused when it was asked again after a tool call, and the tool ran twice. See step 3",
    ),
    (
        assembled(steady=asks_again_when_a_tool_is_slow),
        "tool took longer than `seconds`, and the tool ran twice. See step 3",
    ),
    (
        assembled(steady=asks_the_second_without_need),
        "asked again after a tool call, and the second model was asked. See step 3",
    ),
    (
        assembled(steady=quiet_after_a_tool),
        "again after a tool call, and the panel can't know: nothing was raised. See step 3",
    ),
    (assembled(steady=steadied(at_last=False)), "Both models were lost, .*See step 3"),
    (assembled(steady=news_of_its_own), "in mid-reply, and the panel can't know: .*See step 3"),
    (assembled(steady=collects_pieces), "The first sign of life comes after"),
    (
        assembled(steady=steadied(failures=BaseException)),
        "cancelled, it came back as if nothing had happened",
    ),
)


@pytest.mark.parametrize(("support", "said"), with_reason(*WRONG_5_11))
def test_5_11_says_what_is_wrong_with_code_that(support, said):
    wrong("5.11", support, said)


PUT_TOGETHER = """
def support(models, tools, seconds):
    def reply(history):
        return steady([partial(answer, model, tools, history) for model in models], seconds)
    return reply
"""
BUFFERS = """
def support(models, tools, seconds):
    async def reply(history):
        sources = [partial(answer, model, tools, history) for model in models]
        for piece in [piece async for piece in steady(sources, seconds)]:
            yield piece
    return reply
"""
SLEEPS = """
def support(models, tools, seconds):
    async def reply(history):
        await asyncio.sleep(1)
        sources = [partial(answer, model, tools, history) for model in models]
        async for piece in steady(sources, seconds):
            yield piece
    return reply
"""
NO_NEWS = """
def support(models, tools, seconds):
    async def reply(history):
        sources = [partial(answer, model, tools, history) for model in models]
        async for piece in steady(sources, seconds):
            if hasattr(piece, "content"):
                yield piece
    return reply
"""
WRITES = """
def support(models, tools, seconds):
    def reply(history):
        history.append(history[-1])
        return steady([partial(answer, model, tools, history) for model in models], seconds)
    return reply
"""
SHARES = PUT_TOGETHER.replace("seconds)\n    return", "seconds / len(models))\n    return")


def in_a_notebook(code, *, answer=in_a_loop, steady=None):
    """The function `support`, which finds the other steps among the notebook's names."""
    names = {"answer": answer, "steady": steady or steadied(), "partial": partial}
    names["asyncio"] = asyncio
    exec(code, names)
    return names["support"]


def as_it_came(number):
    """The function in the exercise's own cell, untouched."""
    names = {"Status": Status, "check": lambda *_: None}
    exec(lesson.stub(number), names)
    return names["answer" if number == "5.8" else "steady"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"answer": as_it_came("5.8")}, r"Step 1 isn't done yet: Exercise 5\.8\."),
        ({"steady": as_it_came("5.10")}, r"Step 3 isn't done yet: Exercise 5\.10\."),
        ({"answer": as_it_came("5.8"), "steady": as_it_came("5.10")}, "Step 1 isn't done yet"),
        ({"steady": ...}, "Step 3 isn't done yet: Exercise 5.10"),
    ],
)
def test_5_11_names_a_step_that_nobody_has_written(steps, said):
    wrong("5.11", in_a_notebook(PUT_TOGETHER, **steps), said)


def test_5_11_finds_the_steps_where_they_are():
    right("5.11", in_a_notebook(PUT_TOGETHER))
    names = in_a_notebook(PUT_TOGETHER).__globals__
    del names["steady"]
    said = r"uses `steady`, and the notebook has none yet. Run the cell of Exercise 5\.10 again"
    wrong("5.11", names["support"], said)


BY_ITSELF = "Steps 1 and 3 pass by themselves, so it is in `support`"


@pytest.mark.parametrize(
    ("code", "steps", "said"),
    [
        (BUFFERS, {}, f"The first sign of life comes after .* {BY_ITSELF}"),
        (SLEEPS, {}, f"The first sign of life comes after 1.0 s.* {BY_ITSELF}"),
        (PUT_TOGETHER, {"steady": collects_pieces}, "sign of life .* See step 3, Exercise 5.10"),
        (PUT_TOGETHER, {"answer": collects_all_but_news}, "waits .* See step 1, Exercise 5.8"),
        (PUT_TOGETHER, {"answer": built(copy=lambda m: m)}, "history .* See step 1, Exercise 5.8"),
        (PUT_TOGETHER, {"steady": steadied(commits=text_alone)}, "ran twice. See step 3"),
        (NO_NEWS, {}, f"No `Status` came out at all, .* {BY_ITSELF}"),
        (WRITES, {}, f"was changed by it. .* {BY_ITSELF}"),
        (SHARES, {}, f"Does all of `seconds` get to where a silence is measured. {BY_ITSELF}"),
    ],
    ids=[
        "buffers",
        "sleeps",
        "step 3 collects",
        "step 1 collects",
        "step 1 adds",
        "tool twice",
        "tells no news",
        "writes it down",
        "shares the seconds",
    ],
)
def test_5_11_tries_the_steps_to_name_the_right_one(code, steps, said):
    outcome = wrong("5.11", in_a_notebook(code, **steps), said)
    assert re.findall(r"[Ss]teps? \d", outcome.message)[1:] == []


STEADY = """
async def steady(sources, seconds):
    for number, source in enumerate(sources, start=1):
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception:
            if begun or number == len(sources):
                raise
"""
UNFINISHED = """
async def watched(stream, seconds):
    async with asyncio.timeout(seconds):
        return [piece async for piece in stream]
"""


def on_its_own_watched(own):
    """The function `steady` of a notebook in which 5.4's cell was run again."""
    names = {"committed": committed, "asyncio": asyncio, "check": lambda *_: None}
    exec(own + STEADY, names)
    return names["steady"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("own", [lesson.stub("5.4"), UNFINISHED], ids=["stub", "half"])
def test_an_unfinished_watched_is_named(own):
    said = "the one that the notebook has now doesn't pass Exercise 5.4. Run the capstone's first"
    steady = on_its_own_watched(own)
    wrong("5.10", steady, said)
    wrong("5.11", in_a_notebook(PUT_TOGETHER, steady=steady), said)


def test_a_finished_watched_of_the_learners_is_as_good():
    steady = on_its_own_watched("from contextlib import aclosing\n" + lesson.solution("5.4"))
    right("5.10", steady)
    right("5.11", in_a_notebook(PUT_TOGETHER, steady=steady))


def test_who_needs_no_watched_may_have_an_unfinished_one():
    names = dict(keeps_the_error.__globals__)
    exec(lesson.stub("5.4"), {**names, "check": lambda *_: None}, names)
    steady = FunctionType(keeps_the_error.__code__, names, "steady")
    right("5.10", steady)
    right("5.11", in_a_notebook(PUT_TOGETHER, steady=steady))
