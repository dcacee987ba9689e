"""Recordings as they would look after a step that delays text, for charts in lessons 3 and 5.

The step of `held_back` is a guard, which checks text before it is shown. The step of `passed_on`
releases only complete parts, such as words.
"""

import re
from dataclasses import replace

from utils.timing.recording import Piece, Recording


def held_back(recording: Recording, label: str, size: int, check: float = 0.0) -> Recording:
    """Return the recording as it would be if a guard had checked the reply and allowed all of it.

    The guard holds back the latest `size` characters until more text arrives or the reply ends.
    Each check takes `check` seconds and covers all text that arrived during the previous check.
    """
    shown, text, ready = 0, "", 0.0  # characters shown, text so far, end of the latest check
    pieces: list[Piece] = []
    arriving = [piece for piece in recording.pieces if piece.text]
    for number, piece in enumerate(arriving, start=1):
        text += piece.text
        begins = max(piece.at, ready)
        if number < len(arriving) and arriving[number].at <= begins:
            continue  # the next piece is checked together with this one
        ready = begins + check
        upto = max(shown, len(text) - size)
        pieces.append(replace(piece, at=ready, text=text[shown:upto]))
        shown = upto
    end = max(recording.e2e, ready)
    if shown < len(text):
        pieces.append(Piece(end, text[shown:]))
    return replace(recording, label=label, pieces=tuple(pieces), e2e=end)


def passed_on(recording: Recording, label: str, end: str) -> Recording:
    r"""Return the recording as it would look after a step that holds back incomplete parts.

    `end` is a regular expression that matches between parts, such as `(?<=\s)(?=\S)` for words.
    """
    waiting = ""
    pieces: list[Piece] = []
    for piece in recording.pieces:
        *complete, waiting = re.split(end, waiting + piece.text)
        if complete:
            pieces.append(replace(piece, text="".join(complete)))
    if waiting:
        pieces.append(replace(recording.pieces[-1], text=waiting))
    return replace(recording, label=label, pieces=tuple(pieces))
