"""Runs an answer once against a prepared reply and records what it did.

    run = call("show", answer, case, reply, model, case.prompt)         # a value
    run = call("words", answer, case, reply, reply.stream, streams=True)  # a generator
    run = run_async("shout", answer, case, reply, model, case.prompt)   # a coroutine

To pass a stream, pass the method that creates it, such as `reply.stream`. The runner calls the
method, so that only the answer holds a reference to the stream.
"""

import asyncio
import copy
import gc
import inspect
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, Unpack

from langchain_core.messages import BaseMessage

from utils.checks.engine import isolation, virtual_time
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.raised import learners_own
from utils.checks.engine.reply import GAP, Reading, Reply
from utils.checks.engine.run import Case, Run, Wanted, text_of

_ASYNCIO = str(Path(asyncio.__file__).parent)
# the types of `anext(stream)`, which `ensure_future` turns into a task
_ANEXT = ("anext_awaitable", "async_generator_asend")
_MODULES = ("builtins", "asyncio", "utils")  # packages whose exceptions the learner didn't define
_MOST = 1000  # items after which a stream counts as infinite
_PATIENCE = 60.0  # virtual seconds allowed for a cancelled task to finish
# virtual seconds allowed for unreferenced streams to close, including those read in a thread
_SETTLES = 2 * GAP
_THREAD_SECONDS = 0.5  # real seconds to wait for threads that the answer left running


class How(TypedDict, total=False):
    """An exercise's requirements: arguments that set the fields of `Run` with the same names."""

    wants: Wanted
    streams: bool
    passes_on: bool


class _Runner:
    """Runs one answer and fills in its `Run`."""

    def __init__(
        self, name: str, answer: Any, case: Case, reply: Reply, args: Sequence[Any], how: How
    ) -> None:
        model = next((arg for arg in args if isinstance(arg, FakeModel)), None)
        lists = [arg if isinstance(arg, list) else [arg] for arg in args]
        models = [each for given in lists for each in given if isinstance(each, FakeModel)]
        self.run = Run(
            name=name, answer=answer, case=case, reply=reply, model=model, models=models, **how
        )
        self.run.expected = reply.text
        self._args, self._before = args, [_state(arg) for arg in args]
        self._as_yielded: list[Any] = []
        self._not_empty = 0  # the number of items that aren't empty strings
        self._began = virtual_time.now()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Store the answer's first exception, but let timeouts and cancellations propagate."""
        try:
            yield
        except BaseException as error:
            of_a_learner = type(error).__module__.partition(".")[0] not in _MODULES
            exits = type(error) is SystemExit  # as raised by `exit()`; timeouts raise a subclass
            if not (isinstance(error, Exception) or exits or of_a_learner):
                raise
            self.run.error = self.run.error or error

    def call(self) -> None:
        if callable(self.run.answer):
            with self.errors():
                self.run.returned = self.run.answer(*map(_made, self._args))
        self.run.ahead = self.run.reply.taken

    def item(self, item: object) -> bool:
        """Record an item; return True if the reader should stop."""
        run = self.run
        run.items.append(item)
        self._as_yielded.append(copy.deepcopy(item) if isinstance(item, dict | list) else item)
        run.taken.append(run.reply.taken)
        run.at.append(self.elapsed())
        run.reply.out(text_of(item))
        run.goes_on = len(run.items) >= _MOST
        if not isinstance(item, str) or item:
            self._not_empty += 1
        return run.goes_on or self._not_empty == run.case.leave_after

    def elapsed(self) -> float:
        """Return the virtual seconds since the run began."""
        return virtual_time.now() - self._began

    def await_threads(self, before: Sequence[threading.Thread]) -> None:
        """Wait for threads that the answer left running; record whether they still read a reply.

        `before` contains the threads that were running before the answer began.
        """
        if self._readings() and not self._any_open():
            return
        read = [reading.items for reading in self._readings()]
        left = {*threading.enumerate()} - {*before}
        for thread in left:
            thread.join(_THREAD_SECONDS / len(left))
        self.run.outlived = read != [reading.items for reading in self._readings()]

    def _readings(self) -> list[Reading]:
        of_models = (each for model in self.run.models for each in model.readings)
        return [*self.run.reply.readings, *of_models]

    def _any_open(self) -> bool:
        return any(reading.left is None for reading in self._readings())

    def finished(self) -> Run:
        """Complete and return the record; call this after all the answer's code has finished."""
        run, effects = self.run, isolation.side_effects()
        run.changed, run.settings = self._changes()
        gc.collect()  # closes streams that the answer no longer references
        run.still_open = self._any_open()
        run.altered = run.items != self._as_yielded
        run.other_model = effects.other_model(run.answer)
        run.forgotten = next(iter(effects.forgotten), "") or self._not_awaited()
        run.stdout = effects.stdout.getvalue()
        return run

    def _changes(self) -> tuple[list[str], list[str]]:
        """Return the names of the changed arguments, and those of the changed model settings."""
        names: list[str] = []
        with suppress(TypeError, ValueError):
            names += inspect.signature(self.run.answer).parameters
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
        """Return the name of a returned coroutine that wasn't awaited; "" if there is none."""
        returned = self.run.returned
        if not (self.run.awaited and inspect.iscoroutine(returned)):
            return ""
        returned.close()
        return returned.__name__


def _made(arg: Any) -> Any:
    """Return an argument or, if the argument is a reply's method, the stream that it creates."""
    return arg() if isinstance(getattr(arg, "__self__", None), Reply) else arg


def _state(arg: object) -> Any:
    """Return an argument's state, which an answer must not change."""
    if isinstance(arg, FakeModel):
        return arg.settings()
    if isinstance(arg, list):  # compare list items by identity and state
        return [(id(each), _state(each)) for each in arg]
    return copy.deepcopy(arg) if isinstance(arg, dict | set | BaseMessage) else None


def call(name: str, answer: Any, case: Case, reply: Reply, *args: Any, **how: Unpack[How]) -> Run:
    """Call a function in virtual time; if `streams` is set, loop over the result and close it."""
    threads = threading.enumerate()
    with virtual_time.clock(answer):
        runner = _Runner(name, answer, case, reply, args, how)
        runner.call()
        if runner.run.streams:
            _iterate(runner)
        if inspect.iscoroutine(runner.run.returned):
            runner.run.returned.close()  # so that Python doesn't warn that it was never awaited
        runner.run.seconds = runner.elapsed()
        runner.await_threads(threads)
        return runner.finished()


def _iterate(runner: _Runner) -> None:
    items = runner.run.returned
    if not isinstance(items, Iterable) or isinstance(items, str | list | tuple | set | dict):
        return
    runner.run.read = True
    with runner.errors():
        for item in items:
            if runner.item(item):
                break
    with runner.errors():
        if hasattr(items, "close"):
            items.close()
    runner.run.returned = None  # so that garbage collection can close the stream


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

    The reader pauses for `pause` seconds after each item. `before` is called on the loop, just
    before the answer.
    """

    async def main() -> Run:
        runner = _Runner(name, answer, case, reply, args, how)
        runner.run.asynchronous = True
        before()
        task = asyncio.ensure_future(_watched(runner, pause))
        if case.cancel_after is not None:
            await _cancel(runner, task, case.cancel_after)
        else:
            await asyncio.wait({task})
            if task.cancelled():
                runner.run.error = asyncio.CancelledError("the task wasn't cancelled from outside")
        runner.run.blocked, runner.run.spun = virtual_time.blocked(), virtual_time.spun()
        runner.run.seconds = runner.elapsed()
        gc.collect()  # closes streams that the answer no longer references
        await asyncio.sleep(_SETTLES)
        return runner.finished()

    return virtual_time.run(main, answer)


async def _watched(runner: _Runner, pause: float) -> None:
    """Run the answer, then list unfinished tasks before they can continue."""
    # get the loop now: if the answer never ends, `finally` runs when no loop is running
    loop = asyncio.get_running_loop()
    try:
        await _awaited(runner, pause)
    finally:
        left = _learners_tasks(loop)
        runner.run.tasks = [name for task, name in left.items() if not task.cancelling()]
        # ignore asyncio's own coroutines, such as `Event.wait`: they don't run the learner's code
        runner.run.unawaited = [
            name for task, name in left.items() if task.cancelling() and "." not in name
        ]


async def _awaited(runner: _Runner, pause: float) -> None:
    """Call the answer. Then await the result or, if it is a stream, read and close it."""
    runner.call()
    run, stream = runner.run, runner.run.returned
    if inspect.isawaitable(stream):
        run.awaited, run.returned = True, None
        with runner.errors():
            run.returned = await stream
        return
    if not (run.streams and isinstance(stream, AsyncIterable)):
        return
    run.read, run.returned = True, None
    with runner.errors():
        async for item in stream:
            if runner.item(item):
                break
            if pause:
                await asyncio.sleep(pause)
    with runner.errors():
        if hasattr(stream, "aclose"):
            await stream.aclose()


async def _cancel(runner: _Runner, task: "asyncio.Task[None]", after: float) -> None:
    """Cancel the task after `after` virtual seconds and record how it reacted."""
    await asyncio.wait({task}, timeout=after)
    if task.done():
        runner.run.cancelled = "early"
        return
    task.cancel()
    await asyncio.wait({task}, timeout=_PATIENCE)
    if not task.done():
        runner.run.cancelled = "went on"
    elif task.cancelled():
        runner.run.cancelled = "cancelled"
        with suppress(asyncio.CancelledError):
            await task  # clears the task's exception, whose traceback keeps streams alive
    else:
        runner.run.cancelled = "raised" if runner.run.error else "returned"


def _learners_tasks(loop: asyncio.AbstractEventLoop) -> dict["asyncio.Task[Any]", str]:
    """Return the tasks that the answer started, with the names of their coroutines.

    Tasks that run the learner's coroutines precede tasks that run asyncio's, such as `Event.wait`.
    """
    found: dict[asyncio.Task[Any], str] = {}
    for task in asyncio.all_tasks(loop):
        coro = task.get_coro()
        if type(coro).__name__ in _ANEXT:
            found[task] = "anext"
        elif inspect.iscoroutine(coro):
            file = coro.cr_code.co_filename
            if file.startswith(_ASYNCIO):
                found[task] = coro.__qualname__  # contains a dot, as in `Event.wait`
            elif learners_own(file) or coro.__qualname__ == "StructuredTool.ainvoke":
                found[task] = coro.__name__  # a tool's task was made by the answer, too
    return dict(sorted(found.items(), key=lambda item: ("." in item[1], item[1])))
