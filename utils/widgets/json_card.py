"""`JsonCard`: a card whose fields fill in while a reply's JSON arrives.

It parses nothing: it is handed the partial values, such as `JsonOutputParser` yields them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from utils.timing import Recording
from utils.unicode import well_formed, without_half
from utils.widgets.base import as_text
from utils.widgets.pane import STOPPED, Panel
from utils.widgets.reading import Source
from utils.widgets.sheet import Sheet, script
from utils.widgets.style import stylesheet
from utils.widgets.viewer import Viewer

_ENDINGS = {"finished": "done", "left": "stopped", "failed": "failed"}


class JsonCard(Viewer):
    """A skeleton at first: grey bars, which become the fields' values as these arrive.

        chain = model | JsonOutputParser()
        person = JsonCard("A person", ["name", "age"]).show(chain.stream(prompt))
        person = await JsonCard("A person", ["name", "age"]).run(chain.astream(prompt))

    The field that changed last is marked as still arriving: half a name looks like a name, and 4
    may become 42. Only the end of the stream makes all of them final.
    """

    def __init__(
        self,
        title: str = "",
        fields: Mapping[str, str] | Iterable[str] = (),
        *,
        stop: bool = True,
        display: bool = True,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out the skeleton.

        Args:
            title: Shown above the card.
            fields: The expected fields' names, or a mapping of their names to labels. Others are
                added when they arrive.
            stop: Whether `run` offers a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            clock: Seconds from any fixed point; for tests.
        """
        pairs = fields.items() if isinstance(fields, Mapping) else ((name, name) for name in fields)
        labels = {name: as_text(label, "label of a field") for name, label in pairs}
        self._card = Card(f"Fields of {title}" if title else "Fields", labels)
        super().__init__(title, self._card, stop=stop, display=display, first="field", clock=clock)

    @property
    def value(self) -> Any:
        """The last value so far, as the stream gave it; None before one has arrived."""
        return self._card.value

    @property
    def arrivals(self) -> dict[str, float]:
        """For each field that arrived, the seconds from sending to the first of its value."""
        return dict(self._card.arrivals)

    async def run(self, source: Source) -> Any:
        """Show an async stream of partial values until it ends, then print when each field came.

        Args:
            source: What `chain.astream(…)` returns, or any async iterable of dicts that grow.

        Returns:
            The last value; after Stop, what had arrived: see `.stopped`. None if nothing arrived.

        Raises:
            RuntimeError: If this card is showing a stream already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        await self.aview(source)
        return self.value

    def show(self, stream: Iterable[object]) -> Any:
        """Show a stream of partial values until it ends; otherwise as `run`."""
        self.view(stream)
        return self.value

    def line(self) -> str:
        """Say when each field arrived: `name 0.42 s · age 0.60 s · done 0.81 s`."""
        times = [f"{name} {at:.2f} s" for name, at in self.arrivals.items()] or ["no field arrived"]
        missing = [f"{name} did not arrive" for name in self._card.missing if self.arrivals]
        ending = (
            [f"{_ENDINGS[self.recording.outcome]} {self.recording.e2e:.2f} s"]
            if self.recording
            else []
        )
        return well_formed(" · ".join([*times, *missing, *ending]))


class Card(Sheet, Panel):
    """The card itself: a list of fields, in the order given and then of their arrival.

    Attributes:
        value: The stream's last item.
        arrivals: Seconds from sending to the first of each field's value.
    """

    _esm = script("json_card")
    _css = stylesheet("json_card")

    def __init__(self, label: str, labels: Mapping[str, str]) -> None:
        super().__init__(label=label)
        self._labels = labels
        self._forget()
        self._draw()
        self.push()

    def _forget(self) -> None:
        self.value: Any = None
        self.arrivals: dict[str, float] = {}
        self._present: dict[str, float] = {}
        self._shown: dict[str, Any] = {}
        self._last = ""
        self._outcome = "streaming"

    @property
    def missing(self) -> list[str]:
        """The expected fields that have not arrived."""
        return [name for name in self._labels if name not in self.arrivals]

    def clear(self) -> None:
        """Forget the last run and show the skeleton again."""
        self._forget()
        self._draw()
        self.push()

    def take(self, item: object, at: float) -> str | None:
        """Keep a partial value."""
        value = _as_fields(item)
        if value is None:
            return None
        shown = {name: tree(part, growing=True) for name, part in value.items()}
        changed = [
            name for name in shown if name not in self._shown or shown[name] != self._shown[name]
        ]
        self.value = item
        for name in changed:
            self._present.setdefault(name, at)
            if value[name] not in ("", None, [], {}):  # these only announce that it begins
                self.arrivals.setdefault(name, at)
        self._last = changed[-1] if changed else self._last
        self._shown = shown
        self._draw()
        return " ".join(self.arrivals)

    def end(self, recording: Recording) -> str:
        """Mark what has arrived as final; or as unfinished, where the stream was cut short."""
        for name, part in (_as_fields(self.value) or {}).items():
            self._shown[name] = tree(part)
            self.arrivals.setdefault(name, self._present[name])  # it was empty to the end
        self._outcome = recording.outcome
        self._draw()
        if recording.outcome == "finished" and not self._shown:
            return "The stream ended without a value: the reply held no JSON."
        if recording.outcome == "left":
            return STOPPED if self._shown else "Stopped before any field."
        return ""

    def _draw(self) -> None:
        names = [*self._labels, *(name for name in self._shown if name not in self._labels)]
        self.become([self._field(name) for name in names])

    def _field(self, name: str) -> dict[str, Any]:
        label = self._labels.get(name, name)
        if name not in self._shown:
            waiting = self._outcome == "streaming"
            return {"label": label, "state": "waiting" if waiting else "missing"}
        state = "arrived"
        if self._outcome == "finished":
            state = "final"
        elif name == self._last:
            state = "arriving" if self._outcome == "streaming" else "unfinished"
        return {"label": label, "state": state, "value": self._shown[name]}


def tree(value: object, *, growing: bool = False) -> Any:
    """A value in the form that the page draws: nested, and nothing but text at its ends.

    Args:
        value: As the stream gave it.
        growing: Whether more may come: then, half a character at the end of a string is left out.

    Returns:
        A string for text; `{"code": …}` for a number, true, false or null, as JSON writes it;
        `{"list": […]}`; or `{"fields": [[name, …], …]}` for an object.
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
    """A partial value's fields; what has none is a field called "value", and None is nothing."""
    if item is None:
        return None
    fields = item if isinstance(item, Mapping) else _dumped(item)
    if fields is None:
        return {"value": item}
    return {str(name): part for name, part in fields.items()}


def _dumped(item: object) -> Mapping[str, Any] | None:
    """The fields of an object such as a Pydantic model's; None for what is no such object."""
    dump = getattr(item, "model_dump", None)
    return dump(mode="json") if callable(dump) else None
