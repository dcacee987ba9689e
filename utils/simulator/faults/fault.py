"""Faults, and the syntax by which a model's name requests them: `sim-chat:drop@40`.

The faults are defined in `refusals`, `generation` and `delivery`, each with its description.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

from ..errors import ApiError
from ..reply import Delivery

T = TypeVar("T")
_MAX_FAULTS = 20  # per model name
Stage = Literal["refusal", "request", "generation", "delivery"]


@dataclass(frozen=True)
class Fault:
    """A failure of a provider or a network, injected on request."""

    name: str  # what follows the colon in the model's name
    does: str  # what happens, as a sentence for the table
    client: str  # how LangChain's `ChatOpenAI` reacts, as a sentence for the table
    raises: str  # the exception that `ChatOpenAI.stream` raises, with its package; "" is none
    by_responses: str  # the same with the Responses API
    act: Callable[..., Any]  # the function that injects it; its arguments depend on the stage
    # what it changes: an error instead of a reply, the request, the generated reply, or the
    # delivery of its bytes
    stage: Stage
    # the numbers that may follow `@`, and their defaults
    numbers: tuple[tuple[str, float], ...] = ()
    whole: bool = True  # whether it also affects replies that aren't streamed

    @property
    def example(self) -> str:
        """The suffix with its defaults written out."""
        values = ",".join(f"{value:g}" for _, value in self.numbers)
        return f"{self.name}@{values}" if values else self.name


@dataclass(frozen=True)
class Chosen:
    """A fault with the numbers from a model's name."""

    fault: Fault
    numbers: tuple[float, ...]

    def refusal(self, attempt: int) -> ApiError | None:
        """Return the error for an attempt; None if it succeeds or the fault isn't a refusal."""
        if self.fault.stage != "refusal":
            return None
        tries = int(self.numbers[0])
        if tries and attempt % (tries + 1) == 0:
            return None
        error = self.fault.act(*self.numbers[1:])
        assert isinstance(error, ApiError)
        return error

    def changed(self, value: T) -> T:
        """Return the request or the reply as changed by the fault."""
        changed = self.fault.act(value, *self.numbers)
        assert isinstance(changed, type(value))
        return changed

    def delivers(self, streamed: bool) -> bool:
        """Return whether it affects the delivery of a reply, streamed or whole."""
        return self.fault.stage == "delivery" and (streamed or self.fault.whole)

    def delivery(self) -> Delivery:
        """Return a fault of stage "delivery" as a function of the bytes and their encoder."""
        return lambda sent, encoder: self.fault.act(sent, encoder, *self.numbers)


FAULTS: dict[str, Fault] = {}


def fault(
    stage: Stage,
    name: str,
    does: str,
    client: str,
    *,
    raises: str = "",
    by_responses: str | None = None,
    whole: bool = True,
    tries: float | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as a fault; see `Fault` for the arguments.

    The numbers that may follow `@` are `tries`, for a refusal, and the function's parameters with
    defaults.
    """

    def enter(act: Callable[..., Any]) -> Callable[..., Any]:
        responses = raises if by_responses is None else by_responses
        parameters = inspect.signature(act).parameters.values()
        numbers = [] if tries is None else [("tries", tries)]
        numbers += [(one.name, one.default) for one in parameters if one.default is not one.empty]
        FAULTS[name] = Fault(
            name, does, client, raises, responses, act, stage, tuple(numbers), whole
        )
        return act

    return enter


refusal = partial(fault, "refusal")
request = partial(fault, "request")
generation = partial(fault, "generation")
delivery = partial(fault, "delivery")


def parse(suffix: str) -> tuple[Chosen, ...] | None:
    """Return the faults that a suffix such as `bursts:drop@40` names; None if it is invalid."""
    chosen: list[Chosen] = []
    words = suffix.split(":", _MAX_FAULTS) if suffix else []
    if len(words) > _MAX_FAULTS:
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
