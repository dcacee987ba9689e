"""Joins a partial reply and its continuation, without losing or repeating text."""

_CERTAIN = 40  # characters; a match this long isn't a coincidence


class Seam:
    """Passes on a continuation, minus the partial reply if the continuation repeats all of it.

    Some models start the reply over instead of continuing it. Text is therefore buffered while it
    matches the beginning of the partial reply; usually, the first word already differs. All other
    text is passed on unchanged, including a short repetition, which may be a refrain.
    """

    def __init__(self, partial: str) -> None:
        """`partial` is the partial reply; "" for a new reply."""
        self._partial = partial
        self._held = ""  # the buffered text
        self._open = bool(partial)  # whether the text may still turn out to be a repeat

    def join(self, text: str) -> str:
        """Add the next piece of the continuation; return the text to show now."""
        if not self._open:
            return text
        self._held += text
        if self._partial.startswith(self._held) and len(self._held) < len(self._partial):
            return ""
        self._open = False
        began_again = len(self._partial) >= _CERTAIN and self._held.startswith(self._partial)
        return self._held[len(self._partial) :] if began_again else self._held

    def rest(self) -> str:
        """Return any text that is still buffered when the stream ends.

        Buffered text of `_CERTAIN` or more characters is a repetition and is dropped.
        """
        held, self._held = self._held, ""
        still_open, self._open = self._open, False
        return held if still_open and len(held) < _CERTAIN else ""
