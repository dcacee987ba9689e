"""Replies to messages that have no prepared reply: topics, small talk, and fallbacks.

A fallback keeps the conversation going. The wording is in `topics.toml`, `everyday_topics.toml` and
`talk.toml`.
"""

import random
import re
from dataclasses import dataclass
from functools import cache

from . import wording
from .prepared_replies import lower_words, matched_prefixes, matching

_FILES = ("topics.toml", "everyday_topics.toml")
_PARTS = ("says", "why", "example", "short")  # in order of use


@dataclass(frozen=True)
class Topic:
    """A subject and what to say about it."""

    asks: list[list[str]]  # lists of word prefixes; a message must contain all prefixes in one list
    name: str  # the topic's name within a sentence
    parts: dict[str, str]  # replies, keyed by kind of question
    streaming: bool  # whether the topic is about streaming


class Chooser:
    """Chooses replies; avoids repeating sentences from earlier replies if possible."""

    def __init__(self, said: list[str], rng: random.Random) -> None:
        self._said = "\n".join(said)
        self._rng = rng

    def is_new(self, text: str) -> bool:
        """Return whether all sentences in `text` are still unused."""
        return not any(sentence in self._said for sentence in wording.sentences(text))

    def choose(self, replies: list[str], /, **words: str) -> str:
        """Return a reply with `words` filled in, preferably one that hasn't been used yet."""
        filled = [_filled(reply, words) for reply in replies]
        return self._rng.choice([text for text in filled if self.is_new(text)] or filled)

    def named(self, say: str, /, **words: str) -> str:
        """Return one of the replies with the key `say` in the `[say]` table of `talk.toml`."""
        return self.choose(wording.tables("talk.toml")["say"][say], **words)


def _filled(reply: str, words: dict[str, str]) -> str:
    """Fill in placeholders such as `{name}`, and begin each sentence with a capital letter."""
    reply = re.sub(r"\{(\w+)\}", lambda key: words[key[1]], reply)
    return re.sub(r"(^|(?<=[.?!] ))[a-z]", lambda first: first.group().upper(), reply)


@cache
def topics() -> tuple[Topic, ...]:
    """Return all topics, in order of preference."""
    return tuple(
        Topic(
            asks=[lower_words(line).split() for line in one["asks"]],
            name=name,
            parts={part: one[part] for part in _PARTS if part in one},
            streaming=file == "topics.toml",
        )
        for file in _FILES
        for name, one in wording.tables(file).items()
    )


def topic_of(text: str) -> Topic | None:
    """Return the topic of a message, or None if no topic matches.

    If the message has a prepared reply, the topic is that of the reply's first `asks`.
    """
    prepared = matching(text)
    asks = " ".join(next(iter(prepared.asks), ())) if prepared else ""
    for words in (asks, lower_words(text[: wording.READ])):
        best = max(topics(), key=lambda topic: matched_prefixes(topic.asks, words))
        if matched_prefixes(best.asks, words):
            return best
    return None


def reply(prompt: str, asked: list[str], name: str, chooser: Chooser) -> str:
    """Return a reply to a message that has no prepared reply.

    `asked` contains the earlier messages, and `name` is the user's name, if known.
    """
    if not prompt.strip():
        return chooser.named("empty")
    about = wording.about(prompt, asked)
    words = {  # values for the placeholders in the replies
        "about": about.quoted,
        "bare": about.words,
        "to": wording.aim(prompt, about),
        "statement": wording.statement(prompt),
        "dear": f", {name}" if name else "",
    }
    topic = topic_of(prompt)
    if topic and not topic.streaming and wording.pattern("statement_about_user").search(prompt):
        topic = None  # "I live by the sea" isn't a question about the sea
    if language := wording.language(prompt):
        opening = chooser.named("another_language", name=language)
        rest = _part_of(topic, "", chooser) if topic else chooser.named("in_english", **words)
        return f"{opening} {rest}"
    if replies := _fitting("small", prompt):
        return chooser.choose(replies, **words)
    wish = wording.matching(wording.rules()["wishes"], prompt) or ""
    if not wording.content(prompt):
        return _follow_up(wish, asked, chooser)
    if topic:
        return _part_of(topic, wish, chooser)
    return chooser.choose(_fitting("kind", prompt), **words)


def _fitting(table: str, prompt: str) -> list[str]:
    """Return the replies for the first pattern in a `talk.toml` table that `prompt` matches."""
    replies: dict[str, list[str]] = wording.tables("talk.toml")[table]
    return next((replies[when] for when in replies if wording.matches(when, prompt)), [])


def _part_of(topic: Topic, wish: str, chooser: Chooser) -> str:
    """Return an unused part of a topic; the part `wish`, such as "why", is preferred."""
    order = [part for part in (wish, *_PARTS) if part in topic.parts]
    part = next((part for part in order if chooser.is_new(topic.parts[part])), None)
    if part is None:
        return chooser.named("exhausted", name=topic.name)
    offer = chooser.named("offer")  # an offer to give an example
    offers = part == "says" and topic.streaming and chooser.is_new(offer)
    return f"{topic.parts[part]} {offer}" if offers else topic.parts[part]


def _follow_up(wish: str, asked: list[str], chooser: Chooser) -> str:
    """Return a reply to a message such as "Why?", which refers to an earlier message."""
    earlier = list(asked)
    while earlier and not (wording.content(earlier[-1]) or topic_of(earlier[-1])):
        earlier.pop()
    if not earlier:
        return chooser.named("opening")
    subject = earlier.pop()
    if topic := topic_of(subject):
        return _part_of(topic, wish or "why", chooser)
    return chooser.named(wish or "more", about=wording.about(subject, earlier).quoted)
