"""Reader model: how long a person waits for a reply, and how long they take to read it.

The model follows one reader who reads every word in order at a steady speed. Token k arrives at
time a_k, the reader starts reading it at time d_k, and r is the reader's speed in tokens/s:

    d_1 = a_1,   d_k = max(a_k, d_(k-1) + 1/r)
    stalls       S = sum over k >= 2 of max(0, a_k - d_(k-1) - 1/r)
    reader's wait  W = a_1 + S

r = R · (4/3) / 60 for a speed of R words a minute, at four tokens per three English words. Adults
read non-fiction silently at 238 words a minute on average, and most manage 175 to 300 (Brysbaert
2019, doi 10.1016/j.jml.2019.104047).

A piece of a stream may be part of a word, or several words, so each piece counts as a share of the
reply's tokens, in proportion to its length in characters. The number of tokens is the provider's
count if that is plausible for the answer (`timing.is_plausible`), otherwise 4/3 of the number of
words (`timing.words_in`). A piece of w tokens takes w/r seconds to read, and a_k is its arrival
time. Reasoning isn't read: the reader waits for the answer. A blocking call is one piece, so W is
its E2E latency.
"""

from dataclasses import dataclass

from utils.timing import Recording, words_in

WORDS_PER_MINUTE = 238.0
TOKENS_PER_WORD = 4 / 3


@dataclass(frozen=True, slots=True)
class Stall:
    """A wait after the reader has read everything that has arrived; both fields are in seconds."""

    at: float
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One reader's progress through one recording. Times are in seconds since the request was sent.

    Attributes:
        wpm: The reader's speed, in words a minute.
        first: When reading starts: the time to first answer token; without text, the E2E latency.
        stalls: The waits after the first text, in order.
        delivered: (time, words on screen) after each piece, in time order.
        read: (time, words read) at the start, at both ends of each stall, and at the end; linear
            in between.
    """

    wpm: float
    first: float
    stalls: tuple[Stall, ...]
    delivered: tuple[tuple[float, float], ...]
    read: tuple[tuple[float, float], ...]

    @property
    def stalled(self) -> float:
        """S: seconds spent waiting after the first text."""
        return sum(stall.seconds for stall in self.stalls)

    @property
    def wait(self) -> float:
        """W = a_1 + S: the reader's total waiting time in seconds."""
        return self.first + self.stalled

    @property
    def finished(self) -> float:
        """When the reader finishes the last word, in seconds since the request was sent."""
        return self.read[-1][0]

    @property
    def words(self) -> float:
        """The number of words that arrived."""
        return self.delivered[-1][1] if self.delivered else 0.0


def tokens_per_second(wpm: float = WORDS_PER_MINUTE) -> float:
    """Return a reader's speed in tokens/s: r = R · (4/3) / 60, where R is `wpm`; 5.3 if R = 238."""
    if not wpm > 0:
        raise ValueError(f"A reader's speed is a number of words a minute above 0, not {wpm!r}.")
    return wpm * TOKENS_PER_WORD / 60


def reading(recording: Recording, wpm: float = WORDS_PER_MINUTE) -> Reading:
    """Simulate reading a recording at `wpm` words a minute."""
    speed = tokens_per_second(wpm)
    words = words_in(recording.text)
    tokens = recording.answer_tokens or words * TOKENS_PER_WORD
    length = sum(len(piece.text) for piece in recording.pieces)
    per_character = tokens / speed / length if length else 0.0  # seconds

    first = recording.e2e if recording.ttfat is None else recording.ttfat
    ready = first  # when the reader will have read everything that has arrived
    arrived = 0  # characters
    delivered: list[tuple[float, float]] = []
    stalls: list[Stall] = []
    read = [(first, 0.0)]
    for piece in recording.pieces:
        if not piece.text:
            continue
        if piece.at > ready:
            stalls.append(Stall(ready, piece.at - ready))
            read += [(ready, words * arrived / length), (piece.at, words * arrived / length)]
            ready = piece.at
        arrived += len(piece.text)
        ready += len(piece.text) * per_character
        delivered.append((piece.at, words * arrived / length))
    read.append((ready, float(words)))
    return Reading(wpm, first, tuple(stalls), tuple(delivered), tuple(read))


def readers_wait(recording: Recording, wpm: float = WORDS_PER_MINUTE) -> float:
    """Return W, the reader's total waiting time in seconds."""
    return reading(recording, wpm).wait
