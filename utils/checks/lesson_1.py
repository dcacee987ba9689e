"""The checks of lesson 1's exercises.

Each takes the learner's answer, and returns a sentence of praise or raises `NotYet` with what it
saw. It never says the answer. Whatever works passes: code is judged by what it does to an
instrumented stream, and texts are cut at other places each time, so nothing can be hard-coded.
"""

import gc
import linecache
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig

from utils.checks.attempt import LearnersError, learners_code, told
from utils.checks.clinic import diagnosed
from utils.checks.observe import (
    asked_for_a_stream,
    asked_the_given_model,
    first_difference,
    kind,
    listed,
    not_asked_for,
    plain_call,
    the_function,
)
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import FIRST_AFTER, ROLE_AFTER, Clock, Probe, ProbeModel, Screen, cut

PROMPT = "Why do rivers bend?"
RIVERS = (
    "Rivers bend because water is never quite even. A little more flows on one side, takes a "
    "little more earth with it, and makes the next bend. Give it time!"
)
HARBOUR = "The harbour wakes at five.\nGulls first, then engines, then people with coffee."


# --- 1.1 show(model, prompt) ----------------------------------------------------------------------


def show(answer: object) -> str:
    """Prints each piece as it arrives, flushed, and returns the whole text."""
    function = the_function(answer, "show")
    for seed, text in ((11, RIVERS), (12, HARBOUR)):
        probe = Probe(cut(text, seed))
        screen = Screen(probe)
        returned = _called(function, probe, screen)
        plain_call(returned, "show", probe)
        asked_for_a_stream(probe, "show")
        _printed(screen.getvalue(), probe)
        _printed_in_time(probe, screen)
        _nothing_from_before(returned, function, probe)
        _returned_text(returned, probe)
    return (
        f"Each of {len(probe.pieces)} pieces was on the screen before the next one was asked for, "
        "and the whole text came back."
    )


def _called(function: Callable[..., Any], probe: Probe, screen: Screen) -> object:
    with redirect_stdout(screen), learners_code():
        return function(ProbeModel(probe=probe), PROMPT)


def _printed(printed: str, probe: Probe) -> None:
    text = probe.text
    if printed.strip() == text:
        return
    if not printed.strip():
        raise NotYet("Nothing was printed. The reader should see each piece of text.")
    if re.search(r"\bcontent=", printed):
        raise NotYet(
            "What was printed is the chunk with all its fields, "
            f"{shown(printed.splitlines()[0])}. A reader wants the text in it."
        )
    if printed.split() != text.split() and "".join(printed.split()) == "".join(text.split()):
        between = "a new line" if printed.count("\n") > text.count("\n") else "something"
        raise NotYet(
            f"There is {between} between the pieces: {shown(printed[:40])}. "
            "What does `print` add after each piece?"
        )
    raise NotYet(f"What was printed differs from the reply. {first_difference(printed, text)}")


def _printed_in_time(probe: Probe, screen: Screen) -> None:
    total = len(probe.pieces)
    if probe.most_held == total:
        raise NotYet(
            f"The screen stayed blank until all {total} pieces of the reply were there. The text "
            "is right, and it was collected first and printed afterwards."
        )
    if probe.most_held:
        raise NotYet(
            f"At one time {probe.most_held} of {total} pieces had arrived and weren't printed. "
            "Each should be on the screen before the next one is asked for."
        )
    if not screen.flushed:
        raise NotYet(
            "Each piece was printed in time but not flushed, so Python may keep it in a buffer "
            "and deliver it late. `print` has an argument for that."
        )


def _nothing_from_before(returned: object, function: Callable[..., Any], probe: Probe) -> None:
    """One call's text must not be in the next one's; to be sure, there is a next one."""
    if not isinstance(returned, str) or returned == probe.text:
        return
    if not returned.endswith(probe.text):
        return
    probe = Probe(probe.pieces)
    again = _called(function, probe, Screen(probe))
    if isinstance(again, str) and again == returned + probe.text:
        raise NotYet(
            "The printing is right. The text that came back ends with the reply, and text of an "
            f"earlier call still stands before it: {shown(returned[: -len(probe.text)])}. "
            "Each call should begin with nothing."
        )


def _returned_text(returned: object, probe: Probe) -> None:
    if isinstance(returned, str):
        if returned != probe.text:
            raise NotYet(
                f"The printing is right. The text that came back differs: it has {len(returned)} "
                f"characters, and the reply {len(probe.text)}."
            )
        return
    if returned is None:
        raise NotYet(
            "The printing is right, and the function returns `None`. A program also needs the "
            "whole text, to store it."
        )
    if isinstance(returned, BaseMessage):
        raise NotYet(
            "The printing is right. What comes back is a message; the exercise asks for its text."
        )
    raise NotYet(
        f"The printing is right. What comes back is {kind(returned)}; the exercise asks for one "
        "text."
    )


# --- 1.2 words(stream) ----------------------------------------------------------------------------

_WORDS_FROM = (
    ("Streaming helps people who read while the text is written", 21),
    ("Words  end\nat any white\tspace, even at the  end of a line.\n", 22),
    (HARBOUR, 23),
)


def words(answer: object) -> str:
    """A generator that yields whole words, each as soon as it is complete."""
    function = the_function(answer, "words")
    for text, seed in _WORDS_FROM:
        probe = Probe(cut(text, seed))
        items, taken = _items_of(function, probe)
        _right_words(items, probe)
        _words_in_time(items, taken, probe)
    _edge_cases(function)
    _let_go(function)
    return (
        f"{len(items)} whole words from {len(probe.pieces)} pieces, each as soon as white space "
        "told that it was complete, and the source was let go when the reader left."
    )


def _items_of(function: Callable[..., Any], probe: Probe) -> tuple[list[Any], list[int]]:
    """What `words` yields, and how many pieces it had taken at each."""
    items: list[Any] = []
    taken: list[int] = []
    for item in _iterator(function, probe):
        items.append(item)
        taken.append(probe.taken)
        if len(items) > 3 * len(probe.text) + 3:
            raise NotYet("`words` goes on yielding after the text has ended.")
    return items, taken


def _iterator(function: Callable[..., Any], probe: Probe) -> Iterator[Any]:
    with learners_code():
        returned = function(probe.stream())
    if isinstance(returned, str | list | tuple | set):
        raise NotYet(
            f"`words` returns {kind(returned)}, which is there only when the stream has ended. "
            "A generator can hand over a word while the stream goes on."
        )
    plain_call(returned, "words", generator=True)
    if returned is None:
        raise NotYet(
            "`words` returns `None`: there is no `yield` in it, so nothing comes out of it."
        )
    if not isinstance(returned, Iterable):
        raise NotYet(f"`words` returns {kind(returned)}; nobody can loop over that.")
    if probe.taken:
        raise NotYet(
            f"`words` took {probe.taken} pieces before anybody asked for a word. A generator "
            "waits until it is asked."
        )

    def told_kindly() -> Iterator[Any]:
        with learners_code():
            yield from returned

    return told_kindly()


def _right_words(items: list[Any], probe: Probe) -> None:
    expected = probe.text.split()
    if items == expected:
        return
    if not items:
        raise NotYet("Nothing was yielded.")
    odd = next((item for item in items if not isinstance(item, str)), None)
    if odd is not None:
        raise NotYet(f"Each item should be a word, as a text; one is {kind(odd)}.")
    if items == list(probe.pieces):
        raise NotYet(
            f"The pieces come out as they went in: {shown(items[0])}, {shown(items[1])} … A piece "
            "may hold half a word, or two."
        )
    if "" in items:
        raise NotYet("One of the words is empty: white space next to white space makes no word.")
    if items == expected[:-1]:
        raise NotYet(
            f"The last word, {shown(expected[-1])}, never comes out. Nothing follows it that "
            "would say it is complete."
        )
    _first_wrong_word(items, expected)


def _first_wrong_word(items: list[str], expected: list[str]) -> None:
    at = next(
        (n for n, (item, word) in enumerate(zip(items, expected, strict=False)) if item != word),
        min(len(items), len(expected)),
    )
    if at == len(expected):
        raise NotYet(f"After the last word comes another one, {shown(items[at])}.")
    if at == len(items):
        raise NotYet(f"Only {at} of {len(expected)} words came out; {shown(expected[at])} is next.")
    item, word = items[at], expected[at]
    if item.strip() == word:
        raise NotYet(f"The word {shown(item)} still has white space around it.")
    if re.match(re.escape(word) + r"\s", item):
        also = "" if item[len(word)] == " " else " Words end at a new line or a tab as well."
        raise NotYet(f"{shown(item)} came out as one word, and holds white space.{also}")
    if item.startswith(word):
        raise NotYet(f"{shown(item)} came out as one word, where {shown(word)} ends earlier.")
    if word.startswith(item):
        raise NotYet(
            f"{shown(word)} was cut: {shown(item)} came out by itself. The end of a piece isn't "
            "the end of a word."
        )
    raise NotYet(f"Word {at + 1} should be {shown(word)} and is {shown(item)}.")


def _words_in_time(items: list[str], taken: list[int], probe: Probe) -> None:
    total = len(probe.pieces)
    if taken[0] == total:
        raise NotYet(
            f"The words are right, and the first came out after all {total} pieces had gone in. "
            "Whoever waits for the end doesn't stream."
        )
    for word, at, needed in zip(items, taken, _needed(probe), strict=True):
        if at > needed:
            raise NotYet(
                f"{shown(word)} was complete with piece {needed} and came out after piece {at}. "
                "What does it wait for?"
            )


def _needed(probe: Probe) -> list[int]:
    """For each word, how many pieces must have come until white space shows that it is whole."""
    ends = [found.end() for found in re.finditer(r"\S+(?=\s)", probe.text)]
    needed: list[int] = []
    length = 0
    for number, piece in enumerate(probe.pieces, start=1):
        length += len(piece)
        while ends and ends[0] < length:
            needed.append(number)
            ends.pop(0)
    return [*needed, len(probe.pieces)][: len(probe.text.split())]


def _edge_cases(function: Callable[..., Any]) -> None:
    cases: tuple[tuple[str, list[str]], ...] = (
        ("with an empty piece in it", ["", "one t", "", "wo", ""]),
        ("with a piece of white space alone", ["one", " ", "\n", "two"]),
        ("that is empty", []),
    )
    for what, pieces in cases:
        probe = Probe(pieces)
        with learners_code(f"for a stream {what}"):
            items = list(function(probe.stream()))
        expected = probe.text.split()
        if items != expected:
            raise NotYet(
                f"A stream {what} should give {listed(expected)}, and gave {listed(items)}."
            )


def _let_go(function: Callable[..., Any]) -> None:
    """A reader who leaves: whoever held the generator drops it, and so must the generator."""
    probe = Probe(cut(RIVERS, 24))
    reader = _iterator(function, probe)
    next(reader)
    reader.close()  # type: ignore[attr-defined] # it is our own generator
    del reader
    if not _closed(probe):
        raise NotYet(
            "The reader left after one word, and the source is still open: something holds on to "
            "it, so the model would go on generating."
        )


# --- 1.3 the order of lines -----------------------------------------------------------------------

_ORDER_FILE = "<your order>"


def order(answer: object) -> str:
    """An arrangement of lines that measures TTFT and the total; it is run."""
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Mapping)):
        raise NotYet('The check wants the lines and your order: `check("1.3", (lines, order))`.')
    lines, letters = answer[0], _letters(answer[1], answer[0])
    probe = Probe(cut(HARBOUR, 31))
    values = _arranged(lines, letters, probe)
    _measured(values, _clocked(probe))
    return (
        f"It measured {values['ttft']:.1f} s to the first text and {values['total']:.1f} s in "
        "all, which is what the reply took."
    )


def _letters(given: object, lines: Mapping[str, str]) -> list[str]:
    if isinstance(given, list | tuple):
        given = "".join(str(letter) for letter in given)
    if not isinstance(given, str):
        raise NotYet(f'The order is a text such as "CAB", not {kind(given)}.')
    letters = [letter for letter in given.upper() if letter.isalnum()]
    if not letters:
        raise NotYet('The order is empty; write letters such as "CAB".')
    for letter in letters:
        if letter not in lines:
            raise NotYet(f"There is no line {letter}; the lines are {', '.join(lines)}.")
        if letters.count(letter) > 1:
            raise NotYet(f"Line {letter} stands in your order {letters.count(letter)} times.")
    return letters


def _arranged(lines: Mapping[str, str], letters: list[str], probe: Probe) -> dict[str, Any]:
    """The values that the lines leave behind."""
    text = "\n".join(lines[letter] for letter in letters)
    try:
        code = compile(text, _ORDER_FILE, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise NotYet(_unreadable(error, lines, letters)) from None
    linecache.cache[_ORDER_FILE] = (len(text), None, text.splitlines(keepends=True), _ORDER_FILE)
    values: dict[str, Any] = {
        "model": ProbeModel(probe=probe),
        "prompt": PROMPT,
        "perf_counter": probe.clock,
    }
    try:
        exec(code, values)
    except Exception as error:
        raise LearnersError(told(error, "in this order")) from error
    missing = [name for name in ("ttft", "total") if not isinstance(values.get(name), int | float)]
    if missing:
        names = " and ".join(f"`{name}`" for name in missing)
        raise NotYet(f"In this order {names} got no figure by the time the lines were done.")
    if probe.taken < len(probe.pieces):
        raise NotYet(
            f"In this order {probe.taken} of {len(probe.pieces)} pieces of the reply were read."
        )
    return values


def _unreadable(error: SyntaxError, lines: Mapping[str, str], letters: list[str]) -> str:
    at = min(error.lineno or 1, len(letters)) - 1
    here = letters[at]
    if "expected an indented block" in error.msg:
        if lines[here].rstrip().endswith(":") and at == len(letters) - 1:
            return f"Line {here} opens a block with its `:`, and nothing follows in it."
        return (
            f"Line {letters[at - 1]} opens a block with its `:`, and line {here} after it isn't "
            "indented deeper, so it can't be in the block."
        )
    if "indent" in error.msg:
        return (
            f"Line {here} is indented, and there is no open block of that depth before it for it "
            "to stand in."
        )
    return f"Python can't read line {here} here: {error.msg}."


def _clocked(probe: Probe) -> tuple[float, float]:
    """TTFT and total of a reply of the probe model, in seconds."""
    first = ROLE_AFTER + FIRST_AFTER
    clock = Clock(0.0)
    again = Probe(probe.pieces, clock=clock)
    for _ in ProbeModel(probe=again).stream(PROMPT):
        pass
    return first, clock.now


def _measured(values: Mapping[str, Any], truth: tuple[float, float]) -> None:
    ttft, total = values["ttft"], values["total"]
    first, whole = truth
    if not _near(total, whole):
        raise NotYet(
            f"`total` came out as {total:.1f} s, and the reply took {whole:.1f} s. Which lines "
            "run between the two looks at the clock?"
        )
    if _near(ttft, first):
        return
    if _near(ttft, ROLE_AFTER):
        raise NotYet(
            f"`ttft` came out as {ttft:.1f} s: that is when an empty chunk arrived. The first "
            f"text came after {first:.1f} s."
        )
    if _near(ttft, whole):
        raise NotYet(
            f"`ttft` came out as {ttft:.1f} s, as long as the whole reply, and the first text came "
            f"after {first:.1f} s. When does that line run, and how often?"
        )
    raise NotYet(f"`ttft` came out as {ttft:.1f} s, and the first text came after {first:.1f} s.")


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


# --- 1.4 shout(model) -----------------------------------------------------------------------------


def shout(answer: object) -> str:
    """A chain that answers in capitals and streams."""
    function = the_function(answer, "shout")
    for seed, text in ((41, RIVERS), (42, HARBOUR)):
        probe = Probe(cut(text, seed))
        with learners_code():
            chain = function(ProbeModel(probe=probe))
        chain = _the_chain(chain, probe)
        items = []
        for item in _items_from(chain, probe):
            asked_the_given_model(probe, "shout")  # now, since another one may take long
            items.append(item)
        asked_the_given_model(probe, "shout")
        _in_capitals(items, probe)
        _still_streams(items, probe)
    return (
        f"The first text came out before the model had written the rest, in {len(items)} items, "
        "all in capitals."
    )


def _the_chain(chain: object, probe: Probe) -> Runnable[Any, Any]:
    if probe.requests:
        raise NotYet(
            "`shout` already asked the model. It should build a chain and return it; whoever "
            "calls `.stream()` on the chain asks."
        )
    if isinstance(chain, Runnable):
        return chain
    if isinstance(chain, Iterator):
        raise NotYet(
            "`shout` returns a stream. It should return the chain, on which others call "
            "`.stream()`, as often as they like."
        )
    if chain is None:
        raise NotYet("`shout` returns `None`; is there a `return`?")
    plain_call(chain, "shout")
    raise NotYet(f"`shout` returns {kind(chain)}; the exercise asks for a chain, made with `|`.")


def _items_from(chain: Runnable[Any, Any], probe: Probe) -> Iterator[Any]:
    with learners_code():
        yield from probe.watch(chain.stream(PROMPT))


def _in_capitals(items: list[Any], probe: Probe) -> None:
    odd = next((item for item in items if not isinstance(item, str)), None)
    if odd is not None:
        raise NotYet(f"The chain hands out {kind(odd)}; {_no_text(odd)}")
    text, whole = "".join(items), probe.text.upper()
    if text == whole:
        return
    if text == probe.text:
        raise NotYet("The text came out unchanged: it isn't in capitals.")
    if text == probe.text.lower():
        raise NotYet("The text came out in small letters; the exercise asks for capitals.")
    if text.upper() == whole:
        raise NotYet("Some of the text is in capitals and some isn't.")
    if not text:
        raise NotYet("No text came out of the chain.")
    if whole.startswith(text.upper()):
        what = "character" if len(text) == 1 else f"{len(text)} characters"
        raise NotYet(
            f"Only the first {what} of {len(whole)} came out: {shown(text)}. What ends your step "
            "there?"
        )
    raise NotYet(f"The text changed. {first_difference(text, whole)}")


def _no_text(item: object) -> str:
    """The second half of a sentence on an item of a chain that isn't a text."""
    if isinstance(item, BaseMessage):
        return "the text is to come out as text. Which step of the colleague's chain saw to that?"
    if isinstance(item, Iterator):
        return (
            "nobody has taken the text out of it yet. LangChain calls a function with the stream "
            "if the function itself has a `yield` in it, and else once, with the whole text."
        )
    return "each item is to be a text. What does your step hand on?"


def _still_streams(items: list[str], probe: Probe) -> None:
    total = len(probe.pieces)
    if probe.invoked:
        raise NotYet(
            "The text is right, and the model was called with `invoke` inside the chain: it "
            f"answered only when all {total} pieces were written."
        )
    if sum(bool(item) for item in items) == 1:
        raise NotYet(
            f"The text is right, and it came in one item, after all {total} pieces had gone in. "
            "One of the steps waits for the whole text."
        )
    if probe.most_held == total:
        raise NotYet(
            f"The text is right, and it was collected first: all {total} pieces had gone in before "
            f"the first of {len(items)} items came out. Cutting it up again doesn't bring the "
            "time back."
        )
    if probe.most_held > total / 2:
        raise NotYet(
            f"The text starts in time, and then up to {probe.most_held} of {total} pieces are "
            "held back."
        )


# --- 1.5 first_sentence(model, prompt) ------------------------------------------------------------

_REPLIES = (
    (RIVERS, 51, "Rivers bend because water is never quite even.", ""),
    ("Do rivers bend? They do, and they always will.", 52, "Do rivers bend?", ""),
    ("Give it time! Rivers have plenty of that.", 53, "Give it time!", ""),
    (
        "A bend moves 2.5 metres a year. Some move more than that.",
        54,
        "A bend moves 2.5 metres a year.",
        "for a reply with a number such as 2.5 in it",
    ),
    ("Rivers bend.", 55, "Rivers bend.", "for a reply that ends with its first sentence"),
    ("because of the water", 56, "because of the water", "for a reply without a sentence's end"),
)
# The mark, the white space and what follows in pieces of their own.
_APART = ("Some rivers", " bend twice", ".", " ", "Nobody", " knows why", ".")


def first_sentence(answer: object) -> str:
    """The first sentence of the reply, and the model stops."""
    function = the_function(answer, "first_sentence")
    replies = [(cut(text, seed), expected, when) for text, seed, expected, when in _REPLIES]
    for pieces, expected, when in (*replies, (_APART, "Some rivers bend twice.", "")):
        probe = Probe(pieces)
        with learners_code(when):
            returned = function(ProbeModel(probe=probe), PROMPT)
        plain_call(returned, "first_sentence", probe)
        asked_for_a_stream(probe, "first_sentence", to_the_end=False)
        _right_sentence(returned, expected, probe.text, when)
        if len(expected) < len(probe.text):
            _stopped(probe, expected)
    by_itself = (
        ""
        if _closes_it(function)
        else " It stopped because nothing held on to the stream any more; `closing` says so in "
        "words, and works even where something else keeps the stream."
    )
    return (
        "The first sentence, whole, and the model stopped as soon as it was known. "
        f"A reply without a sentence's end came back as it was.{by_itself}"
    )


class _Holding(ProbeModel):
    """A model that holds on to its streams, so that only a `close()` closes them."""

    streams: Any  # a list; pydantic would copy it if it knew

    def stream(
        self,
        input: LanguageModelInput,  # noqa: A002 (LangChain's name)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """As any chat model's."""
        stream = super().stream(input, config, **kwargs)
        self.streams.append(stream)
        return stream


def _closes_it(function: Callable[..., Any]) -> bool:
    """Whether the function closes its stream, and doesn't only let go of it."""
    probe = Probe(_APART)
    model = _Holding(probe=probe, streams=[])
    with learners_code():
        function(model, PROMPT)
    return probe.closed


def _right_sentence(returned: object, expected: str, text: str, when: str) -> None:
    case = f" {when}" if when else ""
    if not isinstance(returned, str):
        raise NotYet(not_asked_for(returned, "a text", when))
    if returned == expected:
        return
    got = returned.strip()
    if not got:
        raise NotYet(f"An empty text came back{case}.")
    what = f"{shown(returned)} came back{case}"
    if got == expected:
        where = "end" if returned[-1].isspace() else "beginning"
        raise NotYet(
            f"{what}, with white space at its {where}; the exercise asks for the sentence alone."
        )
    if got.startswith(expected):
        raise NotYet(f"{what}, and that goes on after the end of the first sentence.")
    if got == expected[:-1]:
        raise NotYet(f"{what}, without the mark that ends the sentence.")
    if expected.startswith(got):
        if got.endswith((".", "!", "?")):
            raise NotYet(f"{what}. That mark ends no sentence: white space doesn't follow it.")
        raise NotYet(f"{what}, and the first sentence goes on.")
    if got in text:
        raise NotYet(f"{what}: the beginning of the sentence is lost.")
    raise NotYet(f"{what}, and the reply begins {shown(text[:30])}.")


def _stopped(probe: Probe, expected: str) -> None:
    needed = _pieces_for(len(expected), probe.pieces)
    if probe.ended and probe.in_chain:
        raise NotYet(
            f"The text is right, and the model wrote to its end, all {len(probe.pieces)} pieces: "
            "a chain that is left early reads the rest of the reply while it closes."
        )
    if probe.ended:
        raise NotYet(
            f"The text is right, and the reply was read to its end, all {len(probe.pieces)} "
            f"pieces. The sentence was complete with piece {needed}."
        )
    known = _pieces_for(len(expected) + 1, probe.pieces)  # with the white space after the mark
    if probe.taken > known:
        raise NotYet(
            f"The text is right, and {probe.taken} pieces were read. Piece {known} brought the "
            "white space after the mark: the sentence was known then."
        )
    if not _closed(probe):
        raise NotYet(
            "The text is right, and the model is still generating: something holds on to the "
            "stream without closing it."
        )


def _pieces_for(length: int, pieces: Sequence[str]) -> int:
    """How many pieces make up at least `length` characters."""
    for number in range(len(pieces) + 1):
        if sum(map(len, pieces[:number])) >= length:
            return number
    return len(pieces)


# --- 1.6 diagnosis --------------------------------------------------------------------------------

_EVIDENCE = {
    ("healthy", "buffered"): "Compare its TTFT with its total: for how much of the time is the "
    "screen blank?",
    ("healthy", "slow model"): "Look at the distance between its marks in the strip, and at its "
    "TPOT: is that a speed you would be content with?",
    ("buffered", "healthy"): "What is held back can't be read early: look when its first text "
    "came, and how the rest is spread.",
    ("buffered", "slow model"): "What a buffer holds back comes out in a heap: look how its marks "
    "are spread over the strip.",
    ("slow model", "healthy"): "Compare its TTFT and its TPOT with those of the other two.",
    ("slow model", "buffered"): "Once its text comes, look how little time lies between two "
    "pieces: can a slow model write like that?",
}


def diagnosis(answer: object) -> str:
    """Which of three deployments is healthy, buffered, or has a slow model."""
    diagnosed(answer, "1.6", "deployment", _EVIDENCE, denied={"slow model": "isn't a slow model"})
    return "All three, from figures alone."


# --- Shared ---------------------------------------------------------------------------------------


def _closed(probe: Probe) -> bool:
    """Whether the source was let go; a cycle of references may need the collector for that."""
    if not probe.closed:
        gc.collect()
    return probe.closed


CHECKS: dict[str, Callable[[Any], str]] = {
    "1.1": show,
    "1.2": words,
    "1.3": order,
    "1.4": shout,
    "1.5": first_sentence,
    "1.6": diagnosis,
}
