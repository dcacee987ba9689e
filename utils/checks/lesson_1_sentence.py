"""The check of exercise 1.5: the first sentence of a reply, after which the model stops."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableConfig

from utils.checks.attempt import learners_code
from utils.checks.lesson_1_given import PROMPT, RIVERS, closed
from utils.checks.observe import asked_for_a_stream, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import Probe, ProbeModel, cut

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
    if not closed(probe):
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
