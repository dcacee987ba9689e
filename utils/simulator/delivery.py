"""What happens to a reply's parcels between the model and the client. One function for each way.

A delivery takes the parcels as the model makes them and yields those that reach the client. A
model's name asks for one after a colon: `sim-chat:buffered`. To add one, write it here and name it
in `DELIVERIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from .pacing import Parcel

Delivery = Callable[[Iterable[Parcel]], Iterator[Parcel]]

_BLOCK = 8192  # bytes; what a proxy passes on at a time
_BETWEEN_BLOCKS = 0.005  # s


def as_it_comes(parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """Pass everything on at once."""
    yield from parcels


def buffered(parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """Hold everything back until the reply is complete, like a proxy that buffers responses.

    Then it goes out in blocks. The first text comes when the last does, and the gaps between
    chunks look better than ever: that is how to recognise it.
    """
    held = list(parcels)
    at = held[-1].at if held else 0.0
    data, tokens = b"", 0
    for parcel in held:
        data, tokens = data + parcel.data, tokens + parcel.tokens
        if len(data) >= _BLOCK:
            yield Parcel(at, data, tokens)
            at, data, tokens = at + _BETWEEN_BLOCKS, b"", 0
    if data:
        yield Parcel(at, data, tokens)


DELIVERIES: Mapping[str, Delivery] = MappingProxyType({"": as_it_comes, "buffered": buffered})
