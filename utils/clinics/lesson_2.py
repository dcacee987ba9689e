"""Lesson 2's clinic: the handler that never fires, or fires twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_openai import ChatOpenAI

from utils.provider import chat_model


@dataclass(frozen=True)
class Case:
    """The result of running one program with its callback handlers."""

    heard: int  # number of non-empty tokens received, summed over all handlers
    warnings: int  # number of lines logged by LangChain's callback code during the reply
    reply: str  # the text of the reply


def complaints(_: str = "") -> dict[str, Callable[[str], Case]]:
    """Return the programs to diagnose; each takes a prompt.

    `_` is ignored; learners' old notebooks pass the exercise number.
    """
    return {"A": twice, "B": once, "C": failing, "D": whole}


class Count(BaseCallbackHandler):
    """Callback handler that counts non-empty tokens."""

    def __init__(self) -> None:
        self.heard = 0

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        """Count the token, unless it is empty."""
        self.heard += bool(token)


def twice(prompt: str) -> Case:
    """Program A."""
    built_in, in_config = Count(), Count()
    model = chat_model("fast", callbacks=[built_in])
    return measured(lambda: streamed(model, prompt, in_config), built_in, in_config)


def once(prompt: str) -> Case:
    """Program B."""
    count = Count()
    return measured(lambda: streamed(chat_model("fast"), prompt, count), count)


def failing(prompt: str) -> Case:
    """Program C."""

    class Tokens(Count):
        def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.heard += token

    tokens = Tokens()
    return measured(lambda: streamed(chat_model("fast"), prompt, tokens), tokens)


def whole(prompt: str) -> Case:
    """Program D."""
    count = Count()
    model = chat_model("fast")
    return measured(lambda: model.invoke(prompt, {"callbacks": [count]}).text, count)


def streamed(model: ChatOpenAI, prompt: str, handler: BaseCallbackHandler) -> str:
    """Stream a reply with a callback handler, and return the reply's text."""
    return "".join(chunk.text for chunk in model.stream(prompt, {"callbacks": [handler]}))


def measured(program: Callable[[], str], *counts: Count) -> Case:
    """Run a program without displaying its log, and return the result."""
    from utils.checks.lesson_2.handlers import callback_log  # slow to import

    with callback_log() as warnings:
        reply = program()
    return Case(sum(count.heard for count in counts), len(warnings), reply)
