"""The registry of faults, and the model-name syntax for requesting them: `sim-chat:drop@40`.

The functions that inject the faults are in `refusals`, `generation` and `delivery`.
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
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,3})?", re.ASCII)
Stage = Literal["refusal", "request", "generation", "delivery"]


@dataclass(frozen=True)
class Fault:
    """A provider or network failure that the simulator can inject."""

    name: str  # the fault's name, used after the colon in a model name
    does: str  # what happens, as a sentence for `FAULTS.md`
    client: str  # how LangChain's `ChatOpenAI` reacts, as a sentence for `FAULTS.md`
    raises: str  # qualified name of the exception that `ChatOpenAI.stream` raises; "" if none
    by_responses: str  # like `raises`, but for the Responses API
    act: Callable[..., Any]  # function that injects the fault; its arguments depend on the stage
    stage: Stage  # what the fault changes; a "refusal" replaces the reply with an error
    numbers: tuple[tuple[str, float], ...] = ()  # name and default of each number after `@`
    whole: bool = True  # whether the fault also affects replies that aren't streamed

    @property
    def example(self) -> str:
        """An example of the model-name suffix, with the default numbers."""
        values = ",".join(f"{value:g}" for _, value in self.numbers)
        return f"{self.name}@{values}" if values else self.name


@dataclass(frozen=True)
class ChosenFault:
    """A fault and its parameters, as specified in a model-name suffix such as `stall@30,8`."""

    fault: Fault
    numbers: tuple[float, ...]

    def refusal(self, attempt: int) -> ApiError | None:
        """Return the error for an attempt, counted from 1; None if the attempt isn't refused."""
        if self.fault.stage != "refusal":
            return None
        first, *numbers = self.numbers
        tries = int(first)
        if tries and attempt % (tries + 1) == 0:
            return None  # after `tries` refusals, one attempt succeeds
        error = self.fault.act(*numbers)
        assert isinstance(error, ApiError)
        return error

    def changed(self, value: T) -> T:
        """Return the request or reply as changed by the fault."""
        changed = self.fault.act(value, *self.numbers)
        assert isinstance(changed, type(value))
        return changed

    def delivers(self, streamed: bool) -> bool:
        """Return whether this fault affects the delivery of a reply.

        `streamed` is whether the reply is streamed: some faults affect only streamed replies.
        """
        return self.fault.stage == "delivery" and (streamed or self.fault.whole)

    def delivery(self) -> Delivery:
        """Return the function that applies this delivery fault to encoded bytes."""
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
    """Return a decorator that registers a function as a fault; see `Fault` for the arguments.

    The numbers that may follow `@` are `tries` (for refusals only), then the function's parameters
    that have default values.
    """

    def register(act: Callable[..., Any]) -> Callable[..., Any]:
        parameters = inspect.signature(act).parameters.values()
        numbers = [] if tries is None else [("tries", tries)]
        numbers += [(one.name, one.default) for one in parameters if one.default is not one.empty]
        responses = raises if by_responses is None else by_responses
        FAULTS[name] = Fault(
            name, does, client, raises, responses, act, stage, tuple(numbers), whole
        )
        return act

    return register


refusal = partial(fault, "refusal")
request = partial(fault, "request")
generation = partial(fault, "generation")
delivery = partial(fault, "delivery")


def parse(suffix: str) -> tuple[ChosenFault, ...] | None:
    """Return the faults in a suffix such as `bursts:drop@40`; None if the suffix is invalid."""
    chosen: list[ChosenFault] = []
    for word in suffix.split(":") if suffix else []:
        name, at, given = word.partition("@")
        fault = FAULTS.get(name)
        if fault is None:
            return None
        defaults = [value for _, value in fault.numbers]
        texts = given.split(",") if at else []
        if len(texts) > len(defaults) or not all(map(_NUMBER.fullmatch, texts)):
            return None
        values = [float(text) for text in texts]
        chosen.append(ChosenFault(fault, (*values, *defaults[len(values) :])))
    return tuple(chosen)
