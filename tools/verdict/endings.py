"""Whether a stream ends like a complete reply; after a failure, it must end differently.

A stream's ending consists of the parts, such as events, after its last text. A part's signature
consists of its name and a dict from paths in its JSON to their values.
"""

from collections.abc import Sequence
from typing import Any

from .stream import Stream

Ending = list[tuple[str, dict[str, Any]]]  # each part's signature


def ending(stream: Stream) -> Ending:
    return [stream.signature(part) for part in stream.ending]


def looks_complete(stream: Stream, complete: Sequence[Ending]) -> bool:
    """Return whether a stream ends like complete replies, apart from values that vary."""
    parts = ending(stream)
    alike = [each for each in complete if _shape(each) == _shape(parts)]
    for index, (_, values) in enumerate(parts):
        for path, value in values.items():
            known = {str(each[index][1][path]) for each in alike}
            if len(known) == 1 and str(value) not in known:
                return False
    return bool(alike)


def _shape(parts: Ending) -> list[tuple[str, set[str]]]:
    """Return each part's name and the paths of its values, without the values."""
    return [(name, set(values)) for name, values in parts]
