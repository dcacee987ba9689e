"""Token counts: whether a provider's count is plausible for the text that arrived."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from utils.unicode import well_formed

_LETTERS = string.ascii_letters.encode()
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")


def words_in(text: str) -> int:
    """Return the number of words; each Chinese or Japanese character counts as a word.

    These languages are written without spaces. Their readers read about as many characters a
    minute as English readers read words.
    """
    return len(_UNSPACED.findall(text)) + len(_UNSPACED.sub(" ", text).split())


def is_plausible(count: int, texts: Iterable[str]) -> bool:
    """Return whether a token count is plausible for these pieces of text.

    The estimate is 0.4 tokens per ASCII letter, one per digit, punctuation mark or line break, and,
    for any other character, one less than its number of UTF-8 bytes: two for a Chinese character,
    three for most emoji. The upper limit is the larger of that estimate and the number of non-empty
    pieces, plus ten for tokens without text. The lower limit is the larger of half a token per word
    and a sixteenth of the estimate.

    The limits are wide, since tokenizers may differ by a factor of two in some languages. A true
    count passes in any language, for both single-token and large pieces. Twice the true count
    fails, except for short English text.
    """
    shown = [piece for piece in texts if piece]
    text = well_formed("".join(shown))
    ascii_part = text.encode("ascii", "ignore")
    letters = len(ascii_part) - len(ascii_part.translate(None, _LETTERS))
    others = len(ascii_part) - letters - ascii_part.count(b" ")
    # the bytes of non-ASCII characters, not counting each character's first byte
    foreign = len(text.encode()) - len(text)
    most = 0.4 * letters + others + foreign
    least = max(len(text.split()) / 2, most / 16)
    return least <= count <= max(most, len(shown)) + 10


def usage_of(usages: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Mapping[str, Any] | None:
    """Return a reply's usage, based on the usage reports in its items.

    If there are several, they are either increments, which LangChain sums when it adds chunks, or
    running totals, the last of which is final. The result is the sum or the last total, whichever
    is plausible. If both are plausible, strictly increasing counts are treated as running totals.
    """
    counted = [usage for usage in usages if whole_number(usage.get("output_tokens")) is not None]
    if not counted:
        return usages[-1] if usages else None
    last = counted[-1]
    counts = [usage["output_tokens"] for usage in counted]
    added = {**last, "output_tokens": sum(counts)}
    rising = all(before < after for before, after in pairwise(counts))
    for usage in (last, added) if rising else (added, last):  # tries the likelier result first
        if is_plausible(usage["output_tokens"], texts):
            return usage
    return last


def whole_number(value: object) -> int | None:
    """Return `value` if it is a non-negative integer; otherwise None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
