"""`JsonCard`: a card whose fields fill in while a reply's JSON arrives.

It doesn't parse JSON; it shows partial values, such as those that `JsonOutputParser` yields.
`StreamView` reads the stream and passes each value to `Card`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from utils.formatting import in_seconds
from utils.timing import Recording
from utils.unicode import well_formed, without_half
from utils.widgets.base.course_widget import as_text
from utils.widgets.base.panel import STOPPED, Panel
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.latency_badge.widget import PHASES
from utils.widgets.stream_view.widget import StreamView


class JsonCard(StreamView[Any]):
    """A card with a row for each field: a grey bar until the field's value arrives.

        chain = model | JsonOutputParser()
        person = JsonCard("A person", ["name", "age"]).show(chain.stream(prompt))
        person = await JsonCard("A person", ["name", "age"]).run(chain.astream(prompt))

    The field that changed last is marked as still arriving, since a partial value can look
    complete: 4 may become 42. The fields become final only when the stream ends.
    """

    def __init__(self, title: str = "", fields: Iterable[str] = (), **options: Any) -> None:
        """Show a grey bar for each expected field.

        Args:
            title: Shown above the card; may be empty.
            fields: The names of the expected fields. Other fields are added when they arrive.
            **options: Options of `StreamView`, such as `clock`.
        """
        if isinstance(fields, str):
            raise TypeError(f"The fields must be a list of names, not the string {fields!r}.")
        self._card = Card([as_text(name, "name of a field") for name in fields])
        super().__init__(title, self._card, **options)

    @property
    def value(self) -> Any:
        """The latest value, as the stream yielded it; None before the first value."""
        return self._card.value

    def _result(self) -> Any:
        return self.value

    def line(self) -> str:
        """Return the fields' arrival times: `name 0.42 s · age 0.60 s · done 0.81 s`."""
        parts = [f"{name} {in_seconds(at)}" for name, at in self._card.arrivals.items()]
        parts += [f"{name} did not arrive" for name in self._card.missing if parts]
        parts = parts or ["no field arrived"]
        if self.recording is not None:
            parts.append(f"{PHASES[self.recording.outcome]} {in_seconds(self.recording.e2e)}")
        return well_formed(" · ".join(parts))


class Card(Panel):
    """Panel with the fields of a card: first the expected fields, then others as they arrive."""

    _esm = script("json_card/json_card.js")
    _css = stylesheet("json_card/json_card.css")
    content, first = "Fields", "field"  # for a badge such as "first field 0.4 s"

    def __init__(self, expected: Sequence[str]) -> None:
        super().__init__()
        self._expected = expected
        self.clear()

    def clear(self) -> None:
        """Discard the last run and show a grey bar for each expected field."""
        self.value: Any = None  # the last item of the stream
        # for each field, seconds from the request until the first part of its value arrived
        self.arrivals: dict[str, float] = {}
        # for each field, seconds from the request until its name arrived
        self._present: dict[str, float] = {}
        self._shown: dict[str, Any] = {}  # each field's value, as returned by `tree`
        self._last = ""  # the field that changed last
        self._outcome = "streaming"  # later "finished", "left" (if stopped) or "failed"
        self._draw()
        self.push()

    @property
    def missing(self) -> list[str]:
        """The expected fields that haven't arrived."""
        return [name for name in self._expected if name not in self.arrivals]

    def take(self, item: object, at: float) -> str | None:
        """Store a partial value."""
        if hasattr(item, "response_metadata"):
            raise TypeError(
                "The stream's items are messages, not values. Is a parser missing after the model, "
                "as in `model | JsonOutputParser()`?"
            )
        value = _as_fields(item)
        if value is None:
            return None
        shown = {name: tree(part, growing=True) for name, part in value.items()}
        changed = [name for name, part in shown.items() if part != self._shown.get(name)]
        self.value = item
        for name in changed:
            self._present.setdefault(name, at)
            # an empty value doesn't count as arrived, since its content may still follow
            if value[name] not in ("", None, [], {}):
                self.arrivals.setdefault(name, at)
        self._last = changed[-1] if changed else self._last
        self._shown = shown
        self._draw()
        return " ".join(self.arrivals)

    def end(self, recording: Recording) -> str:
        """Mark all fields as final or, if the stream didn't finish, the last one as unfinished."""
        for name, part in (_as_fields(self.value) or {}).items():
            self._shown[name] = tree(part)
            self.arrivals.setdefault(name, self._present[name])  # the value stayed empty
        self._outcome = recording.outcome
        self._draw()
        if recording.outcome == "finished" and not self._shown:
            if self.value is not None:
                return "The stream ended without a field: its last value is an empty object."
            return "The stream ended without a value: the reply held no JSON."
        if recording.outcome == "left":
            return STOPPED if self._shown else "Stopped before any field."
        return ""

    def _draw(self) -> None:
        self.replace([self._field(name) for name in dict.fromkeys([*self._expected, *self._shown])])

    def _field(self, name: str) -> dict[str, Any]:
        if name not in self._shown:
            waiting = self._outcome == "streaming"
            return {"name": name, "state": "waiting" if waiting else "missing"}
        state = "arrived"
        if self._outcome == "finished":
            state = "final"
        elif name == self._last:
            state = "arriving" if self._outcome == "streaming" else "unfinished"
        return {"name": name, "state": state, "value": self._shown[name]}


def tree(value: object, *, growing: bool = False) -> Any:
    """Convert a value to nested JSON data for the page to draw.

    Args:
        value: A value, or part of one, as the stream yielded it.
        growing: Whether the value may still grow. If so, half of a surrogate pair at the
            end of a string is left out.

    Returns:
        A string for text; `{"code": …}`, in JSON notation, for a number, true, false or null;
        `{"list": […]}` for an array; or `{"fields": [[name, …], …]}` for an object.
    """
    if isinstance(value, str):
        return well_formed(without_half(value) if growing else value)
    if value is None or isinstance(value, bool | int | float):
        return {"code": json.dumps(value)}
    if isinstance(value, list | tuple):
        return {"list": [tree(part, growing=growing) for part in value]}
    fields = value if isinstance(value, Mapping) else _dumped(value)
    if fields is None:
        return well_formed(str(value))
    return {"fields": [[str(name), tree(part, growing=growing)] for name, part in fields.items()]}


def _as_fields(item: object) -> dict[str, Any] | None:
    """Return a partial value's fields; a value without fields becomes the field "value"."""
    if item is None:
        return None
    fields = item if isinstance(item, Mapping) else _dumped(item)
    if fields is None:
        return {"value": item}
    return {str(name): part for name, part in fields.items()}


def _dumped(item: object) -> Mapping[str, Any] | None:
    dump = getattr(item, "model_dump", None)
    return dump(mode="json") if callable(dump) else None
