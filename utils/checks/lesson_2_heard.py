"""What lesson 2's handlers listen to, and how often."""

from collections.abc import Generator, Iterable, Sequence
from itertools import zip_longest
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk

from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, ProbeModel
from utils.checks.texts import PROMPT


def no_class(handlers: Iterable[object]) -> None:
    """Turn down a class in the place of a handler, which LangChain passes over in silence.

    Raises:
        NotYet: If there is one; it says how a handler is made.
    """
    for handler in handlers:
        if isinstance(handler, type):
            raise NotYet(f"The config holds the class; make a handler with `{handler.__name__}()`.")


def attached_twice(handlers: Sequence[object]) -> bool:
    """Whether one and the same handler stands in the list more than once."""
    return len({id(handler) for handler in handlers}) < len(handlers)


def attached(*handlers: BaseCallbackHandler) -> Any:
    """A config with these handlers."""
    return {"callbacks": list(handlers)}


def streamed(probe: Probe, *handlers: BaseCallbackHandler) -> Generator[AIMessageChunk]:
    """The stream of a model that answers with `probe`, as these handlers hear it."""
    chunks = ProbeModel(probe=probe).stream(PROMPT, attached(*handlers))
    return cast("Generator[AIMessageChunk]", chunks)


def in_turns(*streams: Iterable[object]) -> None:
    """Pull from one and the other until both have ended."""
    for _ in zip_longest(*streams):
        pass
