"""A recording as it would look after a step that waits for whole words or sentences."""

import re
from dataclasses import replace

from utils.timing.recording import Piece, Recording


def passed_on(recording: Recording, label: str, end: str) -> Recording:
    r"""Return the recording as it would look after a step that passes on the text in whole parts.

    `end` is a regular expression for the place between two parts, such as `(?<=\s)(?=\S)` for
    words.
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
