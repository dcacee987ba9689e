"""Check for `first_that_answers`: yield the first reply that doesn't fail before its first text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.stream_runner import run_async
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.given import AFTER_ROLE, LAMP, REFUSED, SILENT, Fallback
from utils.checks.lesson_5.seen import FALLBACK, FALLBACK_FIRST, FallbackRun


@dataclass(kw_only=True)
class Seen(FallbackRun):
    other_prompts: Sequence[str]  # prompts that the models received, other than the given prompt


def observe(answer: Any, case: Fallback) -> Seen:
    replies = case.make_replies()
    reply = replies[case.to_call - 1]  # the reply from the last model that should be called
    models = [case.model(each) for each in replies]
    if case.same:
        models = [given.model_sending(*replies)] * len(replies)
    args = (models, case.prompt)
    how: dict[str, Any] = {"streams": True, "passes_on": case.whole}
    run = run_async("first_that_answers", answer, case, reply, *args, **how)
    readings = [reading for model in models for reading in model.readings]
    return Seen.of(
        run,
        replies=replies,
        requests=[each.readings for each in replies],
        other_prompts=[m.text for each in readings for m in each.messages if m.text != case.prompt],
    )


FIRST_MISTAKES: Mistakes[Seen] = {
    "takes a silence for a failure": lambda s: (
        s.called > s.case.to_call and s.case.silent(s.case.to_call) and not s.cancelled
    ),
    **FALLBACK_FIRST,
}
MISTAKES: Mistakes[Seen] = {
    "another prompt": lambda s: bool(s.other_prompts),
    **FALLBACK,
    "another error": lambda s: s.case.fails and s.error is not s.reply.error,
    **TEXT,
}

# Settings for replies that, like `REFUSED`, fail before any text; a reply with {} succeeds.
_NOT_JSON = {"fails_after": 0, "error": ValueError("the reply isn't JSON")}
_TIMED_OUT = {"fails_after": 0, "error": TimeoutError("no connection after 5 s")}

check = Exercise(
    observe,
    cases=(
        Fallback(seed=55),
        *(
            Fallback(replies=(*failing, {}, {}), to_call=len(failing) + 1, when=when)
            for when, failing in (
                ("when the first model failed before its first chunk", [REFUSED]),
                ("when the first model failed after its empty first chunk", [AFTER_ROLE]),
                ("when the first model failed with a `ValueError`", [_NOT_JSON]),
                ("when three models failed before any text", [REFUSED, AFTER_ROLE, _TIMED_OUT]),
            )
        ),
        *(
            Fallback(replies=(first, {}), fails=True, when=f"when the connection was lost {moment}")
            for moment, first in (
                ("after some text", {"fails_after": 4}),
                ("after white space", {"pieces": (" ", LAMP), "fails_after": 1}),
                (
                    "after text and an empty chunk",
                    {"pieces": ("Your ", "", LAMP), "fails_after": 2},
                ),
            )
        ),
        Fallback(
            replies=(REFUSED, AFTER_ROLE, REFUSED),
            to_call=3,
            fails=True,
            when="when every model failed before any text",
        ),
        Fallback(replies=({"pieces": ()}, {}), when="when the first reply ended without text"),
        Fallback(replies=(SILENT, {}), when="when the first model was silent for 30 s"),
        Fallback(
            replies=(REFUSED, {}),
            to_call=2,
            same=True,
            when="when one model was in the list twice and failed once",
        ),
        Fallback(
            replies=(REFUSED, REFUSED),
            to_call=2,
            fails=True,
            same=True,
            when="when one model was in the list twice and failed both times",
        ),
        Fallback(
            replies=(SILENT, {}),
            cancel_after=5.0,
            when="when its task was cancelled before any text",
        ),
    ),
    mistakes=MISTAKES,
    first=FIRST_MISTAKES,
    notes={"leaves closing to Python": only_gc_closes(observe)},
    opts_out={"swallows the error": "errors before any text are caught; cases test later ones"},
)
