"""The reader model estimates how long a person waits for a streamed reply, and when reading ends.

The tests compare estimates with the model's formulas, and check properties of every stream.
"""

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_timing import recorded
from utils.reader_model import TOKENS_PER_WORD, readers_wait, reading, tokens_per_second
from utils.timing import Piece, Recording

speeds = st.floats(60, 1200)  # words per minute
gaps = st.floats(0, 5)  # seconds
texts = st.text("abc \n", max_size=12)


@st.composite
def recordings(draw):
    """Generate recordings with pieces of any size, with and without a token count."""
    waits = draw(st.lists(gaps, min_size=1, max_size=30))
    pieces = draw(st.lists(texts, min_size=len(waits), max_size=len(waits)))
    usage = draw(st.none() | st.integers(1, 400).map(lambda n: {"output_tokens": n}))
    return recorded(*zip(accumulate(waits), pieces, strict=True), usage=usage)


def by_the_book(recording, rate):
    """Return the reader's wait, computed with the formulas in `utils/reader_model.py`."""
    pieces = [piece for piece in recording.pieces if piece.text]
    tokens = recording.answer_tokens or len(recording.text.split()) * TOKENS_PER_WORD
    length = len(recording.text)
    if not pieces:
        return recording.e2e
    stalled, begun = 0.0, pieces[0].at  # `begun` is when the reader starts to read a piece
    for before, piece in pairwise(pieces):
        due = begun + len(before.text) / length * tokens / rate
        stalled += max(0.0, piece.at - due)
        begun = max(piece.at, due)
    return pieces[0].at + stalled


def test_an_average_reader_reads_about_five_tokens_a_second():
    assert tokens_per_second() == pytest.approx(5.29, abs=0.01)


@given(recordings(), speeds)
def test_the_wait_is_that_of_the_published_formula(recording, wpm):
    expected = by_the_book(recording, tokens_per_second(wpm))
    assert readers_wait(recording, wpm) == pytest.approx(expected)


def test_a_reader_of_chinese_reads_character_by_character():
    text = "我们今天学习流式输出。" * 20
    read = reading(recorded((1.0, text)))
    assert read.words == 20 * 11
    assert read.finished > 30


def test_a_surrogate_pair_in_two_pieces_is_read_like_any_text():
    read = reading(recorded((1.0, "Hi \ud83d"), (2.0, "\ude00 there"), (9.0, " you")))
    assert read.words == 4
    assert all(0 <= words <= 4 for _, words in (*read.delivered, *read.read))


@given(recordings(), speeds)
def test_the_reader_never_reads_what_has_not_arrived(recording, wpm):
    read = reading(recording, wpm)
    for when, words in read.read:
        arrived = max((w for at, w in read.delivered if at <= when), default=0.0)
        assert words <= arrived + 1e-9


@given(recordings(), speeds)
def test_the_reader_finishes_after_waiting_and_reading(recording, wpm):
    read = reading(recording, wpm)
    words = len(recording.text.split()) * TOKENS_PER_WORD
    tokens = (recording.answer_tokens if recording.text else None) or words
    takes = tokens / tokens_per_second(wpm)
    assert read.finished == pytest.approx(read.wait + takes)


def test_a_pause_becomes_a_stall_when_the_reader_has_caught_up():
    recording = recorded((1.0, "one "), (1.1, "two "), (9.0, "six "))
    read = reading(recording, wpm=240)  # a word takes a quarter of a second
    (stall,) = read.stalls
    assert (stall.at, stall.seconds) == (pytest.approx(1.5), pytest.approx(7.5))


def test_reasoning_counts_as_waiting():
    pieces = (Piece(0.5, "", reasoning="Let me think"), Piece(12.5, "Yes."))
    assert readers_wait(Recording("reasoning", pieces, e2e=12.5)) == 12.5


def test_a_reply_without_text_is_only_a_wait():
    empty = Recording("empty", (Piece(0.2, ""),), e2e=3.0, outcome="failed")
    read = reading(empty)
    assert (read.wait, read.words, read.finished) == (3.0, 0.0, 3.0)


def test_a_reader_without_speed_is_an_error():
    with pytest.raises(ValueError, match="words a minute above 0"):
        readers_wait(recorded((1.0, "one")), wpm=0)
