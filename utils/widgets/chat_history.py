"""A chat as the messages that a model is sent: what was asked and replied, and what broke off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from utils.widgets.chat_turn import Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

INTERRUPTED = "[interrupted]"
GO_ON = (
    "Continue your last reply from the very character where it broke off. "
    "Repeat nothing of it, and add no introduction."
)


def messages(turns: Sequence[Turn], system: str = "") -> list[BaseMessage]:
    """The conversation so far.

    A reply that broke off is kept, with a mark that the model reads, so that it knows what its
    user has seen. A reply without text is left out: providers refuse empty messages.

    Args:
        turns: In their order.
        system: Instructions for the model, sent first.
    """
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    said: list[BaseMessage] = [SystemMessage(system)] if system else []
    for turn in turns:
        said.append(HumanMessage(turn.question))
        if turn.reply and turn.state == "complete":
            said.append(AIMessage(turn.reply))
        elif turn.reply:
            marked = f"{turn.reply}\n\n{INTERRUPTED}"
            said.append(AIMessage(marked, additional_kwargs={"interrupted": turn.state}))
    return said


def to_go_on(turns: Sequence[Turn], system: str = "") -> list[BaseMessage]:
    """What asks for the rest of the last turn's reply: its partial, unmarked, and a request."""
    from langchain_core.messages import AIMessage, HumanMessage

    last = turns[-1]
    asked = [*messages(turns[:-1], system), HumanMessage(last.question)]
    return [*asked, AIMessage(last.reply), HumanMessage(GO_ON)]
