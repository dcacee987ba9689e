"""The check of the capstone's Exercise 5.11: the whole assistant, under a script of faults."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from utils.checks.assistant import (
    BEFORE,
    LAMP,
    LONG,
    ORDER,
    OTHER,
    SECONDS,
    TOOL_TAKES,
    Ran,
    TurnsModel,
    asks_for,
    lamp,
    other,
    stage,
    tools,
)
from utils.checks.async_streams import LiveProbe
from utils.checks.capstone_answer import answer as answers_with_tools
from utils.checks.capstone_answer import status_and_chunks
from utils.checks.capstone_steady import is_a_silence, on_a_finished_watched
from utils.checks.capstone_steady import steady as is_steady
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.student_code import LearnersError, untouched
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Heard, text_of
from utils.checks.observe import kind, names_in, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ROLE_AFTER, ConnectionLost
from utils.checks.watching import AT_ONCE, came_out, no_error, often, run_cancelled, run_stream
from utils.perception import readers_wait
from utils.timing import arecord

_BUDGET = 1.2  # times the model's own TTFT
_STREAM_CALLED = "'async_generator' object is not callable"


@dataclass(frozen=True)
class _Step:
    """A step that `support` is made of.

    Attributes:
        name: Its function's.
        number: Of the step.
        exercise: Its exercise.
        check: The exercise's check.
    """

    name: str
    number: int
    exercise: str
    check: Callable[[object], str]


_ANSWER = _Step("answer", 1, "5.8", answers_with_tools)
_STEADY = _Step("steady", 3, "5.10", is_steady)


class _InAStep(NotYet):
    """Something that a step should have seen to.

    Attributes:
        step: The one that it looks like.
    """

    def __init__(self, said: str, step: _Step) -> None:
        super().__init__(said)
        self.step = step


@judged("support")
def support(answer: object) -> str:
    """The whole assistant under a script of faults, and within its budget of waiting."""
    function = the_function(answer, "support")
    _steps_done(function)
    try:
        return _survives(function)
    except (NotYet, LearnersError) as found:
        on_a_finished_watched(_named(function).get(_STEADY.name))
        if isinstance(found, _InAStep):
            raise NotYet(f"{found} {_where(function, found.step)}") from None
        raise


def _steps_done(function: Callable[..., Any]) -> None:
    """Turn down an assistant whose parts nobody has written yet."""
    for step in (_ANSWER, _STEADY):
        if step.name in names_in(function) and step.name not in _named(function):
            raise NotYet(
                f"`support` uses `{step.name}`, and the notebook has none yet. Run the cell of "
                f"Exercise {step.exercise} again, and of the steps before it."
            )
        if untouched(_named(function).get(step.name), step.exercise):
            raise NotYet(f"Step {step.number} isn't done yet: Exercise {step.exercise}.")


def _named(function: Callable[..., Any]) -> dict[str, Any]:
    """What the notebook's names stand for, as far as the function knows."""
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return names


def _where(function: Callable[..., Any], likely: _Step) -> str:
    """Which step to look at: the one whose own check turns it down, or else the likely one."""
    steps = [step for step in (_ANSWER, _STEADY) if callable(_named(function).get(step.name))]
    for step in sorted(steps, key=lambda step: step is not likely):
        try:
            step.check(_named(function)[step.name])
        except (NotYet, LearnersError):
            return f"See step {step.number}, Exercise {step.exercise}."
    if len(steps) == 2:
        return "Steps 1 and 3 pass by themselves, so it is in `support`."
    return f"See step {likely.number}, Exercise {likely.exercise}."


def _survives(function: Callable[..., Any]) -> str:
    probe, spare = lamp(gap=0.05), other()  # the whole of it takes less than `seconds`
    model = TurnsModel.of(probe)
    history = list[BaseMessage](BEFORE)
    heard, wait = _measured(function, [model, TurnsModel.of(spare)], history, probe, spare)
    if isinstance(heard.error, TypeError) and _STREAM_CALLED in str(heard.error):
        raise NotYet(
            "A source is a function without arguments, which makes a stream when it is called. "
            "What `support` hands over is a stream already."
        )
    _no_silence_found(heard, f"The longest silence was {probe.first_after:g} s")
    no_error(heard)
    _all_by_the_first(probe, spare)
    _with_the_tools(model)
    status_and_chunks(heard.items, "support")
    _a_sign_at_once(heard)
    if history != list(BEFORE):
        raise _InAStep(
            "The history that `reply` was given was changed by it. That list is the panel's, which "
            "writes each turn down by itself.",
            _ANSWER,
        )
    if heard.text != LAMP:
        raise _InAStep(
            f"A plain reply came out as {shown(heard.text or ' ')}, and the model wrote "
            f"{shown(LAMP)}.",
            _ANSWER,
        )
    own = probe.arrives(0)
    if wait > _BUDGET * own:
        raise _InAStep(
            f"The reader waits {wait:.1f} s in all where the model needs {own:.1f} s for its first "
            "text: something holds text back.",
            _ANSWER,
        )
    _with_a_tool(function)
    _script(function)
    _no_tool_twice(function)
    return (
        "It survived a tool call, Stop, a refusal, a silence, a break in mid-reply and the loss of "
        f"all models. First sign at once, first text after {own:.1f} s, and the reader waited "
        f"{wait:.1f} s in all: as long as the model itself needs."
    )


def _no_silence_found(heard: Heard, longest: str) -> None:
    if is_a_silence(heard.error):
        raise _InAStep(
            f"{longest}, `seconds` was {SECONDS:g}, and `{type(heard.error).__name__}` came out. "
            "Does all of `seconds` get to where a silence is measured?",
            _STEADY,
        )


def _with_the_tools(model: TurnsModel) -> None:
    if not all(model.offered):
        raise NotYet("The model was asked without the tools that `support` was given.")
    given = [tool.name for tool in tools([])]
    for offered in model.offered:
        if sorted(offered) != sorted(given):
            raise NotYet(
                f"`support` was given the `tools` {shown(', '.join(given))}, and the model was "
                f"asked with {shown(', '.join(offered))}. Where does that list come from?"
            )


def _a_sign_at_once(heard: Heard) -> None:
    """Turn down a screen that is blank while the model is silent."""
    pairs = list(zip(heard.items, heard.times, strict=True))
    text = next((at for item, at in pairs if text_of(item)), heard.seconds)
    news = next((at for item, at in pairs if stage(item) is not None), None)
    if news is None:
        raise _InAStep(
            f"No `Status` came out at all, so the screen was blank for {text:.1f} s.", _ANSWER
        )
    if min(news, text) > loops.SOON:
        raise _InAStep(
            f"The first sign of life comes after {min(news, text):.1f} s, with a blank screen "
            "until then.",
            _ANSWER,
        )


def _assistant(
    function: Callable[..., Any],
    models: Sequence[TurnsModel],
    ran: list[Ran],
    takes: float = TOOL_TAKES,
) -> Callable[..., Any]:
    """A function of the history, whose stream is made on the loop that reads it."""

    def stream(history: list[BaseMessage]) -> object:
        reply = function(list(models), tools(ran, takes), SECONDS)
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
    function: Callable[..., Any],
    models: Sequence[TurnsModel],
    history: list[BaseMessage],
    *probes: LiveProbe,
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

    heard = run_stream(recorded, (history,), "reply", *probes)
    return heard, readers_wait(recorders[0].recording)


def _all_by_the_first(probe: LiveProbe, spare: LiveProbe) -> None:
    if spare.requests and not probe.requests:
        raise NotYet(
            "There are two models, and the second was asked, but never the first. Are they in "
            "order? And when does the code of a source look up its model?"
        )
    if spare.requests:
        raise _InAStep("The first model answers, and the second was asked too.", _STEADY)
    if not probe.requests:
        raise NotYet("Neither of the two models was asked. Who calls the sources?")


def _with_a_tool(function: Callable[..., Any]) -> None:
    ran: list[Ran] = []
    probes = (asks_for(ORDER), lamp())
    stream = _assistant(function, [TurnsModel.of(*probes), TurnsModel.of(other())], ran)
    history = list[BaseMessage](BEFORE)
    heard = run_stream(stream, (history,), "reply", *probes)
    _no_silence_found(heard, f"The longest silence was {TOOL_TAKES:g} s, while a tool was at work")
    no_error(heard, "when the model asked for a tool")
    if [one.name for one in ran] != ["order_status"] or not heard.text.endswith(LAMP):
        raise _InAStep(
            f"The model asked for a tool, and {len(ran)} ran; what came out is "
            f"{shown(heard.text or ' ')}.",
            _ANSWER,
        )
    stages = [stage(item) for item in heard.items if stage(item) in ("Thinking", "Tool call")]
    if stages != ["Thinking", "Tool call", "Thinking"]:
        raise _InAStep(
            f"The model asked for a tool, and the screen said "
            f"{shown(', '.join(map(str, stages)) or ' ')}.",
            _ANSWER,
        )
    if history != list(BEFORE):
        raise _InAStep("The panel's history was changed by a tool call.", _ANSWER)


def _no_tool_twice(function: Callable[..., Any]) -> None:
    """What goes wrong after a tool was called, without a word before: nobody else is asked."""
    again = "when it was asked again after a tool call"
    for second, takes, what in (
        (lamp(fails_after=0), TOOL_TAKES, f"The first model refused {again}"),
        (lamp(first_after=LONG), TOOL_TAKES, f"The first model was silent {again}"),
        (lamp(), LONG, "The tool took longer than `seconds`"),
    ):
        ran: list[Ran] = []
        first, spare = asks_for(ORDER, pieces=[]), asks_for(ORDER, pieces=[])
        models = [TurnsModel.of(first, second), TurnsModel.of(spare, other())]
        stream = _assistant(function, models, ran, takes)
        heard = run_stream(stream, ([*BEFORE],), "reply", first, second, spare)
        if len(ran) > 1:
            raise _InAStep(f"{what}, and the tool ran {often(len(ran))}.", _STEADY)
        if spare.requests:
            raise _InAStep(f"{what}, and the second model was asked.", _STEADY)
        if heard.error is None:
            raise _InAStep(f"{what}, and the panel can't know: nothing was raised.", _STEADY)


def _script(function: Callable[..., Any]) -> None:
    """What goes wrong in the life of an assistant, one after the other."""
    heard = _supported(function, lamp(), other(), leave_after=4)
    no_error(heard, "when Stop was pressed")
    if not heard.let_go:
        raise _InAStep("Stop was pressed, and the model goes on writing.", _ANSWER)
    silent, spare = lamp(first_after=LONG), other()
    stream = _assistant(function, [TurnsModel.of(silent), TurnsModel.of(spare)], [])
    run_cancelled(stream, ([*BEFORE],), "reply", silent, spare, after=1.0)

    refuses, answers = lamp(fails_after=0), other()
    heard = _supported(function, refuses, answers)
    _only_lost(heard, "when the first model refused")
    if heard.error is not None or heard.text != OTHER:
        raise _InAStep(
            "The first model refused, and the second didn't answer in its place.", _STEADY
        )

    silent, answers = lamp(first_after=LONG), other()
    heard = _supported(function, silent, answers)
    pairs = zip(heard.items, heard.times, strict=True)
    first = next((at for item, at in pairs if text_of(item)), None)
    # The silent one's empty first chunk is a sign of life; the silence begins there.
    due = ROLE_AFTER + SECONDS + answers.arrives(0) + AT_ONCE
    if first is not None and first > due:
        raise _InAStep(
            f"The first model was silent, and the first text came after {first:.1f} s, though "
            f"`seconds` was {SECONDS:g}. Does that get to where the silence is measured?",
            _STEADY,
        )
    if first is not None and first < SECONDS + answers.arrives(0) - AT_ONCE:
        raise _InAStep(
            f"The first model was silent, and the first text came after {first:.1f} s already, "
            f"though `seconds` was {SECONDS:g}. Does all of it get to where a silence is measured?",
            _STEADY,
        )
    if heard.error is not None or heard.text != OTHER:
        raise _InAStep(
            "The first model was silent, and the second didn't answer in its place.", _STEADY
        )

    breaks, spare = lamp(fails_after=4), other()
    heard = _supported(function, breaks, spare)
    said = "".join(breaks.pieces[:4])
    _only_lost(heard, "when the connection was lost in mid-reply")
    if spare.requests or heard.text != said:
        raise _InAStep(
            f"The connection was lost after {shown(said)} had been shown, and what came out is "
            f"{shown(heard.text or ' ')}.",
            _STEADY,
        )
    if heard.error is None:
        raise _InAStep(
            "The connection was lost in mid-reply, and the panel can't know: nothing was raised.",
            _STEADY,
        )
    heard = _supported(function, lamp(fails_after=0), other(fails_after=0))
    if heard.error is None:
        raise _InAStep(
            "Both models were lost, and the panel can't know: nothing was raised.", _STEADY
        )
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
