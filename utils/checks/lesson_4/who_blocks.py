"""Check for 4.who_blocks: find which of six snippets block the event loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.diagnosis import FORM, Diagnosis
from utils.checks.engine.exercise import Exercise
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import HARBOUR

ALIVE = 0.2  # seconds; a longer gap between heartbeats counts as blocking

_BEAT = 0.1  # seconds between heartbeats, as in the lesson's widget
_QUESTION = "Describe a harbour."

Snippet = Callable[[FakeModel], Awaitable[Any]]


async def _a(model: FakeModel) -> None:
    async for _ in model.astream(_QUESTION):
        pass


async def _b(model: FakeModel) -> None:
    for _ in model.stream(_QUESTION):
        pass


async def _c(model: FakeModel) -> None:
    await model.ainvoke(_QUESTION)


async def _d(model: FakeModel) -> None:
    async def ask(question: str) -> Any:
        return model.invoke(question)

    await asyncio.create_task(ask(_QUESTION))


async def _e(model: FakeModel) -> None:
    await asyncio.to_thread(model.invoke, _QUESTION)


async def _f(model: FakeModel) -> None:
    async for _ in model.astream(_QUESTION):
        time.sleep(0.3)  # noqa: ASYNC251 (the snippet blocks on purpose)


SNIPPETS: Mapping[str, Snippet] = {"A": _a, "B": _b, "C": _c, "D": _d, "E": _e, "F": _f}


@dataclass(frozen=True)
class Seen(Diagnosis):
    """The learner's answer, and for each snippet the longest gap between heartbeats, in seconds."""

    pauses: Mapping[str, float]

    def given(self, name: str) -> str:
        """Return the answer for a snippet as a `repr`, so that "True" differs from `True`."""
        return repr(self.answer[name])


def observe(answer: Any, _: None) -> Seen:
    pauses = {name: _longest_pause(snippet) for name, snippet in SNIPPETS.items()}
    truth = {name: repr(pause <= ALIVE) for name, pause in pauses.items()}
    return Seen(answer, truth, choices=("True", "False"), pauses=pauses)


def _longest_pause(snippet: Snippet) -> float:
    # with `keeps_sending`, pieces arrive even while a snippet sleeps
    reply = Reply(cut(HARBOUR, 42), gap=0.05, keeps_sending=True)
    model = FakeModel.of({_QUESTION: reply})

    async def main() -> float:
        beats = [virtual_time.now()]

        async def heart() -> None:
            while True:
                await asyncio.sleep(_BEAT)
                beats.append(virtual_time.now())

        beating = asyncio.create_task(heart())
        await snippet(model)
        beating.cancel()
        beats.append(virtual_time.now())
        return max(after - before for before, after in pairwise(beats))

    return round(virtual_time.run(main), 6)  # removes floating-point error


check = Exercise(observe, cases=(None,), mistakes={**FORM, "wrong": lambda s: bool(s.wrong)})
