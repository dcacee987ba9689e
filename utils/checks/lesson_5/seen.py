"""Records and mistakes that several of lesson 5's checks share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from utils.checks.engine.exercise import Mistakes
from utils.checks.engine.mistakes import SLIPS, STRESSED
from utils.checks.engine.reply import ROLE_AFTER, Reading, Reply
from utils.checks.engine.run import Run, text_of
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5.given import Fallback, stage_of

_SLACK = 0.25  # how late the next model or source may be called, in seconds


@dataclass(kw_only=True)
class RepliesRun(Run):
    """A stream of text from one or more replies."""

    replies: Sequence[Reply]  # the replies, in the order in which they should be requested

    def __post_init__(self) -> None:
        """Set `expected` to the taken text; after an early stop, accept any prefix of it."""
        taken = "".join("".join(reply.pieces[: reply.taken]) for reply in self.replies)
        stopped = self.case.leave_after is not None or self.case.cancel_after is not None
        self.expected = self.text if stopped and taken.startswith(self.text) else taken


def longest_delay(occurred: Iterable[float], due: Iterable[float]) -> float:
    """Return the longest delay between an event's due time and its occurrence, in seconds."""
    return max((at - expected for at, expected in zip(occurred, due, strict=False)), default=0.0)


def text_delay(run: Run, readings: Iterable[Reading]) -> float:
    """Return the longest time from a piece's arrival until it was yielded, in seconds."""
    pairs = zip(run.items, run.at, strict=True)
    out = [BEGIN + at for item, at in pairs if text_of(item)]
    return longest_delay(out, [at for reading in readings for at in reading.arrived])


@dataclass(kw_only=True)
class PassingRun(Run):
    """A run that yields items from other streams, called source streams."""

    sent: Sequence[tuple[float, Any]]  # (virtual time, item) for each item of the source streams

    @property
    def stray(self) -> Any:
        """The first yielded item, other than a `Status`, that no source stream sent; or None."""
        sent = [item for _, item in self.sent]
        return next((i for i in self.items if i not in sent and stage_of(i) is None), None)

    @property
    def missing(self) -> Any:
        """The first item that was sent but not yielded, or None.

        An empty item counts only in an ordinary case, whose `when` is "".
        """
        left = list(self.items)
        for _, item in self.sent:
            if item in left:
                left.remove(item)
            elif text_of(item) or stage_of(item) or self.case.ordinary:
                return item
        return None

    @property
    def repeated(self) -> Any:
        """The first item that was yielded more than once, or None."""
        ids = [*map(id, self.items)]
        return next((item for item in self.items if ids.count(id(item)) > 1), None)

    @property
    def late(self) -> float:
        """The longest time between taking a non-empty item and yielding it, in seconds."""
        out = {id(item): BEGIN + at for item, at in zip(self.items, self.at, strict=True)}
        full = [(at, item) for at, item in self.sent if text_of(item) or stage_of(item)]
        return max((out.get(id(item), at) - at for at, item in full), default=0.0)


PASSING: Mistakes[PassingRun] = {
    "yields something else": lambda s: s.stray is not None,
    "yields a piece again": lambda s: s.repeated is not None,
    "leaves a piece out": lambda s: s.case.whole and s.error is None and s.missing is not None,
}


class ShownStatus(NamedTuple):
    """A yielded `Status`, which tells the chat panel that a stage has begun."""

    at: float  # when the status was yielded, in virtual seconds
    name: str  # "Thinking" or "Tool call"
    detail: str  # the name of the tool, if any


@dataclass(kw_only=True)
class StatusRun(Run):
    """A stream with a `Status` at the beginning of each stage."""

    @property
    def stages(self) -> list[ShownStatus]:
        """The `Thinking` and `Tool call` statuses, in order."""
        return [
            ShownStatus(BEGIN + at, str(stage_of(item)), str(getattr(item, "detail", "")))
            for item, at in zip(self.items, self.at, strict=True)
            if stage_of(item) in ("Thinking", "Tool call")
        ]

    @property
    def blank(self) -> float:
        """Seconds until the first `Status`; without one, until the end of the stream."""
        pairs = zip(self.items, self.at, strict=True)
        return next((at for item, at in pairs if stage_of(item) is not None), self.seconds)


@dataclass(kw_only=True)
class FallbackRun(RepliesRun):
    """A run of an answer that tries models or sources in order."""

    noun: ClassVar[str] = "model"  # the exercise's word for what is in the list
    case: Fallback
    # for each model or source, a list with one object per call
    requests: Sequence[Sequence[object]]

    @property
    def called(self) -> int:
        """How many models or sources were called."""
        return sum(map(bool, self.requests))

    @property
    def timed_out(self) -> bool:
        """Whether the answer raised `TimeoutError` or `Stalled`."""
        return isinstance(self.error, TimeoutError) or type(self.error).__name__ == "Stalled"

    @property
    def unexpected(self) -> bool:
        """Whether the error seems to come from the learner's code."""
        errors = [reply.error for reply in self.replies]
        explained = self.timed_out or any(error in errors for error in self.causes)
        return isinstance(self.error, SLIPS) or not (explained or self.case.fails)

    @property
    def waited(self) -> float:
        """Seconds between the first two calls if the first reply stalls, otherwise the timeout."""
        if self.case.to_call == 1 or not self.case.silent(1):
            return self.case.limit
        first, second = (reply.readings[0] for reply in self.replies[:2])
        return second.began - first.began


FALLBACK_FIRST: Mistakes[FallbackRun] = {
    "no long silence": lambda s: (
        s.timed_out
        and not s.blocked
        and not any(map(s.case.silent, range(1, s.case.to_call + 1)))
        and not any(reading.failed for reading in s.reply.readings)
        and not any(error is reply.error for reply in s.replies for error in s.causes)
    ),
    "raises": lambda s: s.error is not None and not s.other_model and s.unexpected,
    "calls the next too late": lambda s: s.called > s.case.to_call and s.case.fails,
    "goes on after a cancellation": lambda s: s.called > s.case.to_call and bool(s.cancelled),
    "calls the next without need": lambda s: s.called > s.case.to_call,
}
FALLBACK: Mistakes[FallbackRun] = {
    "calls none": lambda s: not s.called,
    "not in order": lambda s: not s.requests[0],
    "calls one again": lambda s: any(reply.requests > 1 for reply in s.replies),
    "waits on": lambda s: s.called < s.case.to_call and not s.error and s.case.silent(s.called),
    "takes a chunk for text": lambda s: (
        s.called == 1
        and s.case.to_call > 1
        and not s.case.same
        and s.replies[0].error in s.causes
        and not s.replies[0].taken
        and s.replies[0].readings[-1].items > 0
    ),
    "never calls the next": lambda s: s.called < s.case.to_call,
    "ends quietly": lambda s: s.case.fails and s.error is None,
    "fails anyway": lambda s: s.error is not None and not s.case.fails,
    "another error": lambda s: (
        s.case.fails
        and not s.case.silent(s.case.to_call)
        and (not s.lost or STRESSED["replaces the error"](s))
    ),
    "another limit": lambda s: not -SOON <= s.waited - s.case.limit <= ROLE_AFTER + _SLACK,
}
