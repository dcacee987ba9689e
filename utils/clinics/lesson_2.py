"""Lesson 2's clinic: the handler that never fires, or fires twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_openai import ChatOpenAI

from utils.provider import chat_model

_CALLBACK_LOG = logging.getLogger("langchain_core.callbacks.manager")


@dataclass(frozen=True)
class Case:
    """What one program's handlers received of a reply.

    Attributes:
        heard: Tokens with text, summed over all handlers.
        warnings: Lines in LangChain's callback log meanwhile.
        reply: The reply's text.
    """

    heard: int
    warnings: int
    reply: str


def complaints(_: str = "") -> dict[str, Callable[[str], Case]]:
    """Return the programs to diagnose; each takes a prompt.

    Learners' old notebooks pass the number of the exercise.
    """
    return {"A": _twice, "B": _once, "C": _failing, "D": _whole}


class _Count(BaseCallbackHandler):
    """Handler that counts tokens with text."""

    def __init__(self) -> None:
        self.heard = 0

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.heard += bool(token)


class _Failing(_Count):
    """Handler with a bug, which counts nothing."""

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.heard += token  # the bug: adds a string to a number


class _Warnings(logging.Handler):
    """Log handler that counts lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0

    def emit(self, _: logging.LogRecord) -> None:
        self.lines += 1


def _once(prompt: str) -> Case:
    count = _Count()
    return _case([count], lambda: _streamed(chat_model("fast"), prompt, count))


def _twice(prompt: str) -> Case:
    built_in, added = _Count(), _Count()
    model = chat_model("fast", callbacks=[built_in])
    return _case([built_in, added], lambda: _streamed(model, prompt, added))


def _failing(prompt: str) -> Case:
    count = _Failing()
    return _case([count], lambda: _streamed(chat_model("fast"), prompt, count))


def _whole(prompt: str) -> Case:
    count = _Count()
    model = chat_model("fast")
    config: Any = {"callbacks": [count]}
    return _case([count], lambda: str(model.invoke(prompt, config).content))


def _streamed(model: ChatOpenAI, prompt: str, handler: BaseCallbackHandler) -> str:
    chunks = model.stream(prompt, {"callbacks": [handler]})
    return "".join(str(chunk.content) for chunk in chunks)


def _case(counts: list[_Count], program: Callable[[], str]) -> Case:
    """Run a program with its log off the screen, and return what its handlers received."""
    warnings = _Warnings()
    passed_on, _CALLBACK_LOG.propagate = _CALLBACK_LOG.propagate, False
    _CALLBACK_LOG.addHandler(warnings)
    try:
        reply = program()
    finally:
        _CALLBACK_LOG.removeHandler(warnings)
        _CALLBACK_LOG.propagate = passed_on
    return Case(sum(count.heard for count in counts), warnings.lines, reply)
