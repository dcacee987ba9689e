"""The spaces in the tokens that a handler received."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import HARBOUR, NUMBER, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers

_ASIDES = (" ", "by the by")  # they tell the handler's count from one of the reply


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What was returned, and by a second call; and what LangChain logged."""

    again: Any
    log: Sequence[str]

    @property
    def heard(self) -> int:
        """The right number."""
        return "".join((self.reply.text, *self.reply.asides)).count(" ")

    @property
    def in_reply(self) -> int:
        """The spaces in the reply."""
        return self.reply.text.count(" ")

    @property
    def wrong(self) -> bool:
        """Whether another number was returned."""
        return bool(self.returned != self.heard)

    @property
    def counts_reply(self) -> bool:
        """Whether the spaces of the reply were returned, and not those of the tokens."""
        return self.wrong and bool(self.returned == self.in_reply)

    @property
    def handlers(self) -> list[BaseCallbackHandler]:
        """The handlers that listened."""
        return [each for call in self.model.calls for each in call.handlers] if self.model else []

    @property
    def classes(self) -> list[type]:
        """The classes that were attached in place of handlers."""
        return handlers.classes(self.model.calls) if self.model else []

    @property
    def unfilled(self) -> str:
        """A parameter of a handler that was meant for the token, and isn't filled; or ""."""
        return next(filter(None, map(handlers.unfilled, self.handlers)), "")

    @property
    def unknown(self) -> list[str]:
        """The handlers' methods that look like LangChain's and aren't."""
        return [name for each in self.handlers for name in handlers.unknown(each)]


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Call it twice, with handlers' errors overheard."""
    runs = []
    with handlers.overheard() as log:
        for _ in range(2):
            reply = case.reply(asides=_ASIDES if case.whole and case.pieces is None else ())
            model = case.model(reply)
            runs.append(call("spaces_heard", answer, case, reply, model, case.prompt, wants=NUMBER))
    return Seen.of(runs[0], again=runs[1].returned, log=log)


FIRST: Mistakes[Seen] = {
    "a class": lambda s: isinstance(s.answer, type),
    "callbacks without a list": lambda s: handlers.no_list(s.error),
    "attaches a method": lambda s: (
        isinstance(s.error, AttributeError) and inspect.isroutine(s.error.obj)
    ),
}
MISTAKES: Mistakes[Seen] = {
    "unfilled parameter": lambda s: bool(s.unfilled) and (s.wrong or bool(s.log)),
    "fails in silence": lambda s: bool(s.log),
    "callbacks by keyword": lambda s: any("callbacks" in r.settings for r in s.reply.readings),
    "attaches the class": lambda s: s.wrong and bool(s.classes),
    "no handler": lambda s: s.wrong and not s.handlers,
    "counts the finished reply": lambda s: (
        s.counts_reply and any(handlers.hears(each, "on_llm_end") for each in s.handlers)
    ),
    "counts the reply": lambda s: s.counts_reply,
    "unknown method": lambda s: s.wrong and bool(s.unknown),
    "no methods": lambda s: s.wrong and not any(map(handlers.hears, s.handlers)),
    "keeps an earlier count": lambda s: bool(s.heard and s.again == s.returned + s.heard),
    "attached twice": lambda s: bool(
        s.returned == 2 * s.heard and s.model and handlers.attached_twice(s.model.calls)
    ),
    "counted twice": lambda s: s.wrong and s.returned - s.heard in (s.heard, s.in_reply),
    "another number": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        Case(text=RIVERS, seed=51),
        Case(
            text=f"{HARBOUR}\n\n  Then\tall\u00a0at once. ", seed=52, prompt="Describe a harbour."
        ),
        Case(pieces=(), when="for an empty reply"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={"collected first": "the number is wanted when the reply is over"},
)
