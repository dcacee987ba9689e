"""The check of exercise 4.2: six snippets that let a heart beat on, or hold it up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise

from langchain_core.messages import BaseMessage

from utils.checks.async_streams import LiveModel, PilingProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.virtual_time import run
from utils.checks.engine.wording import shown
from utils.checks.observe import kind
from utils.checks.outcome import NotYet
from utils.checks.streams import cut

_BEAT = 0.1  # seconds between two beats, as in the widget
_ALIVE = 0.2  # seconds that a heart may pause and still beat on, as the exercise says
_QUESTION = "Name a sea."
_REPLY = "The sea is never the same twice, and the shore it leaves is not the one it found."


async def _a(model: LiveModel) -> None:
    async for _ in model.astream(_QUESTION):
        pass


async def _b(model: LiveModel) -> None:
    for _ in model.stream(_QUESTION):
        pass


async def _c(model: LiveModel) -> None:
    await model.ainvoke(_QUESTION)


async def _d(model: LiveModel) -> None:
    async def ask(question: str) -> BaseMessage:
        return model.invoke(question)

    await asyncio.create_task(ask(_QUESTION))


async def _e(model: LiveModel) -> None:
    await asyncio.to_thread(model.invoke, _QUESTION)


async def _f(model: LiveModel) -> None:
    async for _ in model.astream(_QUESTION):
        time.sleep(0.3)  # noqa: ASYNC251 (it is what the snippet does)


_SNIPPETS: dict[str, Callable[[LiveModel], Awaitable[None]]] = {
    "A": _a,
    "B": _b,
    "C": _c,
    "D": _d,
    "E": _e,
    "F": _f,
}

_BEHIND = {  # by the snippet, if it is wrong
    "A": "Streams are long, and the time goes by between their chunks. Who has the loop then?",
    "B": "Inside a coroutine, too, `for` stays what it is. Where could it hand the loop over while "
    "it waits for the next chunk?",
    "C": "That the reply comes all at once says how it is delivered. Does it say who has the loop "
    "until then?",
    "D": "Making a task only says when a coroutine runs. Look at what its body does while it "
    "waits, and for an `await` in it.",
    "E": "`invoke` blocks whatever it runs on. On what does it run here?",
    "F": "Chunks go on coming while it sleeps. When it asks for the next one, what is there left "
    "to wait for?",
}


def keeps_beating(answer: object) -> str:
    """In which of six snippets a heart beats on; they are run."""
    if not isinstance(answer, Mapping):
        raise NotYet(f"The answer is a dict with a snippet's letter as key, not {kind(answer)}.")
    unknown = [str(name) for name in answer if name not in _SNIPPETS]
    if unknown:
        raise NotYet(f"There is no snippet {', '.join(unknown)}; there are A to F.")
    missing = [name for name in _SNIPPETS if answer.get(name, ...) is ...]
    if missing:
        raise NotYet(f"No answer yet for {' and '.join(missing)}.")
    for name, snippet in _SNIPPETS.items():
        given = answer[name]
        if not isinstance(given, bool):
            raise NotYet(f"{name}: the answer is `True` or `False`, not {shown(repr(given))}.")
        pause = _longest_pause(snippet)
        if given != (pause <= _ALIVE):
            raise NotYet(
                f"{name} was run on the check's clock: the longest pause between two beats was "
                f"{pause:.1f} s. "
                f"A heart that beats on never pauses for more than {_ALIVE} s. {_BEHIND[name]}"
            )
    return "All six, as six runs beside a beating heart have shown."


def _longest_pause(snippet: Callable[[LiveModel], Awaitable[None]]) -> float:
    """The longest time between two beats of a heart while a snippet runs, in seconds."""
    model = LiveModel(probe=PilingProbe(cut(_REPLY, 121), gap=0.05))

    async def main() -> float:
        beats = [loops.now()]

        async def heart() -> None:
            while True:
                await asyncio.sleep(_BEAT)
                beats.append(loops.now())

        beating = asyncio.create_task(heart())
        await snippet(model)
        beating.cancel()
        return max(after - before for before, after in pairwise([*beats, loops.now()]))

    return round(run(main), 6)  # virtual seconds, without what floats add to them
