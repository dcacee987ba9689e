"""What one run of an answer is given, a `Case`, and what it did, a `Run`.

A `Run` is what the shared mistakes look at; an exercise adds to it with `Seen.of(run, …)`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import GeneratorType
from typing import Any, Self

from langchain_core.messages import BaseMessage

from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.student_code import learners_own

PROMPT = "Why do rivers bend?"
RIVERS = (
    "Rivers bend because water is never quite even. A little more flows on one side, takes a "
    "little more earth with it, and makes the next bend. Give it time!"
)
HARBOUR = "The harbour wakes at five.\nGulls first, then engines, then people with coffee."

_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one run of an answer is given; an exercise's own cases may add to it."""

    text: str = RIVERS  # the reply
    seed: int = 1  # where it is cut into pieces
    pieces: Sequence[str] | None = None  # the reply in pieces, in place of `text` and `seed`
    compact: bool = False  # whether no chunk is empty; see `Reply`
    prompt: str = PROMPT  # what the model is to be sent
    fails_after: int | None = None  # the connection is lost after so many pieces
    # the reader of the answer's stream leaves after so many items with text; one of a web app after
    # so many events (an int) or virtual seconds (a float)
    leave_after: float | None = None
    # the task that runs the answer is cancelled after so many virtual seconds
    cancel_after: float | None = None
    when: str = ""  # what is special about it, as the end of a sentence: "for an empty reply"

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
NUMBER = Wanted(int, "a whole number")
ANYTHING = Wanted(object, "a value")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of an answer did."""

    name: str  # the function's name in the exercise
    answer: Any  # the learner's function, or whatever was given in its place
    case: Case  # what it was given
    reply: Reply  # the reply, with its log
    model: FakeModel | None = None  # the model it was given, if any
    wants: Wanted = STRING  # what is to be returned or, by a stream, yielded
    # whether the exercise asks for a stream: a generator or an async generator
    streams: bool = False
    asynchronous: bool = False  # whether it asks for something to read by `async for`, or to await
    passes_on: bool = False  # whether each piece is to come out before the next one is taken
    returned: Any = None  # what calling it returned or, if that was awaited, its result
    awaited: bool = False  # whether that was awaited
    read: bool = False  # whether it returned a stream, which was then read
    ahead: int = 0  # how many pieces it had taken before that
    items: Sequence[Any] = ()  # what its stream yielded
    # for each item, how many pieces of the reply had been taken when it came
    taken: Sequence[int] = ()
    at: Sequence[float] = ()  # for each item, the virtual seconds since the call
    seconds: float = 0.0  # the virtual seconds that the run took
    error: BaseException | None = None  # what it raised
    goes_on: bool = False  # whether its stream was stopped because it didn't end
    altered: bool = False  # whether it changed an item after it had yielded it
    changed: Sequence[str] = ()  # the arguments that it changed
    settings: Sequence[str] = ()  # the model's settings that it changed
    still_open: bool = False  # whether it left a reading of the reply open
    tasks: Sequence[str] = ()  # the names of its tasks that were still running when it was over
    unawaited: Sequence[str] = ()  # the names of those that it had cancelled, but hadn't waited for
    blocked: float = 0.0  # for how many seconds it blocked the event loop
    # what became of its task: "cancelled" as it should be, "returned", "raised", "went on", or
    # "early" if it was over before; "" if it wasn't cancelled
    cancelled: str = ""
    other_model: str = ""  # what a message calls another model that was called; "" if none was
    forgotten: str = ""  # the first function whose coroutine was never awaited; "" if there is none
    stdout: str = ""  # what it printed, up to a length

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
    def limited_by(self) -> str:
        """The setting by which a call limited the length of its reply, or ""."""
        sent = [
            name for each in (self.model.readings if self.model else ()) for name in each.settings
        ]
        return next((name for name in sent if name in _LIMITS), "")

    @property
    def total(self) -> int:
        """How many pieces the reply has."""
        return len(self.reply.pieces)

    @property
    def text(self) -> str:
        """The strings and messages that were yielded, as one string."""
        return "".join(map(text_of, self.items))

    @property
    def output(self) -> str:
        """The text that was returned or, by a stream, yielded."""
        return self.text if self.streams else text_of(self.returned)

    @property
    def gave(self) -> str:
        """How it came out, as a verb."""
        return "yielded" if self.streams else "returned"

    @property
    def expected(self) -> str:
        """The text that should have been."""
        return self.reply.text

    @property
    def wrong_text(self) -> bool:
        """Whether other text came out than should have."""
        return self.output != self.expected

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


def from_yield(value: object) -> bool:
    """Whether a value is a generator of a function of the learner's, no expression or library."""
    return (
        isinstance(value, GeneratorType)
        and value.gi_code.co_name != "<genexpr>"
        and learners_own(value.gi_code.co_filename)
    )
