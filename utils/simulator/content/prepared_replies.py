"""Which text answers a prompt: the written replies in `replies/`, else one made for the prompt.

A written reply is a Markdown file. Its header says what it answers, an empty line ends it:

    asks: rainbow form
    asks: explain rainbow
    exactly: rainbows

`asks` holds beginnings of words that must all stand in the prompt; of several replies that match,
the one with the most such words wins. `exactly` holds a whole prompt.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "replies"


class HeaderError(ValueError):
    """A reply's header can't be read; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Written:
    """A written reply.

    Attributes:
        name: The file's name without its ending.
        asks: Alternatives; each a set of word beginnings that must all stand in the prompt.
        exactly: Whole prompts, normalised.
        text: The reply.
    """

    name: str
    asks: tuple[frozenset[str], ...]
    exactly: frozenset[str]
    text: str

    def fit(self, words: list[str]) -> int:
        """Return how well this answers a prompt of `words`: 0 is not at all."""
        if " ".join(words) in self.exactly:
            return 1000
        return max((len(asked) for asked in self.asks if _all_in(asked, words)), default=0)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _all_in(beginnings: Iterable[str], words: list[str]) -> bool:
    return all(any(word.startswith(start) for word in words) for start in beginnings)


def parse(name: str, source: str) -> Written:
    """Read a reply's file.

    Raises:
        HeaderError: If a line of the header is unknown, or the header or the text is missing.
    """
    header, _, text = source.partition("\n\n")
    asks: list[frozenset[str]] = []
    exactly: list[str] = []
    for line in header.splitlines():
        key, _, value = line.partition(":")
        words = _words(value)
        if key == "asks" and words:
            asks.append(frozenset(words))
        elif key == "exactly" and words:
            exactly.append(" ".join(words))
        else:
            raise HeaderError(f"{name}: a header line is `asks: …` or `exactly: …`, not {line!r}")
    if not text.strip():
        raise HeaderError(f"{name}: there is no text after the header and an empty line")
    return Written(name, tuple(asks), frozenset(exactly), text.strip())


@cache
def written() -> tuple[Written, ...]:
    """Return all written replies, in the order of their names."""
    return tuple(
        parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.md"))
    )


def is_written(prompt: str) -> bool:
    """Return whether a written reply answers `prompt`."""
    words = _words(prompt[:_LONGEST_READ])
    return any(reply.fit(words) for reply in written())


def answer(prompt: str, seed: int = 0) -> str:
    """Return the text that answers `prompt`: always the same for the same prompt and seed."""
    words = _words(prompt[:_LONGEST_READ])
    best = max(written(), key=lambda reply: reply.fit(words))
    return best.text if best.fit(words) else _made_up(prompt, seed)


_OPENINGS = (
    "Here is a simulated answer, made by the course's own server and not by a language model.",
    "You are talking to the course's simulator, so this answer is made up on the spot.",
    "This is the simulator of the course speaking: no language model has read your message.",
)
_MIDDLES = (
    "You wrote “{prompt}”, and a real model would now say something worth knowing about it.",
    "Your message was “{prompt}”. I can't judge it, but I can show how an answer to it arrives.",
    "To “{prompt}” there are surely better answers than mine; mine is here to be watched.",
)
_CLOSINGS = (
    (
        "What is real is the timing: a wait before the first word, then one token after another, "
        "over the same protocol that providers speak. Set OPENAI_BASE_URL, OPENAI_API_KEY and "
        "OPENAI_MODEL, and the same notebook asks a real one."
    ),
    (
        "Everything around these words is as with a real provider: the request, the events that "
        "carry the pieces, the token counts at the end. Only the words themselves are stock."
    ),
    (
        "Watch how the words come in instead. The pauses follow the figures of real services, and "
        "the pieces are cut as a tokenizer cuts them, sometimes in the middle of a word."
    ),
)
_LONGEST_QUOTE = 120  # characters
_LONGEST_READ = 4000  # characters; what a prompt is about stands at its beginning


def _made_up(prompt: str, seed: int) -> str:
    """Return a reply that says what it is and mentions the prompt."""
    quoted = " ".join(prompt.split()) or "nothing at all"
    if len(quoted) > _LONGEST_QUOTE:
        quoted = quoted[: _LONGEST_QUOTE - 1] + "…"
    rng = random.Random(f"{seed} {prompt}")
    parts = [rng.choice(choices) for choices in (_OPENINGS, _MIDDLES, _CLOSINGS)]
    return " ".join(part.replace("{prompt}", quoted) for part in parts)
