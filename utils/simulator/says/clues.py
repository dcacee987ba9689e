"""Finding things in a prompt: names, places, numbers, dates, lists. Patterns alone, no grammar.

Each function returns what it found in the order of the text; an empty list is "nothing".
"""

from __future__ import annotations

import re

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w'\u2019-]*"
_PROPER = rf"{_CAPITAL}(?: (?:de |la |of the )?{_CAPITAL})*"
_NO_NAME = """
    I I'm I'd I'll I've monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december json what what's how who
    where when why which is are do does can could please tell give show find compare the a an and
    or extract make create write return use add set get then from in at to near of around with
    both between weather
"""
_NOT_NAMES = frozenset(_NO_NAME.lower().split())
_BEFORE_A_PLACE = (
    r"(?:in|at|for|to|from|near|of|around|visit|visiting|with|than|versus|vs\.?|and|or)"
)
_NO_PLACES = (
    "the|that|this|your|our|which|general|detail|short|json|english|words|order|total|stock"
)
_CLAUSE_END = r"\s*(?:[;?!]+|\.(?=\s|$)|,(?! [A-Z]{2}\b)|\band\b|\bthen\b)\s*"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; snake_case and camelCase are several words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")
    return re.findall(r"[^\W_]+", apart.lower())


def emails(text: str) -> list[str]:
    """Return e-mail addresses."""
    return re.findall(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", text)


def links(text: str) -> list[str]:
    """Return web addresses."""
    return [link.rstrip(".,;)") for link in re.findall(r"https?://[^\s<>\"']+", text)]


def phones(text: str) -> list[str]:
    """Return telephone numbers."""
    return [found.strip() for found in re.findall(r"\+?\d[\d ()/-]{6,}\d", text)]


def dates(text: str) -> list[str]:
    """Return dates, as YYYY-MM-DD."""
    found = re.findall(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b", text)
    months = "|".join(_MONTHS)
    for day, month, year in re.findall(rf"\b(\d{{1,2}}) ({months}) (\d{{4}})\b", text.lower()):
        if 1 <= int(day) <= 28 or int(day) <= 31:
            found.append(f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}")
    return found


def times(text: str) -> list[str]:
    """Return times of day, as HH:MM."""
    return re.findall(r"\b(?:[01]\d|2[0-3]):[0-5]\d\b", text)


def numbers(text: str) -> list[str]:
    """Return numbers as they are written, without those inside words, dates and addresses."""
    return re.findall(r"(?<![\w.@-])-?\d+(?:\.\d+)?(?![\w@]|-\d|\.\d)", _without_compounds(text))


def _without_compounds(text: str) -> str:
    return re.sub(r"\b(\d+)-(?=[a-z])", r"\1 ", text)  # a 42-year-old


def quoted(text: str) -> list[str]:
    """Return what stands in quotation marks."""
    return [a or b for a, b in re.findall(r"[\"“]([^\"”“]+)[\"”]|(?<!\w)'([^']+)'(?!\w)", text)]


def expressions(text: str) -> list[str]:
    """Return arithmetic such as `3 * (4 + 5)`."""
    found = re.findall(
        r"[\d(][\d\s.+*/\u00d7÷^()-]*[+*/\u00d7÷^-][\d\s.+*/\u00d7÷^()-]*[\d)]", text
    )
    return [" ".join(item.split()) for item in found]


def proper_names(text: str) -> list[str]:
    """Return names: capitalised words in a row, not those that merely begin a sentence."""
    found = []
    for match in re.finditer(_PROPER, text):
        kept = match.group().split()
        while kept and kept[0].lower().removesuffix("'s") in _NOT_NAMES:
            kept.pop(0)
        begins = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".!?"
        if kept and not (begins and len(kept) == 1 and len(text.split()) > 1):
            found.append(" ".join(kept).rstrip("'\u2019-"))
    return list(dict.fromkeys(found))


def people(text: str) -> list[str]:
    """Return people's names: of two words and more if there are such."""
    introduced = re.findall(rf"(?:name is|[Ii] am|[Ii]'m|[Cc]all me|named) ({_PROPER})", text)
    names = proper_names(text)
    whole = [name for name in names if " " in name]
    after_colon = re.findall(r":\s*([^\W\d_][\w .'\u2019-]*?)\s*(?:,|;|\n|$)", text)
    return introduced or whole or after_colon or names


def places(text: str) -> list[str]:
    """Return places: names after `in`, `to`, `from` …, and names that follow those in a list."""
    found: list[str] = []
    weak: list[str] = []
    for match in re.finditer(rf"(\b{_BEFORE_A_PLACE} |, ?|^)({_PROPER}(?:, [A-Z]{{2}}\b)?)", text):
        kept = match.group(2).split()
        while kept and kept[0].lower().removesuffix("'s") in _NOT_NAMES:
            kept.pop(0)
        if kept:
            strong = match.group(1) or len(kept) > 1
            (found if strong else weak).append(" ".join(kept).removesuffix("'s"))
    if not found:
        lower = rf"\b(?:in|near|around) ((?!(?:{_NO_PLACES})\b)[a-z]{{3,}})"
        found = [name.title() for name in re.findall(lower, text)] or weak
    return list(dict.fromkeys(found))


def labelled(text: str, label: str) -> str | None:
    """Return what follows `label:`, `label is` or `label =`, up to the next comma or line."""
    pattern = rf"\b{re.escape(label)}\b[\"'`*]*\s*(?:[:=]|\bis\b|\bare\b)\s*[\"'`]?([^\n,;\"`]+)"
    match = re.search(pattern, text, re.IGNORECASE)
    said = re.split(r"\s(?:and|but)\s|\.\s", match.group(1))[0] if match else ""
    return said.strip(" .!?'*") or None


def number_near(text: str, label: str) -> str | None:
    """Return the number that stands right after or right before a word beginning with `label`."""
    text = _without_compounds(text)
    after = rf"\b{re.escape(label)}\w*[\s:=(\"'`*]{{0,3}}(?:is |of |are )?(-?\d+(?:\.\d+)?)"
    before = rf"(-?\d+(?:\.\d+)?)\s?{re.escape(label)}"
    for pattern in (after, before):
        if match := re.search(pattern, text, re.IGNORECASE):
            return match.group(1)
    return None


def listed(text: str, label: str) -> list[str]:
    """Return the items of a list that a word beginning with `label` introduces."""
    pattern = (
        rf"\b{re.escape(label)}\w*+\s*(?:[:=]|\bis\b|\bare\b|\binclude\b|\blike\b)?\s*"
        r"([^.;:!?\n]+(?:,[^.;:!?\n]+)*)"
    )
    match = re.search(pattern, text, re.IGNORECASE)
    return items(match.group(1)) if match else []


def items(text: str) -> list[str]:
    """Cut `a, b and c` into its items."""
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+", text)
    return [part.strip(" \"'`[]#*") for part in parts if part.strip(" \"'`[]#*")]


def clauses(text: str) -> list[tuple[int, int]]:
    """Return where the clauses of a prompt begin and end: each may hold another wish."""
    ends = [*re.finditer(_CLAUSE_END, text)]
    starts = [0, *(match.end() for match in ends)]
    stops = [*(match.start() for match in ends), len(text)]
    return [(a, b) for a, b in zip(starts, stops, strict=True) if text[a:b].strip()]
