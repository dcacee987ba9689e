"""The check of the capstone's Exercise 5.8: a reply with tools."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage

from utils.checks.assistant import (
    BEFORE,
    HOURS,
    LAMP,
    LONG,
    ORDER,
    UNFINISHED,
    Call,
    Ran,
    TurnsModel,
    asks_for,
    lamp,
    other,
    stage,
    tools,
)
from utils.checks.async_streams import LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Heard, text_of
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost
from utils.checks.watching import (
    asked_well,
    came_out,
    left_open,
    no_error,
    nothing_held,
    often,
    right_text,
    run_cancelled,
    run_stream,
)


@dataclass
class _Answered:
    """One run of `answer`, and all that it left behind."""

    heard: Heard
    model: TurnsModel
    probes: Sequence[LiveProbe]
    ran: list[Ran]
    messages: list[BaseMessage]

    def times(self, name: str) -> list[float]:
        """When a status with this name came, in seconds from the beginning."""
        pairs = zip(self.heard.items, self.heard.times, strict=True)
        return [at for item, at in pairs if stage(item) == name]


@judged("answer")
def answer(answer: object) -> str:
    """A reply with tools, its stages told in time."""
    function = the_function(answer, "answer")
    plain = _answered(function, lamp())
    no_error(plain.heard)
    status_and_chunks(plain.heard.items, "answer")
    _told_at_once(plain)
    asked_well(plain.probes[0], "answer")
    _offered(plain)
    right_text([text_of(item) for item in plain.heard.items], LAMP, "answer")
    nothing_held(plain.probes[0], "answer")
    _finish_reason_comes_through(plain.heard.items)
    if plain.ran:
        raise NotYet("The model asked for no tool, and one ran.")

    one = _answered(function, asks_for(ORDER), lamp())
    _tools_ran(one, [ORDER])
    two = _answered(function, asks_for(ORDER, HOURS), lamp())
    _tools_ran(two, [ORDER, HOURS])
    again = _answered(function, asks_for(ORDER), asks_for(HOURS), lamp())
    no_error(again.heard, "when a tool was asked for after a tool")
    if len(again.ran) < 2:
        raise NotYet(
            "After the first tool the model asked for another, and that never ran. Is there a "
            "loop, and does the sum of chunks begin anew each time that the model is asked?"
        )
    if not again.probes[2].requests:
        raise NotYet(
            "After the first tool the model asked for another, and was never told that one's "
            "result: it may ask as often as it needs to."
        )
    _gates(function)
    _ends(function)
    return (
        "Each stage is told before it begins, chunks come through as they come, and tools run when "
        "the model finished asking for them."
    )


def _answered(function: Callable[..., Any], *probes: LiveProbe, **how: Any) -> _Answered:
    model, ran, messages = TurnsModel.of(*probes), list[Ran](), list[BaseMessage](BEFORE)
    args = (model, tools(ran), messages)
    return _Answered(
        run_stream(function, args, "answer", *probes, **how), model, probes, ran, messages
    )


def status_and_chunks(items: Sequence[object], name: str) -> None:
    """Turn down what is neither.

    Raises:
        NotYet: If something else is yielded, or nothing.
    """
    if not items:
        raise NotYet(f"`{name}` yields nothing.")
    for item in sorted(items, key=lambda item: not text_of(item)):  # what has a text says more
        if isinstance(item, str) and item in _KNOWN:
            raise NotYet(f"`{name}` yields the text `{item}`; the exercise asks for a `Status`.")
        if isinstance(item, str):
            raise NotYet(
                f"`{name}` yields text, {shown(repr(item))}. The exercise asks for the chunk "
                "itself: whoever reads it needs its finish reason, too."
            )
        if not isinstance(item, AIMessageChunk) and stage(item) is None:
            raise NotYet(
                f"`{name}` yields {kind(item)}; the exercise asks for `Status` and chunks."
            )


def _told_at_once(run: _Answered) -> None:
    """Turn down a first sign that comes after the first wait."""
    first = run.heard.items[0]
    if stage(first) is None:
        raise NotYet(
            f"The first that comes is {kind(first)}, after {run.heard.times[0]:.1f} s. Until then "
            "the screen is blank."
        )
    if stage(first) != "Thinking":
        raise NotYet(
            f"The first status is named {shown(str(stage(first)))}; the exercise says `Thinking`."
        )
    if run.heard.times[0] > loops.SOON:
        raise NotYet(
            f"The first status comes after {run.heard.times[0]:.1f} s. It says that something "
            "begins, so it should come before that begins."
        )


def _offered(run: _Answered) -> None:
    if any(not names for names in run.model.offered):
        raise NotYet(
            "The model was asked without its tools, so it can't know that there are any. Which of "
            "the models is the one that has them?"
        )


def _finish_reason_comes_through(items: Sequence[object]) -> None:
    chunks = [item for item in items if isinstance(item, AIMessageChunk)]
    if not any(chunk.response_metadata.get("finish_reason") for chunk in chunks):
        raise NotYet(
            "No chunk that is yielded has a finish reason, though the model gave one: some chunks "
            "don't come through."
        )


def _tools_ran(run: _Answered, calls: Sequence[Call]) -> None:
    """Turn down a run in which tools didn't run once each, announced and with results told."""
    when = "when the model asked for a tool" if len(calls) == 1 else "when it asked for two tools"
    no_error(run.heard, when)
    status_and_chunks(run.heard.items, "answer")
    if not run.ran:
        raise NotYet(
            "The model asked for a tool, and it never ran. In which chunk is the finish reason, "
            "and in which are the calls?"
        )
    names = [ran.name for ran in run.ran]
    if sorted(names) != sorted(call.name for call in calls):
        raise NotYet(
            f"The model asked for {_listed(calls)}, and what ran is {shown(', '.join(names))}."
        )
    _announced(run)
    if not run.probes[1].requests:
        raise NotYet(
            "The tool ran, and the model wasn't asked again, so nobody told it the result."
        )
    _offered(run)
    _conversation(run.probes[1].seen[0], calls)
    _thinks_each_time(run)
    if run.messages != list(BEFORE):
        raise NotYet(
            f"The list `messages` of the caller had {len(BEFORE)} messages and now has "
            f"{len(run.messages)}. It should stay as it is."
        )
    if not run.heard.text.endswith(LAMP):
        raise NotYet("The tool ran, and the reply after it isn't what comes out at the end.")
    _in_time(run)


def _listed(calls: Sequence[Call]) -> str:
    return " and ".join(f"`{call.name}`" for call in calls)


_KNOWN = (None, "Thinking", "Tool call", "Answer")  # None isn't news
_NO_NEWS = 'no `Status` with "Tool call" came'


def _announced(run: _Answered) -> None:
    news = run.times("Tool call")
    details = [
        str(getattr(item, "detail", "")) for item in run.heard.items if stage(item) == "Tool call"
    ]
    if len(news) < len(run.ran):
        tools_ran = "A tool ran" if len(run.ran) == 1 else "Two tools ran"
        others = [stage(item) for item in run.heard.items if stage(item) not in _KNOWN]
        if not news and others:
            raise NotYet(
                f"{tools_ran}, and its status is named {shown(str(others[0]))}; the exercise says "
                "`Tool call`."
            )
        came = f'a `Status` with "Tool call" came {often(len(news))}'
        raise NotYet(f"{tools_ran}, and {came if news else _NO_NEWS}.")
    if not any(details):
        raise NotYet("The status of a tool call doesn't say which tool it is: its name is missing.")
    for ran in run.ran:
        at = [when for when, detail in zip(news, details, strict=True) if ran.name in detail]
        if not at:
            raise NotYet(
                f"No status of a tool call names `{ran.name}`; what they say is "
                f"{shown(', '.join(details))}."
            )
        if at[0] > ran.at - loops.BEGIN + loops.SOON:
            raise NotYet(
                f"The status of `{ran.name}` came {at[0] - (ran.at - loops.BEGIN):.1f} s after the "
                "tool had begun. Until then the screen says that the model is thinking."
            )


def _thinks_each_time(run: _Answered) -> None:
    news = run.times("Thinking")
    asked = [probe.asked_at[0] - loops.BEGIN for probe in run.probes if probe.requests]
    if len(news) < len(asked):
        raise NotYet(
            f'The model was asked {often(len(asked))}, and a `Status` said "Thinking" '
            f"{often(len(news))}."
        )
    for when, at in zip(news, asked, strict=False):
        if when > at + loops.SOON:
            raise NotYet(
                f'The model was asked, and `Status("Thinking")` came {when - at:.1f} s later; it '
                "should come before the waiting begins."
            )


def _conversation(seen: Sequence[BaseMessage], calls: Sequence[Call]) -> None:
    """Turn down a second request that a provider would refuse, or that lacks the results."""
    if tuple(seen[: len(BEFORE)]) != BEFORE:
        raise NotYet("The second time, the model didn't see the conversation from its beginning.")
    added = seen[len(BEFORE) :]
    if not added:
        raise NotYet(
            "The second time, the model saw what it saw the first time: neither its own call nor "
            "the tool's result."
        )
    own = [message for message in added if isinstance(message, AIMessage)]
    results = [message for message in added if isinstance(message, ToolMessage)]
    if not own or not any(message.tool_calls for message in own):
        raise NotYet(
            "The second time, the model saw a result and not its own message that asks for it. A "
            "provider refuses that."
        )
    if not results:
        others = [kind(message) for message in added if message not in own]
        what = f"; there is {others[0]}" if others else ""
        raise NotYet(
            f"The second time, the model saw its call and no `ToolMessage` with the result{what}. "
            "A tool that is given the whole call returns one."
        )
    if len(own) > 1:
        raise NotYet(
            f"The second time, the model saw {len(own)} messages of its own for one reply."
        )
    if added[0] is not own[0]:
        raise NotYet("The second time, a tool's result stood before the message that asks for it.")
    ids = sorted(str(call["id"]) for call in own[0].tool_calls)
    if len(ids) != len(calls):
        raise NotYet(
            f"The model made {len(calls)} calls; its own message, the second time, has {len(ids)}."
        )
    if sorted(message.tool_call_id for message in results) != ids:
        raise NotYet(
            f"The model's calls have the ids {shown(', '.join(ids))}, and the results carry as "
            f"`tool_call_id` {shown(', '.join(message.tool_call_id for message in results))}."
        )
    if not all("(" in message.text for message in results):
        raise NotYet(f"A tool's result was lost: its message says {shown(results[0].text or ' ')}.")


def _in_time(run: _Answered) -> None:
    """Each text of each reply at the moment when it came."""
    texts = [
        (text_of(item), at)
        for item, at in zip(run.heard.items, run.heard.times, strict=True)
        if text_of(item)
    ]
    came = [at - loops.BEGIN for probe in run.probes for at in probe.came_at]
    if len(texts) != len(came):
        raise NotYet("The pieces of text that come out aren't those that the model wrote.")
    for (text, at), due in zip(texts, came, strict=True):
        if at > due + loops.SOON:
            raise NotYet(
                f"`answer` holds text back when tools are wanted: {shown(text)} was yielded "
                f"{at - due:.1f} s after it came."
            )


def _gates(function: Callable[..., Any]) -> None:
    """A call that nobody finished isn't executed; whether that raises is left open."""
    for finish, what in UNFINISHED:
        half = Call("order_status", '{"order": 47')
        run = _answered(function, asks_for(half, finish=finish), other())
        if run.ran:
            raise NotYet(
                f"A tool call that was {what} was executed all the same: "
                f"`{run.ran[0].name}({run.ran[0].argument})`. Nobody finished asking for that."
            )
    run = _answered(function, asks_for(ORDER, fails_after=2), other())
    if run.heard.error is None:
        raise NotYet("The connection was lost in mid-reply, and `answer` ended without an error.")
    if not came_out(run.heard.error, ConnectionLost):
        no_error(run.heard, "when the connection was lost")
    if run.ran:
        raise NotYet("The connection was lost before the call was complete, and a tool ran.")


def _ends(function: Callable[..., Any]) -> None:
    """Left in mid-reply, and cancelled in a silence."""
    run = _answered(function, lamp(), leave_after=4)
    no_error(run.heard, "when the reader left")
    left_open(run.heard)
    probe = lamp(silences={3: LONG})
    args = (TurnsModel.of(probe), tools([]), list(BEFORE))
    run_cancelled(function, args, "answer", probe, after=5.0)
