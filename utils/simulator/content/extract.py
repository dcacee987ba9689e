"""Finds names, places, numbers, dates and lists in a prompt, for JSON fields and tool arguments.

The regular expressions match in linear time, so that a long prompt can't block the event loop for
long.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import dropwhile

LONGEST = 8000  # characters; the rest of a longer text isn't searched
_SHORTEST_STEM = 4  # letters
_UPPER = "".join(letter for letter in map(chr, range(0x590)) if letter.isupper())
_UNCASED = "\u0590-\u109f\u1100-\u139f\u1400-\u1bff\u2e80-\ua63f\uac00-\ud7a3\uf900-\ufaff"
# a word that begins with a capital letter, or with a letter of a caseless script such as Chinese
_CAPITAL = rf"(?:[{_UPPER}]|(?![\d_])[{_UNCASED}])[\w'\u2019-]*"
_PROPER = rf"{_CAPITAL}(?: (?:de |la |of the )?{_CAPITAL})*"  # such as "Rio de Janeiro"
_NOT_NAMES = frozenset(
    """
    I I'm I'd I'll I've monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december json what what's how who
    where when why which is are do does can could please tell give show find compare the a an and
    or extract make create write return use add set get then from in at to near of around with
    both between weather
    """.lower().split()
)
_BEFORE_A_PLACE = (
    r"(?:in|at|for|to|from|near|of|around|visit|visiting|with|than|versus|vs\.?|and|or)"
)
_NO_PLACES = (  # words that may follow "in" or "near" but aren't places
    "the|that|this|your|our|which|general|detail|short|json|english|words|order|total|stock"
)
_PAIRS = ("\u201c\u201d", "\u2018\u2019", "\u201e\u201c", "«»", "「」", "『』")  # quotation marks
QUOTED = "|".join(  # matches a quoted string; its groups exclude the marks
    [r"\"([^\"\n]+)\"", r"(?<!\w)'([^'\n]+)'(?!\w)"]
    + [rf"{pair[0]}([^{pair}\n]+){pair[1]}" for pair in _PAIRS]
)
# punctuation (but not the comma in "Paris, TX"), "and" or "then"
_CLAUSE_END = r"(?:[;?!]+|\.(?=\s|$)|,(?! [A-Z]{2}\b)|\band\b|\bthen\b)\s*"
# cached, since the same text is searched for many fields; don't mutate the results
_cached = lru_cache(maxsize=64)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"


def words(text: str) -> list[str]:
    """Return all words in lower case; snake_case and camelCase are split."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")
    return re.findall(r"[^\W_]+", apart.lower())


def mentions(said: Iterable[str], word: str) -> bool:
    """Return whether any of the words in `said` begins with `word`.

    If `word` has more than four letters, its last letter is ignored. If it has fewer than four, it
    must match a whole word.
    """
    stem = word[:-1] if len(word) > _SHORTEST_STEM else word
    if len(stem) < _SHORTEST_STEM:
        return word in said
    return any(each.startswith(stem) for each in said)


@_cached
def emails(text: str) -> list[str]:
    """Return e-mail addresses."""
    return re.findall(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", text)


@_cached
def links(text: str) -> list[str]:
    """Return URLs."""
    return [link.rstrip(".,;)") for link in re.findall(r"https?://[^\s<>\"']+", text)]


@_cached
def phones(text: str) -> list[str]:
    """Return the telephone numbers in `text`."""
    return [found.strip() for found in re.findall(r"\+?\d[\d ()/-]{6,}\d", text)]


@_cached
def dates(text: str) -> list[str]:
    """Return dates as YYYY-MM-DD."""
    found = re.findall(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b", text)
    for day, month, year in re.findall(rf"\b(\d{{1,2}}) ({_MONTHS}) (\d{{4}})\b", text.lower()):
        if 1 <= int(day) <= 31:
            number = _MONTHS.split("|").index(month) + 1
            found.append(f"{year}-{number:02}-{int(day):02}")
    return found


@_cached
def times(text: str) -> list[str]:
    """Return times of day as HH:MM."""
    return re.findall(r"\b(?:[01]\d|2[0-3]):[0-5]\d\b", text)


@_cached
def numbers(text: str) -> list[str]:
    """Return numbers as written, except long ones and parts of words, addresses and ISO dates."""
    pattern = r"(?<![\w.@-])-?\d{1,18}(?:\.\d+)?(?![\w@]|-\d|\.\d)"
    return re.findall(pattern, _without_compounds(text))


def _without_compounds(text: str) -> str:
    return re.sub(r"\b(\d+)-(?=[a-z])", r"\1 ", text)  # "42-year-old" becomes "42 year-old"


@_cached
def quoted(text: str) -> list[str]:
    """Return the strings in quotation marks, without the marks."""
    return ["".join(found) for found in re.findall(QUOTED, text)]


@_cached
def expressions(text: str) -> list[str]:
    """Return arithmetic expressions such as `3 * (4 + 5)`."""
    runs = re.findall(r"[\d(][\d\s.+*/\u00d7÷^()-]*+", text)
    found = (run.rstrip(" \t\n\r\f\v.+*/\u00d7÷^(-") for run in runs)
    return [" ".join(item.split()) for item in found if re.search(r"[+*/\u00d7÷^-]", item)]


@_cached
def proper_names(text: str) -> list[str]:
    """Return names: runs of capitalised words, except a lone word that begins a sentence."""
    found = []
    is_one_word = len(text.split(maxsplit=1)) <= 1
    for match in re.finditer(_PROPER, text):
        name = _without_common_words(match.group())
        end = match.start()
        while end and text[end - 1].isspace():
            end -= 1
        begins_sentence = not end or text[end - 1] in ".!?"
        is_lone = len(name) == 1 and not is_one_word
        if name and not (begins_sentence and is_lone):
            found.append(" ".join(name).rstrip("'\u2019-"))
    return list(dict.fromkeys(found))


def _without_common_words(name: str) -> list[str]:
    """Return a name's words without leading common words, such as "What's" in "What's Oslo"."""
    return list(dropwhile(lambda word: word.lower().removesuffix("'s") in _NOT_NAMES, name.split()))


@_cached
def people(text: str) -> list[str]:
    """Return people's names: those after a phrase such as "name is", or else likely names."""
    by = r"(?:name is|[Ii] am|[Ii]'m|[Cc]all me|named|called) "
    introduced = ["".join(found) for found in re.findall(rf"{by}(?:{QUOTED}|({_PROPER}))", text)]
    names = proper_names(text)
    full_names = [name for name in names if " " in name]
    after_colon = re.findall(r":\s*([^\W\d_][\w .'\u2019-]*+)(?=[,;\n]|$)", text)
    after_colon = [name.strip() for name in after_colon]
    return introduced or full_names or after_colon or quoted(text) or names


@_cached
def places(text: str) -> list[str]:
    """Return places: names after a word such as `in` or `from`, and names listed with them."""
    found = ["".join(groups) for groups in re.findall(rf"\b{_BEFORE_A_PLACE} (?:{QUOTED})", text)]
    doubtful: list[str] = []  # a lone word at the beginning of the text; perhaps not a place
    pattern = rf"(?P<before>\b{_BEFORE_A_PLACE} |, ?|^)(?P<name>{_PROPER}(?:, [A-Z]{{2}}\b)?)"
    for match in re.finditer(pattern, text):
        words = _without_common_words(match["name"])
        if words:
            is_likely = match["before"] or len(words) > 1
            (found if is_likely else doubtful).append(" ".join(words).removesuffix("'s"))
    if not found:  # as in "weather in oslo"
        lower = rf"\b(?:in|near|around) ((?!(?:{_NO_PLACES})\b)[a-z]{{3,}})"
        found = [name.title() for name in re.findall(lower, text)] or doubtful
    return list(dict.fromkeys(found))


def labelled(text: str, label: str) -> str | None:
    """Return what follows `label:`, `label is` or `label =` in a clause; None if there is none."""
    pattern = rf"\b{re.escape(label)}\b[\"'`*]*\s*(?:[:=]|\bis\b|\bare\b)\s*[\"'`]?([^\n,;\"`]+)"
    match = re.search(pattern, text, re.IGNORECASE)
    said = re.split(r"\s(?:and|but)\s|\.\s", match.group(1))[0] if match else ""
    return said.strip(" .!?'*") or None


def number_near(text: str, label: str) -> str | None:
    """Return the number next to a word that begins with `label`; None if there is none."""
    text = _without_compounds(text)
    after = rf"\b{re.escape(label)}\w*[\s:=(\"'`*]{{0,3}}(?:is |of |are )?(-?\d+(?:\.\d+)?)"
    before = rf"(?<!\d)(-?\d+(?:\.\d+)?)\s?{re.escape(label)}"
    for pattern in (after, before):
        if match := re.search(pattern, text, re.IGNORECASE):
            return match.group(1)
    return None


def listed(text: str, label: str) -> list[str]:
    """Return the items listed after a word that begins with `label`."""
    pattern = (
        rf"\b{re.escape(label)}\w*+\s*+(?:(?:[:=]|is\b|are\b|include\b|like\b)\s*+)?"
        r"([^.;:!?\n]+)"
    )
    match = re.search(pattern, text, re.IGNORECASE)
    return items(match.group(1)) if match else []


def items(text: str) -> list[str]:
    """Return the items of a list such as `a, b and c`, without the punctuation around them."""
    parts = re.split(r", ?(?:and )?| and ", " ".join(text.split()))
    return list(filter(None, (part.strip(" \"'`[]#*") for part in parts)))


def clauses(text: str) -> list[tuple[int, int]]:
    """Return the start and end index of each clause in a prompt."""
    ends = [*re.finditer(_CLAUSE_END, text)]
    starts = [0, *(match.end() for match in ends)]
    stops = [*(match.start() for match in ends), len(text)]
    spans = zip(starts, stops, strict=True)
    trimmed = ((start, start + len(text[start:stop].rstrip())) for start, stop in spans)
    return [(start, stop) for start, stop in trimmed if start < stop]
