"""Prepared replies, read from `replies/`.

Each is a Markdown file. Its header, which ends with an empty line, lists the prompts to match:

    asks: rainbow form
    asks: explain rainbow
    exactly: rainbows

`asks` lists word prefixes, all of which must occur in the prompt; if several replies match, the one
with the most prefixes wins. `exactly` is a complete prompt, and always wins if it matches.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "replies"
_LONGEST_READ = 4000  # characters; the rest of a prompt is ignored
_EXACT = 1000  # returned by `fit` if a complete prompt matches; exceeds any number of prefixes


@dataclass(frozen=True)
class PreparedReply:
    """A prepared reply, with the word prefixes and complete prompts from its header."""

    name: str
    asks: tuple[frozenset[str], ...]
    exactly: frozenset[str]
    text: str

    def fit(self, prompt: str) -> int:
        """Return how well this reply matches a normalized prompt; 0 means no match."""
        return _EXACT if prompt in self.exactly else matched_prefixes(self.asks, prompt)


def lower_words(text: str) -> str:
    """Return all words in lower case, separated by spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))


def matched_prefixes(asks: Iterable[Collection[str]], prompt: str) -> int:
    """Return the size of the largest set in `asks` whose prefixes all begin words in `prompt`.

    Return 0 if there is no such set.
    """
    spaced = f" {prompt}"
    fitting = (len(asked) for asked in asks if all(f" {start}" in spaced for start in asked))
    return max(fitting, default=0)


def parse(name: str, source: str) -> PreparedReply:
    """Parse `source`, the contents of the file for the reply `name`.

    Raises:
        ValueError: If the header has another line, or if there is no text below it.
    """
    header, _, text = source.partition("\n\n")
    prompts: dict[str, list[str]] = {"asks": [], "exactly": []}
    for number, line in enumerate(header.splitlines(), 1):
        key, _, value = line.partition(":")
        if key not in prompts:
            raise ValueError(
                f"replies/{name}.md:{number}: the header has lines such as `asks: tide` or "
                f"`exactly: what are tides`, then an empty line, unlike `{line}`."
            )
        prompts[key].append(lower_words(value))
    if not text.strip():
        raise ValueError(f"replies/{name}.md: the reply is missing below the header.")
    asks = tuple(frozenset(words.split()) for words in prompts["asks"])
    return PreparedReply(name, asks, frozenset(prompts["exactly"]), text.strip())


@cache
def all_replies() -> tuple[PreparedReply, ...]:
    """Return all prepared replies, sorted by name."""
    return tuple(
        parse(path.stem, path.read_text(encoding="utf-8-sig"))
        for path in sorted(FOLDER.glob("*.md"))
    )


def matching(prompt: str) -> PreparedReply | None:
    """Return the prepared reply that best matches `prompt`; None if there is no match."""
    words = lower_words(prompt[:_LONGEST_READ])
    best = max(all_replies(), key=lambda reply: reply.fit(words))
    return best if best.fit(words) else None


def answer(prompt: str) -> str | None:
    """Return the text of the prepared reply that best matches `prompt`, if any."""
    reply = matching(prompt)
    return reply.text if reply else None
