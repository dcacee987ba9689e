"""The checks of lesson 4's exercises; see `lesson_1.py` for how they judge.

Answers run on a loop of virtual time (`loops.py`) against models that take such time
(`async_streams.py`), so silences and stalls are exact and cost no waiting. The two exercises about
a web server, 4.5 and 4.6, are in `endpoint.py`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.runnables import RunnableGenerator
from langchain_core.tools import tool

from utils.checks import loops
from utils.checks.async_streams import LiveModel, LiveProbe, LiveSwitchboard, Traffic, read
from utils.checks.awaited import learners_tasks, leaves, the_result, the_stream
from utils.checks.clinic import diagnosed
from utils.checks.endpoint import create_app, frame
from utils.checks.loops import SOON, run
from utils.checks.observe import (
    asked_for_a_stream,
    asked_the_given_model,
    first_difference,
    kind,
    listed,
    the_function,
)
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import GAP, ROLE_AFTER, ConnectionLost, cut

PROMPT = "Name a river."
DANUBE = "The Danube rises in the Black Forest and ends, ten countries later, in the Black Sea."
TIDE = "Twice a day\nthe sea comes in.\nNobody asks it to."


# --- 4.1 shout(model, prompt) ---------------------------------------------------------------------


def shout(answer: object) -> str:
    """The text in capitals, each piece out before the next is taken, and nothing held up."""
    function = the_function(answer, "shout")
    for text, seed in ((DANUBE, 111), (TIDE, 112)):
        probe = LiveProbe(cut(text, seed))
        got = run(partial(_shouted, function, probe), answer)
        _streamed(probe, "shout")
        _texts(got)
        _in_capitals("".join(got), probe)
        _in_time(probe)
    return (
        f"Each of {len(probe.pieces)} pieces was out, in capitals, before the next one was taken, "
        "and the loop was never held up."
    )


async def _shouted(function: Callable[..., Any], probe: LiveProbe) -> list[Any]:
    with learners_tasks():
        returned = function(LiveModel(probe=probe), PROMPT)
    items = await the_stream(returned, "shout")
    with learners_tasks():
        got = await read(items, probe)
    _blocks_nothing("shout", probe)
    return got


def _blocks_nothing(name: str, *probes: LiveProbe) -> None:
    """Turn down code that has held the loop up."""
    for probe in probes:
        if probe.blocking:
            method = next((method for method in probe.called if method in _BLOCKING), "stream")
            raise NotYet(
                f"While `{name}` waited for the model, nothing else on the event loop could run: "
                f"it stood still for {loops.blocked():.1f} s in `.{method}(…)`."
            )
    if loops.blocked():
        raise NotYet(
            f"`{name}` held the event loop up for {loops.blocked():.1f} s with a `sleep` that "
            "isn't asyncio's. Nothing else could run meanwhile."
        )


_BLOCKING = ("stream", "invoke", "batch")


def _streamed(probe: LiveProbe, name: str) -> None:
    if probe.invoked and not probe.streamed:
        method = next(iter(probe.called), "ainvoke")
        raise NotYet(
            f"The model was called with `{method}`, which returns when all {len(probe.pieces)} "
            "pieces are written. Until then there is nothing to hand over."
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


# --- 4.2 keeps_beating ----------------------------------------------------------------------------

_BEAT = 0.05  # seconds between two beats
_QUESTION = "Name a sea."


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
        time.sleep(0.1)  # noqa: ASYNC251 (it is what the snippet does)


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
    "F": "The chunks are awaited. Look at what is done with each of them, and on whose time.",
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
        beats, pause, lasted = _beats_during(snippet)
        if given != (pause < 2 * _BEAT):
            raise NotYet(
                f"{name} has just been run: in {lasted:.1f} s the heart beat {beats} "
                f"time{'' if beats == 1 else 's'}, and the longest pause was {pause:.2f} s. "
                f"{_BEHIND[name]}"
            )
    return "All six, as six real runs beside a beating heart have just shown."


def _beats_during(snippet: Callable[[LiveModel], Awaitable[None]]) -> tuple[int, float, float]:
    """How often a heart beats while a snippet runs, its longest pause, and how long that is."""
    model = LiveModel(probe=LiveProbe(cut(DANUBE[:40], 121)))

    async def main() -> tuple[int, float, float]:
        beats = [began := loops.now()]

        async def heart() -> None:
            while True:
                await asyncio.sleep(_BEAT)
                beats.append(loops.now())

        beating = asyncio.create_task(heart())
        await snippet(model)
        over = loops.now()
        beating.cancel()
        pauses = [after - before for before, after in zip(beats, [*beats[1:], over], strict=True)]
        return len(beats) - 1, max(pauses), over - began

    return run(main)


# --- 4.3 ask_all(model, prompts, at_most) ---------------------------------------------------------


def _questions() -> dict[str, LiveProbe]:
    """Replies that last differently long, so that they end in another order than they are asked."""
    traffic = Traffic()
    texts = {
        "Name a river.": (DANUBE, 0.3),
        "Describe the tide.": (TIDE[:20], 0.1),
        "Name a sea.": (DANUBE[40:], 0.2),
        "Name a lake.": (TIDE[-25:], 0.1),
        "Name a bay.": (DANUBE[:30], 0.15),
    }
    return {
        prompt: LiveProbe(cut(text, 130 + at), gap=gap, traffic=traffic)
        for at, (prompt, (text, gap)) in enumerate(texts.items())
    }


def ask_all(answer: object) -> str:
    """The replies in the order of the prompts, as many at once as allowed and no more."""
    function = the_function(answer, "ask_all")
    _all_asked_at_most(function, 2)
    _all_asked_at_most(function, 1)
    _all_asked_at_most(function, 50)
    nothing = run(lambda: _asked_all(function, {}, [], 3, "for no prompts at all"), answer)
    if nothing != []:
        raise NotYet(f"For no prompts at all, {_told(nothing)} came back.")
    _an_error_comes_out(function)
    return (
        "Five replies in the order of their prompts, two at a time, one at a time and all at "
        "once; nothing for no prompts; and an error came out."
    )


def _all_asked_at_most(function: Callable[..., Any], at_most: int) -> None:
    probes = _questions()
    case = f"with `at_most={at_most}`"
    returned = run(lambda: _asked_all(function, probes, list(probes), at_most, case), function)
    traffic = next(iter(probes.values())).traffic
    if not isinstance(returned, list | tuple):
        raise NotYet(f"{_told(returned)} came back; the exercise asks for a list of texts.")
    _each_asked_once(probes, returned)
    _limit_kept(function, traffic, len(probes), at_most)
    _right_texts(returned, probes)
    _no_place_left_free(traffic, len(probes), at_most)


async def _asked_all(
    function: Callable[..., Any],
    probes: Mapping[str, LiveProbe],
    prompts: list[str],
    at_most: int,
    case: str,
) -> Any:
    other = LiveProbe([DANUBE])
    with learners_tasks(case):
        returned = function(LiveSwitchboard(probe=other, probes=probes), prompts, at_most)
    _blocks_nothing("ask_all", *probes.values(), other)
    result = await the_result(returned, "ask_all", case)
    _blocks_nothing("ask_all", *probes.values(), other)
    if other.requests:
        raise NotYet(
            f"The model was asked {shown(other.seen[0][-1].text)}, which isn't one of the prompts."
        )
    return result


def _told(value: object) -> str:
    return "`None`" if value is None else kind(value)


def _each_asked_once(probes: Mapping[str, LiveProbe], returned: Sequence[object]) -> None:
    waiting = [entry for entry in returned if asyncio.isfuture(entry) or asyncio.iscoroutine(entry)]
    for entry in waiting:
        if asyncio.iscoroutine(entry):
            entry.close()
    if waiting:
        raise NotYet(
            f"The list holds {_told(waiting[0])} in place of a text: something to await that "
            "nobody waited for."
        )
    for prompt, probe in probes.items():
        if not probe.requests:
            asked_the_given_model(probe, "ask_all")
        if probe.requests > 1:
            raise NotYet(f"The prompt {shown(prompt)} was asked {probe.requests} times.")
        if not probe.ended:
            raise NotYet(
                f"`ask_all` was over when {probe.taken} of {len(probe.pieces)} pieces of a reply "
                "had come. Who waits for the rest?"
            )


def _limit_kept(function: Callable[..., Any], traffic: Traffic, prompts: int, at_most: int) -> None:
    if traffic.most > at_most:
        names = _names_in(getattr(function, "__code__", None))
        extra = (
            " There is a semaphore in your code: how many of it are made, and who shares each?"
            if names & {"Semaphore", "BoundedSemaphore"}
            else ""
        )
        raise NotYet(
            f"With `at_most={at_most}` and {prompts} prompts, {traffic.most} replies streamed at "
            f"once.{extra}"
        )
    if traffic.most == 1 < at_most:
        raise NotYet(
            f"With `at_most={at_most}` and {prompts} prompts, one reply streamed after the other."
        )


def _names_in(code: Any) -> set[str]:
    """The names that a function uses, and the functions in it."""
    if code is None:
        return set()
    inner = (const for const in code.co_consts if hasattr(const, "co_names"))
    return set(code.co_names).union(*(_names_in(const) for const in inner))


def _right_texts(returned: Sequence[Any], probes: Mapping[str, LiveProbe]) -> None:
    right = [probe.text for probe in probes.values()]
    if list(returned) == right:
        return
    if any(isinstance(entry, BaseMessage) for entry in returned):
        raise NotYet("The list holds messages; the exercise asks for their texts.")
    if any(isinstance(entry, list | tuple) for entry in returned):
        raise NotYet(
            "The list holds lists of pieces; the exercise asks for each reply's text as one."
        )
    odd = next((entry for entry in returned if not isinstance(entry, str)), "")
    if not isinstance(odd, str):
        raise NotYet(f"The list holds {_told(odd)}; the exercise asks for texts.")
    if sorted(returned) == sorted(right):
        raise NotYet(
            "All the replies are there, in the order in which they ended and not in that of the "
            f"prompts: the first is {shown(returned[0], 40)}."
        )
    if len(returned) != len(right):
        raise NotYet(f"{len(returned)} texts came back for {len(right)} prompts.")
    mixed = next(at for at, text in enumerate(returned) if text != right[at])
    raise NotYet(
        f"Text {mixed + 1} isn't the reply to prompt {mixed + 1}. "
        f"{first_difference(returned[mixed], right[mixed])}"
    )


def _no_place_left_free(traffic: Traffic, prompts: int, at_most: int) -> None:
    """Turn down batches: a place that is free is taken at once, as long as prompts wait."""
    begun = busy = 0
    free_since: float | None = None
    for at, change, _ in traffic.log:
        if change > 0 and free_since is not None and at - free_since > SOON:
            raise NotYet(
                f"With `at_most={at_most}`, a reply ended and its place stayed free for "
                f"{at - free_since:.1f} s, while {prompts - begun} "
                f"prompt{'' if prompts - begun == 1 else 's'} waited. What did the next one wait "
                "for?"
            )
        begun += change > 0
        busy += change
        if busy < at_most and begun < prompts:
            free_since = at if free_since is None else free_since
        else:
            free_since = None


def _an_error_comes_out(function: Callable[..., Any]) -> None:
    probes = _questions()
    failing = list(probes)[1]
    probes[failing].fails_after = 2
    what = "For a reply whose connection was lost,"

    async def main() -> Any:
        model = LiveSwitchboard(probe=LiveProbe([]), probes=probes)
        with learners_tasks():
            return await function(model, list(probes), 2)

    try:
        returned = run(main, function)
    except Exception as error:
        cause = error.__cause__ or error
        if any(isinstance(leaf, ConnectionLost) for leaf in leaves(cause)):
            return
        raise
    if isinstance(returned, list) and any(isinstance(entry, Exception) for entry in returned):
        raise NotYet(
            f"{what} the error came back inside the list, as if it were one of the texts. Nothing "
            "was raised."
        )
    if isinstance(returned, list) and len(returned) == len(probes):
        raise NotYet(
            f"{what} nothing was raised, and {shown(repr(returned[1]))} came back as its text."
        )
    raise NotYet(f"{what} nothing was raised, and {_told(returned)} came back.")


# --- 4.4 text_within(model, prompt, seconds) ------------------------------------------------------


def text_within(answer: object) -> str:
    """What arrived in time comes back in time, and the model is let go."""
    function = the_function(answer, "text_within")
    plenty = LiveProbe(cut(DANUBE, 141))
    _within(function, plenty, 60.0)
    stalls = LiveProbe(cut(DANUBE, 142), silences={4: 30.0})
    _within(function, stalls, stalls.arrives(3) + 2)
    silent = LiveProbe(cut(TIDE, 143), first_after=20.0)
    _within(function, silent, 3.0)
    busy = LiveProbe(cut(DANUBE, 144))
    _within(function, busy, busy.arrives(7) + GAP / 2)
    _loss_comes_out(function)
    return (
        "The whole text where it fits, and what had come where it doesn't: in mid-reply, in a "
        "stall, and in a silence before the first token. Each time the model was let go."
    )


@dataclass
class _Came:
    """What came of a call.

    Attributes:
        returned: What it returned.
        after: Seconds that it took.
        taken_later: Pieces that were taken from the model afterwards.
        let_go: Whether the model was let go soon after.
    """

    returned: Any
    after: float
    taken_later: int
    let_go: bool


def _within(function: Callable[..., Any], probe: LiveProbe, seconds: float) -> None:
    came = run(lambda: _came_within(function, probe, seconds), function)
    in_time = [at for at in range(len(probe.pieces)) if probe.arrives(at) <= seconds]
    expected = "".join(probe.pieces[at] for at in in_time)
    fits = len(in_time) == len(probe.pieces)
    asked_the_given_model(probe, "text_within")
    allowed = f"{seconds:.1f} s were allowed, and `text_within` came back after {came.after:.1f} s"
    if not fits and came.after > seconds + SOON:
        _overran(probe, came, seconds, allowed)
    if not isinstance(came.returned, str):
        _no_text(came.returned)
    if came.returned != expected:
        _other_text(probe, came, expected, allowed)
    if fits and came.after > probe.lasts + SOON:
        raise NotYet(
            f"The reply was complete after {probe.lasts:.1f} s, and `text_within` came back after "
            f"{came.after:.1f} s. What did it wait for?"
        )
    if came.taken_later:
        raise NotYet(
            f"The text came back in time. The model went on all the same: {came.taken_later} more "
            f"piece{'' if came.taken_later == 1 else 's'} of its reply were generated afterwards, "
            "and paid for."
        )
    if not came.let_go:
        raise NotYet(
            "The text came back in time. The stream is still open: the model would go on with "
            "nobody reading."
        )


async def _came_within(function: Callable[..., Any], probe: LiveProbe, seconds: float) -> _Came:
    began = loops.now()
    try:
        with learners_tasks():
            returned = function(LiveModel(probe=probe), PROMPT, seconds)
        _blocks_nothing("text_within", probe)
        result = await the_result(returned, "text_within")
    except Exception as error:
        if isinstance(error.__cause__, TimeoutError):
            raise NotYet(
                f"After {loops.now() - began:.1f} s a `TimeoutError` came out of `text_within`, "
                f"and with it nothing of the {probe.taken} pieces that had arrived."
            ) from error
        raise
    after, taken = loops.now() - began, probe.taken
    _blocks_nothing("text_within", probe)
    await loops.soon()
    let_go = probe.let_go
    await asyncio.sleep(100.0)
    return _Came(result, after, probe.taken - taken, let_go)


def _overran(probe: LiveProbe, came: _Came, seconds: float, allowed: str) -> None:
    last = max((at for at in range(probe.taken) if probe.arrives(at) < seconds), default=None)
    since = ROLE_AFTER if last is None else probe.arrives(last)
    if abs(came.after - since - seconds) <= SOON:
        raise NotYet(
            f"{allowed}: {seconds:.1f} s after the latest chunk. When does its time begin to count?"
        )
    if probe.ended:
        raise NotYet(f"{allowed}, when the reply had come to its end.")
    if "ainvoke" in probe.called:
        raise NotYet(f"{allowed}.")
    raise NotYet(
        f"{allowed}, when the next piece came after a silence. Who looks at the clock while "
        "nothing comes?"
    )


def _no_text(returned: object) -> None:
    if returned is None:
        raise NotYet("What comes back is `None`; the exercise asks for the text that arrived.")
    if isinstance(returned, BaseMessage):
        raise NotYet("What comes back is a message; the exercise asks for its text.")
    raise NotYet(f"What comes back is {kind(returned)}; the exercise asks for one text.")


def _other_text(probe: LiveProbe, came: _Came, expected: str, allowed: str) -> None:
    if "ainvoke" in probe.called and expected:
        raise NotYet(
            f"{allowed}, with {shown(came.returned) if came.returned else 'no text'}. "
            f"{shown(expected)} had been written by then, and `ainvoke` hands over nothing before "
            "the end."
        )
    if not came.returned:
        raise NotYet(f"{allowed}, with no text. {shown(expected)} had arrived by then.")
    if expected.startswith(came.returned):
        raise NotYet(
            f"{allowed}, with {shown(came.returned)}. What had arrived by then is longer: "
            f"{shown(expected)}."
        )
    raise NotYet(
        f"{allowed}, and the text isn't what had arrived. "
        f"{first_difference(came.returned, expected)}"
    )


def _loss_comes_out(function: Callable[..., Any]) -> None:
    probe = LiveProbe(cut(DANUBE, 145), fails_after=3)
    try:
        came = run(lambda: _came_within(function, probe, 60.0), function)
    except Exception as error:
        if isinstance(error.__cause__, ConnectionLost):
            return
        raise
    raise NotYet(
        "When the connection is lost in mid-reply, `text_within` returns "
        f"{shown(repr(came.returned))} as if time were up. Which errors does it keep to itself?"
    )


# --- 4.7 stages(events) ---------------------------------------------------------------------------


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


@tool
def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"Noon in {zone}."


_TOOLS = {each.name: each for each in (get_weather, get_time)}


@dataclass(frozen=True)
class _Program:
    """What an assistant does, round by round.

    Attributes:
        what: How a message calls it.
        rounds: For each request to the model, its text and the tools that it asks for.
    """

    what: str
    rounds: Sequence[tuple[str, Sequence[str]]]


_PROGRAMS = (
    _Program("a tool call and an answer", [("", ["get_weather"]), (DANUBE[:40], [])]),
    _Program("an answer without a tool", [(TIDE, [])]),
    _Program("two tools in one go", [("", ["get_weather", "get_time"]), (DANUBE[:30], [])]),
    _Program(
        "words before a tool call, and two rounds of tools",
        [("I'll look.", ["get_time"]), ("", ["get_weather"]), (TIDE[:25], [])],
    ),
)


def stages(answer: object) -> str:
    """Each stage once, as it begins, from the events of real runs."""
    function = the_function(answer, "stages")
    for program in _PROGRAMS:
        events = _recorded(program)
        said = run(partial(_said, function, events), answer)
        _right_stages(said, _begun(events), events, program)
    return (
        "Four runs, with no tool, with one and with more: each stage once, at the event with which "
        "it begins."
    )


def _recorded(program: _Program) -> list[dict[str, Any]]:
    """The events of a real run, as `astream_events` gives them."""

    async def assistant(questions: AsyncIterator[str]) -> AsyncIterator[str]:
        question = "".join([part async for part in questions])
        for at, (text, names) in enumerate(program.rounds):
            probe = LiveProbe(
                cut(text, 150 + at),
                after_text=[chunk for n, name in enumerate(names) for chunk in _asks(name, n)],
                finish="tool_calls" if names else "stop",
            )
            async for chunk in LiveModel(probe=probe).astream(question):
                yield chunk.text
            for name in names:
                argument = next(iter(_TOOLS[name].args))
                await _TOOLS[name].ainvoke({argument: "Oslo"})

    async def main() -> list[dict[str, Any]]:
        chain = RunnableGenerator(assistant)
        return [dict(event) async for event in chain.astream_events(PROMPT, version="v2")]

    return run(main)


def _asks(name: str, index: int) -> list[AIMessageChunk]:
    """A tool call in three chunks."""
    named = tool_call_chunk(name=name, args="", id=f"call-{index}", index=index)
    more = [tool_call_chunk(args=part, index=index) for part in ('{"place": ', '"Oslo"}')]
    return [AIMessageChunk(content="", tool_call_chunks=[call]) for call in (named, *more)]


_Stage = tuple[Any, int]  # what was said, and after how many events


def _begun(events: Sequence[Mapping[str, Any]]) -> list[_Stage]:
    """The stages that begin in these events."""
    begun: list[_Stage] = []
    for at, event in enumerate(events, start=1):
        if event["event"] == "on_chat_model_start":
            stage = "Thinking"
        elif event["event"] == "on_tool_start":
            stage = f"Tool call: {event['name']}"
        elif event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            stage = "Answer"
        else:
            continue
        if not begun or stage != begun[-1][0]:
            begun.append((stage, at))
    return begun


async def _said(function: Callable[..., Any], events: Sequence[Mapping[str, Any]]) -> list[_Stage]:
    taken = 0

    async def delivered() -> AsyncIterator[dict[str, Any]]:
        nonlocal taken
        for taken, event in enumerate(events, start=1):  # noqa: B007 (it is looked at elsewhere)
            await asyncio.sleep(GAP)
            yield dict(event)

    said: list[_Stage] = []
    with learners_tasks():
        returned = function(delivered())
    items = await the_stream(returned, "stages")
    with learners_tasks():
        async for stage in items:
            said.append((stage, taken))
            if len(said) > len(events):
                break
    return said


def _right_stages(
    said: Sequence[_Stage],
    right: Sequence[_Stage],
    events: Sequence[Mapping[str, Any]],
    program: _Program,
) -> None:
    if list(said) == list(right):
        return
    run_of = f"In a run with {program.what},"
    names, wanted = [stage for stage, _ in said], [stage for stage, _ in right]
    if not said:
        raise NotYet(f"{run_of} {len(events)} events came, and nothing was yielded.")
    odd = next((stage for stage in names if not isinstance(stage, str)), "")
    if not isinstance(odd, str):
        raise NotYet(f"{run_of} {_told(odd)} was yielded; the exercise asks for texts.")
    twice = next((one for one, other in pairwise(names) if one == other), None)
    if twice:
        raise NotYet(
            f"{run_of} {shown(twice)} was said {names.count(twice)} times, also right after itself."
        )
    unknown = next((stage for stage in names if stage not in wanted), None)
    if unknown:
        raise NotYet(f"{run_of} {shown(unknown)} was yielded. {_spelling(unknown)}")
    if len({at for _, at in said}) == 1 < len(said):
        raise NotYet(
            f"{run_of} all {len(said)} stages were said at once, at event {said[0][1]} of "
            f"{len(events)}. A reader wants to know of a stage while it lasts."
        )
    for number, (stage, at) in enumerate(said):
        if number >= len(right):
            raise NotYet(
                f"{run_of} all the stages were said, and then {shown(stage)} once more, at the "
                f"event `{_name_of(events, at)}`."
            )
        expected, begins = right[number]
        if (stage, at) == (expected, begins):
            continue
        if stage == expected and at > begins:
            raise NotYet(
                f"{run_of} {shown(stage)} was said late: at event {at}, `{_name_of(events, at)}`. "
                f"The stage had begun {at - begins} event{'' if at - begins == 1 else 's'} before."
            )
        raise NotYet(_instead(run_of, stage, at, begins, events))
    raise NotYet(
        f"{run_of} stages are missing at the end: what was said is {listed(names)}, and the run "
        f"went on from there for {len(events) - said[-1][1]} events."
    )


def _instead(
    run_of: str,
    stage: str,
    at: int,
    begins: int,
    events: Sequence[Mapping[str, Any]],
) -> str:
    if at < begins:
        empty = stage == "Answer" and events[at - 1]["event"] == "on_chat_model_stream"
        why = " That chunk has no text in it." if empty else ""
        return f"{run_of} {shown(stage)} was said at event {at}, `{_name_of(events, at)}`.{why}"
    return (
        f"{run_of} a stage began at event {begins}, `{_name_of(events, begins)}`, and nothing was "
        f"said. The next that was said is {shown(stage)}, at event {at}."
    )


def _name_of(events: Sequence[Mapping[str, Any]], at: int) -> str:
    return str(events[at - 1]["event"])


def _spelling(stage: str) -> str:
    if stage.startswith("Tool call"):
        return "After the colon stands the name of the tool that begins."
    return "The stages are Thinking, Tool call with a tool's name, and Answer, spelt like that."


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
    ("keeps generating", "blocks the loop"): _FROZEN,
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


def diagnosis(answer: object) -> str:
    """Which of four endpoints is healthy, and what the others do."""
    diagnosed(answer, "4.8", "endpoint", _EVIDENCE, denied=_DENIED)
    return "All four, from what was measured and not from their code."


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
