"""Right and wrong answers to 5.support, which asks for the whole assistant."""

# ruff: noqa: B023 (learners write such code)

from functools import partial
from types import MappingProxyType

from tests.checks.answers import edited, right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_concurrently,
    collects_all_but_statuses,
    collects_pieces,
    in_a_loop,
    keeps_the_error,
    notebook_model,
    raises_an_earlier_error,
)
from tests.checks.lesson_5._parts import steady as own_steady
from tests.checks.lesson_5.steady import steady_with_watched
from utils import assistant as in_the_course
from utils import lesson_source as lesson
from utils.assistant import committed
from utils.stall_timeout import Stalled, watched
from utils.widgets import Status


def assembled(
    *,
    answer=in_a_loop,
    steady=own_steady,
    given=lambda models, tools, seconds: (models, tools, seconds),
):
    """Return the right answer, or one with some parts replaced."""

    def support(models, tools, seconds):
        def reply(history):
            used, offered, limit = given(models, tools, seconds)
            return steady([partial(answer, model, offered, history) for model in used], limit)

        return reply

    return support


def with_answer(changes):
    return {"answer": edited(in_the_course.answer, changes)}


def with_steady(changes):
    return {"steady": edited(in_the_course.steady, changes)}


right("5.support")(assembled())
right("5.support")(assembled(answer=all_tools_concurrently))


@right("5.support")
class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [lambda m=model: in_a_loop(m, self.tools, history) for model in self.models]
        return own_steady(sources, self.seconds)


@right("5.support", "handled a tool call, Stop, .* the reader waits 0.6 s in all")
def on_copies(models, tools, seconds):
    models, tools = tuple(models), list(tools)

    async def reply(history, *, spare=True):
        history = [*history]
        sources = [partial(in_a_loop, model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds=seconds):
            yield piece

    return reply


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


for mistake, parts, *says in (
    (
        "never calls the next",
        {"given": lambda models, tools, seconds: (models[:1], tools, seconds)},
    ),
    ("waits on", {"given": lambda models, tools, seconds: (models, tools, 60)}),
    ("other tools", {"given": lambda models, tools, seconds: (models, [], seconds)}),
    ("another limit", {"given": lambda models, tools, seconds: (models, tools, 2)}),
    (
        "changes an argument",
        {"given": lambda models, tools, seconds: ([models.pop(0), *models], tools, seconds)},
        "changed `models`",
    ),
    ("goes on after a cancellation", with_steady({"Exception": "BaseException"})),
    ("calls the next too late", with_steady({"begun or number": "number"})),
    (
        "calls the next too late",
        with_steady({"committed(piece)": "bool(getattr(piece, 'content', ''))"}),
    ),
    ("calls the next too late", {"steady": calls_again_when_a_tool_is_slow}),
    ("ends quietly", with_steady({" or number == len(sources)": ""})),
    ("fails all the same", {"steady": raises_an_earlier_error}),
    ("over budget", {"answer": collects_all_but_statuses}),
    ("tools never run", with_answer({'!= "tool_calls"': "!= ''"})),
    ("other stages", with_answer({'yield Status("Tool call", call["name"])': ""})),
):
    wrong("5.support", mistake, *says)(assembled(**parts))
wrong("5.support", "not a function")("support")


@wrong("5.support", "not in order", "looks up its variable")
def late_binding(models, tools, seconds):
    def reply(history):
        return own_steady([lambda: in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "streams for sources")
def streams_not_sources(models, tools, seconds):
    def reply(history):
        return own_steady([in_a_loop(model, tools, history) for model in models], seconds)

    return reply


@wrong("5.support", "returns no function")
def returns_the_stream(models, tools, seconds):
    return assembled()(models, tools, seconds)([])


@wrong("5.support", "another history")
def sources_made_once(models, tools, seconds):
    kept = []

    def reply(history):
        kept[:] = kept or [partial(in_a_loop, model, tools, history) for model in models]
        return own_steady(kept, seconds)

    return reply


@wrong("5.support", "used up")
def models_read_once(models, tools, seconds):
    once = iter(models)
    return lambda history: assembled()(list(once), tools, seconds)(history)


@wrong("5.support", "raises", "name 'steadily' is not defined")
def uses_an_undefined_name(models, tools, seconds):
    return lambda history: steadily(models, tools, history, seconds)  # noqa: F821


@wrong("5.support", "another model", "called the notebook's `notebook_model`")
def uses_the_notebooks_model(models, tools, seconds):
    return lambda history: in_a_loop(notebook_model, tools, history)


# --- Answers in a notebook that also defines `answer` and `steady` --------------------------------


def support(models, tools, seconds):
    async def reply(history):
        sources = [partial(answer, model, tools, history) for model in models]  # noqa: F821
        async for piece in steady(sources, seconds):  # noqa: F821
            yield piece

    return reply


def in_a_notebook(changes=MappingProxyType({}), *, answer=in_a_loop, steady=own_steady):
    """Return a `support` that uses the `answer` and `steady` among the notebook's globals."""
    return edited(support, changes, answer=answer, steady=steady)


def unchanged_stub(name):
    """Return the function that the stub of a lesson 5 exercise defines."""
    names = {"Status": Status, "check": lambda *_: None}
    exec(lesson.stub(f"5.{name}"), names)
    return names[name]


ONE, BOTH = "The course's `{}` was used instead", "course's `answer` and `steady` were used instead"
right("5.support", "within the budget.$")(in_a_notebook())
right("5.support", "within the budget.$")(
    in_a_notebook(steady=steady_with_watched(lesson.solution("5.watched")))
)
for parts in (
    {"answer": unchanged_stub("answer")},
    {"steady": unchanged_stub("steady")},
    {"steady": ...},
    {"steady": collects_pieces},
):
    right("5.support", ONE.format(*parts))(in_a_notebook(**parts))
right("5.support", BOTH)(in_a_notebook(answer=unchanged_stub("answer"), steady=...))
READS = "async for piece in steady(sources, seconds)"
for mistake, changes in (
    ("blank screen", {READS: f"for piece in [piece {READS}]"}),
    ("blank screen", {"yield piece": "if hasattr(piece, 'content'): yield piece"}),
    ("no long silence", {"(sources, seconds)": "(sources, seconds / len(models))"}),
):
    wrong("5.support", mistake)(in_a_notebook(changes))
    wrong("5.support", mistake)(in_a_notebook(changes, answer=..., steady=...))
