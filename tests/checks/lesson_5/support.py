"""The whole assistant; the course's parts replace those of the notebook that don't work yet."""

# ruff: noqa: B023 (learners write such code)

import asyncio
from functools import partial

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_concurrently,
    built,
    collects_all_but_statuses,
    collects_pieces,
    committed,
    in_a_loop,
    keeps_the_error,
    notebook_model,
    raises_what_was_survived,
    shows_the_error,
    steadied,
    text_alone,
    unwatched,
)
from tests.checks.lesson_5.steady import on_its_own_watched
from utils import lesson_source as lesson
from utils.checks.engine.reply import ConnectionLost
from utils.stall_timeout import Stalled, watched
from utils.widgets import Status


def assembled(
    *,
    answer=in_a_loop,
    steady=None,
    given=lambda models, tools, seconds: (models, tools, seconds),
    history_of=lambda history: history,
):
    """The right answer, or one with some parts replaced."""
    steady = steady or steadied()

    def support(models, tools, seconds):
        def reply(history):
            used, offered, limit = given(models, tools, seconds)
            messages = history_of(history)
            return steady([partial(answer, model, offered, messages) for model in used], limit)

        return reply

    return support


right("5.support")(assembled())
right("5.support")(assembled(answer=all_tools_concurrently))


@right("5.support")
class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [lambda m=model: in_a_loop(m, self.tools, history) for model in self.models]
        return steadied()(sources, self.seconds)


@right("5.support", "handled a tool call, Stop, .* the reader waits 0.6 s in all")
def on_copies(models, tools, seconds):
    models, tools = tuple(models), list(tools)

    async def reply(history, *, spare=True):
        history = [*history]
        sources = [partial(in_a_loop, model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds=seconds):
            yield piece

    return reply


async def calls_both(sources, seconds):
    async def of_the_second():
        async for piece in sources[1]():
            if not isinstance(piece, Status):
                return

    spare = asyncio.ensure_future(of_the_second())
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    finally:
        spare.cancel()


async def calls_none(sources, seconds):
    yield Status("Thinking")


async def calls_again_when_a_tool_is_slow(sources, seconds):
    for number, source in enumerate(sources, start=1):
        begun = calling = False
        try:
            async for piece in watched(source(), seconds):
                calling = getattr(piece, "stage", "") == "Tool call"
                begun = begun or committed(piece)
                yield piece
            return
        except Stalled:
            if number == len(sources) or (begun and not calling):
                raise
        except Exception:
            if begun or number == len(sources):
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


async def thinks_too_late(model, tools, messages):
    held = None
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            held = piece
            continue
        if held and piece.content:
            yield held
            held = None
        yield piece


def in_capitals(piece):
    return [
        piece.model_copy(update={"content": piece.text.upper()}) if text_alone(piece) else piece
    ]


for mistake, parts in (
    ("not in order", {"given": lambda models, tools, seconds: (models[::-1], tools, seconds)}),
    (
        "never calls the next",
        {"given": lambda models, tools, seconds: (models[:1], tools, seconds)},
    ),
    ("waits on", {"given": lambda models, tools, seconds: (models, tools, 60)}),
    ("waits on", {"steady": steadied(watch=unwatched)}),
    ("never calls the next", {"steady": steadied(failures=Stalled)}),
    ("never calls the next", {"steady": steadied(failures=ConnectionLost)}),
    ("other tools", {"given": lambda models, tools, seconds: (models, [], seconds)}),
    ("no long silence", {"given": lambda models, tools, seconds: (models, tools, seconds / 2)}),
    ("another limit", {"given": lambda models, tools, seconds: (models, tools, 2)}),
    ("another limit", {"given": lambda models, tools, seconds: (models, tools, 0.7 * seconds)}),
    ("another limit", {"given": lambda models, tools, seconds: (models, tools, 1.5 * seconds)}),
    ("another history", {"history_of": lambda history: history[-1:]}),
    ("changes an argument", {"history_of": lambda history: [*history, history.append("Hi")][:-1]}),
    ("changes an argument", {"answer": built(copy=lambda messages: messages)}),
    ("calls the next without need", {"steady": calls_both}),
    ("goes on after a cancellation", {"steady": steadied(failures=BaseException)}),
    ("calls the next too late", {"steady": steadied(after_text=False)}),
    ("calls the next too late", {"steady": steadied(commits=text_alone)}),
    ("calls the next too late", {"steady": calls_again_when_a_tool_is_slow}),
    ("calls none", {"steady": calls_none}),
    ("ends quietly", {"steady": steadied(last=lambda *_: False)}),
    ("ends quietly", {"steady": quiet_after_a_tool}),
    ("ends quietly", {"steady": shows_the_error}),
    ("fails all the same", {"steady": raises_what_was_survived}),
    ("another text", {"steady": steadied(parts=in_capitals)}),
    ("over budget", {"answer": collects_all_but_statuses}),
    ("blank screen", {"answer": built(thinking=list)}),
    ("blank screen", {"answer": thinks_too_late}),
    ("blank screen", {"steady": collects_pieces}),
    ("tools never run", {"answer": built(wanted=lambda whole: False)}),
    ("other stages", {"answer": built(calling=lambda call: [])}),
):
    wrong("5.support", mistake)(assembled(**parts))
wrong("5.support", "not a function")("support")


@wrong("5.support", "not in order", "looks up its variable")
def late_binding(models, tools, seconds):
    def reply(history):
        return steadied()([lambda: in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "streams for sources")
def streams_not_sources(models, tools, seconds):
    def reply(history):
        return steadied()([in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "returns no function")
def returns_the_stream(models, tools, seconds):
    return assembled()(models, tools, seconds)([])


@wrong("5.support", "returns no function")
async def async_support(models, tools, seconds):
    return assembled()(models, tools, seconds)


@wrong("5.support", "no yield")
def returns_nothing(models, tools, seconds):
    def reply(history):
        assembled()(models, tools, seconds)(history)

    return reply


@wrong("5.support", "another history")
def sources_made_once(models, tools, seconds):
    kept = []

    def reply(history):
        kept[:] = kept or [partial(in_a_loop, model, tools, history) for model in models]
        return steadied()(kept, seconds)

    return reply


@wrong("5.support", "used up")
def models_read_once(models, tools, seconds):
    once = iter(models)
    return lambda history: assembled()(list(once), tools, seconds)(history)


@wrong("5.support", "used up")
def one_stream(models, tools, seconds):
    streams = []

    def reply(history):
        streams.append(assembled()(models, tools, seconds)(history))
        return streams[0]

    return reply


@wrong("5.support", "changes an argument", "changed `models`")
def takes_models_off_the_list(models, tools, seconds):
    def reply(history):
        sources = []
        while models:
            sources.append(partial(in_a_loop, models.pop(0), tools, history))
        return steadied()(sources, seconds)

    return reply


@wrong("5.support", "raises", "name 'steadily' is not defined")
def names_what_is_not_there(models, tools, seconds):
    return lambda history: steadily(models, tools, history, seconds)  # noqa: F821


@wrong("5.support", "another model", "called the notebook's `notebook_model`")
def keeps_the_models_of_the_first_cell(models, tools, seconds):
    return lambda history: in_a_loop(notebook_model, tools, history)


# --- In a notebook that defines the other parts
# ----------------------------------------------------

PUT_TOGETHER = """
def support(models, tools, seconds):
    async def reply(history):
        sources = [partial(answer, model, tools, history) for model in models]
        async for piece in steady(sources, seconds):
            yield piece
    return reply
"""


def in_a_notebook(change=("", ""), *, answer=in_a_loop, steady=None):
    """The function `support`, which finds the other parts among the notebook's globals."""
    names = {"answer": answer, "steady": steady or steadied(), "partial": partial}
    names["asyncio"] = asyncio
    exec(PUT_TOGETHER.replace(*change), names)
    return names["support"]


def as_it_came(name):
    """The function in the exercise's own cell, unchanged."""
    names = {"Status": Status, "check": lambda *_: None}
    exec(lesson.stub(f"5.{name}"), names)
    return names[name]


ONE, BOTH = "The course's `{}` was used instead", "course's `answer` and `steady` were used instead"
right("5.support", "within the budget.$")(in_a_notebook())
right("5.support", "within the budget.$")(
    in_a_notebook(steady=on_its_own_watched(lesson.solution("5.watched")))
)
for parts in (
    {"answer": as_it_came("answer")},
    {"steady": as_it_came("steady")},
    {"steady": ...},
    {"steady": collects_pieces},
    {"answer": collects_all_but_statuses},
    {"steady": steadied(commits=text_alone)},
):
    right("5.support", ONE.format(*parts))(in_a_notebook(**parts))
right("5.support", BOTH)(in_a_notebook(answer=as_it_came("answer"), steady=...))
BUFFERED = "for piece in [piece async for piece in steady(sources, seconds)]"
for mistake, old, new in (
    ("blank screen", "async for piece in steady(sources, seconds)", BUFFERED),
    ("blank screen", "sources =", "await asyncio.sleep(1); sources ="),
    ("blank screen", "yield piece", "if hasattr(piece, 'content'): yield piece"),
    ("changes an argument", "sources =", "history.append(history[-1]); sources ="),
    ("no long silence", "(sources, seconds)", "(sources, seconds / len(models))"),
):
    wrong("5.support", mistake)(in_a_notebook((old, new)))
    wrong("5.support", mistake)(in_a_notebook((old, new), answer=..., steady=...))
