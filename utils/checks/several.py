"""The check of exercise 4.3: several replies at once, a few at a time, in their prompts' order."""

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from utils.checks.asked import blocks_nothing
from utils.checks.async_streams import LiveProbe, LiveSwitchboard, Traffic
from utils.checks.awaited import (
    ForeignLoop,
    learners_tasks,
    leaves,
    tasks_at_work,
    the_result,
)
from utils.checks.engine.shared_patch import Meanwhile
from utils.checks.engine.student_code import LearnersError
from utils.checks.engine.virtual_time import SOON, run
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.observe import (
    asked_the_given_model,
    first_difference,
    kind,
    names_in,
    no_blank_piece_lost,
    not_asked_for,
    nothing_forgotten,
    nothing_left_unread,
    the_function,
)
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost, cut
from utils.checks.texts import DANUBE, TIDE


@dataclass
class _OtherWords(LiveProbe):
    """A probe that answers the second request with the words of another one, as models do."""

    second: LiveProbe = field(default_factory=lambda: LiveProbe([]))

    def _steps(self, messages: list[BaseMessage]) -> Generator[float | str | AIMessageChunk]:
        if not self.requests:
            return super()._steps(messages)
        self.requests += 1
        return self.second._steps(messages)


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
    again = LiveProbe(cut(TIDE[3:30], 135), gap=0.2, traffic=traffic)
    return {
        prompt: _OtherWords(cut(text, 130 + at), gap=gap, traffic=traffic, second=again)
        for at, (prompt, (text, gap)) in enumerate(texts.items())
    }


@judged("ask_all")
def ask_all(answer: object) -> str:
    """The replies in the order of the prompts, as many at once as allowed and no more."""
    function = the_function(answer, "ask_all")
    _all_asked_at_most(function, 2)
    _all_asked_at_most(function, 1)
    _all_asked_at_most(function, 50)
    nothing, _ = run(lambda: _asked_all(function, {}, [], 3, "for no prompts at all"), answer)
    if nothing not in ([], ()):
        raise NotYet(f"For no prompts at all, {kind(nothing)} came back.")
    _an_error_comes_out(function)
    return (
        "Six replies in the order of their prompts, two at a time, one at a time and all at "
        "once; nothing for no prompts; and an error came out."
    )


def _all_asked_at_most(function: Callable[..., Any], at_most: int) -> None:
    probes = _questions()
    twice = list(probes)[2]
    prompts = [*probes, twice]
    case = f"with `at_most={at_most}`"
    with _semaphores_counted() as made:
        returned, at_work = run(
            lambda: _asked_all(function, probes, prompts, at_most, case), function
        )
    traffic = next(iter(probes.values())).traffic
    if not isinstance(returned, list | tuple):
        nobody = " Nobody has awaited it." if inspect.isawaitable(returned) else ""
        raise NotYet(f"{not_asked_for(returned, 'a list of texts')}{nobody}")
    _each_asked(prompts, probes, returned, at_work)
    _limit_kept(function, traffic, len(prompts), at_most, len(made))
    for prompt, text in zip(prompts, returned, strict=False):
        no_blank_piece_lost(text, probes[prompt].pieces)
    _right_texts(returned, _in_either_order(prompts, probes, twice, returned))
    _no_place_left_free(traffic, len(prompts), at_most)


def _in_either_order(
    prompts: Sequence[str], probes: Mapping[str, LiveProbe], twice: str, returned: Sequence[Any]
) -> list[str]:
    """The texts that are right: of a prompt's two replies either may stand first.

    Raises:
        NotYet: If both places have the same one.
    """
    first, second = (at for at, prompt in enumerate(prompts) if prompt == twice)
    probe = probes[twice]
    two = [probe.text, getattr(probe, "second", probe).text]
    if len(returned) == len(prompts):
        given = [returned[first], returned[second]]
        if given[0] == given[1] and given[0] in two:
            raise NotYet(
                f"The prompt {shown(twice)} stands in the list twice, and the model answered it "
                "twice, in other words each time. Both places have the same of the two replies."
            )
        if given[1] == two[0]:
            two.reverse()
    right = [probes[prompt].text for prompt in prompts]
    right[first], right[second] = two
    return right


_made: ContextVar[list[object] | None] = ContextVar("semaphores", default=None)


@contextmanager
def _semaphores_counted() -> Iterator[list[object]]:
    """The semaphores that the check's code makes meanwhile."""
    made: list[object] = []
    token = _made.set(made)
    try:
        with _semaphores_tell:
            yield made
    finally:
        _made.reset(token)


@Meanwhile
@contextmanager
def _semaphores_tell() -> Iterator[None]:
    init = asyncio.Semaphore.__init__

    def noted(self: asyncio.Semaphore, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        made = _made.get()  # None where somebody else's code runs, beside the check
        if made is not None:
            made.append(self)

    asyncio.Semaphore.__init__ = noted  # type: ignore[method-assign]
    yield
    asyncio.Semaphore.__init__ = init  # type: ignore[method-assign]


async def _asked_all(
    function: Callable[..., Any],
    probes: Mapping[str, LiveProbe],
    prompts: list[str],
    at_most: int,
    case: str,
) -> tuple[Any, list[str]]:
    """What came back, and whose tasks were still at work then."""
    other = LiveProbe([DANUBE])
    with learners_tasks(case):
        returned = function(LiveSwitchboard(probe=other, probes=probes), prompts, at_most)
    blocks_nothing("ask_all", *probes.values(), other)
    try:
        result = await the_result(returned, "ask_all", case)
    except ForeignLoop as foreign:
        if "Semaphore" not in foreign.thing:
            raise
        raise NotYet(
            "The limit is kept by a semaphore that was made outside of `ask_all`, with a number of "
            "its own. Is `at_most` used?"
        ) from None
    except LearnersError as error:
        if isinstance(error.__cause__, asyncio.InvalidStateError):
            raise NotYet(
                "`result()` was asked of a task that was still at work. When have the tasks of a "
                "group ended: inside of its block, or after it?"
            ) from error
        raise
    at_work = tasks_at_work()
    blocks_nothing("ask_all", *probes.values(), other)
    if other.requests:
        raise NotYet(
            f"The model was asked {shown(other.seen[0][-1].text)}, which isn't one of the prompts."
        )
    return result, at_work


def _each_asked(
    prompts: Sequence[str],
    probes: Mapping[str, LiveProbe],
    returned: Sequence[object],
    at_work: Sequence[str],
) -> None:
    waiting = [entry for entry in returned if asyncio.isfuture(entry) or asyncio.iscoroutine(entry)]
    for entry in waiting:
        if asyncio.iscoroutine(entry):
            entry.close()
    if waiting:
        raise NotYet(
            f"The list holds {kind(waiting[0])} in place of a text: something to await that "
            "nobody waited for."
        )
    if not all(probe.requests for probe in probes.values()):
        _not_asked(prompts, probes, at_work)
    for prompt, probe in probes.items():
        if probe.requests > prompts.count(prompt):
            raise NotYet(f"The prompt {shown(prompt)} was asked {probe.requests} times.")
        if probe.requests < prompts.count(prompt):
            raise NotYet(
                f"The prompt {shown(prompt)} stood in the list twice and was asked once. Each "
                "place in the list gets a reply of its own."
            )
        for reply in (probe, probe.second) if isinstance(probe, _OtherWords) else (probe,):
            if reply.requests and not reply.ended:
                raise NotYet(
                    f"`ask_all` was over when {reply.taken} of {len(reply.pieces)} pieces of a "
                    "reply had come. Who waits for the rest?"
                )


def _not_asked(
    prompts: Sequence[str], probes: Mapping[str, LiveProbe], at_work: Sequence[str]
) -> None:
    """Say of which prompts the model heard, where there are some of which it didn't."""
    if at_work:
        count = at_work.count(at_work[0])
        tasks, were = ("a task", "was") if count == 1 else (f"{count} tasks", "were")
        raise NotYet(
            f"`ask_all` came back while {tasks} of `{at_work[0]}` {were} still at work. Who waits "
            f"for {'it' if count == 1 else 'them'}?"
        )
    asked = {prompt: probe.requests for prompt, probe in probes.items() if probe.requests}
    never = [prompt for prompt, probe in probes.items() if not probe.requests]
    if not asked:
        for probe in probes.values():
            nothing_left_unread(probe, "ask_all")
        asked_the_given_model(probes[never[0]], "ask_all")
    often, times = max(asked.items(), key=lambda each: each[1])
    if times > prompts.count(often):
        raise NotYet(
            f"The prompt {shown(often)} was asked {times} times, and {shown(never[0])} never. "
            "Which prompt does each call get?"
        )
    for probe in probes.values():
        nothing_left_unread(probe, "ask_all")
    nothing_forgotten("ask_all")
    some = sum(asked.values())
    raise NotYet(
        f"{len(prompts)} prompts were given, and the model was asked {some} of them: it heard "
        f"{shown(next(iter(asked)))}, and never {shown(never[0])}. Which of them does your code "
        "go through?"
    )


def _limit_kept(
    function: Callable[..., Any], traffic: Traffic, prompts: int, at_most: int, semaphores: int
) -> None:
    if traffic.most > at_most:
        names = names_in(function)
        extra = ""
        if names & {"Semaphore", "BoundedSemaphore"} and semaphores > 1:
            extra = f" {semaphores} semaphores are made in your code. Who shares each?"
        elif names & {"Semaphore", "BoundedSemaphore"} and semaphores:
            some = traffic.most < prompts
            what = "How many does it let in?" if some else "What happens inside its block?"
            extra = f" There is a semaphore in your code. {what}"
        raise NotYet(
            f"With `at_most={at_most}` and {prompts} prompts, {traffic.most} replies streamed at "
            f"once.{extra}"
        )
    if traffic.most == 1 < at_most:
        raise NotYet(
            f"With `at_most={at_most}` and {prompts} prompts, one reply streamed after the other."
        )


def _right_texts(returned: Sequence[Any], right: Sequence[str]) -> None:
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
        raise NotYet(f"The list holds {kind(odd)}; the exercise asks for texts.")
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
    if not isinstance(returned, list | tuple):
        raise NotYet(f"{what} nothing was raised, and {kind(returned)} came back.")
    if any(isinstance(entry, Exception) for entry in returned):
        raise NotYet(
            f"{what} the error came back inside the list, as if it were one of the texts. Nothing "
            "was raised."
        )
    if len(returned) == len(probes):
        raise NotYet(
            f"{what} nothing was raised, and {shown(repr(returned[1]))} came back as its text."
        )
    raise NotYet(
        f"{what} nothing was raised, and {len(returned)} texts came back for {len(probes)} prompts."
    )
