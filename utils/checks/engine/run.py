"""`Case`, the input for one run of an answer, and `Run`, the record of what the answer did.

The mistakes in `engine.mistakes` are predicates on a `Run`. An exercise can add fields in a
subclass named `Seen`, and create an instance with `Seen.of(run, …)`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Any, Self

from langchain_core.messages import BaseMessage

from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.raised import learners_own
from utils.checks.engine.reply import Reply, cut

PROMPT = "Why do rivers bend?"
RIVERS = (
    "Rivers bend because water is never quite even. A little more flows on one side, takes a "
    "little more earth with it, and makes the next bend. Give it time!"
)
HARBOUR = "The harbour wakes at five.\nGulls first, then engines, then people with coffee."
# the pieces of a reply with the same piece twice in a row
REPEATED = (" ", " ", "It", " is", " ha", "ha", "ha", ".\n")

_LIMITS = ("max_tokens", "max_completion_tokens")  # the settings that limit a reply's length


@dataclass(frozen=True, kw_only=True)
class Case:
    """The input for one run of an answer; exercises can add fields in a subclass."""

    text: str = RIVERS
    seed: int = 1  # determines where the text is split into pieces
    pieces: Sequence[str] | None = None  # the reply's pieces; by default, `text` is split
    compact: bool = False  # whether the first chunk contains text as well as the role
    # extra seconds of silence before pieces, keyed by piece index
    silences: Mapping[int, float] = field(default_factory=dict)
    prompt: str = PROMPT
    fails_after: int | None = None  # how many pieces are sent before the connection is lost
    # The number of items, not counting empty strings, before the reader closes the answer's stream.
    # For a web app: the events (an int) or virtual seconds (a float) before the client disconnects.
    leave_after: float | None = None
    cancel_after: float | None = None  # virtual seconds until the answer's task is cancelled
    when: str = ""  # how messages refer to the case, such as "for an empty reply"

    @property
    def whole(self) -> bool:
        """Whether the reply should arrive completely and be read to the end."""
        return (self.fails_after, self.leave_after, self.cancel_after) == (None, None, None)

    @property
    def ordinary(self) -> bool:
        """Whether nothing is special about the case, so that messages don't mention it."""
        return not self.when

    def reply(self, **how: Any) -> Reply:
        """Create the reply; `how` overrides the case's settings."""
        pieces = cut(self.text, self.seed) if self.pieces is None else self.pieces
        given = {"fails_after": self.fails_after, "compact": self.compact}
        return Reply(pieces, **{**given, "silences": self.silences, **how})

    def model(self, reply: Reply, **settings: Any) -> FakeModel:
        """Create a model that replies to the case's prompt with `reply`."""
        return FakeModel.of({self.prompt: reply}, **settings)


REPLIES = (  # cases for most exercises about a reply's text
    Case(seed=11),
    Case(
        text=f" \n{HARBOUR}\n\n  Then\tall\u00a0at once. ",
        prompt=" Describe a harbour.\n",
        when="for a reply with a lot of white space",
    ),
    Case(pieces=(), when="for an empty reply"),
    Case(pieces=REPEATED, when="for a reply in which pieces repeat"),
    Case(prompt='Describe a harbour as {"text": …}.', when="for a prompt with braces in it"),
)


@dataclass(frozen=True)
class Wanted:
    """The type that an exercise asks for, and how messages name it."""

    type: type
    words: str

    def fits(self, value: object) -> bool:
        """Whether a value has the right type; a bool doesn't count as an int."""
        if isinstance(value, bool):
            return self.type is bool
        return isinstance(value, self.type)


STRING = Wanted(str, "a string")
NUMBER = Wanted(int, "a whole number")
ANYTHING = Wanted(object, "a value")


class Record:
    """Base class of all records: `Run` for functions, and `HandlerRun` for handler classes."""

    case: Case

    @classmethod
    def of(cls, run: "Record", **more: Any) -> Self:
        """Create an instance of a subclass from a record, with additional or replaced fields."""
        return cls(**{**vars(run), **more})

    @property
    def when(self) -> str:
        """The case's `when`, if any, with a leading space."""
        return f" {self.case.when}" if self.case.when else ""


@dataclass(kw_only=True)
class Run(Record):
    """The record of one run of an answer."""

    name: str  # the function's name in the exercise
    answer: Any  # the learner's function, or whatever else was passed to `check`
    case: Case
    reply: Reply
    model: FakeModel | None = None  # the model that was passed to the answer, if any
    models: Sequence[FakeModel] = ()  # `model`, and models that were passed in a list
    wants: Wanted = STRING  # the type to return or, for a stream, to yield
    streams: bool = False  # True if the exercise asks for a generator or an async generator
    asynchronous: bool = False  # True if the exercise asks for an awaitable or an async generator
    passes_on: bool = False  # whether each piece should be passed on before the next piece is taken
    expected: str = ""  # the correct text; by default, the reply's text
    returned: Any = None  # the returned value, or its result if awaited; None if a stream was read
    awaited: bool = False  # whether the check awaited the returned value
    read: bool = False  # whether the check read a stream that the answer returned
    ahead: int = 0  # how many pieces the answer read before the check read its stream
    items: list[Any] = field(default_factory=list)  # the items that the stream yielded
    taken: list[int] = field(default_factory=list)  # the number of pieces taken before each item
    at: list[float] = field(default_factory=list)  # virtual seconds until each item was yielded
    seconds: float = 0.0  # the duration of the run in virtual seconds
    error: BaseException | None = None
    goes_on: bool = False  # whether the stream yielded so many items that it counts as infinite
    altered: bool = False  # whether the answer changed an item after yielding it
    changed: Sequence[str] = ()  # the names of the arguments that the answer changed
    settings: Sequence[str] = ()  # the names of the model settings that the answer changed
    still_open: bool = False  # whether any reply's stream was left open
    tasks: Sequence[str] = ()  # names of the coroutines of tasks left running
    unawaited: Sequence[str] = ()  # the same for tasks cancelled but not awaited
    outlived: bool = False  # whether a thread kept reading after the answer had ended
    blocked: float = 0.0  # how long the answer blocked the event loop, in virtual seconds
    spun: bool = False  # whether the answer kept the event loop busy instead of waiting
    # how the answer's task reacted to cancellation: "cancelled" (correct), "returned",
    # "raised", "went on", or "early" if it had already ended; "" if it wasn't cancelled
    cancelled: str = ""
    # a description of the first model that was called but not passed to the answer
    other_model: str = ""
    forgotten: str = ""  # the first function whose coroutine was never awaited; "" if there is none
    stdout: str = ""  # the printed text, up to a limit

    @property
    def other_prompt(self) -> str:
        """The first unexpected prompt that the model received; "" if there was none."""
        readings = self.model.other.readings if self.model else []
        return readings[0].messages[-1].text if readings and readings[0].messages else ""

    @property
    def unread(self) -> str:
        """The last method called on the model, if no result was read or awaited; otherwise ""."""
        if self.model is None or self.model.readings or not self.model.calls:
            return ""
        return self.model.calls[-1].method

    @property
    def method(self) -> str:
        """The first non-streaming method called on a model; "" if there was none."""
        methods = [call.method for model in self.models for call in model.calls]
        return next((method for method in methods if "stream" not in method), "")

    @property
    def limited_by(self) -> str:
        """The setting that would truncate a reply; "" if there was none."""
        readings = [reading for model in self.models for reading in model.readings]
        for name, value in [sent for reading in readings for sent in reading.settings.items()]:
            if name in _LIMITS and value is not None:
                return name
            if name == "stop" and any(each in self.reply.text for each in value):
                return name
        return ""

    @property
    def total(self) -> int:
        """The number of pieces in the reply."""
        return len(self.reply.pieces)

    @property
    def text(self) -> str:
        """The text of the yielded strings and messages, as one string."""
        return "".join(map(text_of, self.items))

    @property
    def output(self) -> str:
        """The text that was returned or, for a stream, yielded."""
        return self.text if self.streams else text_of(self.returned)

    @property
    def gave(self) -> str:
        """The verb that messages use for the output: "returned" or "yielded"."""
        return "yielded" if self.streams else "returned"

    @property
    def wrong_text(self) -> bool:
        """Whether the output differs from the correct text."""
        return self.output != self.expected

    @property
    def lost(self) -> bool:
        """Whether the answer raised the reply's error, or an exception caused by it."""
        return any(each is self.reply.error for each in self.causes)

    @property
    def causes(self) -> list[BaseException]:
        """The raised exception, if any, with all its causes, contexts and group members."""
        found: list[BaseException] = []
        further = [self.error]
        for each in further:  # `further` grows during the loop
            if each is not None and not any(each is one for one in found):  # causes may be circular
                inner = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
                found.append(each)
                further += [each.__cause__, each.__context__, *inner]
        return found

    @property
    def foreign(self) -> str:
        """The class name of an awaited object bound to another event loop; "" if there is none."""
        errors = "\n".join(map(str, self.causes))
        # matches "<asyncio.locks.Lock object at 0x7f…> is bound to a different event loop"
        found = re.search(r"<(?:\w+\.)*(\w+) object .*> is bound to a different event loop", errors)
        return found[1] if found else ""


def text_of(item: object) -> str:
    """Return a string unchanged, or the text of a message; "" for anything else."""
    if isinstance(item, BaseMessage):
        return str(item.text)
    return item if isinstance(item, str) else ""


def from_yield(value: object) -> bool:
    """Whether a value is a generator made by a function with `yield` in the learner's code."""
    return (
        isinstance(value, GeneratorType)
        and value.gi_code.co_name != "<genexpr>"
        and learners_own(value.gi_code.co_filename)
    )
