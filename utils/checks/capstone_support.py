"""The check of the capstone's Exercise 5.11: the whole assistant, under a script of faults."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks import loops
from utils.checks.assistant import (
    BEFORE,
    LAMP,
    LONG,
    ORDER,
    OTHER,
    SECONDS,
    Ran,
    TurnsModel,
    asks_for,
    lamp,
    other,
    stage,
    tools,
)
from utils.checks.async_streams import LiveProbe
from utils.checks.attempt import untouched
from utils.checks.capstone_answer import status_and_chunks
from utils.checks.listening import Heard, text_of
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import ROLE_AFTER, ConnectionLost
from utils.checks.watching import AT_ONCE, came_out, no_error, run_cancelled, run_stream
from utils.perception import readers_wait
from utils.timing import arecord

_BUDGET = 1.2  # times the model's own TTFT
_STEPS = {"answer": "step 1, Exercise 5.8", "steady": "step 3, Exercise 5.10"}


def support(answer: object) -> str:
    """The whole assistant under a script of faults, and within its budget of waiting."""
    function = the_function(answer, "support")
    _steps_done(function)
    probe, spare = lamp(gap=0.05), other()  # the whole of it takes less than `seconds`
    model = TurnsModel.of(probe)
    heard, wait = _measured(function, [model, TurnsModel.of(spare)], probe, spare)
    no_error(heard)
    _all_by_the_first(probe, spare)
    if not all(model.offered):
        raise NotYet("The model was asked without the tools that `support` was given.")
    status_and_chunks(heard.items, "support")
    first = stage(heard.items[0])
    if first is None or heard.times[0] > loops.SOON:
        raise NotYet(
            f"The first sign of life comes after {heard.times[0]:.1f} s, with a blank screen until "
            f"then. See {_STEPS['answer']}."
        )
    if heard.text != LAMP:
        raise NotYet(
            f"A plain reply came out as {shown(heard.text or ' ')}, and the model wrote "
            f"{shown(LAMP)}. See {_STEPS['answer']}."
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
        reply = function(list(models), tools(ran), SECONDS)
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
    return run_stream(stream, ([*BEFORE],), "reply", *probes, **how)


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

    heard = run_stream(recorded, ([*BEFORE],), "reply", *probes)
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
    probes = (asks_for(ORDER), lamp())
    stream = _assistant(function, [TurnsModel.of(*probes), TurnsModel.of(other())], ran)
    history = list[BaseMessage](BEFORE)
    heard = run_stream(stream, (history,), "reply", *probes)
    no_error(heard, "when the model asked for a tool")
    if [one.name for one in ran] != ["order_status"] or not heard.text.endswith(LAMP):
        raise NotYet(
            f"The model asked for a tool, and {len(ran)} ran; what came out is "
            f"{shown(heard.text or ' ')}. See {_STEPS['answer']}."
        )
    stages = [stage(item) for item in heard.items if stage(item) in ("Thinking", "Tool call")]
    if stages != ["Thinking", "Tool call", "Thinking"]:
        raise NotYet(
            f"The model asked for a tool, and the screen said "
            f"{shown(', '.join(map(str, stages)) or ' ')}. See {_STEPS['answer']}."
        )
    if history != list(BEFORE):
        raise NotYet(f"The panel's history was changed by a tool call. See {_STEPS['answer']}.")


def _script(function: Callable[..., Any]) -> None:
    """What goes wrong in the life of an assistant, one after the other."""
    see = f"See {_STEPS['steady']}."
    heard = _supported(function, lamp(), other(), leave_after=4)
    no_error(heard, "when Stop was pressed")
    if not heard.let_go:
        raise NotYet(f"Stop was pressed, and the model goes on writing. See {_STEPS['answer']}.")
    silent, spare = lamp(first_after=LONG), other()
    stream = _assistant(function, [TurnsModel.of(silent), TurnsModel.of(spare)], [])
    run_cancelled(stream, ([*BEFORE],), "reply", silent, spare, after=1.0)

    refuses, answers = lamp(fails_after=0), other()
    heard = _supported(function, refuses, answers)
    _only_lost(heard, "when the first model refused")
    if heard.error is not None or heard.text != OTHER:
        raise NotYet(f"The first model refused, and the second didn't answer in its place. {see}")

    silent, answers = lamp(first_after=LONG), other()
    heard = _supported(function, silent, answers)
    pairs = zip(heard.items, heard.times, strict=True)
    first = next((at for item, at in pairs if text_of(item)), None)
    # The silent one's empty first chunk is a sign of life; the silence begins there.
    due = ROLE_AFTER + SECONDS + answers.arrives(0) + AT_ONCE
    if first is not None and first > due:
        raise NotYet(
            f"The first model was silent, and the first text came after {first:.1f} s, though "
            f"`seconds` was {SECONDS:g}. Does that get to where the silence is measured? {see}"
        )
    if heard.error is not None or heard.text != OTHER:
        raise NotYet(
            f"The first model was silent, and the second didn't answer in its place. {see}"
        )

    breaks, spare = lamp(fails_after=4), other()
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
    heard = _supported(function, lamp(fails_after=0), other(fails_after=0))
    if heard.error is None:
        raise NotYet(f"Both models were lost, and the panel can't know: nothing was raised. {see}")
    _two_turns(function)


def _only_lost(heard: Heard, when: str) -> None:
    """Tell an error that isn't the model's."""
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, when)


def _two_turns(function: Callable[..., Any]) -> None:
    """One assistant, asked twice, as a panel does."""
    probes = (lamp(), other())
    models = [TurnsModel.of(*probes), TurnsModel.of(other())]
    made: list[Callable[..., Any]] = []

    def stream(history: list[BaseMessage]) -> object:
        if not made:
            made.append(function(models, tools([]), SECONDS))
        return made[0](history)

    first = run_stream(stream, ([*BEFORE],), "reply", *probes)
    longer = [*BEFORE, AIMessage(LAMP), HumanMessage("And now?")]
    second = run_stream(stream, (longer,), "reply", *probes)
    if (first.text, second.text) != (LAMP, OTHER):
        raise NotYet(
            f"In the second turn of a chat what came out is {shown(second.text or ' ')}. Is "
            "something used up, or kept, by the first?"
        )
    if [message.text for message in probes[1].seen[0]] != [message.text for message in longer]:
        raise NotYet("In the second turn the model didn't see that turn's history.")
