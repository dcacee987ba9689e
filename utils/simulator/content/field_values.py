"""Values for a JSON schema's fields, by the words in their names: from the prompt, or made up.

To support another field name, extend a table here or, if its values are always made up,
`sample_values.toml`.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from . import extract, wording

# for each word that a field's name may contain, the function that finds the field's values
_FINDERS: dict[str, Callable[[str], list[str]]] = {
    word: find
    for find, words in (
        (extract.emails, "mail email"),
        (extract.phones, "phone telephone"),
        (extract.links, "url link website"),
        (extract.dates, "date birthday deadline"),
        (extract.times, "time"),
        (extract.places, "city location place country town destination"),
        (extract.people, "person name customer author company organisation organization recipient"),
        (extract.quoted, "title"),
        (extract.expressions, "expression formula equation calculation"),
    )
    for word in words.split()
}
_FORMATS: dict[str, Callable[[str], list[str]]] = {
    "email": extract.emails,
    "date": extract.dates,
    "time": lambda text: [f"{found}:00Z" for found in extract.times(text)],
    "date-time": lambda text: [f"{found}T00:00:00Z" for found in extract.dates(text)],
    "uri": extract.links,
}
FORMATTED = {  # made-up strings, by format
    "email": "ada@example.org",
    "date": "2026-05-17",
    "time": "09:30:00Z",
    "date-time": "2026-05-17T09:30:00Z",
    "duration": "PT45M",
    "uri": "https://example.org/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "6f1c0f0e-8a52-4d0b-9d2e-3c1f5a7b9e10",
}
_WHOLE_PROMPT = frozenset(
    ("query", "question", "text", "prompt", "input", "message", "search", "request", "topic")
)
_LISTS = {  # words that introduce a list of values, keyed by field name
    "tags": ("tag", "likes", "loves", "enjoys", "interested in", "keyword", "topic"),
    "hobbies": ("hobb", "likes", "loves", "enjoys", "interest"),
    "interests": ("interest", "likes", "loves", "enjoys", "hobb"),
    "skills": ("skill", "knows", "can", "good at"),
    "ingredients": ("ingredient", "with", "of"),
}
_UNITS = {  # words that occur next to a number, keyed by a word in the field name
    "age": ("age", "aged", "years", "year"),
    "price": ("price", "costs", "cost", "for €", "€", "$", "eur", "usd", "euro", "dollar"),
    "cost": ("cost", "price", "€", "$", "eur", "usd", "euro", "dollar"),
    "amount": ("amount", "€", "$", "eur", "usd", "euro", "dollar"),
    "stock": ("stock", "in stock", "left", "pieces"),
    "quantity": ("quantity", "pieces", "items", "times"),
    "servings": ("serving", "people", "portions"),
    "minutes": ("minute", "min"),
    "weight": ("weigh", "kg", "g", "pound"),
    "rating": ("rating", "stars", "out of"),
    "temperature": ("temperature", "degrees", "°"),
}
_NEAR = 40  # a "not" negates the field whose name follows within this many characters


def strings(text: str, name: str, form: Any, about: str) -> list[str]:
    """Return the values that `text` contains for a string field, best first.

    `form` is the `format` in the schema, such as "date", and `about` is the field's description.
    """
    if form in FORMATTED:
        return _FORMATS[form](text) if form in _FORMATS else []
    labels = dict.fromkeys((plain(name), name))  # "first name", then "first_name"
    found = list(filter(None, (extract.labelled(text, label) for label in labels)))
    for word in reversed(extract.words(name)):  # the last word of a name is usually the noun
        if word in _FINDERS:
            return found + _part_of_name(name, _FINDERS[word](text))
    for word in extract.words(about):
        # "name", "time" and "title" are too common in descriptions to identify a field
        if word in _FINDERS and word not in ("name", "time", "title"):
            return found + _FINDERS[word](text)
    return found


def _part_of_name(name: str, found: list[str]) -> list[str]:
    if {"first", "given"} & set(extract.words(name)):
        return [whole.split()[0] for whole in found]
    if {"last", "family"} & set(extract.words(name)):
        return [whole.split()[-1] for whole in found]
    return found


def made_up(text: str, name: str) -> Iterator[Any]:
    """Yield fallback values for a string field; for a field such as `query`, `text` comes first."""
    if _WHOLE_PROMPT & set(extract.words(name)) and text.strip():
        yield " ".join(text.split())
    yield from samples(name)


def numbers(text: str, name: str) -> list[str]:
    """Return the values that `text` contains for a numeric field, best first."""
    for word in reversed(extract.words(name)):
        by_itself = (word,) if len(word) > 2 else ()
        for label in _UNITS.get(word, by_itself):
            near = extract.number_near(text, label)
            if near is not None:
                return [near]
    return extract.numbers(text)


def boolean(text: str, name: str) -> bool | None:
    """Return the value of a boolean field, or None if `text` doesn't mention the field."""
    label = plain(name).removeprefix("is ").removeprefix("has ")
    # the label, perhaps followed by a value, as in "in stock: no"
    match = re.search(rf"\b{re.escape(label)}\b(?:\s*(?:[:=]|is)\s*(\w+))?", text, re.I)
    if not match or not label:
        return None
    before = text[max(0, match.start() - _NEAR) : match.end()].lower()
    value = (match.group(1) or "").lower()
    negated = re.search(r"\b(?:not|no|never|without|out of|isn't|aren't|doesn't)\b", before)
    return value not in ("false", "no", "not") and not negated


def listed(text: str, name: str) -> list[str]:
    """Return the items that `text` lists for an array field."""
    for label in _LISTS.get(name.lower(), (plain(name).rstrip("s"),)):
        if found := extract.listed(text, label):
            return found
    return []


def plural(text: str, name: str) -> list[str]:
    """Return all values in `text` for a plural field such as `cities`."""
    word = (extract.words(name) or [""])[-1]
    singular = f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
    return _FINDERS[singular](text) if singular != word and singular in _FINDERS else []


def records(text: str, names: list[str]) -> list[str]:
    """Split `text` into one part per record; `names` are the names of a record's fields.

    If no records are recognised, return `[text]` if a field is a name or a place, else `[]`.
    """
    lines = [line for line in re.split(r"\n+|;\s*", text) if re.search(r"\w", line)]
    lines = [line for line in lines if not line.rstrip().endswith(":")]
    if len(lines) > 1 and len(names) > 1:
        return lines
    if not any({"name", "person", "city", "place"} & set(extract.words(name)) for name in names):
        return []
    starts: list[int] = []  # the start index of each record, which begins with a name
    for found in extract.proper_names(text):
        starts.append(text.index(found, starts[-1] if starts else 0))
    return [text[start:end] for start, end in pairwise([*(starts or [0]), len(text)])]


def chosen(text: str, choices: list[Any]) -> list[str]:
    """Return the strings in `choices` whose words all occur in `text`."""
    said = set(extract.words(text))
    strings = ((choice, extract.words(choice)) for choice in choices if isinstance(choice, str))
    return [
        choice
        for choice, words in strings
        if words and all(extract.mentions(said, word) for word in words)
    ]


def plain(name: str) -> str:
    """Return a field name as separate words."""
    return " ".join(extract.words(name)) or "value"


def samples(name: str) -> list[Any]:
    """Return made-up values for a field, chosen by the words in its name."""
    table: dict[str, list[Any]] = wording.tables("sample_values.toml")
    for word in reversed(extract.words(name)):
        for key, values in table.items():
            if word.startswith(key.removesuffix("y")):  # matches `cities` as well as `city`
                return values
    return []
