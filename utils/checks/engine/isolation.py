"""Records an answer's side effects: output, calls to other models, unawaited coroutines.

    with isolated(answer), recording_side_effects():
        …                                   # run the answer
        side_effects().stdout.getvalue()    # the printed text, up to a limit
        side_effects().forgotten            # names of functions whose coroutines were never awaited
        side_effects().other_model(answer)  # describes a called model that the check didn't create

Python's warnings about unawaited coroutines, and tracebacks from generators that yield while being
closed, don't reach the notebook: the check message reports both.
"""

import gc
import inspect
import io
import re
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any
from unittest.mock import patch

from langchain_core.language_models import BaseChatModel

from utils.checks.engine import virtual_time

_MOST_PRINTED = 10_000  # how many printed characters to keep; the rest is discarded
_CALLS = ("stream", "astream", "stream_events", "invoke", "ainvoke", "generate", "agenerate")


class OtherModel(Exception):  # noqa: N818 (named after what happened)
    """Raised when an answer calls a chat model that the check didn't create."""


# The latest captured outputs. `print` holds no reference to `sys.stdout`, so a thread that is still
# printing crashes Python if the object is freed.
_latest: "deque[Printed]" = deque(maxlen=32)


class Printed(io.StringIO):
    """An answer's captured output; not displayed, since a check runs the answer many times."""

    def __init__(self) -> None:
        super().__init__()
        _latest.append(self)

    def write(self, text: str) -> int:
        """Write the text, unless too much has been written already."""
        return super().write(text) if self.tell() < _MOST_PRINTED else len(text)


@dataclass
class SideEffects:
    """The side effects of one run of an answer."""

    # the models that were called although the check didn't create them
    models: list[BaseChatModel] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)  # functions with unawaited coroutines
    stdout: Printed = field(default_factory=Printed)

    def other_model(self, answer: Any) -> str:
        """Return a description of the first other model that was called; "" if there is none."""
        if not self.models:
            return ""
        model = self.models[0]
        names = getattr(inspect.unwrap(answer), "__globals__", {})
        found = next((name for name, value in list(names.items()) if value is model), "")
        return f"the notebook's `{found}`" if found else f"another `{type(model).__name__}`"


_current: ContextVar[SideEffects | None] = ContextVar("side_effects", default=None)


@contextmanager
def isolated(answer: object) -> Iterator[None]:
    """Record an answer's side effects during a whole check, and clean up afterwards.

    `gc.freeze` excludes existing objects from garbage collection, so that collections visit only
    objects created by the check. If the learner's code runs a check itself, as `parts` does in
    lesson 5, only the outer check freezes objects.
    """
    inside = _current.get() is not None
    if not inside:
        gc.freeze()
    try:
        with _keeping_patches(), recording_side_effects():
            yield
            gc.collect()
    finally:
        if not inside:
            gc.unfreeze()
        if inspect.iscoroutine(answer):
            answer.close()


@contextmanager
def recording_side_effects() -> Iterator[None]:
    """Record the side effects of the run in the `with` block, separately from other runs."""
    new = SideEffects()
    token = _current.set(new)
    try:
        with redirect_stdout(new.stdout):
            yield
    finally:
        _current.reset(token)


def side_effects() -> SideEffects:
    """Return the current run's side effects, or an empty record if there is no run."""
    return _current.get() or SideEffects()


_lock, _patches = threading.Lock(), ExitStack()
_running = 0  # the number of running checks


@contextmanager
def _keeping_patches() -> Iterator[None]:
    """Keep the patches from `_patched` in place while any check is running.

    The first check to start applies the patches and the last one to finish reverts them: a check
    that timed out may still be running in its thread when the next check starts.
    """
    global _running
    with _lock:
        if not _running:
            _patches.enter_context(_patched())
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if not _running:
                _patches.close()


@contextmanager
def _patched() -> Iterator[None]:
    """Record unawaited coroutines and calls to other models, in new threads, too.

    Also hide "ignored GeneratorExit" errors, and capture what is written to the real `sys.stdout`,
    which an answer may have stored, for example as a parameter's default value.
    """
    hook, show, out = sys.unraisablehook, warnings.showwarning, sys.stdout
    write, flush = out.write, out.flush
    methods: dict[str, Any] = {name: _guarded(getattr(BaseChatModel, name)) for name in _CALLS}

    def hide(what: Any) -> None:
        if "ignored GeneratorExit" not in str(what.exc_value):
            hook(what)

    def record_unawaited(message: Warning | str, *args: Any, **kwargs: Any) -> None:
        about = re.match(r"coroutine '(?:.*\.)?(.+)' was never awaited", str(message))
        if about is None:
            show(message, *args, **kwargs)
        else:
            side_effects().forgotten.append(about[1])

    def current_write(text: str) -> int:
        return (write if sys.stdout is out else sys.stdout.write)(text)

    def current_flush() -> None:
        (flush if sys.stdout is out else sys.stdout.flush)()

    def start(thread: threading.Thread) -> None:
        thread.run = partial(virtual_time.thread_context().run, thread.run)  # type: ignore[method-assign]
        real_start(thread)

    real_start = threading.Thread.start
    with (
        warnings.catch_warnings(),
        patch.object(threading.Thread, "start", start),
        patch.object(warnings, "showwarning", record_unawaited),
        patch.object(sys, "unraisablehook", hide),
        patch.multiple(out, write=current_write, flush=current_flush),
        patch.multiple(BaseChatModel, **methods),
    ):
        warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
        yield


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(model: BaseChatModel, *args: Any, **kwargs: Any) -> Any:
        in_a_check = _current.get() is not None
        if in_a_check and not getattr(model, "made_by_a_check", False):
            side_effects().models.append(model)
            raise OtherModel("a model was called that isn't the one given")
        return method(model, *args, **kwargs)

    return call
