"""Recognises streams that end like complete replies."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .stream import Part, Stream

_ID = re.compile(r"\d{4}|[0-9a-f]{12}")  # part of an id or a time, which differs in each reply


class Endings:
    """The endings of complete replies, to compare other endings with."""

    def __init__(self) -> None:
        self._complete: list[list[tuple[str, dict[str, Any]]]] = []

    def add(self, stream: Stream) -> None:
        """Learn how a complete reply ends."""
        self._complete.append(_signature(stream.ending))

    def looks_complete(self, stream: Stream) -> bool:
        """Return whether a stream ends like complete replies, apart from parts that vary."""
        ending, known = _signature(stream.ending), self._complete[0]
        if [(name, set(data)) for name, data in ending] != [(n, set(data)) for n, data in known]:
            return False
        return all(
            data[key] == known[index][1][key] or self._varies(index, key)
            for index, (_, data) in enumerate(ending)
            for key in data
        )

    def _varies(self, index: int, key: str) -> bool:
        return len({str(ending[index][1].get(key)) for ending in self._complete}) > 1


def _signature(ending: Iterable[Part]) -> list[tuple[str, dict[str, Any]]]:
    return [(part.name, dict(_flat(part.data))) for part in ending]


def _flat(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested JSON with its path; numbers, ids and times become type names."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _flat(value, f"{path}.{index}")
    else:
        state = isinstance(data, bool | None) or (isinstance(data, str) and not _ID.search(data))
        yield path, data if state else type(data).__name__
