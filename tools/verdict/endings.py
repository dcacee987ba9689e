"""Recognises streams that end like a complete reply.

A stream's ending consists of the parts, such as events, after its last text. A part's signature
consists of its name and a dict from paths in its JSON to their values.
"""

from typing import Any

from .stream import Stream

Ending = list[tuple[str, dict[str, Any]]]  # each part's signature


class Endings:
    """Records the endings of complete replies, and compares other endings with them."""

    def __init__(self) -> None:
        self._complete: list[Ending] = []

    def add(self, stream: Stream) -> None:
        """Record how a complete reply ends."""
        self._complete.append(_signatures(stream))

    def looks_complete(self, stream: Stream) -> bool:
        """Return whether a stream ends like a complete reply, apart from values that vary."""
        ending, complete = _signatures(stream), self._complete[0]
        if _shape(ending) != _shape(complete):
            return False
        return all(
            value == known[path] or self._varies(index, path)
            for index, ((_, values), (_, known)) in enumerate(zip(ending, complete, strict=True))
            for path, value in values.items()
        )

    def _varies(self, index: int, path: str) -> bool:
        """Return whether a value in the part at `index` differs between complete replies."""
        parts = [ending[index] for ending in self._complete]
        return len({str(values.get(path)) for _name, values in parts}) > 1


def _shape(ending: Ending) -> list[tuple[str, set[str]]]:
    """Return each part's name and the paths of its values, without the values."""
    return [(name, set(values)) for name, values in ending]


def _signatures(stream: Stream) -> Ending:
    return [stream.signature(part) for part in stream.ending]
