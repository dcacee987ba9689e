"""How checks try callback handlers: made anew, listening to probes, and with no error kept silent.

LangChain turns an exception of a handler into a line of its log. Here it is told to the learner.
"""

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.engine.student_code import LearnersError, learners_code
from utils.checks.engine.wording import shown
from utils.checks.observe import kind
from utils.checks.outcome import NotYet

_EVENTS = [name for name in dir(BaseCallbackHandler) if name.startswith("on_")]
_LOG = logging.getLogger("langchain_core.callbacks.manager")


def the_class(answer: object, name: str) -> Callable[..., BaseCallbackHandler]:
    """The answer, as a function that makes a handler.

    Raises:
        NotYet: If it isn't a class of handlers.
    """
    if isinstance(answer, BaseCallbackHandler):
        raise NotYet(
            f"The check wants the class itself, `{name}` without brackets after it: it makes "
            "handlers of its own."
        )
    if not isinstance(answer, type):
        raise NotYet(f"The check wants the class, `{name}`; it was given {kind(answer)}.")
    if not issubclass(answer, BaseCallbackHandler):
        raise NotYet(
            f"LangChain can't call `{answer.__name__}`: it doesn't inherit from "
            "`BaseCallbackHandler`."
        )
    for method, function in vars(answer).items():
        if method.startswith("on_") and inspect.isgeneratorfunction(function):
            raise NotYet(
                f"There is a `yield` in `{method}`, so calling it only makes a generator and runs "
                "none of its lines. LangChain wants nothing back from it."
            )
    made_by: type[BaseCallbackHandler] = answer

    def make(*args: Any, **kwargs: Any) -> BaseCallbackHandler:
        with learners_code("when a handler was made"):
            return made_by(*args, **kwargs)

    return make


@contextmanager
def listening(handler: BaseCallbackHandler, when: str = "") -> Iterator[None]:
    """Let exceptions of `handler` out of LangChain inside the block, and tell them.

    Args:
        handler: The learner's.
        when: What it listened to, such as "for a run that fails", if that explains it.

    Raises:
        LearnersError: If the handler raised.
        NotYet: If LangChain's call didn't fit the method.
    """
    handler.raise_error = True
    with overheard() as log:
        try:
            with learners_code(when):
                yield
        except LearnersError as error:
            if _misfit(error.__cause__):
                raise NotYet(
                    "LangChain called a method of the handler, and the call doesn't fit: "
                    f"{shown(str(error.__cause__), 120)}. What it hands over, and by which names, "
                    "shows in the handlers of the cells above."
                ) from error
            if silent := never_called(handler):  # which may be why something was missing
                raise NotYet(f"{error} In your class{silent.removeprefix(':')}.") from error
            raise
        finally:
            handler.raise_error = False  # what is cleared away later shall be quiet
    if log:  # an async method's exception gets no further than that
        raise NotYet(f"The handler failed in silence. LangChain's log says {shown(log[0], 160)}.")


def _misfit(error: BaseException | None) -> bool:
    """Whether a method was called in a way that doesn't fit, and so never began to run."""
    if not isinstance(error, TypeError):
        return False
    place = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    return place.parts[-3:] == ("langchain_core", "callbacks", "manager.py")


@contextmanager
def overheard() -> Iterator[list[str]]:
    """The lines of LangChain's log about callbacks, kept from the screen."""
    lines: list[str] = []
    listener = _Lines(lines)
    passed_on, _LOG.propagate = _LOG.propagate, False
    _LOG.addHandler(listener)
    try:
        yield lines
    finally:
        _LOG.removeHandler(listener)
        _LOG.propagate = passed_on


def hears(handler: BaseCallbackHandler, method: str) -> bool:
    """Whether the handler's class has a method of its own by that name."""
    return getattr(type(handler), method) is not getattr(BaseCallbackHandler, method)


def never_called(handler: BaseCallbackHandler) -> str:
    """The end of a sentence, if the learner wrote no methods, or such as LangChain doesn't know."""
    written = [
        name
        for owner in type(handler).__mro__
        if owner is not object and not owner.__module__.startswith("langchain_core.")
        for name, value in vars(owner).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    if not written and not any(hears(handler, name) or name in vars(handler) for name in _EVENTS):
        return ": it has none of the methods that LangChain calls"
    unknown = [name for name in written if not hasattr(BaseCallbackHandler, name)]
    if unknown and unknown == written:
        return ": LangChain calls none of the methods that you wrote"
    events = [f"`{name}`" for name in unknown if name.startswith("on_")]
    return f": LangChain never calls {' or '.join(events)}" if events else ""


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())
