"""A Server-Sent Event that carries any text."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from utils import sse
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.run import Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.engine.wording import shown

_NO_JSON = object()


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What a page makes of the frame."""

    @property
    def given(self) -> str:
        """The text that the frame is to carry."""
        return self.case.text

    @property
    def events(self) -> list[sse.Event]:
        """The events that a page dispatches."""
        return sse.parse(self.returned)

    @property
    def data(self) -> str:
        """The data of the first event."""
        return self.events[0].data

    @property
    def value(self) -> Any:
        """What `JSON.parse` makes of it."""
        try:
            return json.loads(self.data)
        except ValueError:
            return _NO_JSON

    @property
    def no_json(self) -> bool:
        """Whether `JSON.parse` fails."""
        return self.value is _NO_JSON


def observe(answer: Callable[..., Any], case: Case) -> Seen:
    """Make one frame."""
    return Seen.of(call("frame", answer, case, case.reply(), case.text))


MISTAKES: Mistakes[Seen] = {
    "no data line": lambda s: (
        not s.events
        and not any(line.startswith("data:") or line == "data" for line in s.returned.splitlines())
    ),
    "escaped line ends": lambda s: not s.events and s.returned.endswith("\\n"),
    "no blank line": lambda s: not s.events,
    "several events": lambda s: len(s.events) > 1,
    "another type": lambda s: s.events[0].type != "message",
    "plain text": lambda s: s.no_json and s.data == s.given,
    "repr": lambda s: s.no_json and s.data == repr(s.given),
    "loses text": lambda s: s.no_json and s.given.startswith(s.data),
    "not JSON": lambda s: s.no_json,
    "text in a container": lambda s: isinstance(s.value, Mapping | list),
    "JSON twice": lambda s: s.value != s.given and s.value == json.dumps(s.given),
    "another text": lambda s: s.value != s.given or not isinstance(s.value, str),
    "leaves a rest": lambda s: (
        [event.data for event in sse.parse(s.returned * 2)] != [s.data, s.data]
    ),
}

check = Exercise(
    observe,
    cases=[
        Case(text=text, when=f"for the string {shown(repr(text))}")
        for text in (
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
    ],
    mistakes=MISTAKES,
    opts_out={"swallows the error": "no reply is read, so no connection can be lost"},
)
