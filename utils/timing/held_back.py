"""A recording as it would be behind a guard that checks the text before it shows it."""

from dataclasses import replace

from utils.timing.recording import Piece, Recording


def held_back(recording: Recording, label: str, size: int, check: float = 0.0) -> Recording:
    """What a guard that never says no shows of a reply, and when.

    Args:
        recording: What the guard receives.
        label: The label of the result.
        size: How many of the latest characters it holds back until more has arrived.
        check: Seconds that a check takes. A check covers all that arrived during the one before.
    """
    shown, text, ready = 0, "", 0.0  # characters, what arrived, when the latest check is over
    pieces: list[Piece] = []
    arriving = [piece for piece in recording.pieces if piece.text]
    for at, piece in enumerate(arriving):
        text += piece.text
        begins = max(piece.at, ready)
        if at + 1 < len(arriving) and arriving[at + 1].at <= begins:
            continue  # the next piece is checked together with this one
        ready = begins + check
        upto = max(shown, len(text) - size)
        pieces.append(replace(piece, at=ready, text=text[shown:upto]))
        shown = upto
    end = max(recording.e2e, ready)
    if shown < len(text):
        pieces.append(Piece(end, text[shown:]))
    return replace(recording, label=label, pieces=tuple(pieces), e2e=end)
