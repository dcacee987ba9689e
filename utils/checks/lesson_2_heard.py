"""What lesson 2's handlers listen to, and how it is told that one heard nothing."""

import inspect
from collections.abc import Generator, Iterable
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


def hears(handler: BaseCallbackHandler, method: str) -> bool:
    """Whether the handler's class has a method of its own by that name."""
    return getattr(type(handler), method) is not getattr(BaseCallbackHandler, method)


def never_called(handler: BaseCallbackHandler) -> str:
    """The end of a sentence, if the learner wrote methods that LangChain doesn't know."""
    written = [
        name
        for owner in type(handler).__mro__
        if owner is not object and not owner.__module__.startswith("langchain_core.")
        for name, value in vars(owner).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    unknown = [name for name in written if not hasattr(BaseCallbackHandler, name)]
    if unknown and unknown == written:
        return ": LangChain calls none of the methods that you wrote"
    events = [f"`{name}`" for name in unknown if name.startswith("on_")]
    return f": LangChain never calls {' or '.join(events)}" if events else ""


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
