"""Runs a learner's callback handlers and records their exceptions.

LangChain normally logs a handler's exceptions and continues; here they propagate. `HandlerRun` is
for answers that are handler classes, and `Attaching` is for functions that attach handlers.
"""

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.fake_model import Call
from utils.checks.engine.raised import learners_own
from utils.checks.engine.run import Case, Record, Run

Make = Callable[..., BaseCallbackHandler]

_NAMES = dir(BaseCallbackHandler)
# LangChain's own callback methods, which do nothing
_METHODS = {name: getattr(BaseCallbackHandler, name) for name in _NAMES if name.startswith("on_")}
_TOKEN = "on_llm_new_token"
# the arguments that LangChain passes to `on_llm_new_token` by name
_PASSED = {"token", "chunk", "run_id", "parent_run_id", "tags"}
_NAMEABLE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_LOG = logging.getLogger("langchain_core.callbacks.manager")


@dataclass(frozen=True, kw_only=True)
class HandlerRun(Record):
    """The result of running a learner's handler class in one case."""

    name: str  # the class name in the exercise
    answer: Any  # the learner's class, or whatever else was passed to `check`
    case: Case
    handler: BaseCallbackHandler | None = None  # the first instance
    # the exception raised while an instance was created or its methods were called
    error: Exception | None = None
    log: Sequence[str] = ()  # LangChain's log messages about callbacks
    unknown: Sequence[str] = ()  # the learner's methods that LangChain never calls
    misnamed: str = ""  # the misnamed token parameter of `on_llm_new_token`; "" if there is none
    wrong: bool = False  # whether the result differs from the correct one
    generators: Sequence[str] = ()  # the callback methods that contain a `yield`
    value: Any = None  # the final value of the attribute that the exercise asks for
    other: Any = None  # like `value`, but for a second instance, which receives no callbacks


def _misfit(s: HandlerRun) -> bool:
    """Whether LangChain's arguments don't fit the parameters of the learner's method."""
    if not isinstance(s.error, TypeError):
        return False
    place = Path(traceback.extract_tb(s.error.__traceback__)[-1].filename)
    return place.parts[-3:] == ("langchain_core", "callbacks", "manager.py")


def run_handlers(
    name: str, answer: Any, case: Case, attribute: str, call_model: Callable[[Make], None]
) -> HandlerRun:
    """Call `call_model` with a function that creates the learner's handlers, and record the result.

    The record includes `attribute` of the first two handlers, read after `call_model` returns.
    """
    made: list[BaseCallbackHandler] = []
    found: dict[str, Any] = {}  # fields of `HandlerRun`

    def make(**arguments: Any) -> BaseCallbackHandler:
        handler: BaseCallbackHandler = answer(**arguments)
        object.__setattr__(handler, "raise_error", True)  # also works on a frozen dataclass
        made.append(handler)
        return handler

    if is_handler_class(answer):
        found["generators"] = [
            method
            for method, value in vars(answer).items()
            if method in _METHODS and inspect.isgeneratorfunction(value)
        ]
        with virtual_time.clock(answer), callback_log() as found["log"]:
            try:
                call_model(make)
                values = (getattr(each, attribute, None) for each in made)
                found |= dict(zip(("value", "other"), values, strict=False))
            except Exception as error:
                found["error"] = error
            for handler in made:  # so that later clean-up raises no exceptions
                object.__setattr__(handler, "raise_error", False)
    first = next(iter(made), None)
    found |= {"handler": first, "unknown": unknown(first), "misnamed": misnamed(first)}
    return HandlerRun(name=name, answer=answer, case=case, **found)


def is_handler_class(answer: object) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseCallbackHandler)


@contextmanager
def callback_log() -> Iterator[list[str]]:
    """Collect, but don't display, LangChain's log messages about callbacks."""
    lines: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        lines.append(record.getMessage())
        return False

    _LOG.addFilter(note)
    try:
        yield lines
    finally:
        _LOG.removeFilter(note)


def overrides(handler: object, *events: str) -> bool:
    """Whether the handler overrides the method for any of `events` (by default, for any event)."""
    return any(
        name in vars(handler) or getattr(type(handler), name) is not given
        for name, given in _METHODS.items()
        if name in (events or _METHODS)
    )


def unknown(handler: object) -> list[str]:
    """Return the learner's methods that LangChain never calls.

    Methods without the `on_` prefix are included only if the learner overrides no callback method.
    """
    names = [
        name
        for owner in type(handler).__mro__
        for name, value in vars(owner).items()
        if inspect.isfunction(value) and learners_own(value.__code__.co_filename)
    ]
    strange = [each for each in names if not each.startswith("_") and each not in _NAMES]
    return [each for each in strange if each.startswith("on_") or _METHODS.keys().isdisjoint(names)]


def misnamed(handler: object) -> str:
    """Return the misnamed token parameter of `on_llm_new_token`; "" if there is none."""
    if handler is None:
        return ""
    parameters = inspect.signature(getattr(handler, _TOKEN)).parameters.values()
    named = [each.name for each in parameters if each.kind in _NAMEABLE]
    return "" if "token" in named else next((name for name in named if name not in _PASSED), "")


@dataclass(kw_only=True)
class Attaching(Run):
    """A run of an answer that attaches handlers and returns a number."""

    right: int  # the correct number
    again: Any  # the result when the answer is called a second time
    log: Sequence[str]  # LangChain's log messages about callbacks
    wrong: bool  # whether the wrong number was returned although the whole reply arrived
    calls: Sequence[Call]
    handlers: Sequence[Any]
    classes: Sequence[type]  # classes attached instead of instances; LangChain ignores them
    misnamed: str  # the name of a misnamed token parameter; "" if there is none
    unknown: Sequence[str]  # the handlers' methods that LangChain never calls

    @classmethod
    def seen(cls, run: Run, right: int, **more: Any) -> Self:
        """Create an instance from a run, the correct number and additional fields."""
        calls = run.model.calls if run.model else []
        attached = [each for call in calls for each in call.handlers]
        instances = [each for each in attached if isinstance(each, BaseCallbackHandler)]
        return cls.of(
            run,
            right=right,
            wrong=run.case.whole and bool(run.returned != right),
            calls=calls,
            handlers=attached,
            classes=[each for each in attached if isinstance(each, type)],
            misnamed=next(filter(None, map(misnamed, instances)), ""),
            unknown=[name for each in instances for name in unknown(each)],
            **more,
        )


def _no_list(error: BaseException | None) -> bool:
    """Whether handlers were attached without a list, so that LangChain expected a manager."""
    if not isinstance(error, AttributeError) or error.name not in dir(BaseCallbackManager):
        return False
    return _handlers(error.obj)


def _handlers(given: object) -> bool:
    """Whether a value is a handler or a handler class, or a collection of them."""
    first = next(iter(given), None) if isinstance(given, list | tuple | set) else given
    return isinstance(first, BaseCallbackHandler) or is_handler_class(first)


CLASS: Mistakes[HandlerRun] = {  # mistakes in handler classes
    "not a class": lambda s: not isinstance(s.answer, type),
    "not a handler": lambda s: not is_handler_class(s.answer),
    "yields in a method": lambda s: bool(s.generators),
    "no methods": lambda s: bool(s.handler) and not overrides(s.handler) and not s.unknown,
    "unknown method": lambda s: bool(s.unknown) and (s.wrong or s.error is not None),
    "unfilled parameter": lambda s: bool(s.misnamed) and (s.wrong or _misfit(s)),
    "call doesn't fit": _misfit,
    "raises": lambda s: s.error is not None,
    "fails silently": lambda s: bool(s.log),
}

ATTACHED_FIRST: Mistakes[Attaching] = {  # to pass to `Exercise` as `first`
    "callbacks without a list": lambda s: _no_list(s.error),
    "config isn't a dict": lambda s: (
        isinstance(s.error, AttributeError) and s.error.name == "items" and _handlers(s.error.obj)
    ),
    "attaches a method": lambda s: (
        isinstance(s.error, AttributeError) and inspect.isroutine(s.error.obj)
    ),
    "callbacks by keyword": lambda s: (
        isinstance(s.error, TypeError) and "keyword argument 'callbacks'" in str(s.error)
    ),
    "attaches the class": lambda s: bool(s.classes),
}
ATTACHED: Mistakes[Attaching] = {  # to pass to `Exercise` as `mistakes`
    "unfilled parameter": lambda s: bool(s.misnamed) and (s.wrong or bool(s.log)),
    "fails silently": lambda s: bool(s.log),
    "unknown method": lambda s: s.wrong and bool(s.unknown),
    "keeps an earlier count": lambda s: (
        0 < s.right <= s.returned and s.again == s.returned + s.right
    ),
    "attached twice": lambda s: (
        s.wrong
        and s.returned == 2 * s.right
        and any(len({*map(id, each.handlers)}) < len(each.handlers) for each in s.calls)
    ),
}
