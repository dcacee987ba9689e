"""Check for `frame`: format any string as a Server-Sent Event."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from utils import sse
from utils.checks.engine.asgi_client import NO_JSON, json_of
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.engine.wording import shown

_TEXTS = (
    "Hello",
    "Two\nlines",
    "One line\n\nand, after a gap, another",
    "She said \"yes\", and 'no'.",
    "\n",
    "",
    "data: Hello\n\n",
    "id: 7\rretry: 1",
    " a space before, and one after ",
    "C:\\notes\\new",
    "42",
    "null",
    "🌊 Grüße, 海",
)


@dataclass(kw_only=True)
class Seen(Run):
    events: Sequence[sse.Event]  # the events that a browser would dispatch
    value: Any  # the first event's data, parsed as JSON; `NO_JSON` if that fails


def observe(answer: Any, case: Case) -> Seen:
    run = call("frame", answer, case, case.reply(), case.text)
    events = sse.parse(run.returned) if isinstance(run.returned, str) else []
    return Seen.of(run, events=events, value=json_of(events[0]) if events else NO_JSON)


MISTAKES: Mistakes[Seen] = {
    "no event": lambda s: not s.events,
    "several events": lambda s: len(s.events) > 1,
    "another type": lambda s: s.events[0].type != "message",
    "not JSON": lambda s: s.value is NO_JSON,
    "JSON of something else": lambda s: json.dumps(s.value) != json.dumps(s.case.text),
    "changes the next frame": lambda s: sse.parse(s.returned * 2) != [*s.events] * 2,
}

check = Exercise(
    observe,
    cases=[Case(text=text, when=f"for the string {shown(repr(text))}") for text in _TEXTS],
    mistakes=MISTAKES,
    opts_out={
        "swallows the error": "no reply is read, so no connection can be lost",
        "prints": "it looks for a printed reply, and no reply is read",
    },
)
