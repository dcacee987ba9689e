"""What an answer does beside its result: calls to other models, coroutines that nobody awaited.

    with isolated(answer), noting():
        …                      # run the answer
        settle()               # collect garbage, so that what was dropped is closed
        printed()              # what it printed
        forgotten()            # the function whose coroutine was never awaited
        other_model(answer)    # the chat model that was called and isn't the check's

Neither Python's warnings nor its traces of generators that yield while being closed reach the
notebook: the check reports both in a sentence.
"""

import gc
import inspect
import io
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from langchain_core.language_models import BaseChatModel

_MOST_PRINTED = 10_000  # characters
_CALLS = ("stream", "astream", "invoke", "ainvoke", "generate", "agenerate")


class OtherModel(Exception):  # noqa: N818 (what happened)
    """Raised in an answer that calls a chat model which isn't the check's."""


class _Printed(io.StringIO):
    """What an answer prints: none of it is shown, since a check runs it many times."""

    def write(self, text: str) -> int:
        """Keep the beginning."""
        return super().write(text) if self.tell() < _MOST_PRINTED else len(text)


@dataclass
class _Noted:
    models: list[BaseChatModel] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    printed: _Printed = field(default_factory=_Printed)


_noted: ContextVar[_Noted | None] = ContextVar("noted", default=None)


@contextmanager
def isolated(answer: object) -> Iterator[None]:
    """Note what the answer does beside its result, and clear what it leaves behind.

    `gc.freeze` sets all older objects aside, so that only what the check made is looked through.
    A check inside another, as of a step that the answer uses, leaves that to the outer one.
    """
    inside = _noted.get() is not None
    if not inside:
        gc.freeze()
    try:
        with noting(), _warnings_noted, _late_yields_hidden, _models_noted:
            yield
            gc.collect()
    finally:
        if not inside:
            gc.unfreeze()
        if inspect.iscoroutine(answer):
            answer.close()


@contextmanager
def noting() -> Iterator[None]:
    """Begin the notes anew, for one of several runs of an answer."""
    noted = _Noted()
    token = _noted.set(noted)
    try:
        with redirect_stdout(noted.printed):
            yield
    finally:
        _noted.reset(token)


def settle() -> None:
    """Close what the answer dropped; a cycle of references needs the collector for that."""
    gc.collect()


def printed() -> str:
    """What was printed, up to a length."""
    noted = _noted.get()
    return noted.printed.getvalue() if noted else ""


def forgotten() -> str:
    """The name of the first function whose coroutine was never awaited, or ""."""
    noted = _noted.get()
    return noted.forgotten[0] if noted and noted.forgotten else ""


def other_model(answer: Any) -> str:
    """What a message calls the first other model that was called, or ""."""
    noted = _noted.get()
    if not (noted and noted.models):
        return ""
    model = noted.models[0]
    names = getattr(inspect.unwrap(answer), "__globals__", {})
    found = next((name for name, value in list(names.items()) if value is model), "")
    return f"the notebook's `{found}`" if found else f"another `{type(model).__name__}`"


class Meanwhile(AbstractContextManager[None]):
    """A change of the whole process while checks run, and taken back when the last has ended.

    A check runs in a separate thread, and one that was stopped may live on beside the next. If
    each saved what it found and put that back, one would save the other's change for good. So the
    first who enters makes the change, and the last who leaves takes it back.

        @Meanwhile
        @contextmanager
        def hushed() -> Iterator[None]:
            …                           # change it
            yield
            …                           # put it back; no error comes here

        with hushed: …
    """

    def __init__(self, change: Callable[[], AbstractContextManager[object]]) -> None:
        """`change` makes the context manager that is entered; it is called anew each time."""
        self._change = change
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._made = self._change()
                self._made.__enter__()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._made.__exit__(None, None, None)


@Meanwhile
@contextmanager
def _warnings_noted() -> Iterator[None]:
    with warnings.catch_warnings():
        show = warnings.showwarning

        def note(message: Warning | str, *args: Any, **kwargs: Any) -> None:
            about = re.match(r"coroutine '(?:.*\.)?(.+)' was never awaited", str(message))
            noted = _noted.get()  # None where other code runs beside the check
            if about is None:
                show(message, *args, **kwargs)
            elif noted is not None:
                noted.forgotten.append(about[1])

        warnings.showwarning = note
        warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
        yield
        warnings.showwarning = show


@Meanwhile
@contextmanager
def _late_yields_hidden() -> Iterator[None]:
    before = sys.unraisablehook

    def hook(what: Any) -> None:
        late = isinstance(what.exc_value, RuntimeError) and "ignored GeneratorExit" in str(
            what.exc_value
        )
        if not late:
            before(what)

    sys.unraisablehook = hook
    yield
    sys.unraisablehook = before


@Meanwhile
@contextmanager
def _models_noted() -> Iterator[None]:
    methods = {name: getattr(BaseChatModel, name) for name in _CALLS}
    for name, method in methods.items():
        setattr(BaseChatModel, name, _noting(method))
    yield
    for name, method in methods.items():
        setattr(BaseChatModel, name, method)


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(model: BaseChatModel, *args: Any, **kwargs: Any) -> Any:
        noted = _noted.get()  # None where other code runs beside the check
        if noted is not None and not getattr(model, "made_by_a_check", False):
            noted.models.append(model)
            raise OtherModel("a model was called that isn't the one given")
        return method(model, *args, **kwargs)

    return call
