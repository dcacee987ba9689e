"""Recognises streams that end like complete replies."""

from typing import Any

from .stream import Stream


class Endings:
    """The endings of complete replies, to compare other endings with."""

    def __init__(self) -> None:
        self._complete: list[list[tuple[str, dict[str, Any]]]] = []

    def add(self, stream: Stream) -> None:
        """Learn how a complete reply ends."""
        self._complete.append(_signatures(stream))

    def looks_complete(self, stream: Stream) -> bool:
        """Return whether a stream ends like complete replies, apart from parts that vary."""
        ending, known = _signatures(stream), self._complete[0]
        if [(name, set(data)) for name, data in ending] != [(n, set(data)) for n, data in known]:
            return False
        return all(
            data[key] == known[index][1][key] or self._varies(index, key)
            for index, (_, data) in enumerate(ending)
            for key in data
        )

    def _varies(self, index: int, key: str) -> bool:
        return len({str(ending[index][1].get(key)) for ending in self._complete}) > 1


def _signatures(stream: Stream) -> list[tuple[str, dict[str, Any]]]:
    return [stream.signature(part) for part in stream.ending]
