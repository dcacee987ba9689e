"""The checks of lesson 4's exercises; see `lesson_1.py` for how they judge.

Answers run on a loop of virtual time (`loops.py`) against models that take such time
(`async_streams.py`), so silences and stalls are exact and cost no waiting. Here are the first
exercise and the clinic; the others have a module each, as the table at the end says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.asked import asked_the_prompt, blocks_nothing
from utils.checks.async_streams import LiveModel, LiveProbe, LiveSwitchboard, read
from utils.checks.awaited import learners_tasks, the_stream
from utils.checks.clinic import diagnosed
from utils.checks.deadline import text_within
from utils.checks.endpoint import create_app
from utils.checks.engine.virtual_time import NeverEnds, run
from utils.checks.engine.wording import shown
from utils.checks.frames import frame
from utils.checks.guard import judged
from utils.checks.heart import keeps_beating
from utils.checks.listening import Heard, cancelled, listen
from utils.checks.observe import (
    asked_for_a_stream,
    first_difference,
    kind,
    no_blank_piece_lost,
    the_function,
)
from utils.checks.outcome import NotYet
from utils.checks.several import ask_all
from utils.checks.stages import stages
from utils.checks.streams import GAP, ConnectionLost, cut, cut_at_lines
from utils.checks.texts import DANUBE, LIST, PROMPT, TIDE
from utils.checks.watching import came_out, ended_when_cancelled, no_error

# --- 4.1 shout(model, prompt) ---------------------------------------------------------------------


_ANOTHER = "Describe the tide."
_LOST = "When the connection was lost in mid-reply,"


@judged("shout")
def shout(answer: object) -> str:
    """The text in capitals, each piece out before the next is taken, and nothing held up."""
    function = the_function(answer, "shout")
    pieces = []
    for prompt, cuts in ((PROMPT, cut(DANUBE, 111)), (_ANOTHER, cut_at_lines(LIST, 112))):
        probe = LiveProbe(cuts)
        got = run(partial(_shouted, function, probe, prompt), answer)
        _streamed(probe, "shout")
        _texts(got)
        no_blank_piece_lost("".join(got), [piece.upper() for piece in probe.pieces])
        _in_capitals("".join(got), probe)
        _in_time(probe)
        pieces.append(str(len(probe.pieces)))
    _a_loss_comes_out(function)
    _a_cancellation_comes_out(function)
    return (
        f"Two replies, of {' and '.join(pieces)} pieces: each piece was out, in capitals, before "
        "the next one was taken, and the loop was never held up. A lost connection came out, and "
        "so did a cancellation."
    )


async def _shouted(function: Callable[..., Any], probe: LiveProbe, prompt: str) -> list[Any]:
    other = LiveProbe(cut(TIDE, 113))
    with learners_tasks():
        returned = function(LiveSwitchboard(probe=other, probes={prompt: probe}), prompt)
    items = await the_stream(returned, "shout")
    with learners_tasks():
        got = await read(items, probe)
    blocks_nothing("shout", probe, other)
    asked_the_prompt(prompt, other)
    return got


def _a_loss_comes_out(function: Callable[..., Any]) -> None:
    probe = LiveProbe(cut(DANUBE, 114), fails_after=3)
    try:
        heard = run(partial(_heard, function, probe), function)
    except NeverEnds:
        raise NotYet(
            f"{_LOST} `shout` came to no end. What tells your code that nothing more will come?"
        ) from None
    if heard.error is None:
        raise NotYet(
            f"{_LOST} `shout` ended as if the reply were whole. Which errors does it keep to "
            "itself?"
        )
    if not came_out(heard.error, ConnectionLost):
        no_error(heard, "when the connection was lost")


def _a_cancellation_comes_out(function: Callable[..., Any]) -> None:
    probe = LiveProbe(cut(DANUBE, 115))

    async def main() -> None:
        end = await cancelled(_heard(function, probe), probe.arrives(3) + GAP / 2)
        ended_when_cancelled(replace(end, let_go=True), "shout")  # closing isn't asked for here

    run(main, function)


async def _heard(function: Callable[..., Any], probe: LiveProbe) -> Heard:
    with learners_tasks():
        returned = function(LiveModel(probe=probe), PROMPT)
    return await listen(await the_stream(returned, "shout"), probe)


def _streamed(probe: LiveProbe, name: str) -> None:
    if probe.invoked and not probe.streamed:
        method = next(iter(probe.called), "ainvoke")
        raise NotYet(
            f"The model was called with `{method}`, which returns when all {len(probe.pieces)} "
            "pieces are written. Until then there is nothing to hand over."
        )
    if probe.requests == 1 and not probe.ended and not probe.taken:
        raise NotYet(
            f"`{name}` was over when the first piece had come, which is empty; "
            f"{len(probe.pieces)} with text were to follow. What ends its loop so early?"
        )
    asked_for_a_stream(probe, name)


def _texts(got: Sequence[object]) -> None:
    odd = next((item for item in got if not isinstance(item, str)), None)
    if isinstance(odd, BaseMessage):
        raise NotYet(
            f"What is yielded is a whole chunk, {kind(odd)}; the exercise asks for its text."
        )
    if odd is not None or None in got:
        raise NotYet(f"What is yielded is {kind(odd)}; the exercise asks for texts.")


def _in_capitals(got: str, probe: LiveProbe) -> None:
    right = probe.text.upper()
    if got == right:
        return
    if not got:
        raise NotYet("The whole reply was read, and no text was yielded.")
    if got == probe.text:
        raise NotYet(f"The text comes as the model wrote it: {shown(got[:30])}.")
    if got.lower() == probe.text.lower():
        raise NotYet(f"The text is right, and not all of it is in capitals: {shown(got[:40])}.")
    if got.lower().startswith("content="):
        raise NotYet(
            f"What is yielded is how Python shows a whole chunk, {shown(got[:40])}; the exercise "
            "asks for its text."
        )
    if got in (right * 2, right * 3) or len(got) > 2 * len(right):
        raise NotYet(
            f"{len(got)} characters were yielded, and the reply has {len(right)}: {shown(got)}. "
            "Some text is yielded again and again."
        )
    if "".join(got.split()) == "".join(right.split()):
        raise NotYet(
            f"The letters are right and the white space isn't: {shown(got[:40])}. The pieces bring "
            "their own."
        )
    raise NotYet(f"The text differs. {first_difference(got, right)}")


def _in_time(probe: LiveProbe) -> None:
    total = len(probe.pieces)
    if probe.most_held == total:
        raise NotYet(
            f"The text is right, and nothing came out until all {total} pieces of the reply were "
            "there."
        )
    if probe.most_held:
        raise NotYet(
            f"At one time {probe.most_held} of {total} pieces had arrived and weren't handed on. "
            "Each should be out before the next one is taken."
        )


# --- 4.8 diagnosis --------------------------------------------------------------------------------

_EARLY = "A reader of an endpoint that holds back sees nothing for long: look at its first text."
_NOT_EARLY = "Look at when its first text came. What was done with the text until then?"
_FROZEN = "Others had to wait while it served one reader: look at that column before the last one."
_FREE = "While a loop is held up, nobody else is answered: look whether others froze."
_STOPPED = "Look at its last column: when the reader had left, the model stopped."
_WENT_ON = "Each reader who stays is served well. Look at what happened when one left."

_EVIDENCE = {  # by what was said and what is true
    ("healthy", "blocks the loop"): "Its own reader is served well. Look at what happened to "
    "others meanwhile.",
    ("healthy", "keeps generating"): _WENT_ON,
    ("healthy", "holds back"): _NOT_EARLY,
    ("blocks the loop", "healthy"): _FREE,
    ("blocks the loop", "keeps generating"): _FREE,
    ("blocks the loop", "holds back"): _FREE,
    ("keeps generating", "healthy"): _STOPPED,
    ("keeps generating", "blocks the loop"): "Which of the two causes the other?",
    ("keeps generating", "holds back"): _NOT_EARLY,
    ("holds back", "healthy"): _EARLY,
    ("holds back", "blocks the loop"): _FROZEN,
    ("holds back", "keeps generating"): _EARLY,
}
_DENIED = {
    "blocks the loop": "doesn't block the loop",
    "keeps generating": "doesn't keep generating",
    "holds back": "doesn't hold back",
}
_GRANTED = {
    ("keeps generating", "blocks the loop"): "does generate on, and others froze, too",
}


_DOES = {  # what an endpoint's code does that has this diagnosis
    "holds back": "reads the whole reply into a list, and then sends it",
    "keeps generating": "leaves the reading to a task that fills a queue, and nobody cancels that "
    "task when the reader has gone",
    "healthy": "sends each piece from an `async for` inside `aclosing`",
    "blocks the loop": "runs a plain `for` over `.stream()` in an `async def`",
}


def diagnosis(answer: Any) -> str:
    """Which of four endpoints is healthy, and what the others do."""
    diagnosed(answer, "4.8", "endpoint", _EVIDENCE, denied=_DENIED, granted=_GRANTED)
    causes = (f"{name} {_DOES[str(what).strip().lower()]}" for name, what in answer.items())
    return f"All four, from their signs alone. Their code: {'; '.join(causes)}."


CHECKS: dict[str, Callable[[Any], str]] = {
    "4.1": shout,
    "4.2": keeps_beating,
    "4.3": ask_all,
    "4.4": text_within,
    "4.5": frame,
    "4.6": create_app,
    "4.7": stages,
    "4.8": diagnosis,
}
