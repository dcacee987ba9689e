"""Check for `ticket`: yield growing dicts, and a `Ticket` if the JSON is complete and valid."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import FIRST
from utils.checks.engine.run import Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5.given import USAGE, model_sending, offered_tools

JSON = '{"name": "Ada Byron", "order": 4711, "problem": "The lamp flickers at night."}'
SAID = "I am Ada Byron. My lamp, order 4711, flickers at night."
_CUT = JSON[: JSON.index("ckers")]
_VALUES = json.loads(JSON)


@dataclass(frozen=True, kw_only=True)
class Written(Case):
    """A reply that should contain a ticket in JSON."""

    text: str = JSON
    finish: str | None = "stop"
    fails: bool = False  # whether the answer should raise an error

    @property
    def valid(self) -> bool:
        """Whether the answer should yield a ticket: the reply is complete and nothing fails."""
        return self.whole and not self.fails


@dataclass(kw_only=True)
class Seen(Run):
    case: Written
    sent: str  # the text of the messages that the model received
    tickets: Sequence[Any]
    unknown: str  # the first field that was None in a yielded dict; "" if there is none
    invented: dict[str, Any] | None  # the first dict with a value that the reply doesn't contain
    unwritten: str  # the first field yielded before its name had arrived; "" if there is none
    dropped: str  # the first field that is in one dict but not in the next; "" if there is none
    early_tickets: int  # how many tickets were yielded before the last item

    def due(self, name: str) -> float:
        """Return the arrival time of the piece that completes a field's value."""
        # the end includes the closing quote or, after a number, the comma
        end = JSON.index(str(_VALUES[name])) + len(str(_VALUES[name])) + 1
        ends = list(accumulate(map(len, self.reply.pieces)))  # where each piece ends
        return self.reply.arrives(bisect_left(ends, end))

    def shown_at(self, name: str) -> float:
        """Return when a field's full value was first yielded; if it never was, the run's end."""
        pairs = zip(self.items, self.at, strict=True)
        dicts = [(item, at) for item, at in pairs if isinstance(item, dict)]
        right = str(_VALUES[name])
        return next((at for item, at in dicts if str(item.get(name)) == right), self.seconds)

    @property
    def late_field(self) -> str:
        """The first field that was yielded later than necessary; "" if there is none."""
        early = ("name", "order")  # fields whose values are complete before the reply ends
        return next((name for name in early if self.shown_at(name) > self.due(name) + SOON), "")


class _Item(Wanted):
    def fits(self, value: object) -> bool:
        return isinstance(value, dict) or _is_ticket(value)


def _is_prefix(name: str, value: object) -> bool:
    return str(_VALUES.get(name, "")).startswith(str(value))


def _is_ticket(item: object) -> bool:
    return type(item).__name__ == "Ticket"  # by name, since the notebook defines the class


def observe(answer: Any, case: Written) -> Seen:
    reply = case.reply(finish=case.finish, usage=USAGE)
    args = (model_sending(reply), SAID)
    wants = _Item(object, "a dict or, at the end, a `Ticket`")
    run = run_async("ticket", answer, case, reply, *args, wants=wants, streams=True)
    dicts = [item for item in run.items if isinstance(item, dict)]
    arrived = ["".join(reply.pieces[:taken]) for taken in run.taken]
    written = [(d, text) for d, text in zip(run.items, arrived, strict=True) if isinstance(d, dict)]
    unwritten = [name for d, text in written for name in d if f'"{name}"' not in text]
    dropped = [name for before, now in pairwise(dicts) for name in before if name not in now]
    return Seen.of(
        run,
        sent=" ".join(each.text for reading in reply.readings for each in reading.messages),
        tickets=[item for item in run.items if _is_ticket(item)],
        unknown=next((name for d in dicts for name, value in d.items() if value is None), ""),
        invented=next((d for d in dicts if not all(map(_is_prefix, d, d.values()))), None),
        unwritten=next(iter(unwritten), ""),
        dropped=next(iter(dropped), ""),
        early_tickets=sum(map(_is_ticket, run.items[:-1])),
    )


FIRST_MISTAKES: Mistakes[Seen] = {
    "structured output": lambda s: (
        any(map(offered_tools, s.reply.readings)) or "Structured Output" in str(s.error)
    ),
    "reads no JSON yet": lambda s: s.case.valid and not s.items and "EOF" in str(s.error),
    "can't read it yet": lambda s: (
        s.case.valid and isinstance(s.error, ValueError) and s.reply.taken < s.total
    ),
    "raises": lambda s: (
        FIRST["raises"](s)
        and not s.other_model
        and (not s.case.fails or isinstance(s.error, NameError))
    ),
}
MISTAKES: Mistakes[Seen] = {
    "conversation missing": lambda s: SAID not in s.sent,
    "doesn't ask for JSON": lambda s: "json" not in s.sent.replace(SAID, "").lower(),
    "yields nothing": lambda s: s.case.valid and not s.items,
    "ticket anyway": lambda s: s.case.fails and bool(s.tickets),
    "ends quietly": lambda s: s.case.fails and s.error is None,
    "ticket too early": lambda s: s.early_tickets > 0,
    "fills in None": lambda s: s.case.valid and bool(s.unknown),
    "invents a value": lambda s: s.case.valid and s.invented is not None,
    "field too early": lambda s: s.case.valid and bool(s.unwritten),
    "drops a field": lambda s: s.case.valid and bool(s.dropped),
    "field late": lambda s: s.case.valid and bool(s.late_field),
    "no ticket at the end": lambda s: s.case.valid and not s.tickets,
    "another ticket": lambda s: s.case.valid and dict(s.tickets[0]) != _VALUES,
}

check = Exercise(
    observe,
    cases=(
        Written(seed=11),
        *(
            Written(text=text, seed=12, finish=finish, fails=True, when=f"although {why}")
            for text, finish, why in (
                (_CUT, "length", "the length limit had truncated the reply in its last field"),
                (_CUT, None, "the reply was truncated in its last field, without a finish reason"),
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
