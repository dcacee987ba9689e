"""Timing of replies: recordings, latency metrics, and recorders.

Stream items are duck-typed: message chunks, strings, or dicts shaped like message chunks.
"""

from utils.timing.chunks import content_of
from utils.timing.recorders import (
    AsyncRecorder,
    Recorder,
    arecord,
    arecord_call,
    record,
    record_call,
)
from utils.timing.recording import Outcome, Piece, Recording
from utils.timing.steps import held_back, passed_on
from utils.timing.token_counts import is_plausible, words_in

__all__ = [
    "AsyncRecorder",
    "Outcome",
    "Piece",
    "Recorder",
    "Recording",
    "arecord",
    "arecord_call",
    "content_of",
    "held_back",
    "is_plausible",
    "passed_on",
    "record",
    "record_call",
    "words_in",
]
