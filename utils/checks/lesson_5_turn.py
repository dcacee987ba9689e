"""The check of Exercise 5.1: a turn of a chat.

Streams are read on a loop of virtual time (`loops`), so a silence of half a minute costs nothing,
and how late something comes is exact.
"""

from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Heard
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost
from utils.checks.watching import (
    LONG,
    PROMPT,
    asked_well,
    came_out,
    fox,
    left_open,
    no_error,
    nothing_held,
    often,
    right_text,
    run_cancelled,
    run_stream,
)

_BEFORE = (HumanMessage("What is a fox?"), AIMessage("A small wild dog."))
_LEFT_AFTER = 3  # pieces


@judged("turn")
def turn(answer: object) -> str:
    """A turn of a chat: streamed, and in the history however it ends."""
    function = the_function(answer, "turn")
    probe, history = fox(), list(_BEFORE)
    heard = _turn(function, probe, history)
    no_error(heard)
    _asked_with(probe)
    right_text(heard.items, probe.text, "turn")
    nothing_held(probe, "turn")
    _stored(history, probe.text, "After a whole reply")

    probe, history = fox(), list(_BEFORE)
    heard = _turn(function, probe, history, leave_after=_LEFT_AFTER)
    no_error(heard, "when the reader left in mid-reply")
    _stored(history, heard.text, f"After a reader who left with {_LEFT_AFTER} pieces")
    left_open(heard)

    probe, history, heard = fox(silences={4: LONG}), list(_BEFORE), Heard()
    args = (LiveModel(probe=probe), history, PROMPT)
    run_cancelled(function, args, "turn", probe, after=5.0, into=heard)
    _stored(history, heard.text, "After a Stop while it waited for a piece")

    probe, history = fox(fails_after=4), list(_BEFORE)
    heard = _turn(function, probe, history)
    if heard.error is None:
        raise NotYet(
            "The connection was lost in mid-reply, and `turn` ended as if the reply were complete."
        )
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, "when the connection was lost")
    _stored(history, heard.text, "After a lost connection")
    _refused(function)
    return (
        "Piece by piece; and the history holds what was said after a whole reply, after Stop and "
        "after a lost connection."
    )


def _refused(function: Callable[..., Any]) -> None:
    """A connection that fails before anything comes; to store no reply is as good as an empty."""
    probe, history = fox(fails_after=0), list(_BEFORE)
    heard = _turn(function, probe, history)
    when = "when the connection was lost before the first chunk"
    if heard.error is None:
        raise NotYet(f"Nothing was raised {when}.")
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, when)
    if len(history) != len(_BEFORE) + 1 or not isinstance(history[-1], HumanMessage):
        _stored(history, "", "After a connection that was lost before the first chunk")


def _turn(
    function: Callable[..., Any], probe: LiveProbe, history: list[BaseMessage], **how: Any
) -> Heard:
    return run_stream(function, (LiveModel(probe=probe), history, PROMPT), "turn", probe, **how)


def _asked_with(probe: LiveProbe) -> None:
    """Turn down a model that doesn't see the whole history with the question last."""
    asked_well(probe, "turn")
    seen = probe.seen[0]
    texts = [str(message.text) for message in seen]
    if PROMPT not in texts:
        raise NotYet(
            f"The question isn't among the {len(seen)} messages that the model saw; the last is "
            f"{shown(texts[-1])}."
        )
    if texts.count(PROMPT) > 1:
        raise NotYet("The model saw the question twice.")
    if len(seen) == 1:
        raise NotYet("The model saw the question alone, and nothing of what was said before.")
    if isinstance(seen[-1], AIMessage):
        raise NotYet(
            "The last message that the model saw isn't the question but an `AIMessage`. Does the "
            "reply's own stand in `history` before the model is asked?"
        )
    if texts != [*(message.text for message in _BEFORE), PROMPT]:
        raise NotYet(
            f"The model saw {len(seen)} messages, the last of them {shown(texts[-1])}. It should "
            "see what was said before, in order, and then the question."
        )


def _stored(history: list[BaseMessage], said: str, when: str) -> None:
    """Turn down a history that isn't as before with the question and what was said."""
    if tuple(history[: len(_BEFORE)]) != _BEFORE:
        raise NotYet("What stood in `history` before is no longer there as it was.")
    new = history[len(_BEFORE) :]
    if not new:
        raise NotYet(
            f"{when}, the list `history` is as it was. A new list, even of the same name, is known "
            "inside of `turn` alone."
        )
    for entry in new:
        if not isinstance(entry, HumanMessage | AIMessage):
            raise NotYet(
                f"{when}, `history` holds {kind(entry)}; the exercise asks for a `HumanMessage` "
                "and an `AIMessage`."
            )
    questions = [entry for entry in new if isinstance(entry, HumanMessage)]
    replies = [entry for entry in new if isinstance(entry, AIMessage)]
    if any(entry.text == PROMPT for entry in replies):
        raise NotYet(
            f"{when}, the question is stored as an `AIMessage`: that is what a model said."
        )
    if not replies and any(entry.text != PROMPT for entry in questions):
        raise NotYet(f"{when}, the reply is stored as a `HumanMessage`: that is what a user said.")
    if [entry.text for entry in questions] != [PROMPT]:
        there = f"stands there {often(len(questions))}" if questions else "isn't there"
        raise NotYet(f"{when}, the question {there} in `history`.")
    if len(replies) > 1:
        raise NotYet(f"{when}, `history` has {len(replies)} replies to one question.")
    if not replies:
        raise NotYet(
            f"{when}, `history` has the question and no reply, though {shown(said)} was shown."
        )
    if new[0] is replies[0]:
        raise NotYet(f"{when}, the reply stands before its question in `history`.")
    _said(replies[0].text, said, when)


def _said(stored: str, said: str, when: str) -> None:
    if stored == said:
        return
    if not stored:
        raise NotYet(f"{when}, {shown(said)} was shown, and the reply in `history` is empty.")
    if said.startswith(stored):
        raise NotYet(
            f"{when}, {shown(said)} was shown, and `history` lacks its end, "
            f"{shown(said[len(stored) :])}. When is a piece added to what was said?"
        )
    if said and said in stored:
        more = " … ".join(part for part in stored.split(said, 1) if part)
        raise NotYet(f"{when}, `history` says more than was shown: {shown(more)} too.")
    raise NotYet(f"{when}, {shown(said)} was shown, and `history` says {shown(stored)}.")
