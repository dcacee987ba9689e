"""What the server remembers between requests, apart from its log; all of it is bounded."""

from __future__ import annotations

from collections import OrderedDict

from . import errors
from .ask import Called, Turn
from .reply import Reply

_MOST_COUNTED = 10_000
_MOST_KEPT = 200
_LONGEST_KEPT = 100_000  # characters of one conversation


class Tally:
    """Counts how often the same was asked."""

    def __init__(self) -> None:
        self._counts: OrderedDict[int, int] = OrderedDict()

    def count(self, raw: bytes) -> int:
        """Count a request, and return how often it came: 1 is the first time."""
        name = hash(raw)
        times = self._counts.pop(name, 0) + 1
        self._counts[name] = times
        if len(self._counts) > _MOST_COUNTED:
            self._counts.popitem(last=False)
        return times


class Memory:
    """The conversations behind the latest responses, for `previous_response_id`."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, tuple[Turn, ...]] = OrderedDict()

    def keep(self, name: str, reply: Reply) -> None:
        """Keep the conversation that ends with `reply`; instructions are not part of it."""
        calls = tuple(
            Called(reply.id_of(index, "call"), part.name, reply.text_of(index) or "")
            for index, part in enumerate(reply.parts)
            if part.kind == "call" and reply.text_of(index) is not None
        )
        said = Turn("assistant", reply.said("text") or "", calls)
        turns = (*(turn for turn in reply.ask.turns if turn.role != "system"), said)
        if sum(len(turn.text) for turn in turns) > _LONGEST_KEPT:
            return
        self._turns[name] = turns
        if len(self._turns) > _MOST_KEPT:
            self._turns.popitem(last=False)

    def recall(self, name: object) -> tuple[Turn, ...]:
        """Return a conversation; nothing for None.

        Raises:
            ApiError: 400 if it is not known.
        """
        if name is None:
            return ()
        if not isinstance(name, str):
            raise errors.wrong_type("previous_response_id", "a string")
        if name not in self._turns:
            raise errors.no_such_response(name)
        return self._turns[name]
