"""Runs an answer once against a prepared reply, and records what it did.

    run = call("show", answer, case, reply, model, case.prompt)        # a value
    run = loop_over("words", answer, case, reply, reply.stream)        # a generator
    run = run_async("shout", answer, case, reply, model, case.prompt)  # a coroutine, async stream

A stream is passed as the method that makes it, so that only the answer keeps it. A `Run` is what
the shared mistakes look at; an exercise adds to it with `Seen.of(run, …)`.
"""

import asyncio
import copy
import inspect
import re
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import GeneratorType
from typing import Any, Self

from langchain_core.messages import BaseMessage

from utils.checks.engine import isolation, virtual_time
from utils.checks.engine.fake_model import GAP, FakeModel, Reply, cut
from utils.checks.engine.student_code import learners_own

PROMPT = "Why do rivers bend?"
RIVERS = (
    "Rivers bend because water is never quite even. A little more flows on one side, takes a "
    "little more earth with it, and makes the next bend. Give it time!"
)
HARBOUR = "The harbour wakes at five.\nGulls first, then engines, then people with coffee."

_ASYNCIO = str(Path(asyncio.__file__).parent)
_MOST = 1000  # items; no stream of a check has as many
_PATIENCE = 60.0  # virtual seconds for a cancelled task to end
_SETTLES = 2 * GAP  # virtual seconds for what was dropped to be closed, also by a thread


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one run of an answer is given; an exercise's own cases may add to it.

    Attributes:
        text: The reply.
        seed: Where it is cut into pieces.
        pieces: The reply in pieces, in place of `text` and `seed`.
        compact: Whether no chunk is empty; see `Reply`.
        prompt: What the model is to be sent.
        fails_after: The connection is lost after so many pieces.
        leave_after: The reader of the answer's stream leaves after so many items with text.
        cancel_after: The task that runs the answer is cancelled after so many virtual seconds.
        when: What is special about it, as the end of a sentence: "for an empty reply".
    """

    text: str = RIVERS
    seed: int = 1
    pieces: Sequence[str] | None = None
    compact: bool = False
    prompt: str = PROMPT
    fails_after: int | None = None
    leave_after: int | None = None
    cancel_after: float | None = None
    when: str = ""

    @property
    def whole(self) -> bool:
        """Whether the reply arrives whole and is read to its end."""
        return self.fails_after is self.leave_after is self.cancel_after is None

    def reply(self, **how: Any) -> Reply:
        """The reply; `how` are further settings of it."""
        pieces = cut(self.text, self.seed) if self.pieces is None else self.pieces
        return Reply(pieces, fails_after=self.fails_after, compact=self.compact, **how)

    def model(self, reply: Reply, **settings: Any) -> FakeModel:
        """A model that answers the prompt with `reply`."""
        return FakeModel.of({self.prompt: reply}, **settings)


@dataclass(frozen=True)
class Wanted:
    """The type that an exercise asks for, and how messages name it."""

    type: type
    words: str

    def fits(self, value: object) -> bool:
        """Whether a value is of that type."""
        return isinstance(value, self.type) and not (
            isinstance(value, bool) and self.type is not bool
        )


STRING = Wanted(str, "a string")
STRINGS = Wanted(list, "a list of strings")
NUMBER = Wanted(int, "a whole number")
ANYTHING = Wanted(object, "a value")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of an answer did.

    Attributes:
        name: The function's name in the exercise.
        answer: The learner's function, or whatever was given in its place.
        case: What it was given.
        reply: The reply, with its log.
        model: The model it was given, if any.
        wants: What is to be returned or, by a stream, yielded.
        streams: Whether the exercise asks for a stream: a generator or an async generator.
        asynchronous: Whether it asks for something to read by `async for`, or to await.
        passes_on: Whether each piece is to come out before the next one is taken.
        returned: What calling it returned or, if that was awaited, its result.
        awaited: Whether that was awaited.
        read: Whether it returned a stream, which was then read.
        ahead: How many pieces it had taken before that.
        items: What its stream yielded.
        taken: For each item, how many pieces of the reply had been taken when it came.
        at: For each item, the virtual seconds since the call.
        seconds: The virtual seconds that the run took.
        error: What it raised.
        goes_on: Whether its stream was stopped because it didn't end.
        altered: Whether it changed an item after it had yielded it.
        changed: The arguments that it changed.
        settings: The model's settings that it changed.
        still_open: Whether it left a reading of the reply open.
        tasks: The names of its tasks that were still running.
        blocked: For how many seconds it blocked the event loop.
        cancelled: What became of its task: "cancelled" as it should be, "returned", "raised",
            "went on", or "early" if it was over before; "" if it wasn't cancelled.
        other_model: What a message calls another model that was called; "" if none was.
        forgotten: The first function whose coroutine was never awaited; "" if there is none.
    """

    name: str
    answer: Any
    case: Case
    reply: Reply
    model: FakeModel | None = None
    wants: Wanted = STRING
    streams: bool = False
    asynchronous: bool = False
    passes_on: bool = False
    returned: Any = None
    awaited: bool = False
    read: bool = False
    ahead: int = 0
    items: Sequence[Any] = ()
    taken: Sequence[int] = ()
    at: Sequence[float] = ()
    seconds: float = 0.0
    error: BaseException | None = None
    goes_on: bool = False
    altered: bool = False
    changed: Sequence[str] = ()
    settings: Sequence[str] = ()
    still_open: bool = False
    tasks: Sequence[str] = ()
    blocked: float = 0.0
    cancelled: str = ""
    other_model: str = ""
    forgotten: str = ""

    @classmethod
    def of(cls, run: "Run", **more: Any) -> Self:
        """A run with further fields, for a subclass."""
        return cls(**{each.name: getattr(run, each.name) for each in fields(Run)}, **more)

    @property
    def when(self) -> str:
        """What is special about the case, with a space before it; "" if nothing is."""
        return f" {self.case.when}" if self.case.when else ""

    @property
    def other_prompt(self) -> str:
        """The first prompt that the model was sent and shouldn't have been; "" if none was."""
        readings = self.model.other.readings if self.model else []
        return readings[0].messages[-1].text if readings and readings[0].messages else ""

    @property
    def unread(self) -> str:
        """The model's method that was called without its result being read or awaited, or ""."""
        if self.model is None or self.model.readings or not self.model.calls:
            return ""
        return self.model.calls[-1].method

    @property
    def method(self) -> str:
        """The first method of the model that asked for a whole reply."""
        calls = self.model.calls if self.model else []
        return next((each.method for each in calls if "stream" not in each.method), "invoke")

    @property
    def total(self) -> int:
        """How many pieces the reply has."""
        return len(self.reply.pieces)

    @property
    def text(self) -> str:
        """The strings and messages that were yielded, as one string."""
        return "".join(map(text_of, self.items))

    @property
    def lost(self) -> bool:
        """Whether the reply failed, and its error came out of the answer."""
        return any(each is self.reply.error for each in self.causes)

    @property
    def causes(self) -> list[BaseException]:
        """What it raised, with the errors in a group and those that it was raised from."""
        return _causes(self.error)

    @property
    def foreign(self) -> str:
        """The class of what it waited at and belongs to another event loop, such as "Lock"."""
        texts = "\n".join(map(str, self.causes))
        found = re.search(r"<(?:\w+\.)*(\w+) object .*> is bound to a different event loop", texts)
        return found[1] if found else ""


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    further = [error]
    while further:
        each = further.pop(0)
        if each is not None and not any(each is one for one in found):  # contexts may be a circle
            inner = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
            found.append(each)
            further += [each.__cause__, each.__context__, *inner]
    return found


def text_of(item: object) -> str:
    """The text of a string or a message; "" for anything else."""
    if isinstance(item, BaseMessage):
        return str(item.text)
    return item if isinstance(item, str) else ""


@dataclass
class _Record:
    """What is noted while an answer runs; the fields are `Run`'s."""

    answer: Callable[..., Any]
    args: Sequence[Any]
    returned: Any = None
    awaited: bool = False
    read: bool = False
    ahead: int = 0
    items: list[Any] = field(default_factory=list)
    as_yielded: list[Any] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    error: BaseException | None = None
    goes_on: bool = False
    tasks: list[str] = field(default_factory=list)
    blocked: float = 0.0
    cancelled: str = ""

    def __post_init__(self) -> None:
        self._began = virtual_time.now()
        self.over: float | None = None
        self._before = [_state(arg) for arg in self.args]

    @contextmanager
    def errors(self) -> Any:
        """Keep an exception of the answer as `error`."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception | SystemExit) and not _of_a_learner(error):
                raise
            if isinstance(error, SystemExit) and type(error) is not SystemExit:  # a time limit's
                raise
            self.error = self.error or error

    def call(self) -> None:
        """Call the answer, if it can be called."""
        if callable(self.answer):
            with self.errors():
                self.returned = self.answer(*map(self._made, self.args))

    def _not_awaited(self) -> str:
        """The function whose coroutine came back in place of its result, or ""."""
        if not (self.awaited and inspect.iscoroutine(self.returned)):
            return ""
        self.returned.close()
        return self.returned.__name__

    @staticmethod
    def _made(arg: Any) -> Any:
        """An argument; a stream, where the method of a reply makes one."""
        return arg() if isinstance(getattr(arg, "__self__", None), Reply) else arg

    def item(self, item: object, reply: Reply, leave_after: int | None) -> bool:
        """Note an item; True if the reader leaves now."""
        self.items.append(item)
        self.as_yielded.append(copy.deepcopy(item) if isinstance(item, dict | list) else item)
        self.taken.append(reply.taken)
        self.at.append(virtual_time.now() - self._began)
        reply.out(text_of(item))
        self.goes_on = len(self.items) >= _MOST
        with_text = sum(bool(text_of(each)) or not isinstance(each, str) for each in self.items)
        return self.goes_on or with_text == leave_after

    def run(self, name: str, case: Case, reply: Reply, **more: Any) -> Run:
        model = next((arg for arg in self.args if isinstance(arg, FakeModel)), None)
        names = _parameters(self.answer)
        changed: list[str] = []
        settings: list[str] = []
        for at, (arg, before) in enumerate(zip(self.args, self._before, strict=True)):
            after = _state(arg)
            if isinstance(arg, FakeModel):
                settings += [key for key in after if after[key] != before.get(key)]
            elif after != before:
                changed.append(names[at] if at < len(names) else f"argument {at + 1}")
        isolation.settle()
        return Run(
            name=name,
            answer=self.answer,
            case=case,
            reply=reply,
            model=model,
            returned=self.returned,
            awaited=self.awaited,
            read=self.read,
            ahead=self.ahead,
            items=tuple(self.items),
            taken=tuple(self.taken),
            at=tuple(self.at),
            seconds=(virtual_time.now() if self.over is None else self.over) - self._began,
            error=self.error,
            goes_on=self.goes_on,
            altered=any(now != then for now, then in zip(self.items, self.as_yielded, strict=True)),
            changed=tuple(changed),
            settings=tuple(settings),
            still_open=any(each.left is None for each in (*reply.readings, *_readings(model))),
            tasks=tuple(self.tasks),
            blocked=self.blocked,
            cancelled=self.cancelled,
            other_model=isolation.other_model(self.answer),
            forgotten=isolation.forgotten() or self._not_awaited(),
            **more,
        )


def _of_a_learner(error: BaseException) -> bool:
    """Whether its class is a learner's own, such as a `class Stalled(BaseException)`."""
    return type(error).__module__.partition(".")[0] not in ("builtins", "asyncio", "utils")


def _readings(model: FakeModel | None) -> Iterable[Any]:
    return model.readings if model else ()


def _state(arg: object) -> Any:
    """What of an argument an answer may not change."""
    if isinstance(arg, FakeModel):
        held = [(key, getattr(arg, key)) for key in type(arg).model_fields]
        return {key: copy.copy(it) if isinstance(it, list | dict) else it for key, it in held}
    if isinstance(arg, list):  # of models or functions, which are themselves and no copies
        return [(id(each), _state(each)) for each in arg]
    return copy.deepcopy(arg) if isinstance(arg, dict | set | BaseMessage) else None


def _parameters(answer: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        return []


def call(
    name: str,
    answer: Callable[..., Any],
    case: Case,
    reply: Reply,
    *args: Any,
    wants: Wanted = STRING,
    passes_on: bool = False,
) -> Run:
    """Call a function that returns a value."""
    with virtual_time.clock(answer):
        record = _Record(answer, args)
        record.call()
        _discard(record.returned)
        return record.run(name, case, reply, wants=wants, passes_on=passes_on)


def loop_over(
    name: str,
    answer: Callable[..., Any],
    case: Case,
    reply: Reply,
    *args: Any,
    wants: Wanted = STRING,
    passes_on: bool = False,
) -> Run:
    """Call a function that returns an iterator, loop over it, and close it."""
    with virtual_time.clock(answer):
        record = _Record(answer, args)
        record.call()
        record.ahead = reply.taken
        _iterate(record, case, reply)
        return record.run(name, case, reply, wants=wants, streams=True, passes_on=passes_on)


def _iterate(record: _Record, case: Case, reply: Reply) -> None:
    items = record.returned
    if not isinstance(items, Iterable) or isinstance(items, str | list | tuple | set | dict):
        _discard(items)
        return
    record.read = True
    with record.errors():
        iterator = iter(items)
        for item in iterator:
            if record.item(item, reply, case.leave_after):
                break
    with record.errors():
        if hasattr(items, "close"):
            items.close()
    record.returned = None  # nothing here keeps the stream open


def _discard(value: object) -> None:
    """Close what would warn that it was never awaited."""
    if inspect.iscoroutine(value):
        value.close()


def run_async(
    name: str,
    answer: Callable[..., Any],
    case: Case,
    reply: Reply,
    *args: Any,
    wants: Wanted = STRING,
    streams: bool = False,
    passes_on: bool = False,
    pause: float = 0.0,
    before: Callable[[], object] | None = None,
) -> Run:
    """Run a coroutine function, or read an async generator, on a loop of virtual time.

    Args:
        name: The function's name in the exercise.
        answer: The learner's function.
        case: What it is given.
        reply: The reply.
        *args: Its arguments.
        wants: What it returns or, if it `streams`, yields.
        streams: Whether it is to be read by `async for`.
        passes_on: Whether each piece is to come out before the next one is taken.
        pause: Seconds that the reader takes for each item.
        before: Called on the loop before the answer is.
    """

    async def main() -> Run:
        record = _Record(answer, args)
        if before:
            before()
        task = asyncio.ensure_future(_awaited(record, case, reply, pause, streams=streams))
        if case.cancel_after is not None:
            await _cancel(record, task, case.cancel_after)
        else:
            await asyncio.wait({task})
            if task.cancelled():
                record.error = asyncio.CancelledError("nothing cancelled it from outside")
        record.blocked = virtual_time.blocked()
        record.tasks = _learners_tasks()
        record.over = virtual_time.now()
        isolation.settle()
        await asyncio.sleep(_SETTLES)
        how = {"streams": streams, "passes_on": passes_on, "asynchronous": True}
        return record.run(name, case, reply, wants=wants, **how)

    return virtual_time.run(main, answer)


async def _awaited(
    record: _Record, case: Case, reply: Reply, pause: float, *, streams: bool
) -> None:
    record.call()
    record.ahead = reply.taken
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
            if record.item(item, reply, case.leave_after):
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
            await task  # takes its error, whose traceback keeps the answer's streams
    else:
        record.cancelled = "raised" if record.error else "returned"


def _learners_tasks() -> list[str]:
    """The names of the coroutines that a learner's tasks run, but for tasks being cancelled.

    They are the learner's own, or asyncio's, such as `Event.wait`.
    """
    tasks = [task for task in asyncio.all_tasks() if not task.cancelling()]
    running = [coro for task in tasks if inspect.iscoroutine(coro := task.get_coro())]
    return [
        each.__qualname__ if asyncios else each.__name__
        for each in running
        if (asyncios := each.cr_code.co_filename.startswith(_ASYNCIO))
        or learners_own(each.cr_code.co_filename)
    ]


def from_yield(value: object) -> bool:
    """Whether a value is a generator of a function of the learner's, no expression or library."""
    return (
        isinstance(value, GeneratorType)
        and value.gi_code.co_name != "<genexpr>"
        and learners_own(value.gi_code.co_filename)
    )


def failing(case: Case, pieces: int) -> Case:
    """The case with a connection that is lost after so many pieces."""
    return replace(case, fails_after=pieces, when="when the connection was lost")


def leaving(case: Case, items: int) -> Case:
    """The case with a reader who leaves after so many items."""
    return replace(case, leave_after=items, when="when its reader left")
