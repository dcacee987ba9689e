"""Converts a chat into the messages to send to the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from utils.widgets.chat.turn import Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

INTERRUPTED = "[interrupted]"  # marks a partial reply
GO_ON = (  # the message that requests the rest of a partial reply
    "Continue your last reply from the very character where it broke off. "
    "Repeat nothing of it, and add no introduction."
)


def messages(turns: Sequence[Turn], system: str = "") -> list[BaseMessage]:
    """Return the conversation so far, as messages.

    A partial reply is kept and marked, so that the model knows what the reader has seen. A reply
    without text is left out, since providers reject empty messages.
    """
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    sent: list[BaseMessage] = [SystemMessage(system)] if system else []
    for turn in turns:
        sent.append(HumanMessage(turn.question))
        if turn.reply and turn.state == "complete":
            sent.append(AIMessage(turn.reply))
        elif turn.reply:
            marked = f"{turn.reply}\n\n{INTERRUPTED}"
            sent.append(AIMessage(marked, additional_kwargs={"interrupted": turn.state}))
    return sent


def messages_to_continue(turns: Sequence[Turn], system: str) -> list[BaseMessage]:
    """Return messages that request the rest of the last reply, which isn't marked `INTERRUPTED`."""
    from langchain_core.messages import AIMessage, HumanMessage

    last = turns[-1]
    sent = [*messages(turns[:-1], system), HumanMessage(last.question)]
    return [*sent, AIMessage(last.reply), HumanMessage(GO_ON)]
