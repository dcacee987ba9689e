"""Which of six snippets block the event loop; they run beside a heart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from utils.checks.engine import virtual_time
from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply, cut
from utils.checks.engine.run import HARBOUR

ALIVE = 0.2  # seconds between two beats of a heart that keeps beating, as the exercise says

_BEAT = 0.1  # seconds between two beats, as in the widget
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
        time.sleep(0.3)  # noqa: ASYNC251 (it is what the snippet does)


SNIPPETS: Mapping[str, Snippet] = {"A": _a, "B": _b, "C": _c, "D": _d, "E": _e, "F": _f}


@dataclass(frozen=True)
class Seen:
    """An answer, beside the longest pause of the heart while each snippet ran, in seconds."""

    answer: Any
    pauses: Mapping[str, float]

    @property
    def unknown(self) -> list[str]:
        """The keys that are no snippet's."""
        return [str(name) for name in self.answer if name not in SNIPPETS]

    @property
    def missing(self) -> list[str]:
        """The snippets without an answer."""
        return [name for name in SNIPPETS if self.answer.get(name, ...) is ...]

    @property
    def odd(self) -> list[str]:
        """The snippets whose answer is neither True nor False."""
        return [name for name in SNIPPETS if not isinstance(self.answer[name], bool)]

    @property
    def wrong(self) -> str:
        """The first snippet with a wrong answer, or ""."""
        return next((n for n, s in self.pauses.items() if self.answer[n] != (s <= ALIVE)), "")


def observe(answer: Any, _: None) -> Seen:
    """Run the snippets."""
    return Seen(answer, {name: _longest_pause(snippet) for name, snippet in SNIPPETS.items()})


def _longest_pause(snippet: Snippet) -> float:
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
        return max(after - before for before, after in pairwise([*beats, virtual_time.now()]))

    return round(virtual_time.run(main), 6)  # without what floats add


def _wrong_about(name: str) -> Callable[[Seen], bool]:
    return lambda s: s.wrong == name


MISTAKES: Mistakes[Seen] = {
    "no dict": lambda s: not isinstance(s.answer, Mapping),
    "no such snippet": lambda s: bool(s.unknown),
    "answer missing": lambda s: bool(s.missing),
    "not a bool": lambda s: bool(s.odd),
    **{f"wrong about {name}": _wrong_about(name) for name in SNIPPETS},
}

check = Exercise(observe, cases=(None,), mistakes=MISTAKES)
