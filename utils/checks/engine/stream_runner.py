"""Runs an answer once against a prepared reply, and records what the answer did.

    run = call("show", answer, case, reply, model, case.prompt)         # a value
    run = call("words", answer, case, reply, reply.stream, streams=True)  # a generator
    run = run_async("shout", answer, case, reply, model, case.prompt)   # a coroutine

To pass a stream, pass the method that makes it, such as `reply.stream`. The runner calls it, so
that only the answer holds a reference to the stream.
"""

import asyncio
import copy
import gc
import inspect
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, Unpack

from langchain_core.messages import BaseMessage

from utils.checks.engine import isolation, virtual_time
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.raised import learners_own
from utils.checks.engine.reply import GAP, Reply
from utils.checks.engine.run import Case, Run, Wanted, text_of

_ASYNCIO = str(Path(asyncio.__file__).parent)
_MODULES = ("builtins", "asyncio", "utils")  # modules whose exceptions aren't the learner's own
_MOST = 1000  # items after which a stream counts as endless
_PATIENCE = 60.0  # virtual seconds within which a cancelled task must end
# virtual seconds in which unreferenced streams can close, even those read in a thread
_SETTLES = 2 * GAP


class How(TypedDict, total=False):
    """What the exercise asks for; see `Run`."""

    wants: Wanted
    streams: bool
    passes_on: bool


class _Record:
    """Records a running answer; attributes without an underscore become fields of a `Run`."""

    asynchronous: bool
    tasks: Sequence[str]
    unawaited: Sequence[str]
    blocked: float
    cancelled: str
    seconds: float

    def __init__(
        self, name: str, answer: Any, case: Case, reply: Reply, args: Sequence[Any], how: How
    ) -> None:
        self.name, self.answer, self.case, self.reply = name, answer, case, reply
        self.model = next((arg for arg in args if isinstance(arg, FakeModel)), None)
        self.returned: Any = None
        self.error: BaseException | None = None
        self.awaited = self.read = self.goes_on = False
        self.ahead = 0
        self.items: list[Any] = []
        self.taken: list[int] = []
        self.at: list[float] = []
        self._how, self._args, self._before = how, args, [_state(arg) for arg in args]
        self._as_yielded: list[Any] = []
        self._with_text = 0  # how many items weren't empty strings
        self._began = virtual_time.now()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Store the answer's first exception, but let timeouts and cancellations propagate."""
        try:
            yield
        except BaseException as error:
            of_a_learner = type(error).__module__.partition(".")[0] not in _MODULES
            if not (isinstance(error, Exception) or type(error) is SystemExit or of_a_learner):
                raise
            self.error = self.error or error

    def call(self) -> None:
        """Call the answer, if it is callable."""
        if callable(self.answer):
            with self.errors():
                self.returned = self.answer(*map(_made, self._args))
        self.ahead = self.reply.taken

    def item(self, item: object) -> bool:
        """Record an item; return True if the reader should stop."""
        self.items.append(item)
        self._as_yielded.append(copy.deepcopy(item) if isinstance(item, dict | list) else item)
        self.taken.append(self.reply.taken)
        self.at.append(virtual_time.now() - self._began)
        self.reply.out(text_of(item))
        self.goes_on = len(self.items) >= _MOST
        self._with_text += bool(text_of(item)) or not isinstance(item, str)
        return self.goes_on or self._with_text == self.case.leave_after

    def over(self) -> None:
        """Record the run's duration."""
        self.seconds = virtual_time.now() - self._began

    def run(self) -> Run:
        """Return the record as a `Run`; call it after all of the answer's code has ended."""
        changed, settings = self._changes()
        gc.collect()  # closes streams that the answer no longer references
        given = [each for a in self._args for each in (a if isinstance(a, list) else [a])]
        models = [each for each in given if isinstance(each, FakeModel)]
        readings = [*self.reply.readings, *(each for model in models for each in model.readings)]
        public = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        noted = isolation.noted()
        return Run(
            **public,
            **self._how,
            altered=self.items != self._as_yielded,
            changed=changed,
            settings=settings,
            still_open=any(each.left is None for each in readings),
            other_model=noted.other_model(self.answer),
            forgotten=next(iter(noted.forgotten), "") or self._not_awaited(),
            stdout=noted.printed,
        )

    def _changes(self) -> tuple[list[str], list[str]]:
        """Return the names of the changed arguments and model settings.

        Settings that were changed only for a request, and then restored, are included.
        """
        names: list[str] = []
        with suppress(TypeError, ValueError):
            names += inspect.signature(self.answer).parameters
        changed: list[str] = []
        settings: list[str] = []
        for at, (arg, before) in enumerate(zip(self._args, self._before, strict=True)):
            after = _state(arg)
            if isinstance(arg, FakeModel):
                states = (*arg.used, after)
                settings += [key for now in states for key in now if now[key] != before.get(key)]
            elif after != before:
                changed.append(names[at] if at < len(names) else f"argument {at + 1}")
        return changed, settings

    def _not_awaited(self) -> str:
        """Return the name of a function whose coroutine was returned but not awaited, or ""."""
        if not (self.awaited and inspect.iscoroutine(self.returned)):
            return ""
        self.returned.close()
        return self.returned.__name__


def _made(arg: Any) -> Any:
    """Return an argument, or the stream that it makes if it is a reply's method."""
    return arg() if isinstance(getattr(arg, "__self__", None), Reply) else arg


def _state(arg: object) -> Any:
    """Return the part of an argument's state that an answer must not change."""
    if isinstance(arg, FakeModel):
        return arg.settings()
    if isinstance(arg, list):  # compare a list's items by identity and state
        return [(id(each), _state(each)) for each in arg]
    return copy.deepcopy(arg) if isinstance(arg, dict | set | BaseMessage) else None


def call(name: str, answer: Any, case: Case, reply: Reply, *args: Any, **how: Unpack[How]) -> Run:
    """Call a function in virtual time; if it `streams`, loop over its result and close it."""
    with virtual_time.clock(answer):
        record = _Record(name, answer, case, reply, args, how)
        record.call()
        if how.get("streams"):
            _iterate(record)
        else:
            _discard(record.returned)
        record.over()
        return record.run()


def _iterate(record: _Record) -> None:
    items = record.returned
    if not isinstance(items, Iterable) or isinstance(items, str | list | tuple | set | dict):
        _discard(items)
        return
    record.read = True
    with record.errors():
        iterator = iter(items)
        for item in iterator:
            if record.item(item):
                break
    with record.errors():
        if hasattr(items, "close"):
            items.close()
    record.returned = None  # drop the reference to the stream


def _discard(value: object) -> None:
    """Close a coroutine, to avoid Python's warning that it was never awaited."""
    if inspect.iscoroutine(value):
        value.close()


def run_async(
    name: str,
    answer: Any,
    case: Case,
    reply: Reply,
    *args: Any,
    pause: float = 0.0,
    before: Callable[[], object] = lambda: None,
    **how: Unpack[How],
) -> Run:
    """Run a coroutine function, or read an async generator, on an event loop in virtual time.

    The reader pauses for `pause` seconds after each item, and `before` is called on the loop before
    the answer is.
    """

    async def main() -> Run:
        record = _Record(name, answer, case, reply, args, how)
        record.asynchronous = True
        before()
        task = asyncio.ensure_future(_watched(record, pause, how.get("streams", False)))
        if case.cancel_after is not None:
            await _cancel(record, task, case.cancel_after)
        else:
            await asyncio.wait({task})
            if task.cancelled():
                record.error = asyncio.CancelledError("nothing cancelled it from outside")
        record.blocked = virtual_time.blocked()
        record.over()
        gc.collect()  # closes streams that the answer no longer references
        await asyncio.sleep(_SETTLES)
        return record.run()

    return virtual_time.run(main, answer)


async def _watched(record: _Record, pause: float, streams: bool) -> None:
    """Run the answer, and list its remaining tasks before they can run any further."""
    # get the loop here: if an endless answer is discarded, `finally` runs when no loop is running
    loop = asyncio.get_running_loop()
    try:
        await _awaited(record, pause, streams)
    finally:
        left = _learners_tasks(loop)
        record.tasks = [name for task, name in left.items() if not task.cancelling()]
        # asyncio's own coroutines, such as `Event.wait`, run none of the answer's code: ignore them
        record.unawaited = [
            name for task, name in left.items() if task.cancelling() and "." not in name
        ]


async def _awaited(record: _Record, pause: float, streams: bool) -> None:
    record.call()
    if inspect.isawaitable(record.returned):
        with record.errors():
            record.awaited, work, record.returned = True, record.returned, None
            record.returned = await work
        return
    stream = record.returned
    if not (streams and isinstance(stream, AsyncIterable)):
        return
    record.returned, record.read = None, True
    with record.errors():
        async for item in stream:
            if record.item(item):
                break
            if pause:
                await asyncio.sleep(pause)
    with record.errors():
        if hasattr(stream, "aclose"):
            await stream.aclose()


async def _cancel(record: _Record, task: "asyncio.Task[None]", after: float) -> None:
    await asyncio.wait({task}, timeout=after)
    if task.done():
        record.cancelled = "early"
        return
    task.cancel()
    await asyncio.wait({task}, timeout=_PATIENCE)
    if not task.done():
        record.cancelled = "went on"
    elif task.cancelled():
        record.cancelled = "cancelled"
        with suppress(asyncio.CancelledError):
            await task  # clears the task's exception, whose traceback keeps streams alive
    else:
        record.cancelled = "raised" if record.error else "returned"


def _learners_tasks(loop: asyncio.AbstractEventLoop) -> dict["asyncio.Task[Any]", str]:
    """Return the tasks that the answer started, with the names of their coroutines.

    Tasks that run the learner's coroutines come first, then asyncio's, such as `Event.wait`.
    """
    found: dict[asyncio.Task[Any], str] = {}
    for task in asyncio.all_tasks(loop):
        if inspect.iscoroutine(coro := task.get_coro()):
            file = coro.cr_code.co_filename
            if file.startswith(_ASYNCIO):
                found[task] = coro.__qualname__
            elif learners_own(file):
                found[task] = coro.__name__
    return dict(sorted(found.items(), key=lambda each: ("." in each[1], each[1])))
