"""Plain-text replies: prepared ones, answers about earlier turns, and general conversation.

Here, `asked` contains the user's messages, `told` the sentences in them that are about the user,
and `said` the model's replies. `wording.pattern` and `wording.rules` read `words.toml`.
`Chooser.named` fills in one of the sentences under a key in `talk.toml`, such as `your_name`.
"""

import random
import re
from dataclasses import replace
from itertools import takewhile

from ..model_request import ModelRequest
from . import extract, prepared_replies, talk, wording

_STEM = 4  # how many initial letters of two words are compared


def text(request: ModelRequest) -> str:
    """Return the reply as plain text."""
    asked = [turn.text[: extract.LONGEST] for turn in request.turns if turn.role == "user"]
    # the patterns use straight apostrophes
    *asked, prompt = [message.replace("\u2019", "'") for message in asked] or [""]
    said = [turn.text for turn in request.turns if turn.role == "assistant" and turn.text]
    if wording.pattern("go_on").search(prompt) and said:
        return _rest_of_reply(request)
    rng = random.Random(f"{request.seed} {len(asked)} {prompt}")
    chooser = talk.Chooser(said, rng)
    if remembered := _answer_from_memory(prompt, asked, said, chooser):
        return remembered
    prepared = prepared_replies.answer(prompt)
    if prepared and (prepared not in said or prompt in asked):
        return prepared
    # the user's name as known before this message (`known`) and after it (`name`)
    known = (_names(asked) or [""])[-1]
    name = (_names([prompt]) or [known])[0]
    if name == known:
        return talk.reply(prompt, asked, known, chooser)
    _introduction, _, rest = prompt.partition(name)
    rest = re.sub(r"^\W*(?:and |but )?", "", rest)
    if not wording.content(rest):
        return chooser.named("introduced", name=name)
    return f"Nice to meet you, {name}. {talk.reply(rest, asked, '', chooser)}"


def _rest_of_reply(request: ModelRequest) -> str:
    """Return the rest of a truncated reply; earlier turns may have continued it already."""
    turns = list(request.turns[:-1])
    partial = ""
    go_on = wording.pattern("go_on")
    while turns and (turns[-1].role == "assistant" or go_on.search(turns[-1].text)):
        turn = turns.pop()
        partial = turn.text + partial if turn.role == "assistant" else partial
    whole = text(replace(request, turns=tuple(turns)))
    if whole.startswith(partial) and whole != partial:
        return whole[len(partial) :]
    return "There is nothing more to say: my last reply was complete."


def _answer_from_memory(
    prompt: str, asked: list[str], said: list[str], chooser: talk.Chooser
) -> str | None:
    """Return the reply if `prompt` asks about the conversation and can be answered, or None."""
    kind = wording.matching(wording.rules()["memory"], prompt)
    parts = [part for text in asked for part in re.split(r"(?<=[.!?])\s+", text)]
    mentions_user = wording.pattern("mentions_user")
    # the sentences in which the user talks about themselves
    told = [part for part in parts if mentions_user.search(part) and not part.endswith("?")]
    match kind:
        case "again" if said:
            return said[-1]
        case "my_name":
            names = _names([*asked, prompt])
            if not names:
                return chooser.named("no_name")
            known = [part for part in told if names[-1] in part]
            if known and " and " in prompt:  # the question isn't only about the name
                return chooser.named("you_told_me", quote=wording.shortened(known[-1]))
            return chooser.named("your_name", name=names[-1])
        case "about_me":
            if told:
                quote = "” and “".join(map(wording.shortened, told[-3:]))
                return chooser.named("you_told_me", quote=quote)
            if names := _names(asked):
                return chooser.named("your_name", name=names[-1])
            return chooser.named("nothing_told")
        case "i_asked":
            return _quotation("you_wrote", prompt, _messages_meant(prompt, asked), chooser)
        case "you_said":
            return _quotation("i_said", prompt, said, chooser)
        case "we_talked" if asked:
            quote = ", ".join(f"“{wording.shortened(text)}”" for text in asked[-5:])
            return chooser.named("talked_about", quote=quote)
        case "recall" if known := _sharing_words(prompt, told):
            return chooser.named("you_told_me", quote=wording.shortened(known[-1]))
    return None


def _messages_meant(prompt: str, asked: list[str]) -> list[str]:
    """Return the earlier messages that a prompt may refer to.

    These are the messages on its subject. If there are none, and the prompt contains "ask" or
    "question", they are the questions and instructions; failing that, all messages.
    """
    if named := _sharing_words(prompt, asked):
        return named
    if not wording.pattern("about_a_question").search(prompt):
        return asked
    mentions_user = wording.pattern("mentions_user")
    instructions = {
        text for text in asked if wording.content(text) and not mentions_user.search(text)
    }
    return [text for text in asked if "?" in text or text in instructions] or asked


def _quotation(say: str, prompt: str, texts: list[str], chooser: talk.Chooser) -> str:
    """Return a reply that quotes the message `prompt` refers to ("the first"), or else the last."""
    words = prepared_replies.lower_words(prompt).split()
    ordinals = wording.rules()["ordinals"].split()
    place = next((at for at, word in enumerate(ordinals) if word in words), -1)  # -1 means the last
    if place >= len(texts) or not texts:
        return chooser.named("nothing_yet")
    return chooser.named(say, quote=wording.shortened(texts[place]))


def _sharing_words(prompt: str, texts: list[str]) -> list[str]:
    """Return the `texts` that share a word with `prompt`, ignoring word endings."""
    stems = _stems(prompt)
    return [text for text in texts if stems & _stems(text)]


def _stems(text: str) -> set[str]:
    telling = set(wording.rules()["telling_words"].split())
    every = prepared_replies.lower_words(text).split()
    words = [*wording.content(text), *telling.intersection(every)]
    return {word.lower().removesuffix("'s")[:_STEM] for word in words}


def _names(texts: list[str]) -> list[str]:
    """Return the names by which the user has introduced themselves, oldest first."""
    found = []
    for introduction in wording.pattern("introduction").finditer("\n".join(texts)):
        first, *more = introduction["name"].split(" ")
        surnames = takewhile(lambda word: not word[0].islower(), more)
        # a name may begin in lower case after "my name is", but not after "I'm"
        is_name = introduction["any"] or not first[0].islower()
        if is_name and wording.content(first) and first not in wording.rules()["languages"]:
            found.append(" ".join([first, *surnames]))
    return found
