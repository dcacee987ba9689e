"""The checks of lesson 5's capstone: a support assistant in four steps.

Models, tools and silences are scripted (`assistant`), on the virtual time of `loops`. What a step
yields is news (`Status`), which is known by the name of its class, and chunks.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from utils.checks import loops
from utils.checks.assistant import HOURS, ORDER, Call, Ran, TurnsModel, asks_for, tools
from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.attempt import untouched
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import ROLE_AFTER, ConnectionLost, cut
from utils.checks.watching import (
    AT_ONCE,
    Feed,
    Heard,
    asked_well,
    came_out,
    no_error,
    nothing_held,
    nothing_late,
    right_text,
    run_cancelled,
    run_stream,
    text_of,
)
from utils.perception import readers_wait
from utils.timing import arecord

LONG = 30.0  # seconds of a silence that nobody would sit through
_SECONDS = 2.0  # of silence that are too many
_READER = 5.0  # seconds that a slow reader takes for each piece
_LAMP = "Your lamp left the warehouse on Monday. It should be with you on Thursday."
_OTHER = "Good evening! Which order is it about?"
_BEFORE = (SystemMessage("You are the support of a lamp shop."), HumanMessage("Where is my lamp?"))
_LOST = ConnectionLost("the connection was lost")


def _lamp(**how: Any) -> LiveProbe:
    return LiveProbe(**{"pieces": cut(_LAMP, 8), **how})


def _other(**how: Any) -> LiveProbe:
    return LiveProbe(**{"pieces": cut(_OTHER, 9), **how})


def _stage(item: object) -> str | None:
    """What a piece of news says is going on; None for anything else."""
    if type(item).__name__ != "Status":
        return None
    return str(getattr(item, "stage", ""))


# --- 5.8 answer(model, tools, messages) -----------------------------------------------------------


@dataclass
class _Answered:
    """One run of `answer`, and all that it left behind."""

    heard: Heard
    model: TurnsModel
    probes: Sequence[LiveProbe]
    ran: list[Ran]
    messages: list[BaseMessage]

    def times(self, stage: str) -> list[float]:
        """When a status with this name came, in seconds from the beginning."""
        pairs = zip(self.heard.items, self.heard.times, strict=True)
        return [at for item, at in pairs if _stage(item) == stage]


def answer(answer: object) -> str:
    """A reply with tools, its stages told in time."""
    function = the_function(answer, "answer")
    plain = _answered(function, _lamp())
    no_error(plain.heard)
    _status_and_chunks(plain.heard.items, "answer")
    _told_at_once(plain)
    asked_well(plain.probes[0], "answer")
    _offered(plain)
    right_text([text_of(item) for item in plain.heard.items], _LAMP, "answer")
    nothing_held(plain.probes[0], "answer")
    _finish_reason_comes_through(plain.heard.items)
    if plain.ran:
        raise NotYet("The model asked for no tool, and one ran.")

    one = _answered(function, asks_for(ORDER), _lamp())
    _tools_ran(one, [ORDER])
    two = _answered(function, asks_for(ORDER, HOURS), _lamp())
    _tools_ran(two, [ORDER, HOURS])
    again = _answered(function, asks_for(ORDER), asks_for(HOURS), _lamp())
    no_error(again.heard, "when a tool was asked for after a tool")
    if len(again.ran) < 2 or not again.probes[2].requests:
        raise NotYet(
            "After the first tool the model asked for another, and that never ran: the model may "
            "ask as often as it needs to."
        )
    _gates(function)
    _ends(function)
    return (
        "Each stage is told before it begins, chunks come through as they come, and tools run when "
        "the model finished asking for them."
    )


def _answered(function: Callable[..., Any], *probes: LiveProbe, **how: Any) -> _Answered:
    model, ran, messages = TurnsModel.of(*probes), list[Ran](), list[BaseMessage](_BEFORE)
    args = (model, tools(ran), messages)
    return _Answered(
        run_stream(function, args, "answer", *probes, **how), model, probes, ran, messages
    )


def _status_and_chunks(items: Sequence[object], name: str) -> None:
    if not items:
        raise NotYet(f"`{name}` yields nothing.")
    for item in sorted(items, key=lambda item: not text_of(item)):  # what has a text says more
        if isinstance(item, str):
            raise NotYet(
                f"`{name}` yields text, {shown(repr(item))}. The exercise asks for the chunk "
                "itself: whoever reads it needs its finish reason, too."
            )
        if not isinstance(item, AIMessageChunk) and _stage(item) is None:
            raise NotYet(
                f"`{name}` yields {kind(item)}; the exercise asks for `Status` and chunks."
            )


def _told_at_once(run: _Answered) -> None:
    """Turn down a first sign that comes after the first wait."""
    first = run.heard.items[0]
    if _stage(first) is None:
        raise NotYet(
            f"The first that comes is {kind(first)}, after {run.heard.times[0]:.1f} s. Until then "
            "the screen is blank."
        )
    if _stage(first) != "Thinking":
        raise NotYet(
            f"The first status is {shown(str(_stage(first)))}, and nobody is thinking yet."
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
    _status_and_chunks(run.heard.items, "answer")
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
    if run.messages != list(_BEFORE):
        raise NotYet(
            f"The list `messages` of the caller had {len(_BEFORE)} messages and now has "
            f"{len(run.messages)}. It should stay as it is."
        )
    if not run.heard.text.endswith(_LAMP):
        raise NotYet("The tool ran, and the reply after it isn't what comes out at the end.")
    _in_time(run)


def _listed(calls: Sequence[Call]) -> str:
    return " and ".join(f"`{call.name}`" for call in calls)


def _announced(run: _Answered) -> None:
    news = run.times("Tool call")
    details = [
        str(getattr(item, "detail", "")) for item in run.heard.items if _stage(item) == "Tool call"
    ]
    if len(news) < len(run.ran):
        often = "a tool ran" if len(run.ran) == 1 else f"{len(run.ran)} tools ran"
        raise NotYet(f'A `Status` with "Tool call" came {len(news)} times, and {often}.')
    for ran in run.ran:
        at = [when for when, detail in zip(news, details, strict=True) if ran.name in detail]
        if not at:
            raise NotYet(
                f"No status of a tool call names `{ran.name}`; what they say is "
                f"{shown(', '.join(details) or ' ')}."
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
            f"The model was asked {len(asked)} times, and for {len(news)} of them a `Status` said "
            '"Thinking".'
        )
    for when, at in zip(news, asked, strict=False):
        if when > at + loops.SOON:
            raise NotYet(
                f'The model was asked, and `Status("Thinking")` came {when - at:.1f} s later; it '
                "should come before the waiting begins."
            )


def _conversation(seen: Sequence[BaseMessage], calls: Sequence[Call]) -> None:
    """Turn down a second request that a provider would refuse, or that lacks the results."""
    if tuple(seen[: len(_BEFORE)]) != _BEFORE:
        raise NotYet("The second time, the model didn't see the conversation from its beginning.")
    added = seen[len(_BEFORE) :]
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
            f"The second time, the model saw its call and no `ToolMessage` with the result{what}."
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


_UNFINISHED = (
    ("length", "cut off by a limit on its length"),
    (None, "broken off without a finish reason"),
    ("content_filter", "stopped by the provider's filter"),
)


def _gates(function: Callable[..., Any]) -> None:
    """A call that nobody finished isn't executed; whether that raises is left open."""
    for finish, what in _UNFINISHED:
        half = Call("order_status", '{"order": 47')
        run = _answered(function, asks_for(half, finish=finish), _other())
        if run.ran:
            raise NotYet(
                f"A tool call that was {what} was executed all the same: "
                f"`{run.ran[0].name}({run.ran[0].argument})`. Nobody finished asking for that."
            )
    run = _answered(function, asks_for(ORDER, fails_after=2), _other())
    if run.heard.error is None:
        raise NotYet("The connection was lost in mid-reply, and `answer` ended without an error.")
    if not came_out(run.heard.error, ConnectionLost):
        no_error(run.heard, "when the connection was lost")
    if run.ran:
        raise NotYet("The connection was lost before the call was complete, and a tool ran.")


def _ends(function: Callable[..., Any]) -> None:
    """Left in mid-reply, and cancelled in a silence."""
    run = _answered(function, _lamp(), leave_after=4)
    no_error(run.heard, "when the reader left")
    if not run.heard.let_go:
        raise NotYet(
            "The reader has left, and the model goes on writing: its stream is still open."
        )
    probe = _lamp(silences={3: LONG})
    args = (TurnsModel.of(probe), tools([]), list(_BEFORE))
    run_cancelled(function, args, "answer", probe, after=5.0)


# --- 5.9 ticket(model, conversation) --------------------------------------------------------------

_TICKET: dict[str, Any] = {
    "name": "Ada Byron",
    "order": 4711,
    "problem": "The lamp flickers at night.",
}
_JSON = '{"name": "Ada Byron", "order": 4711, "problem": "The lamp flickers at night."}'
_CUT = _JSON[: _JSON.index("ckers")]
_WISH = "I am Ada Byron. My lamp, order 4711, flickers at night."


def ticket(answer: object) -> str:
    """A ticket that fills in while it streams, and is one only when the model finished it."""
    function = the_function(answer, "ticket")
    probe = LiveProbe(cut(_JSON, 11))
    model = TurnsModel.of(probe)
    heard = run_stream(function, (model, _WISH), "ticket", probe)
    no_error(heard)
    if any(model.offered):
        raise NotYet(
            "The model was asked to call a tool. This one writes its JSON as text, as the request "
            "in the exercise says."
        )
    if probe.requests and not any(_WISH in message.text for message in probe.seen[0]):
        raise NotYet("The model was asked, and the conversation isn't in what it saw.")
    asked_well(probe, "ticket")
    _fills_in(heard, probe)
    _ends_in_a_ticket(heard)
    for finish, what in _UNFINISHED[:2]:
        heard = _ticket(function, LiveProbe(cut(_CUT, 12), finish=finish))
        _no_ticket(heard, f"The reply was {what}, inside of its last field")
    soon = _JSON.replace("4711", '"soon"')
    heard = _ticket(function, LiveProbe(cut(soon, 13)))
    _no_ticket(heard, 'The reply has `"soon"` for the number of the order')
    heard = _ticket(function, LiveProbe(cut(_JSON, 14), fails_after=4))
    _no_ticket(heard, "The connection was lost in mid-reply")
    heard = _ticket(function, LiveProbe(cut(_JSON, 15)), leave_after=2)
    no_error(heard, "when the reader left")
    if not heard.let_go:
        raise NotYet(
            "The reader has left, and the model goes on writing: its stream is still open."
        )
    return (
        "The fields as they come, a validated `Ticket` at the end, and none where the reply was "
        "cut off, broken or wrong."
    )


def _ticket(function: Callable[..., Any], probe: LiveProbe, **how: Any) -> Heard:
    return run_stream(function, (LiveModel(probe=probe), _WISH), "ticket", probe, **how)


def _is_ticket(item: object) -> bool:
    return type(item).__name__ == "Ticket"


def _fills_in(heard: Heard, probe: LiveProbe) -> None:
    """Turn down what isn't a dict, says what isn't so, or comes late."""
    if not heard.items:
        raise NotYet("`ticket` yields nothing.")
    tickets = [at for item, at in zip(heard.items, heard.times, strict=True) if _is_ticket(item)]
    if tickets and tickets[0] < probe.lasts - loops.SOON:
        raise NotYet(
            f"A `Ticket` came after {tickets[0]:.1f} s, and the reply ended after "
            f"{probe.lasts:.1f}. Until then nobody knows whether it is one."
        )
    partial = [
        (item, at)
        for item, at in zip(heard.items, heard.times, strict=True)
        if not _is_ticket(item)
    ]
    for item, _ in partial:
        if not isinstance(item, dict):
            raise NotYet(
                f"`ticket` yields {kind(item)}, {shown(str(item))}; before the end the exercise "
                "asks for dicts."
            )
        for name, value in item.items():
            right = str(_TICKET.get(name, ""))
            if value is not None and not right.startswith(str(value)):
                raise NotYet(
                    f"`ticket` yields {shown(repr(item), 90)}, which the reply doesn't say."
                )
    for name in ("name", "order"):
        _known_in_time(name, partial, probe)


def _known_in_time(name: str, partial: Sequence[tuple[Any, float]], probe: LiveProbe) -> None:
    """Turn down a field that comes later than the piece behind its value."""
    value = str(_TICKET[name])
    end = _JSON.index(value) + len(value) + 1  # the quote or comma that closes it
    whole = next(n for n in range(99) if len("".join(probe.pieces[: n + 1])) >= end)
    due = probe.arrives(whole)
    at = next((when for item, when in partial if str(item.get(name)) == value), None)
    if at is None or at >= probe.lasts - loops.SOON:
        raise NotYet(
            f"`{name}` was known after {due:.1f} s of {probe.lasts:.1f}, and no dict says it "
            "before the reply is over."
        )
    if at > due + loops.SOON:
        raise NotYet(
            f"`{name}` was known after {due:.1f} s, and was first yielded after {at:.1f} s."
        )


def _ends_in_a_ticket(heard: Heard) -> None:
    last = heard.items[-1]
    if not _is_ticket(last):
        raise NotYet(f"The last that comes is {kind(last)}; the exercise asks for a `Ticket`.")
    if sum(map(_is_ticket, heard.items)) > 1:
        raise NotYet("More than one `Ticket` comes for one conversation.")
    values = {name: getattr(last, name, None) for name in _TICKET}
    if values != _TICKET:
        raise NotYet(f"The ticket at the end says {shown(repr(values), 120)}.")


def _no_ticket(heard: Heard, what: str) -> None:
    tickets = [item for item in heard.items if _is_ticket(item)]
    if tickets:
        raise NotYet(f"{what}, and a `Ticket` came: {shown(str(tickets[0]), 90)}.")
    if heard.error is None:
        raise NotYet(f"{what}, and `ticket` ended as if all were well.")


# --- 5.10 steady(sources, seconds) ----------------------------------------------------------------


def steady(answer: object) -> str:
    """The first source that gets as far as a text; silence is a failure."""
    function = the_function(answer, "steady")
    feeds = [_feed(), _feed(_OTHER)]
    heard = _steady(function, feeds)
    if heard.error is not None and 0 < len(feeds[0].times) < len(feeds[0].steps):
        raise NotYet(
            f"No silence is as long as {_SECONDS:g} s, and `{type(heard.error).__name__}` came out "
            f"after {heard.seconds:.1f} s. Does each piece get its own time?"
        )
    no_error(heard)
    _nobody_else(feeds, 1, "The first source answers")
    _passed_on(heard, feeds[0].items)
    nothing_late(heard, feeds[0], loops.BEGIN, "steady")
    slow = _steady(function, [_feed(), _feed(_OTHER)], pause=_READER)
    no_error(slow, f"for a reader who takes {_READER:g} s for each piece")
    for steps, error, what in _NOTHING_YET:
        _next_is_asked(function, steps, error, what)
    for steps, error, what in _HALF:
        _interrupted(function, steps, error, what)
    last = ConnectionLost("the last source's connection was lost")
    feeds = [Feed(_steps(0), ConnectionLost("the first source's")), Feed(_steps(2), last)]
    heard = _steady(function, feeds)
    if heard.error is None:
        raise NotYet("No source got as far as a text, and the stream ended without an error.")
    if heard.error is not last and heard.error.__cause__ is not last:
        if not came_out(heard.error, ConnectionLost):
            no_error(heard, "when no source got as far as a text")
        raise NotYet(
            f"No source got as far as a text, and the error that came out is "
            f"{shown(repr(heard.error))}; the last one's was {shown(repr(last))}."
        )
    _left(function)
    return (
        "Failures and silences before a text make room for the next; after it they come out, and "
        "what was shown stays."
    )


def _status(stage: str, detail: str = "") -> object:
    """A `Status` of the kind that the learner's code has."""
    from utils.widgets import Status  # brings the widgets along: when it is needed

    return Status(stage, detail)


def _steps(count: int, text: str = _LAMP) -> list[tuple[float, Any]]:
    """The first pieces of a source: news, an empty chunk, then chunks with text."""
    pieces = [AIMessageChunk(content=piece) for piece in ("", *cut(text, 10))]
    items = [_status("Thinking"), *pieces]
    gaps = [0.0, 0.1, 0.5, *[0.1] * len(items)]
    return list(zip(gaps, items, strict=False))[:count]


def _feed(text: str = _LAMP) -> Feed:
    return Feed(_steps(99, text))


def _silence(count: int) -> list[tuple[float, Any]]:
    """So many pieces, and then nothing for long."""
    return [*_steps(count), (LONG, AIMessageChunk(content="late"))]


_Case = tuple[Callable[[], list[tuple[float, Any]]], Exception | None, str]
_NOTHING_YET: tuple[_Case, ...] = (
    (lambda: _steps(0), _LOST, "The first source failed at once"),
    (lambda: _steps(1), _LOST, "The first source yielded a `Status` and failed"),
    (lambda: _steps(2), _LOST, "The first source yielded an empty chunk and failed"),
    (lambda: _silence(0), None, "The first source was silent"),
    (lambda: _silence(2), None, "The first source was silent after an empty chunk"),
)
_HALF: tuple[_Case, ...] = (
    (lambda: _steps(5), _LOST, "The first source failed in mid-reply"),
    (lambda: _silence(5), None, "The first source fell silent in mid-reply"),
)


def _steady(function: Callable[..., Any], feeds: Sequence[Feed], **how: Any) -> Heard:
    return run_stream(function, (list(feeds), _SECONDS), "steady", *feeds, **how)


def _passed_on(heard: Heard, right: Sequence[Any], what: str = "") -> None:
    """Turn down other pieces than those that the sources made."""
    begins = f"{what}. " if what else ""
    for item in heard.items:
        if isinstance(item, str):
            raise NotYet("`steady` yields text where a chunk came; pass on what comes.")
        if item not in right:
            raise NotYet(f"{begins}`steady` yields {kind(item)} that no source made.")
    if heard.items != list(right):
        missing = next((item for item in right if item not in heard.items), None)
        if missing is not None:
            what = kind(missing)
            raise NotYet(f"{begins}{what[0].upper()}{what[1:]} that came was not passed on.")
        raise NotYet(
            f"{begins}{len(right)} pieces came, and {len(heard.items)} were passed on: some twice?"
        )


def _nobody_else(feeds: Sequence[Feed], asked: int, what: str) -> None:
    for number, feed in enumerate(feeds[asked:], start=asked + 1):
        if feed.made:
            raise NotYet(f"{what}, and source {number} was called all the same.")


def _next_is_asked(
    function: Callable[..., Any],
    steps: Callable[[], list[tuple[float, Any]]],
    error: Exception | None,
    what: str,
) -> None:
    feeds = [Feed(steps(), error), _feed(_OTHER), _feed()]
    heard = _steady(function, feeds)
    if heard.error is not None and not feeds[1].made:
        raise NotYet(f"{what}, and `{type(heard.error).__name__}` came out: nobody else was asked.")
    no_error(heard, what[0].lower() + what[1:])
    if not feeds[1].made:
        took = f" for {LONG:g} s" if error is None else ""
        raise NotYet(f"{what}{took}, and nobody else was asked.")
    _nobody_else(feeds, 2, f"{what}, the second answered")
    sent = [item for _, item in feeds[0].steps[: len(feeds[0].times)]]
    _passed_on(heard, [*sent, *feeds[1].items], what)
    if error is None:
        quiet_since = feeds[0].times[-1] if feeds[0].times else loops.BEGIN
        waited = feeds[1].times[0] - quiet_since
        if waited > _SECONDS + AT_ONCE:
            raise NotYet(f"{what}, and the next one was asked after {waited:.1f} s.")
        if waited < _SECONDS - AT_ONCE:
            raise NotYet(f"{what}, and the next one was asked after {waited:.1f} s already.")
    if not heard.let_go:
        raise NotYet(f"{what}, the next one answered, and the first one's stream is still open.")


def _interrupted(
    function: Callable[..., Any],
    steps: Callable[[], list[tuple[float, Any]]],
    error: Exception | None,
    what: str,
) -> None:
    feeds = [Feed(steps(), error), _feed(_OTHER)]
    heard = _steady(function, feeds)
    _nobody_else(feeds, 1, f"{what}, when some text had been shown")
    if heard.error is None:
        how = "waited for it" if "late" in heard.text else "ended as if the reply were complete"
        raise NotYet(f"{what}, and `steady` {how}.")
    if error is not None and not came_out(heard.error, ConnectionLost):
        no_error(heard, what[0].lower() + what[1:])
    _passed_on(heard, [item for _, item in feeds[0].steps[:5]], what)


def _left(function: Callable[..., Any]) -> None:
    feeds = [_feed(), _feed(_OTHER)]
    heard = _steady(function, feeds, leave_after=4)
    no_error(heard, "when the reader left")
    _nobody_else(feeds, 1, "The reader left")
    if not heard.let_go:
        raise NotYet("The reader has left, and the source's stream is still open.")
    feeds = [Feed(_silence(2)), _feed(_OTHER)]
    try:
        run_cancelled(function, (feeds, _SECONDS), "steady", *feeds, after=1.0)
    finally:  # another source is the more telling thing to say
        _nobody_else(feeds, 1, "The reader's task was cancelled in a silence")


# --- 5.11 support(models, tools, seconds) ---------------------------------------------------------

_BUDGET = 1.2  # times the model's own TTFT
_STEPS = {"answer": "step 1, Exercise 5.8", "steady": "step 3, Exercise 5.10"}


def support(answer: object) -> str:
    """The whole assistant under a script of faults, and within its budget of waiting."""
    function = the_function(answer, "support")
    _steps_done(function)
    probe, spare = _lamp(gap=0.05), _other()  # the whole of it takes less than `seconds`
    model = TurnsModel.of(probe)
    heard, wait = _measured(function, [model, TurnsModel.of(spare)], probe, spare)
    no_error(heard)
    _all_by_the_first(probe, spare)
    if not all(model.offered):
        raise NotYet("The model was asked without the tools that `support` was given.")
    _status_and_chunks(heard.items, "support")
    first = _stage(heard.items[0])
    if first is None or heard.times[0] > loops.SOON:
        raise NotYet(
            f"The first sign of life comes after {heard.times[0]:.1f} s, with a blank screen until "
            f"then. See {_STEPS['answer']}."
        )
    if heard.text != _LAMP:
        raise NotYet(
            f"A plain reply came out as {shown(heard.text or ' ')}, and the model wrote "
            f"{shown(_LAMP)}. See {_STEPS['answer']}."
        )
    own = probe.arrives(0)
    if wait > _BUDGET * own:
        raise NotYet(
            f"The reader waits {wait:.1f} s in all where the model needs {own:.1f} s for its first "
            f"text: something holds text back. See {_STEPS['answer']}, and {_STEPS['steady']}."
        )
    _with_a_tool(function)
    _script(function)
    return (
        "It survived a tool call, Stop, a refusal, a silence, a break in mid-reply and the loss of "
        f"all models. First sign at once, first text after {own:.1f} s, and the reader waited "
        f"{wait:.1f} s in all: as long as the model itself needs."
    )


def _steps_done(function: Callable[..., Any]) -> None:
    """Turn down an assistant whose parts nobody has written yet."""
    names = getattr(function, "__globals__", {})
    for name, number in (("answer", "5.8"), ("steady", "5.10")):
        if name in names and untouched(names[name], number):
            raise NotYet(
                f"This step puts the others together, and `{name}` is still as Exercise {number} "
                "came. Write that first."
            )


def _assistant(
    function: Callable[..., Any], models: Sequence[TurnsModel], ran: list[Ran]
) -> Callable[..., Any]:
    """A function of the history, whose stream is made on the loop that reads it."""

    def stream(history: list[BaseMessage]) -> object:
        reply = function(list(models), tools(ran), _SECONDS)
        if not callable(reply):
            if asyncio.iscoroutine(reply):
                reply.close()
            raise NotYet(
                f"`support` returns {kind(reply)}; a panel wants a function that it calls with the "
                "history of each turn."
            )
        return reply(history)

    return stream


def _supported(
    function: Callable[..., Any], *probes: LiveProbe, ran: list[Ran] | None = None, **how: Any
) -> Heard:
    models = [TurnsModel.of(probe) for probe in probes]
    stream = _assistant(function, models, [] if ran is None else ran)
    return run_stream(stream, ([*_BEFORE],), "reply", *probes, **how)


def _measured(
    function: Callable[..., Any], models: Sequence[TurnsModel], *probes: LiveProbe
) -> tuple[Heard, float]:
    """A reading, and the reader's wait in seconds by `utils.perception`."""
    recorders: list[Any] = []
    stream = _assistant(function, models, [])

    def recorded(history: list[BaseMessage]) -> object:
        made = stream(history)
        if not hasattr(made, "__aiter__"):
            return made
        recorders.append(arecord(made, clock=loops.now))
        return recorders[0]

    heard = run_stream(recorded, ([*_BEFORE],), "reply", *probes)
    return heard, readers_wait(recorders[0].recording)


def _all_by_the_first(probe: LiveProbe, spare: LiveProbe) -> None:
    if spare.requests and not probe.requests:
        raise NotYet(
            "There are two models, and the first was never asked: every source asks the last one. "
            "When does the code of a source look up its model?"
        )
    if spare.requests:
        raise NotYet(
            f"The first model answers, and the second was asked too. See {_STEPS['steady']}."
        )
    if not probe.requests:
        raise NotYet("Neither of the two models was asked. Who calls the sources?")


def _with_a_tool(function: Callable[..., Any]) -> None:
    ran: list[Ran] = []
    probes = (asks_for(ORDER), _lamp())
    stream = _assistant(function, [TurnsModel.of(*probes), TurnsModel.of(_other())], ran)
    history = list[BaseMessage](_BEFORE)
    heard = run_stream(stream, (history,), "reply", *probes)
    no_error(heard, "when the model asked for a tool")
    if [one.name for one in ran] != ["order_status"] or not heard.text.endswith(_LAMP):
        raise NotYet(
            f"The model asked for a tool, and {len(ran)} ran; what came out is "
            f"{shown(heard.text or ' ')}. See {_STEPS['answer']}."
        )
    stages = [_stage(item) for item in heard.items if _stage(item) in ("Thinking", "Tool call")]
    if stages != ["Thinking", "Tool call", "Thinking"]:
        raise NotYet(
            f"The model asked for a tool, and the screen said "
            f"{shown(', '.join(map(str, stages)) or ' ')}. See {_STEPS['answer']}."
        )
    if history != list(_BEFORE):
        raise NotYet(f"The panel's history was changed by a tool call. See {_STEPS['answer']}.")


def _script(function: Callable[..., Any]) -> None:
    """What goes wrong in the life of an assistant, one after the other."""
    see = f"See {_STEPS['steady']}."
    heard = _supported(function, _lamp(), _other(), leave_after=4)
    no_error(heard, "when Stop was pressed")
    if not heard.let_go:
        raise NotYet(f"Stop was pressed, and the model goes on writing. See {_STEPS['answer']}.")
    silent, spare = _lamp(first_after=LONG), _other()
    stream = _assistant(function, [TurnsModel.of(silent), TurnsModel.of(spare)], [])
    run_cancelled(stream, ([*_BEFORE],), "reply", silent, spare, after=1.0)

    refuses, answers = _lamp(fails_after=0), _other()
    heard = _supported(function, refuses, answers)
    _only_lost(heard, "when the first model refused")
    if heard.error is not None or heard.text != _OTHER:
        raise NotYet(f"The first model refused, and the second didn't answer in its place. {see}")

    silent, answers = _lamp(first_after=LONG), _other()
    heard = _supported(function, silent, answers)
    pairs = zip(heard.items, heard.times, strict=True)
    first = next((at for item, at in pairs if text_of(item)), None)
    # The silent one's empty first chunk is a sign of life; the silence begins there.
    due = ROLE_AFTER + _SECONDS + answers.arrives(0) + AT_ONCE
    if first is not None and first > due:
        raise NotYet(
            f"The first model was silent, and the first text came after {first:.1f} s, though "
            f"`seconds` was {_SECONDS:g}. Does that get to where the silence is measured? {see}"
        )
    if heard.error is not None or heard.text != _OTHER:
        raise NotYet(
            f"The first model was silent, and the second didn't answer in its place. {see}"
        )

    breaks, spare = _lamp(fails_after=4), _other()
    heard = _supported(function, breaks, spare)
    said = "".join(breaks.pieces[:4])
    _only_lost(heard, "when the connection was lost in mid-reply")
    if spare.requests or heard.text != said:
        raise NotYet(
            f"The connection was lost after {shown(said)} had been shown, and what came out is "
            f"{shown(heard.text or ' ')}. {see}"
        )
    if heard.error is None:
        raise NotYet(
            "The connection was lost in mid-reply, and the panel can't know: nothing was raised. "
            f"{see}"
        )
    heard = _supported(function, _lamp(fails_after=0), _other(fails_after=0))
    if heard.error is None:
        raise NotYet(f"Both models were lost, and the panel can't know: nothing was raised. {see}")
    _two_turns(function)


def _only_lost(heard: Heard, when: str) -> None:
    """Tell an error that isn't the model's."""
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, when)


def _two_turns(function: Callable[..., Any]) -> None:
    """One assistant, asked twice, as a panel does."""
    probes = (_lamp(), _other())
    models = [TurnsModel.of(*probes), TurnsModel.of(_other())]
    made: list[Callable[..., Any]] = []

    def stream(history: list[BaseMessage]) -> object:
        if not made:
            made.append(function(models, tools([]), _SECONDS))
        return made[0](history)

    first = run_stream(stream, ([*_BEFORE],), "reply", *probes)
    longer = [*_BEFORE, AIMessage(_LAMP), HumanMessage("And now?")]
    second = run_stream(stream, (longer,), "reply", *probes)
    if (first.text, second.text) != (_LAMP, _OTHER):
        raise NotYet(
            f"In the second turn of a chat what came out is {shown(second.text or ' ')}. Is "
            "something used up, or kept, by the first?"
        )
    if [message.text for message in probes[1].seen[0]] != [message.text for message in longer]:
        raise NotYet("In the second turn the model didn't see that turn's history.")


CHECKS: dict[str, Callable[[Any], str]] = {
    "5.8": answer,
    "5.9": ticket,
    "5.10": steady,
    "5.11": support,
}
