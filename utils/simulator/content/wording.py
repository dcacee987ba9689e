"""Finds a message's sentences, subject and language, so that a reply can refer to them."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

READ = 1000  # characters; the rest of a message is ignored
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_MOST = 6  # maximum number of words in a subject; longer subjects are shortened
_FEW = 2  # maximum number of words in each subject when two are combined
_LONGEST = 80  # maximum length of a quotation, in characters
_NOTICED = 20  # characters; sentences up to this length may be repeated


class About(NamedTuple):
    """The subject of a message."""

    words: str  # the subject, without quotation marks
    quoted: str  # how a reply refers to the subject, in quotation marks if needed


@cache
def tables(file: str) -> Any:
    """Return the tables of a TOML file in this folder."""
    return tomllib.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))


def rules() -> Any:
    """Return the tables of `words.toml`."""
    return tables("words.toml")


@cache
def _set(key: str) -> frozenset[str]:
    return frozenset(rules()[key].split())


def pattern(name: str) -> re.Pattern[str]:
    """Return a pattern from the `[patterns]` table of `words.toml`, where a comment explains it."""
    return re.compile(rules()["patterns"][name], re.IGNORECASE)


def matches(pattern: str, text: str) -> bool:
    """Return whether a message matches a pattern."""
    return re.search(pattern, text[:READ], re.IGNORECASE) is not None


def matching(patterns: Mapping[str, str], text: str) -> str | None:
    """Return the key of the first pattern that a message matches; None if there is no match."""
    return next((key for key, pattern in patterns.items() if matches(pattern, text)), None)


def sentences(text: str) -> list[str]:
    """Return the sentences whose repetition a reader would notice; `[text]` if there are none."""
    parts = [part.strip() for part in re.split(r"(?<=[.?!:])\s+|\n+", text)]
    return [part for part in parts if len(part) > _NOTICED] or [text]


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return the text on one line, shortened for quoting."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def content(text: str) -> list[str]:
    """Return the words in a message that may describe its subject."""
    return [word for word in _WORD.findall(text[:READ]) if not _is_stopword(word)]


def _is_stopword(word: str) -> bool:
    return word.lower().split("'")[0] in _set("stopwords")


def about(text: str, earlier: list[str]) -> About:
    """Return the subject of a message, using `earlier` messages to resolve its pronouns."""
    text = " ".join(text[:READ].split())
    points_back = pattern("points_back")
    with_subject = (
        each for each in reversed(earlier) if content(each) and not points_back.search(each)
    )
    before = next(with_subject, "")  # the message whose subject the pronouns refer to
    if before and not content(text):
        return about(before, [])
    if named := _named(text):
        return About(named, named)
    run = _longest_run(pattern("measure").sub("", text))
    if before and points_back.search(text):
        subject = about(before, [])
        if not run:
            return subject
        if len(subject.words.split()) > _FEW or len(run.split()) > _FEW:
            return About(subject.words, f"“{shortened(text)}”")
        run = f"{subject.words} {run}"
    run = run or shortened(text)
    is_name = " " not in run and run[0].isupper()
    return About(run, run if is_name else f"“{run}”")


def _named(text: str) -> str:
    """Return the subject named in a phrase such as "Tell me about tides"; "" if there is none."""
    found = pattern("subject").search(text)
    if not found:
        return ""
    phrase = found[found.lastindex or 0]  # the group that matched
    words = _WORD.findall(re.split(r"[.?!,;:]", phrase)[0])[:_MOST]
    if pattern("no_subject").match(phrase) or not content(" ".join(words)):
        return ""
    return in_other_person(_complete(words))


def _longest_run(text: str) -> str:
    """Return the longest run of content words, together with the joining words between them."""
    runs: list[list[str]] = [[]]
    for clause in re.split(r"[.?!,;:]\s*", text):
        runs.append([])
        for word in _WORD.findall(clause):
            if not _is_stopword(word) or (runs[-1] and word.lower() in _set("joining_words")):
                runs[-1].append(word)
            else:
                runs.append([])
    longest = max(runs, key=lambda run: len(content(" ".join(run[:_MOST]))))
    return _complete(longest[:_MOST])


def _complete(words: list[str]) -> str:
    """Return a phrase without trailing joining words."""
    while len(words) > 1 and words[-1].lower() in _set("joining_words"):
        words = words[:-1]
    return " ".join(words)


def aim(text: str, subject: About) -> str:
    """Return "to bake bread" for "How do I bake bread?", or "for tea" for a message about tea."""
    how = pattern("how").search(text[:READ])
    return f"to {in_other_person(how[1])}" if how else f"for {subject.quoted}"


def statement(text: str) -> str:
    """Return a message's first sentence in the second person, such as "you live in Oslo"."""
    first = re.split(r"(?<=[.!;])\s|\n", text.strip())[0]
    return in_other_person(shortened(first.rstrip(" .!;")))


def in_other_person(text: str) -> str:
    """Return the text with first and second person swapped."""
    other = rules()["other_person"]
    found = rf"\b(?:{'|'.join(other)})\b"
    # with `IGNORECASE`, "i" also matches the Turkish letters U+0130 and U+0131
    return re.sub(
        found, lambda word: str(other.get(word[0].lower(), word[0])), text, flags=re.IGNORECASE
    )


def language(text: str) -> str | None:
    """Return the language of a message; None if it is English or not recognised."""
    letters = [letter for letter in text[:READ] if letter.isalpha()]
    scripts = [unicodedata.name(letter, "?").split()[0] for letter in letters]
    for script, name in rules()["scripts"].items():
        if scripts.count(script) > len(scripts) / 3:
            return str(name)
    words = {word.lower() for word in _WORD.findall(text[:READ])}
    counts = {name: len(words & set(known.split())) for name, known in rules()["languages"].items()}
    best = max(counts, key=lambda name: counts[name])
    enough = counts[best] > 1 or counts[best] == len(words)  # two or more words match, or all do
    return best if counts[best] > counts["English"] and enough else None
