"""Joins a partial reply and its continuation, without losing or repeating text."""

_LONG_MATCH = 40  # characters; a match this long isn't a coincidence


class Continuation:
    """Removes the partial reply from a continuation that repeats all of it.

    Some models start the reply over instead of continuing it. Text is therefore buffered while it
    matches the beginning of the partial reply; usually, the first word already differs. All other
    text is passed on unchanged, including a short repetition, which may be a refrain.
    """

    def __init__(self, partial: str) -> None:
        self._partial = partial
        self._buffer = ""
        self._undecided = bool(partial)  # whether the new text may still repeat `partial`

    def join(self, text: str) -> str:
        """Add the next piece of the continuation; return the text to show now."""
        if not self._undecided:
            return text
        self._buffer += text
        if self._partial.startswith(self._buffer) and len(self._buffer) < len(self._partial):
            return ""
        self._undecided = False
        repeats = len(self._partial) >= _LONG_MATCH and self._buffer.startswith(self._partial)
        return self._buffer[len(self._partial) :] if repeats else self._buffer

    def rest(self) -> str:
        """Return any text that is still buffered when the stream ends.

        Buffered text of `_LONG_MATCH` or more characters is a repetition and is dropped.
        """
        undecided, self._undecided = self._undecided, False
        return self._buffer if undecided and len(self._buffer) < _LONG_MATCH else ""
