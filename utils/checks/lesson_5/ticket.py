"""A ticket that fills in, and is one only if the model finished it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST, RAISED
from utils.checks.engine.run import ANYTHING, Case, Run
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import USAGE, Turns, offered

JSON = '{"name": "Ada Byron", "order": 4711, "problem": "The lamp flickers at night."}'
SAID = "I am Ada Byron. My lamp, order 4711, flickers at night."
_CUT = JSON[: JSON.index("ckers")]
_FIELDS = ("name", "order")  # known before the end


@dataclass(frozen=True, kw_only=True)
class Written(Case):
    """What the model writes, how it finishes, and whether an error is to be raised."""

    text: str = JSON
    finish: str | None = "stop"
    fails: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """The dicts and tickets that came out, and when."""

    case: Written

    @property
    def right(self) -> bool:
        """Whether the reply is a whole ticket."""
        return self.case.whole and not self.case.fails

    @property
    def sent(self) -> str:
        """What the model was sent."""
        return " ".join(m.text for r in self.reply.readings for m in r.messages)

    @property
    def tickets(self) -> list[Any]:
        """The items that are a `Ticket`."""
        return [item for item in self.items if _is_ticket(item)]

    @property
    def first_ticket_at(self) -> float:
        """When the first `Ticket` came; infinity if none did."""
        pairs = zip(self.items, self.at, strict=True)
        return next((at for item, at in pairs if _is_ticket(item)), float("inf"))

    @property
    def odd(self) -> Any:
        """The first item that is neither a dict nor a `Ticket`, or None."""
        odd = (i for i in self.items if not isinstance(i, dict) and not _is_ticket(i))
        return next(odd, None)

    @property
    def invented(self) -> dict[str, Any] | None:
        """The first dict with a value that the reply doesn't have, or None."""
        true = json.loads(self.case.text) if self.right else {}
        dicts = [item for item in self.items if isinstance(item, dict)] if true else []
        return next((d for d in dicts if not all(_begins(true, *each) for each in d.items())), None)

    def due(self, name: str) -> float:
        """When the piece came that ends a field's value."""
        value = str(json.loads(JSON)[name])
        end = JSON.index(value) + len(value) + 1  # the quote or comma that closes it
        pieces = range(self.total)
        whole = next(n for n in pieces if len("".join(self.reply.pieces[: n + 1])) >= end)
        return self.reply.arrives(whole)

    def shown_at(self, name: str) -> float:
        """When a dict first had a field's whole value; infinity if none did."""
        value = str(json.loads(JSON)[name])
        pairs = zip(self.items, self.at, strict=True)
        dicts = ((item, at) for item, at in pairs if isinstance(item, dict))
        return next((at for item, at in dicts if str(item.get(name)) == value), float("inf"))

    @property
    def late_field(self) -> str:
        """The first field that came later than it could, or ""."""
        late = (name for name in _FIELDS if self.shown_at(name) > self.due(name) + SOON)
        return next(late, "") if self.right else ""


def _begins(true: dict[str, Any], name: str, value: object) -> bool:
    """Whether a field's value is the beginning of the true one."""
    return value is None or str(true.get(name, "")).startswith(str(value))


def _is_ticket(item: object) -> bool:
    return type(item).__name__ == "Ticket"


def observe(answer: Callable[..., Any], case: Written) -> Seen:
    """Read the stream, whatever the model is sent."""
    reply = case.reply(finish=case.finish, usage=USAGE)
    args = (Turns.answering(reply), SAID)
    return Seen.of(run_async("ticket", answer, case, reply, *args, wants=ANYTHING, streams=True))


FIRST_MISTAKES: Mistakes[Seen] = {
    "structured output": lambda s: (
        any(map(offered, s.reply.readings)) or "Structured Output" in str(s.error)
    ),
    "reads no JSON yet": lambda s: (
        not s.items and isinstance(s.error, ValueError) and "EOF" in str(s.error) and s.right
    ),
    RAISED: lambda s: (
        FIRST[RAISED](s)
        and not s.other_model
        and (not s.case.fails or isinstance(s.error, NameError))
    ),
}
MISTAKES: Mistakes[Seen] = {
    "conversation missing": lambda s: SAID not in s.sent,
    "wants no JSON": lambda s: "json" not in s.sent.replace(SAID, "").lower(),
    "yields nothing": lambda s: s.right and not s.items,
    "ticket too early": lambda s: s.right and s.first_ticket_at < s.reply.lasts - SOON,
    "ticket of an unfinished reply": lambda s: bool(s.tickets) and s.case.finish != "stop",
    "ticket of an invalid reply": lambda s: bool(s.tickets) and s.case.fails,
    "ends quietly": lambda s: s.case.fails and s.error is None,
    "no dicts": lambda s: s.odd is not None,
    "invents a value": lambda s: s.invented is not None,
    "fields at the end only": lambda s: (
        bool(s.late_field) and s.shown_at(s.late_field) >= s.reply.lasts - SOON
    ),
    "field late": lambda s: bool(s.late_field),
    "no ticket at the end": lambda s: s.right and not _is_ticket(s.items[-1]),
    "two tickets": lambda s: len(s.tickets) > 1,
    "another ticket": lambda s: s.right and dict(s.tickets[0]) != json.loads(JSON),
}

check = Exercise(
    observe,
    cases=(
        Written(seed=11),
        *(
            Written(text=text, seed=12, finish=finish, fails=True, when=f"although {why}")
            for text, finish, why in (
                (_CUT, "length", "the length limit had truncated the reply in its last field"),
                (_CUT, None, "the reply had broken off in its last field, without a finish reason"),
                (JSON, "length", "the finish reason was `length`, after the last bracket"),
                (JSON, None, "there was no finish reason, after the last bracket"),
                (JSON, "content_filter", "the finish reason was `content_filter`"),
                (JSON.replace("4711", '"soon"'), "stop", 'the order\'s number was `"soon"`'),
                (JSON.replace(', "order": 4711', ""), "stop", "the order's number was missing"),
                ("", "stop", "the reply was empty"),
            )
        ),
    ),
    mistakes=MISTAKES,
    first=FIRST_MISTAKES,
)
