"""A failure or a silence makes room for the next source, until something counts."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from types import CodeType
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import RAISED
from utils.checks.engine.reply import ConnectionLost, Reply, chunk_of, cut
from utils.checks.engine.run import ANYTHING, Case, Run, text_of
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import LAMP, LONG, OTHER, SECONDS, stage, status
from utils.stall_timeout import watched as the_courses_own

QUICK = 0.25  # seconds in which the next source is called

Script = Sequence[tuple[float, Any]]  # seconds of silence, and what comes after them


@dataclass(eq=False)
class Source(Reply):
    """A source: a function that makes a stream of `Status` objects and chunks by a script."""

    script: Script = ()
    made: int = 0

    @classmethod
    def of(cls, script: Script) -> "Source":
        """A source with this script, in which an exception is raised."""
        pieces = [text_of(item) for wait, item in script if text_of(item) and wait < LONG]
        errors = [item for _, item in script if isinstance(item, BaseException)]
        return cls(pieces, error=next(iter(errors), ConnectionLost()), script=script)

    def __call__(self) -> AsyncIterator[Any]:
        """A stream of it."""
        self.made += 1
        return self.achunks()

    def __deepcopy__(self, _: object) -> "Source":
        return self

    @property
    def items(self) -> list[Any]:
        """What comes, in all."""
        return [item for _, item in self.script if not isinstance(item, BaseException)]

    @property
    def sent(self) -> list[Any]:
        """What was taken of it."""
        return self.items[: sum(reading.items for reading in self.readings)]

    def _timed(self, *_: bool) -> Iterator[tuple[float, Any]]:
        yield from self.script


def reply_of(text: str, items: int = 99, *more: tuple[float, Any]) -> Script:
    """The first items of a reply (a status, an empty chunk, then text), and more."""
    begins = [(0.0, status("Thinking")), (0.1, chunk_of())]
    pieces = [(0.1 if at else 0.5, chunk_of(piece)) for at, piece in enumerate(cut(text, 10))]
    return [*[*begins, *pieces][:items], *more]


LOST = (0.0, ConnectionLost("the first source's connection was lost"))
LAST = (0.0, ConnectionLost("the last source's connection was lost"))
SILENCE = (LONG, chunk_of("late"))
Make = Callable[[], Script]  # scripts are made anew for each run


def _reply(items: int = 99, *more: tuple[float, Any]) -> Make:
    return lambda: reply_of(LAMP, items, *more)


def _refund(*more: tuple[float, Any]) -> Make:
    return lambda: reply_of(LAMP, 2, (0.5, status("Tool call", "refund")), *more)


def _second() -> Script:
    return reply_of(OTHER)


@dataclass(frozen=True, kw_only=True)
class Sources(Case):
    """What the sources do, which of them is the last to be called, and whether it fails."""

    scripts: Sequence[Make] = (_reply(), _second)
    last: int = 0
    fails: bool = False
    silent: bool = False
    same: bool = False
    pause: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What the sources sent, and what came out of it."""

    case: Sources
    sources: Sequence[Source]

    @property
    def silence(self) -> bool:
        """Whether what came out is how a long silence ends."""
        return isinstance(self.error, TimeoutError) or type(self.error).__name__ == "Stalled"

    @property
    def as_the_source(self) -> bool:
        """Whether what came out is how a source failed, and no slip of the answer's own."""
        own = self.case.silent and self.case.fails
        lost = any(isinstance(error, ConnectionLost) for error in self.causes)
        return (self.silence or own or lost) and not isinstance(self.error, _SLIPS)

    @property
    def cause(self) -> BaseException | None:
        """What the error was raised from."""
        return self.error.__cause__ if self.error else None

    @property
    def plain(self) -> bool:
        """Whether the first source has a whole reply, and an ordinary reader."""
        plain = self.case.whole and not self.case.fails and not self.case.pause
        return plain and self.case.last == 0 and bool(self.sources[0].pieces)

    @property
    def called(self) -> int:
        """How many of the sources were called."""
        return sum(source.made > 0 for source in self.sources)

    @property
    def sent(self) -> list[Any]:
        """What was taken of all sources."""
        return [item for source in self.sources for item in source.sent]

    @property
    def passed_on(self) -> list[Any]:
        """What came out, but for statuses of the answer's own."""
        return [item for item in self.items if stage(item) is None or item in self.sent]

    @property
    def foreign_item(self) -> Any:
        """The first item that is none of the sources' and no `Status`."""
        return next((item for item in self.passed_on if item not in self.sent), None)

    @property
    def missing(self) -> Any:
        """The first item that came and wasn't passed on, or only once where it came twice."""
        counted = self.sent if self.plain else _full(self.sent)
        items = list(self.items)
        return next((i for i in counted if counted.count(i) > items.count(i)), None)

    @property
    def repeated(self) -> Any:
        """The first item that was passed on more often than it came."""
        return next((i for i in self.passed_on if self.items.count(i) > self.sent.count(i)), None)

    @property
    def late(self) -> float:
        """For how long an item that isn't empty had been there at most when it was yielded."""
        due = accumulate(seconds for seconds, _ in self.sources[0].script)
        came = zip(self.sources[0].script, due, strict=True)
        out = dict(zip(map(id, self.items), self.at, strict=True))
        waits = [out.get(id(i), at) - at for (_, i), at in came if stage(i) or text_of(i)]
        return max(waits, default=0.0)

    @property
    def waited(self) -> float:
        """For how long the first source had been silent when the next was called."""
        (first,), (second, *_) = self.sources[0].readings, self.sources[1].readings
        taken = list(accumulate(seconds for seconds, _ in self.sources[0].script[: first.items]))
        return second.began - first.began - (taken[-1] if taken else 0.0)

    @property
    def after_silence(self) -> bool:
        """Whether the second source was to be called after a silence, and was."""
        both = self.case.silent and self.case.last > 0
        return both and all(len(source.readings) == 1 for source in self.sources[:2])


_SLIPS = (AttributeError, NameError, TypeError)


def _full(items: Sequence[Any]) -> list[Any]:
    return [item for item in items if stage(item) is not None or text_of(item)]


def uses(function: object, name: str) -> bool:
    """Whether a function's code, or that of a function in it, has this name."""
    codes = [getattr(function, "__code__", None)]
    for code in codes:
        codes += [each for each in code.co_consts if isinstance(each, CodeType)] if code else []
    return any(code is not None and name in code.co_names for code in codes)


@lru_cache(maxsize=4)
def passes(number: str, answer: object) -> bool:
    """Whether an answer to another exercise is right."""
    from utils.checks.runner import evaluate  # which imports this module

    return evaluate(number, answer).status == "correct"


def unfinished_watched(function: object) -> bool:
    """Whether it uses a `watched` of the notebook's own that doesn't pass its exercise."""
    own = getattr(function, "__globals__", {}).get("watched", the_courses_own)
    return own is not the_courses_own and uses(function, "watched") and not passes("5.watched", own)


def observe(answer: Callable[..., Any], case: Sources) -> Seen:
    """Read the stream, with sources that follow their scripts."""
    sources = [Source.of(script()) for script in case.scripts]

    def the_same() -> AsyncIterator[Any]:
        return next((each for each in sources if not each.made), sources[-1])()

    given = [the_same] * 2 if case.same else list(sources)
    args = (given, SECONDS)
    reply = sources[case.last]
    run = run_async(
        "steady", answer, case, reply, *args, wants=ANYTHING, streams=True, pause=case.pause
    )
    return Seen.of(run, sources=sources)


def _needless(s: Seen) -> bool:
    return s.called > s.case.last + 1


FIRST_MISTAKES: Mistakes[Seen] = {
    "unfinished watched": lambda s: unfinished_watched(s.answer),
    "calls no source": lambda s: (
        callable(s.answer)
        and not s.called
        and (s.error is None or "Source" in str(s.error))
        and s.read
    ),
    "attribute of a status": lambda s: (
        isinstance(s.error, AttributeError) and stage(s.error.obj) is not None
    ),
    "no long silence": lambda s: s.silence and not s.case.silent and bool(s.sources[0].script[3:]),
    RAISED: lambda s: (
        s.error is not None and not s.other_model and not s.as_the_source and not s.blocked
    ),
}
MISTAKES: Mistakes[Seen] = {
    "calls the next after a tool": lambda s: (
        _needless(s) and s.case.fails and any(stage(i) == "Tool call" for i in s.sources[0].sent)
    ),
    "calls the next after text": lambda s: _needless(s) and s.case.fails,
    "calls the next without need": lambda s: _needless(s),
    "never calls the next": lambda s: s.called <= s.case.last and not s.case.same,
    "doesn't try again": lambda s: s.called <= s.case.last,
    "tries the failed one again": lambda s: any(source.made > 1 for source in s.sources),
    "fails all the same": lambda s: s.error is not None and not s.case.fails,
    "waits for a silent source": lambda s: s.case.fails and "late" in s.text,
    "ends quietly": lambda s: s.case.fails and s.error is None,
    "another error": lambda s: (
        s.case.fails and s.case.last > 0 and s.error is not s.reply.error is not s.cause
    ),
    "waits too long": lambda s: s.after_silence and s.waited > SECONDS + QUICK,
    "waits too briefly": lambda s: s.after_silence and s.waited < SECONDS - SOON,
    "yields strings": lambda s: any(isinstance(item, str) for item in s.items),
    "yields something else": lambda s: s.foreign_item is not None,
    "leaves a piece out": lambda s: s.case.whole and s.missing is not None,
    "yields a piece again": lambda s: s.repeated is not None,
    "another order": lambda s: s.plain and s.passed_on != s.sent,
    "held back": lambda s: s.plain and s.late > SOON,
}

check = Exercise(
    observe,
    cases=(
        Sources(),
        Sources(pause=5.0, when="for a reader who takes 5 s for each piece"),
        *(
            Sources(scripts=(script, _second, _reply()), last=1, silent=silent, when=f"when {what}")
            for what, script, silent in (
                ("the first source failed immediately", lambda: [LOST], False),
                ("the first source yielded a `Status` and failed", _reply(1, LOST), False),
                ("the first source yielded an empty chunk and failed", _reply(2, LOST), False),
                ("the first source was silent", lambda: [SILENCE], True),
                ("the first source was silent after an empty chunk", _reply(2, SILENCE), True),
            )
        ),
        *(
            Sources(scripts=(script, _second), fails=True, silent=silent, when=f"when {what}")
            for what, script, silent in (
                ("the first source failed in mid-reply", _reply(5, LOST), False),
                ("the first source fell silent in mid-reply", _reply(5, SILENCE), True),
                ("the first source announced a tool call and failed", _refund(LOST), False),
                (
                    "the first source ran a tool and failed later",
                    _refund((1.0, chunk_of()), LOST),
                    False,
                ),
                ("the first source announced a tool call and fell silent", _refund(SILENCE), True),
            )
        ),
        Sources(
            scripts=(lambda: [LOST], _reply(2, LAST)),
            last=1,
            fails=True,
            when="when both sources failed before any text",
        ),
        Sources(scripts=(_reply(2), _second), when="when the first source ended without text"),
        Sources(scripts=(_reply(1), _second), when="when the first source ended after a `Status`"),
        Sources(
            scripts=(_reply(2, LOST), _second),
            last=1,
            same=True,
            when="when a source that is in the list twice failed once",
        ),
        Sources(
            scripts=(_reply(2, LOST), _reply(2, LAST)),
            last=1,
            same=True,
            fails=True,
            when="when a source that is in the list twice failed twice",
        ),
        Sources(leave_after=4, when="when its reader left"),
        Sources(
            scripts=(_reply(2, SILENCE), _second),
            silent=True,
            cancel_after=1.0,
            when="when its task was cancelled in a silence",
        ),
    ),
    first=FIRST_MISTAKES,
    mistakes=MISTAKES,
    opts_out={"swallows the error": "an error before any text is what the next source is for"},
)
