"""Check for `steady`: if a source's stream fails before any text or tool call, try the next one."""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.reply import Reply
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.given import AFTER_ROLE, LONG, REFUSED, SILENT, Fallback
from utils.checks.lesson_5.parts import working_parts
from utils.checks.lesson_5.seen import FALLBACK, FALLBACK_FIRST, PASSING, FallbackRun, PassingRun


@dataclass(kw_only=True)
class Seen(FallbackRun, PassingRun):
    noun: ClassVar[str] = "source"
    replaced: Sequence[str]  # `["watched"]` if the learner's `watched` was replaced, else empty


def observe(answer: Any, case: Fallback) -> Seen:
    from utils.widgets import Status  # imported late, since it loads all widgets

    sent: list[tuple[float, Any]] = []
    called: list[Reply] = []
    replies = case.make_replies()

    def source(reply: Reply) -> AsyncIterator[Any]:
        called.append(reply)
        before = [] if reply.compact else [Status("Thinking")]  # a compact reply begins with text
        tool = [Status("Tool call", "refund")] if case.tool and reply is replies[0] else []
        return given.logged(reply, sent, *before, *tool)

    def next_source() -> AsyncIterator[Any]:
        return source(replies[min(len(called), len(replies) - 1)])

    sources: list[Callable[[], AsyncIterator[Any]]] = [partial(source, each) for each in replies]
    if case.same:
        sources = [next_source] * len(replies)
    how: dict[str, Any] = {"wants": given.PIECE, "streams": True, "pause": case.pause}
    with working_parts(answer, ("watched",), recheck=case.ordinary) as replaced:
        run = run_async(
            "steady", answer, case, replies[case.to_call - 1], sources, case.limit, **how
        )
    requests = [[each for each in called if each is reply] for reply in replies]
    return Seen.of(run, replies=replies, requests=requests, sent=sent, replaced=replaced)


FIRST_MISTAKES: Mistakes[Seen] = {
    "calls none": lambda s: (
        s.read and not s.called and isinstance(s.error, AttributeError | TypeError | None)
    ),
    "counts the reader's time": lambda s: (
        bool(s.case.pause) and (s.timed_out or isinstance(s.error, CancelledError))
    ),
    **FALLBACK_FIRST,
}
MISTAKES: Mistakes[Seen] = {
    **{name: applies for name, applies in FALLBACK.items() if name not in FIRST_MISTAKES},
    **PASSING,
    "held back": lambda s: s.late > SOON and s.case.ordinary,
}

check = Exercise(
    observe,
    cases=(
        Fallback(seed=10),
        Fallback(pause=5.0, when="for a reader who takes 5 s per piece"),
        *(
            Fallback(replies=(first, {}, {}), to_call=2, when=f"when the first source {what}")
            for what, first in (
                ("failed immediately", {"compact": True, **REFUSED}),
                ("yielded a `Status` and an empty chunk and failed", AFTER_ROLE),
                ("was silent", {"compact": True, **SILENT}),
                ("was silent after an empty chunk", SILENT),
            )
        ),
        *(
            Fallback(
                replies=(first, {}), fails=True, tool=tool, when=f"when the first source {what}"
            )
            for what, tool, first in (
                ("failed after some text", False, {"fails_after": 3}),
                ("fell silent after some text", False, {"silences": {3: LONG}}),
                ("called a tool and failed later", True, AFTER_ROLE),
                ("called a tool and fell silent", True, {"compact": True, **SILENT}),
            )
        ),
        *(
            Fallback(
                replies=replies, to_call=len(replies), fails=fails, same=same, when=f"when {what}"
            )
            for what, same, fails, replies in (
                ("both sources failed before any text", False, True, (REFUSED, AFTER_ROLE)),
                ("the first two sources failed", False, False, (REFUSED, AFTER_ROLE, {})),
                ("the last source was silent", False, True, (REFUSED, SILENT)),
                ("a source that is in the list twice failed once", True, False, (AFTER_ROLE, {})),
                ("one that is in the list twice failed twice", True, True, (AFTER_ROLE,) * 2),
            )
        ),
        Fallback(replies=({"pieces": ()}, {}), when="when the first source ended without text"),
        Fallback(
            replies=({"compact": True, "pieces": ()}, {}),
            tool=True,
            when="when the first source ended after a `Status`",
        ),
        Fallback(
            replies=({"compact": True, **SILENT}, {}),
            to_call=2,
            limit=3.0,
            when="when the first source was silent and `seconds` was 3",
        ),
        Fallback(leave_after=4, when="when its reader stopped early"),
        Fallback(
            replies=(SILENT, {}),
            cancel_after=1.0,
            when="when the task was cancelled during a silence",
        ),
    ),
    first=FIRST_MISTAKES,
    mistakes=MISTAKES,
    notes={
        "part given": lambda s: bool(s.replaced),
        "leaves closing to Python": only_gc_closes(observe),
    },
    opts_out={"swallows the error": "the next source is tried after an error before any text"},
)
