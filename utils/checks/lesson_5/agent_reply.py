"""Check for `agent_reply`: yield the text from an agent's model as it arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.extra_cases import only_gc_closes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import Reading
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.answer import Calls, continues
from utils.checks.lesson_5.seen import RepliesRun, text_delay


@dataclass(kw_only=True)
class Seen(RepliesRun):
    case: Calls
    readings: Sequence[Reading]  # the requests, in order
    blocking: str  # the first blocking method of the agent that was called; "" if none was called
    late: float  # the longest time from a piece's arrival until it was yielded, in seconds
    echo: str  # the first yielded item that repeats a message in the history; "" if there is none


def observe(answer: Any, case: Calls) -> Seen:
    from langchain.agents import create_agent  # slow to import

    replies = [*(given.calling(*calls) for calls in case.calls), case.reply(usage=given.USAGE)]
    agent = create_agent(given.model_sending(*replies), given.tools([]))
    called: list[str] = []
    # the real methods would deadlock: this loop and the agent's threads would wait for each other
    for name in ("stream", "invoke", "stream_events"):
        setattr(agent, name, partial(_blocks, name, called))
    how: dict[str, Any] = {"streams": True, "passes_on": True}
    run = run_async("agent_reply", answer, case, replies[0], agent, list(given.HISTORY), **how)
    readings = [each for reply in replies for each in reply.readings]
    before = [message.text for message in given.HISTORY]
    return Seen.of(
        run,
        replies=replies,
        readings=readings,
        blocking="".join(called[:1]),
        late=text_delay(run, readings),
        echo=next((item for item in run.items if item in before), ""),
    )


def _blocks(name: str, called: list[str], *_: object, **__: object) -> None:
    called.append(name)
    raise RuntimeError(f"`{name}` blocks the event loop")


MISTAKES: Mistakes[Seen] = {
    "never runs the agent": lambda s: not s.readings,
    "another conversation": lambda s: not continues(given.HISTORY, s.readings[0]),
    "echoes the history": lambda s: bool(s.echo),
    "ends before the last reply": lambda s: s.case.whole and len(s.readings) < len(s.replies),
    # in the cases with tool calls, only tool results contain a parenthesis
    "shows a result": lambda s: bool(s.case.calls) and "(" in s.text,
    **TEXT,
    "held back": lambda s: s.late > SOON,
}

check = Exercise(
    observe,
    cases=(
        Calls(seed=8),
        Calls(calls=[[given.ORDER]], when="when the model called a tool"),
        Calls(calls=[[given.ORDER, given.HOURS]], when="when the model called two tools"),
        Calls(calls=[[given.ORDER], [given.HOURS]], when="when one tool call followed another"),
    ),
    mistakes=MISTAKES,
    first={"blocks the loop": lambda s: bool(s.blocking)},
    notes={"leaves closing to Python": only_gc_closes(observe)},
)
