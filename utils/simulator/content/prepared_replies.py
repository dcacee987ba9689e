"""Prepared replies in `replies/`, and a stock reply to any other prompt.

A prepared reply is a Markdown file. Its header, which ends with an empty line, lists its prompts:

    asks: rainbow form
    asks: explain rainbow
    exactly: rainbows

`asks` lists beginnings of words that the prompt must contain; if several replies match, the one
with the most such words wins. `exactly` is a complete prompt.
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
    """A reply's header is invalid; the message names the file and the reason."""


@dataclass(frozen=True)
class PreparedReply:
    """A prepared reply.

    Attributes:
        name: The file's name without its suffix.
        asks: Alternatives: sets of word beginnings that the prompt must contain.
        exactly: Complete prompts, normalized.
        text: The reply.
    """

    name: str
    asks: tuple[frozenset[str], ...]
    exactly: frozenset[str]
    text: str

    def fit(self, words: list[str]) -> int:
        """Return how well this matches a prompt consisting of `words`; 0 is not at all."""
        if " ".join(words) in self.exactly:
            return 1000
        return max((len(asked) for asked in self.asks if _all_in(asked, words)), default=0)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _all_in(beginnings: Iterable[str], words: list[str]) -> bool:
    return all(any(word.startswith(start) for word in words) for start in beginnings)


def parse(name: str, source: str) -> PreparedReply:
    """Parse a reply's file.

    Raises:
        HeaderError: If a header line is unknown, or the header or the text is missing.
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
    return PreparedReply(name, tuple(asks), frozenset(exactly), text.strip())


@cache
def all_replies() -> tuple[PreparedReply, ...]:
    """Return all prepared replies, ordered by name."""
    return tuple(
        parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.md"))
    )


def is_prepared(prompt: str) -> bool:
    """Return whether `prompt` has a prepared reply."""
    words = _words(prompt[:_LONGEST_READ])
    return any(reply.fit(words) for reply in all_replies())


def answer(prompt: str, seed: int = 0) -> str:
    """Return the reply to `prompt`, which depends on the prompt and the seed only."""
    words = _words(prompt[:_LONGEST_READ])
    best = max(all_replies(), key=lambda reply: reply.fit(words))
    return best.text if best.fit(words) else _stock_reply(prompt, seed)


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
_LONGEST_READ = 4000  # characters of a prompt


def _stock_reply(prompt: str, seed: int) -> str:
    """Return a reply that mentions the prompt and that it is simulated."""
    quoted = " ".join(prompt.split()) or "nothing at all"
    if len(quoted) > _LONGEST_QUOTE:
        quoted = quoted[: _LONGEST_QUOTE - 1] + "…"
    rng = random.Random(f"{seed} {prompt}")
    parts = [rng.choice(choices) for choices in (_OPENINGS, _MIDDLES, _CLOSINGS)]
    return " ".join(part.replace("{prompt}", quoted) for part in parts)
