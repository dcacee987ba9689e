"""Exercise 5.11: the whole assistant, and which of its steps is to blame."""

# ruff: noqa: B023 (learners write such code)

import asyncio
from functools import partial

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from tests.checks.answers import right, wrong
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
from tests.checks.lesson_5.steady import UNFINISHED, on_its_own_watched
from utils import lesson_source
from utils.checks.engine.reply import ConnectionLost
from utils.stall_timeout import Stalled, watched
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


@right("5.support")
def as_a_generator(models, tools, seconds):
    async def reply(history):
        sources = [lambda model=model: calls_itself(model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds):
            yield piece

    return reply


@right("5.support")
class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [partial(in_a_loop, model, self.tools, history) for model in self.models]
        return steadied()(sources, self.seconds)


@wrong("5.support", "calls the second model first")
def late_binding(models, tools, seconds):
    def reply(history):
        return steadied()([lambda: in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "sits through the silence")
def forgets_seconds(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, tools, history) for model in models], 60)

    return reply


@wrong("5.support", "returns no function")
def returns_the_stream(models, tools, seconds):
    return steadied()([partial(in_a_loop, model, tools, []) for model in models], seconds)


@wrong("5.support", "never calls the second model")
def the_first_alone(models, tools, seconds):
    return partial(in_a_loop, models[0], tools)


@wrong("5.support", "other tools")
def without_tools(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, [], history) for model in models], seconds)

    return reply


@wrong("5.support", "no yield")
def returns_nothing(models, tools, seconds):
    def reply(history):
        steadied()([partial(in_a_loop, model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "returns no function")
def forgets_to_return(models, tools, seconds):
    def reply(history):
        return None


@wrong("5.support", "returns no function")
async def async_support(models, tools, seconds):
    return assembled()(models, tools, seconds)


@wrong("5.support", "awaits to a stream")
def async_reply(models, tools, seconds):
    async def reply(history):
        return assembled()(models, tools, seconds)(history)

    return reply


@wrong("5.support", "streams for sources")
def streams_not_sources(models, tools, seconds):
    def reply(history):
        return steadied()([in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "calls the second model first")
def last_model_first(models, tools, seconds):
    return assembled()(models[::-1], tools, seconds)


@wrong("5.support", "another history")
def used_up(models, tools, seconds):
    kept = []

    def reply(history):
        kept[:] = kept or [partial(in_a_loop, model, tools, history) for model in models]
        return steadied()(kept, seconds)

    return reply


@wrong("5.support", "no status")
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


@wrong("5.support", "other tools")
def the_notebooks_tools(models, tools, seconds):
    return assembled()(models, [order_status], seconds)


@tool
async def order_status(order: int) -> str:
    """Look up where an order is, by its number."""
    return f"Order {order} left the warehouse."


@wrong("5.support", "changes an argument")
def writes_it_down(models, tools, seconds):
    def reply(history):
        history.append(HumanMessage("Be kind."))
        return assembled()(models, tools, seconds)(history)

    return reply


@wrong("5.support", "no long silence")
def shares_the_seconds(models, tools, seconds):
    return assembled()(models, tools, seconds / len(models))


@wrong("5.support", "no long silence")
def hurries(models, tools, seconds):
    return assembled()(models, tools, seconds / 10)


@wrong("5.support", "waits too briefly")
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


@wrong("5.support", "another history")
def one_stream(models, tools, seconds):
    streams = []

    def reply(history):
        streams.append(assembled()(models, tools, seconds)(history))
        return streams[0]

    return reply


@right("5.support", "survived a tool call, Stop, .* the reader waits 0.6 s in all")
def on_copies(models, tools, seconds):
    models, tools = tuple(models), list(tools)

    async def reply(history, *, spare=True):
        history = [*history]
        sources = [partial(in_a_loop, model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds=seconds):
            yield piece

    return reply


@wrong("5.support", "waits too long", "after a silence of 3.1 s")
def a_little_more(models, tools, seconds):
    return assembled()(models, tools, 1.5 * seconds)


@wrong("5.support", "another history")
def the_last_message_alone(models, tools, seconds):
    return lambda history: assembled()(models, tools, seconds)(history[-1:])


@wrong("5.support", "changes an argument", "changed its argument `models`")
def takes_models_off_the_list(models, tools, seconds):
    def reply(history):
        sources = []
        while models:
            sources.append(partial(in_a_loop, models.pop(0), tools, history))
        return steadied()(sources, seconds)

    return reply


async def raises_what_was_survived(sources, seconds):
    errors = []

    def noting(source):
        async def noted():
            try:
                async for piece in source():
                    yield piece
            except Exception as error:
                errors.append(error)
                raise

        return noted

    async for piece in steadied()([*map(noting, sources)], seconds):
        yield piece
    if errors:
        raise errors[0]


@wrong("5.support", "raises", "name 'steadily' is not defined")
def names_what_is_not_there(models, tools, seconds):
    return lambda history: steadily(models, tools, history, seconds)  # noqa: F821


@wrong("5.support", "another model")
def keeps_the_models_of_the_first_cell(models, tools, seconds):
    from tests.checks.test_mutations import notebook_model

    return lambda history: in_a_loop(notebook_model, tools, history)


for said, parts in {
    "calls the second model without need": {"steady": asks_both},
    "calls neither model": {"steady": asks_nobody},
    "another text": {"steady": in_capitals},
    "fails all the same": {"steady": raises_what_was_survived},
    "never calls the second model": {"steady": steadied(failures=Stalled)},
    "over budget": {"answer": collects_all_but_news},
    "no status": {"answer": built(thinking=list)},
    "blank screen": {"answer": thinks_aloud_too_late},
    "tools never run": {"answer": built(wanted=lambda whole: False)},
    "other stages": {"answer": built(calling=lambda call: [])},
    "changes an argument": {"answer": built(copy=lambda messages: messages)},
    "sits through the silence": {"steady": steadied(watch=nobody_watches)},
    "ends quietly": {"steady": steadied(at_last=False)},
}.items():
    wrong("5.support", said)(assembled(**parts))
for steady in (
    steadied(after_text=False),
    steadied(commits=text_alone),
    steadied(failures=BaseException),
    asks_again_when_a_tool_is_slow,
    asks_the_second_without_need,
):
    wrong("5.support", "calls the second model without need")(assembled(steady=steady))
wrong("5.support", "sits through the silence")(assembled(steady=gives_up_in_silence))
wrong("5.support", "ends quietly")(assembled(steady=quiet_after_a_tool))
wrong("5.support", "ends quietly")(assembled(steady=news_of_its_own))
wrong("5.support", "blank screen")(assembled(steady=collects_pieces))
wrong("5.support", "not a function")("support")
right("5.support")(assembled())
right("5.support")(assembled(answer=all_tools_at_once))


# --- In a notebook, where the steps have names ----------------------------------------------------

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


def as_it_came(exercise):
    """The function in the exercise's own cell, untouched."""
    names = {"Status": Status, "check": lambda *_: None}
    exec(lesson_source.stub(exercise), names)
    return names[exercise.removeprefix("5.")]


def without_steady():
    support = in_a_notebook(PUT_TOGETHER)
    del support.__globals__["steady"]
    return support


BY_ITSELF = "Steps 1 and 3 pass by themselves, so it is in `support`"
right("5.support")(in_a_notebook(PUT_TOGETHER))
right("5.support")(
    in_a_notebook(PUT_TOGETHER, steady=on_its_own_watched(lesson_source.solution("5.watched")))
)
wrong("5.support", "step missing", r"uses `steady`.* Run the cell of Exercise 5\.10")(
    without_steady()
)
for mistake, code, steps, says in (
    ("step not done", PUT_TOGETHER, {"answer": as_it_came("5.answer")}, "Step 1 .* Exercise 5.8"),
    ("step not done", PUT_TOGETHER, {"steady": as_it_came("5.steady")}, "Step 3 .* Exercise 5.10"),
    ("step not done", PUT_TOGETHER, {"steady": ...}, "Step 3 isn't done yet"),
    ("unfinished watched", PUT_TOGETHER, {"steady": on_its_own_watched(UNFINISHED)}, "5.4"),
    ("blank screen", BUFFERS, {}, BY_ITSELF),
    ("blank screen", SLEEPS, {}, BY_ITSELF),
    ("no status", NO_NEWS, {}, BY_ITSELF),
    ("changes an argument", WRITES, {}, BY_ITSELF),
    ("no long silence", SHARES, {}, BY_ITSELF),
    ("blank screen", PUT_TOGETHER, {"steady": collects_pieces}, "See step 3, Exercise 5.10"),
    ("over budget", PUT_TOGETHER, {"answer": collects_all_but_news}, "See step 1, Exercise 5.8"),
    (
        "calls the second model without need",
        PUT_TOGETHER,
        {"steady": steadied(commits=text_alone)},
        "See step 3, Exercise 5.10",
    ),
):
    wrong("5.support", mistake, says)(in_a_notebook(code, **steps))
