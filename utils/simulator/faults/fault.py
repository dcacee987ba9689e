"""Faults, and how a model's name requests them: `sim-chat:drop@40`.

The faults are defined in `refusals`, `generation` and `delivery`, each with its description.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..ask import Ask
    from ..errors import ApiError
    from ..pacing import TimedBytes
    from ..reply import Reply
    from ..wire import Wire

    Refuse = Callable[[tuple[float, ...]], ApiError]
    Asking = Callable[[Ask, tuple[float, ...]], Ask]
    Wording = Callable[[Reply, tuple[float, ...]], Reply]
    Delivery = Callable[[Iterable[TimedBytes], tuple[float, ...], Wire], Iterator[TimedBytes]]

_MOST = 20  # that a model's name may ask for
Stage = Literal["refusal", "asking", "wording", "delivery"]


@dataclass(frozen=True)
class Fault:
    """Something that providers and networks do to a reply, on request.

    Attributes:
        name: What follows the colon in the model's name.
        does: What happens, as a sentence for the table.
        client: What LangChain's `ChatOpenAI` makes of it, as a sentence for the table.
        raises: The exception that `ChatOpenAI.stream` ends in, with its package; "" is none.
        by_responses: The same where it differs for the Responses API.
        act: The function that does it; what it takes depends on the stage.
        stage: When it acts: instead of a reply, on the request, on the reply's pieces and their
            times, or on the bytes.
        numbers: What may follow `@`, and the defaults.
        whole: Whether it also acts on replies that are not streamed.
    """

    name: str
    does: str
    client: str
    raises: str
    by_responses: str
    act: Callable[..., object]
    stage: Stage
    numbers: tuple[tuple[str, float], ...] = ()
    whole: bool = True

    @property
    def example(self) -> str:
        """The suffix with its defaults written out."""
        values = ",".join(f"{value:g}" for _, value in self.numbers)
        return f"{self.name}@{values}" if values else self.name


@dataclass(frozen=True)
class Chosen:
    """A fault with the numbers that a model's name gives it."""

    fault: Fault
    numbers: tuple[float, ...]


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    stage: Stage,
    does: str,
    client: str,
    *,
    raises: str = "",
    by_responses: str | None = None,
    whole: bool = True,
    **numbers: float,
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Enter the decorated function into the table of faults; see `Fault`."""

    def enter(act: Callable[..., object]) -> Callable[..., object]:
        other = raises if by_responses is None else by_responses
        FAULTS[name] = Fault(
            name, does, client, raises, other, act, stage, tuple(numbers.items()), whole
        )
        return act

    return enter


def parse(suffix: str) -> tuple[Chosen, ...] | None:
    """Return the faults that `bursts:drop@40` names; None if there is one that does not exist.

    There are none either if they are too many.
    """
    chosen: list[Chosen] = []
    words = suffix.split(":", _MOST) if suffix else []
    if len(words) > _MOST:
        return None
    for word in words:
        name, at, given = word.partition("@")
        known = FAULTS.get(name)
        if known is None:
            return None
        defaults = [value for _, value in known.numbers]
        texts = given.split(",") if at else []
        if len(texts) > len(defaults) or not all(map(_is_number, texts)):
            return None
        values = [float(text) for text in texts]
        chosen.append(Chosen(known, (*values, *defaults[len(values) :])))
    return tuple(chosen)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text, re.ASCII) is not None
