"""Right and wrong answers to 5.support, which asks for the whole assistant.

The assistant combines `answer`, which streams a reply with tool calls, and `steady`, which adds a
stall timeout and fallbacks.
"""

from functools import partial
from types import MappingProxyType

from tests.checks.answers import edited, right, wrong
from tests.checks.lesson_5._parts import (
    all_tools_concurrently,
    by_an_agent,
    collects_all_but_statuses,
    collects_pieces,
    in_a_loop,
    keeps_the_error,
    raises_an_earlier_error,
)
from tests.checks.lesson_5._parts import steady as own_steady
from tests.checks.lesson_5.steady import steady_with_watched
from utils import assistant as in_the_course
from utils import lesson_source as lesson
from utils.widgets import Status


def support(models, tools, seconds):
    async def reply(history):
        sources = [partial(answer, model, tools, history) for model in models]
        async for piece in steady(sources, seconds):  # noqa: F821
            yield piece

    return reply


def in_a_notebook(changes=MappingProxyType({}), *, answer=in_a_loop, steady=own_steady):
    """Return a `support` that finds `answer` and `steady` in the notebook's globals."""
    return edited(support, changes, answer=answer, steady=steady)


def assembled(*, answer=in_a_loop, steady=own_steady):
    """Return a `support` with parts that the check can't replace."""
    other_names = {"(answer": "(own_answer", "in steady": "in own_steady"}
    return edited(support, other_names, own_answer=answer, own_steady=steady)


def with_answer(changes):
    return assembled(answer=edited(in_the_course.answer, changes))


def with_steady(changes):
    return assembled(steady=edited(in_the_course.steady, changes))


right("5.support")(assembled())
right("5.support")(assembled(answer=all_tools_concurrently))
right("5.support")(assembled(answer=by_an_agent))
right("5.support", says="handled a tool call, Stop, .* the reader waits 0.6 s in all")(
    assembled(steady=keeps_the_error)
)


@right("5.support")
class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [lambda m=model: in_a_loop(m, self.tools, history) for model in self.models]
        return own_steady(sources, self.seconds)


READS, GIVEN = "async for piece in steady(sources, seconds)", "(sources, seconds)"
SOURCE, BEGIN = "partial(answer, model, tools, history)", "    async def"
SENDS = "async def send(model): return answer(model, tools, history)\n        sources ="
FIRST = "    {}\n    async def".format  # inserts a line of code before the function `reply`

for mistake, changes, *says in (
    ("never calls the next", {"in models": "in models[:1]"}),
    ("waits on", {GIVEN: "(sources, 60)"}),
    ("another limit", {GIVEN: "(sources, 2)"}),
    ("calls twice", {GIVEN: "(sources * 2, seconds)"}, "costs money"),
    ("other tools", {"tools, history": "[], history"}),
    ("changes an argument", {"in models": "in [models.pop(0), *models]"}, "changed `models`"),
    ("not in order", {SOURCE: "lambda: answer(model, tools, history)"}, "looks up its variable"),
    ("streams for sources", {SOURCE: "answer(model, tools, history)"}),
    ("second turn calls no model", {BEGIN: FIRST("models = iter(models)")}),
    ("another history", {BEGIN: FIRST("kept = []"), "sources = ": "sources = kept[:] = kept or "}),
    ("returns no function", {"return reply": "return reply([])"}),
    ("coroutines for sources", {"sources =": SENDS, SOURCE: "partial(send, model)"}),
    ("raises", {"steady(": "steadily("}, "name 'steadily' is not defined"),
    ("blank screen", {READS: f"for piece in [piece {READS}]"}),
    ("blank screen", {"yield piece": "if hasattr(piece, 'content'): yield piece"}),
    ("no long silence", {GIVEN: "(sources, seconds / len(models))"}),
):
    wrong("5.support", mistake, *says)(in_a_notebook(changes))
for mistake, answer in (
    ("goes on after a cancellation", with_steady({"Exception": "BaseException"})),
    ("calls the next too late", with_steady({"begun or number": "number"})),
    (
        "calls the next too late",
        with_steady({"committed(piece)": "bool(getattr(piece, 'content', ''))"}),
    ),
    ("ends quietly", with_steady({" or number == len(sources)": ""})),
    ("fails anyway", assembled(steady=raises_an_earlier_error)),
    ("over budget", assembled(answer=collects_all_but_statuses)),
    ("tools never run", with_answer({'!= "tool_calls"': "!= ''"})),
    ("other stages", with_answer({'yield Status("Tool call", call["name"])': ""})),
    ("not a function", "support"),
):
    wrong("5.support", mistake)(answer)


def unchanged_stub(name):
    """Return the unfinished function in the stub of a lesson 5 exercise."""
    names = {"Status": Status, "check": lambda *_: None}
    exec(lesson.stub(f"5.{name}"), names)
    return names[name]


ONE, BOTH = "The course's `{}` was used instead", "course's `answer` and `steady` were used instead"
right("5.support", says="within the budget.$")(in_a_notebook())
right("5.support", says="within the budget.$")(
    in_a_notebook(steady=steady_with_watched(lesson.solution("5.watched")))
)
for parts in (
    {"answer": unchanged_stub("answer")},
    {"steady": unchanged_stub("steady")},
    {"steady": ...},
    {"steady": collects_pieces},
):
    right("5.support", ONE.format(*parts))(in_a_notebook(**parts))
ORDER = {GIVEN: "(seconds, sources)"}
# The course's code isn't quoted, since it is another exercise's answer.
wrong(
    "5.support", "raises", "in the course's `steady`, called from the line `async for piece in s"
)(in_a_notebook(ORDER, steady=in_the_course.steady))
READS_ALL = f"{READS}:  # noqa: F821\n            yield piece"
RETURNS = {"    async def": "    def", READS_ALL: "return steady(seconds, sources)"}
wrong("5.support", "raises", "in the course's `steady`\\.$")(
    in_a_notebook(RETURNS, steady=in_the_course.steady)
)
GENERATOR = {f"[{SOURCE} for model in models]": f"({SOURCE} for model in models)"}
for steady_given in (in_the_course.steady, own_steady):
    wrong("5.support", "no list of sources", "when the first .* `steady` needs a list of sources")(
        in_a_notebook(GENERATOR, steady=steady_given)
    )
right("5.support", says=BOTH)(in_a_notebook(answer=unchanged_stub("answer"), steady=...))
wrong("5.support", "blank screen")(
    in_a_notebook({READS: f"for piece in [piece {READS}]"}, answer=..., steady=...)
)
