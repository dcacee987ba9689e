"""The seam between a reply's first part and its continuation: nothing lost, nothing twice."""

from __future__ import annotations

_CERTAIN = 40  # characters: to repeat so many by chance is as good as impossible


class Seam:
    """Passes a continuation on, without the part of it that repeats what is there already.

    A model that is asked to go on mostly goes on, but some begin again from the start. So text is
    held back as long as it repeats the first part from its beginning; nearly always that is over
    with the first word. All other text passes as it is: a refrain is no repetition.
    """

    def __init__(self, there: str) -> None:
        """Prepare for a continuation.

        Args:
            there: The first part; empty for a reply that begins.
        """
        self._there = there
        self._held = ""
        self._open = bool(there)

    def join(self, text: str) -> str:
        """Take the continuation's next text, and return what of it is to be shown now."""
        if not self._open:
            return text
        self._held += text
        if self._there.startswith(self._held) and len(self._held) < len(self._there):
            return ""
        self._open = False
        began_again = len(self._there) >= _CERTAIN and self._held.startswith(self._there)
        return self._held[len(self._there) :] if began_again else self._held

    def rest(self) -> str:
        """The continuation is over: return what was held back and is no repetition."""
        held, self._held = self._held, ""
        still_open, self._open = self._open, False
        return held if still_open and len(held) < _CERTAIN else ""
