"""The text of an agent's model, as it arrives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import Reading, Reply
from utils.checks.engine.run import Case, Run, text_of
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import BEGIN, SOON
from utils.checks.lesson_5 import given
from utils.checks.lesson_5.answer import continues


@dataclass(frozen=True, kw_only=True)
class Asked(Case):
    """What the agent's model calls in each of its replies before the last."""

    text: str = given.LAMP
    calls: Sequence[Sequence[given.Call]] = ()


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What came out of an agent's run."""

    case: Asked
    replies: Sequence[Reply]  # the model's replies
    readings: Sequence[Reading]  # the requests for them, in order
    blocking: str  # the method of the agent's that was called and blocks the event loop, or ""

    @property
    def expected(self) -> str:
        """The text that is to come out: what was taken of all replies; less if the reader left."""
        taken = "".join("".join(reply.pieces[: reply.taken]) for reply in self.replies)
        ends = self.case.leave_after is self.case.cancel_after is None
        return taken if ends or not taken.startswith(self.text) else self.text

    @property
    def late(self) -> float:
        """The longest delay from a piece's arrival to its being yielded."""
        pairs = zip(self.items, self.at, strict=True)
        out = [BEGIN + at for item, at in pairs if text_of(item)]
        arrived = [at for reading in self.readings for at in reading.arrived]
        return max((at - due for at, due in zip(out, arrived, strict=False)), default=0.0)

    @property
    def echo(self) -> str:
        """A message of the history that was yielded, or ""."""
        before = [message.text for message in given.BEFORE]
        return next((item for item in self.items if item in before), "")


def observe(answer: Callable[..., Any], case: Asked) -> Seen:
    """Read the stream of an agent, with tools that take a while."""
    from langchain.agents import create_agent  # slow to import

    replies = [*(given.asking(*calls) for calls in case.calls), case.reply(usage=given.USAGE)]
    agent = create_agent(given.Turns.answering(*replies), given.tools([]))
    called: list[str] = []
    for name in ("stream", "invoke", "stream_events"):  # whose threads would wait for this loop
        setattr(agent, name, partial(_blocks, name, called))
    how: dict[str, Any] = {"streams": True, "passes_on": True}
    run = run_async("agent_reply", answer, case, replies[0], agent, given.history(), **how)
    readings = [each for reply in replies for each in reply.readings]
    return Seen.of(run, replies=replies, readings=readings, blocking="".join(called[:1]))


def _blocks(name: str, called: list[str], *_: object, **__: object) -> None:
    called.append(name)
    raise RuntimeError(f"`{name}` blocks the event loop")


MISTAKES: Mistakes[Seen] = {
    "never runs the agent": lambda s: not s.readings,
    "another conversation": lambda s: not continues(given.BEFORE, s.readings[0]),
    "echoes the history": lambda s: bool(s.echo),
    "shows a result": lambda s: bool(s.case.calls) and "(" in s.text,
    **TEXT,
    "held back": lambda s: s.late > SOON,
}

check = Exercise(
    observe,
    cases=(
        Asked(seed=8),
        Asked(calls=[[given.ORDER]], when="when the model called a tool"),
        Asked(calls=[[given.ORDER, given.HOURS]], when="when the model called two tools"),
        Asked(calls=[[given.ORDER], [given.HOURS]], when="when one tool call followed another"),
    ),
    mistakes=MISTAKES,
    first={"blocks the loop": lambda s: bool(s.blocking)},
)
