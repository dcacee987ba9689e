"""What the checks of asynchronous exercises are wrapped in: no model but theirs may be asked.

    @judged("shout")
    def shout(answer): ...

A check gives the learner's function a model of its own. A helper that asks the notebook's `model`
instead would fail in ways that say nothing (that one belongs to another event loop), so it is
turned down by name at the moment at which it is asked. And coroutines that nobody awaited go
before the check is over, so that Python doesn't warn of them in the middle of the next one; so do
generators that yield on when they are to be closed.
"""

import gc
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from langchain_core.language_models import BaseChatModel

from utils.checks.attempt import LearnersError
from utils.checks.meanwhile import Meanwhile
from utils.checks.observe import kind
from utils.checks.outcome import NotYet
from utils.checks.streams import ProbeModel
from utils.checks.unawaited import noted

Check = Callable[[object], str]

_ASKING = ("stream", "astream", "invoke", "ainvoke")

_others: ContextVar[list[BaseChatModel] | None] = ContextVar("other_models", default=None)


def judged(name: str) -> Callable[[Check], Check]:
    """Wrap a check of the learner's function of that name.

    The wrapped check raises `NotYet` whenever a model was asked that isn't the check's, whatever
    the learner's code made of it.
    """

    def wrap(check: Check) -> Check:
        @wraps(check)
        def judge(answer: object) -> str:
            said = ""
            failed = None
            with _nothing_left_unawaited(answer), _others_noted() as asked:
                try:
                    said = check(answer)
                except (NotYet, LearnersError) as error:
                    # A new one: the old one's traceback holds on to all that the code left behind.
                    failed = NotYet(str(error))
            if asked:
                raise NotYet(_asked_another(name, answer, asked[0]))
            if failed is not None:
                raise failed
            return said

        return judge

    return wrap


@contextmanager
def _nothing_left_unawaited(answer: object) -> Iterator[None]:
    """Clear coroutines that were never awaited, without Python's warning.

    `gc.freeze` sets all older objects aside, so that only what the check made is looked through.
    """
    with noted(), _no_word_of_late_yields:
        gc.freeze()
        try:
            yield
            gc.collect()
        finally:
            gc.unfreeze()
            if inspect.iscoroutine(answer):
                answer.close()


@Meanwhile
@contextmanager
def _no_word_of_late_yields() -> Iterator[None]:
    """Keep Python from printing a trace of a generator that yields on when it is to be closed.

    The check says in a sentence what that generator does.
    """
    before = sys.unraisablehook

    def told(what: Any) -> None:
        late = isinstance(what.exc_value, RuntimeError) and "ignored GeneratorExit" in str(
            what.exc_value
        )
        if not late:
            before(what)

    sys.unraisablehook = told
    yield
    sys.unraisablehook = before


@contextmanager
def _others_noted() -> Iterator[list[BaseChatModel]]:
    """Note each model that isn't the check's when this check's code asks it, and fail there."""
    asked: list[BaseChatModel] = []
    token = _others.set(asked)
    try:
        with _models_tell:
            yield asked
    finally:
        _others.reset(token)


@Meanwhile
@contextmanager
def _models_tell() -> Iterator[None]:
    """Let every chat model look whether a check runs its caller, and what that may ask."""
    methods = {name: getattr(BaseChatModel, name) for name in _ASKING}
    for name, method in methods.items():
        setattr(BaseChatModel, name, _noting(method))
    yield
    for name, method in methods.items():
        setattr(BaseChatModel, name, method)


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def asks(model: BaseChatModel, *args: Any, **kwargs: Any) -> Any:
        asked = _others.get()  # None where somebody else's code runs, beside the check
        if asked is not None and not isinstance(model, ProbeModel):
            asked.append(model)
            raise NotYet("A model was asked that isn't the one that was given.")
        return method(model, *args, **kwargs)

    return asks


def _asked_another(name: str, answer: object, model: BaseChatModel) -> str:
    names = getattr(answer, "__globals__", {})
    found = next((each for each, value in list(names.items()) if value is model), None)
    other = f": the notebook's `{found}`" if found else f", {kind(model)}"
    return f"`{name}` was given a model and asked another{other}. Does a helper use that one?"
