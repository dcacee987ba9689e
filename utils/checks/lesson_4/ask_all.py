"""Check for `ask_all`: stream at most `at_most` replies at a time, and return them in order."""

import asyncio
import inspect
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.mistakes import STRESSED, unspaced
from utils.checks.engine.reply import Reading, Reply, cut
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON
from utils.checks.engine.wording import differ_at

# each prompt's reply, and the seconds between its pieces; the replies finish out of order
_TEXTS = {
    "Name a river.": (RIVERS[:60], 0.3),
    "Describe the tide.": (HARBOUR[:20], 0.1),
    "Name a sea.": (RIVERS[60:], 0.2),
    "Name a lake.": (HARBOUR[-25:], 0.1),
    "Name a bay.": (HARBOUR[:30], 0.15),
}
_TWICE = "Name a sea."  # the prompt that is listed twice
_FAILS = "Describe the tide."  # the prompt whose reply fails in a case with `fails_after`
_LOST = "when the connection of one reply was lost"


@dataclass(frozen=True, kw_only=True)
class Prompts(Case):
    """A list of prompts, and a limit on the number of concurrent replies."""

    at_most: int
    prompts: Sequence[str] = (*_TEXTS, _TWICE)


@dataclass(kw_only=True)
class Seen(Run):
    case: Prompts
    replies: dict[str, Reply]  # keyed by prompt
    readings: Sequence[Reading]  # one for each request that was sent
    succeeded: bool  # whether all replies should arrive and no exception was raised
    texts: Sequence[Any]  # the items of the returned list
    right: Sequence[str]  # the correct items
    wrong: int  # the index of the first item that isn't the reply to its prompt
    miscounted: str  # the first prompt not sent as often as it is listed; "" if there is none
    all_ended: bool  # whether every prompt was sent and every reply was read to the end
    peak: int  # the largest number of concurrent replies
    idle: float  # the longest needless delay before sending a prompt, in seconds


def observe(answer: Any, case: Prompts) -> Seen:
    again = Reply(cut("The North Sea, which is never quite still.", 435), gap=0.2)
    replies = {
        prompt: Reply(
            cut(text, 430),
            gap=gap,
            compact=case.compact,
            fails_after=case.fails_after if prompt == _FAILS else None,
            again=again if prompt == _TWICE else None,
        )
        for prompt, (text, gap) in _TEXTS.items()
    }
    args = (FakeModel.of(replies), list(case.prompts), case.at_most)
    wants = Wanted(object, "a list of strings")
    run = run_async("ask_all", answer, case, replies[_FAILS], *args, wants=wants)
    readings = [each for reply in (*replies.values(), again) for each in reply.readings]
    texts = list(run.returned) if isinstance(run.returned, list | tuple) else []
    prompts = case.prompts
    right = [replies[prompt].text for prompt in prompts]
    if right:  # the third and the last prompt are equal, so their replies may be swapped
        swapped = texts[-1:] == right[2:3]
        right[2 if swapped else -1] = again.text
    sent = {prompt: replies[prompt].requests for prompt in prompts}
    spans = [(each.began, each.left or inf) for each in readings]
    concurrent_at_start = [sum(start <= at < end for start, end in spans) for at, _ in spans]
    # After the first `at_most` replies, each further one can begin as soon as a reply ends.
    begun = sorted(each.began for each in readings)[case.at_most :]
    ended = sorted(each.left or 0.0 for each in readings)
    return Seen.of(
        run,
        replies=replies,
        readings=readings,
        succeeded=case.whole and run.error is None,
        texts=texts,
        right=right,
        wrong=differ_at(texts, right),
        miscounted=next((each for each in prompts if sent[each] != prompts.count(each)), ""),
        all_ended=all(sent.values()) and all(reading.ended for reading in readings),
        peak=max(concurrent_at_start, default=0),
        idle=max((at - free for at, free in zip(begun, ended, strict=False)), default=0.0),
    )


FIRST: Mistakes[Seen] = {
    # if one reply fails, coroutines for the remaining prompts may never be awaited
    "never awaited": lambda s: s.case.whole and SHARED["never awaited"](s),
    "changes an argument": lambda s: bool(s.changed),
    "tries again": STRESSED["tries again"],
    "swallows the error": lambda s: s.case.fails_after is not None and s.error is None,
    "result too early": lambda s: any(isinstance(e, asyncio.InvalidStateError) for e in s.causes),
    "returns its tasks": lambda s: (
        not s.tasks and any(isinstance(t, asyncio.Task) and t.done() for t in s.texts)
    ),
    "returns what isn't awaited": lambda s: (
        asyncio.isfuture(s.returned) or any(map(inspect.isawaitable, s.texts))
    ),
}
MISTAKES: Mistakes[Seen] = {
    "never calls the model": lambda s: bool(s.case.prompts) and not s.readings,
    "other replies go on": lambda s: s.error is not None and (s.still_open or bool(s.tasks)),
    "replaces the error": STRESSED["replaces the error"],
    "returns too early": lambda s: s.succeeded and bool(s.tasks) and not s.all_ended,
    "returns the wrong type": lambda s: s.succeeded and not isinstance(s.returned, list | tuple),
    "drops a repetition": lambda s: (
        s.succeeded
        and s.miscounted == _TWICE
        and all(reply.requests == 1 for reply in s.replies.values())
    ),
    "sends other prompts": lambda s: s.succeeded and bool(s.miscounted),
    "stops early": lambda s: s.succeeded and not s.all_ended,
    "over the limit": lambda s: s.peak > s.case.at_most,
    "reads in threads": lambda s: (  # with threads, `peak` is unreliable
        s.succeeded and any(each.thread != threading.get_ident() for each in s.readings)
    ),
    "under the limit": lambda s: s.succeeded and s.peak < min(s.case.at_most, len(s.case.prompts)),
    "no strings": lambda s: any(not isinstance(text, str) for text in s.texts),
    "one reply twice": lambda s: (
        len(s.texts) == len(s.right) > 2 and s.texts[2] == s.texts[-1] and s.texts[2] in s.right
    ),
    "order of finishing": lambda s: s.texts != s.right and sorted(s.texts) == sorted(s.right),
    "wrong number of replies": lambda s: s.succeeded and len(s.texts) != len(s.right),
    "changes white space": lambda s: (
        s.succeeded
        and s.texts != s.right
        and [*map(unspaced, s.texts)] == [*map(unspaced, s.right)]
    ),
    "an empty text": lambda s: s.succeeded and s.wrong < len(s.texts) and s.texts[s.wrong] == "",
    "another text": lambda s: s.succeeded and s.texts != s.right,
    "idle while prompts wait": lambda s: s.succeeded and s.idle > SOON,
}

check = Exercise(
    observe,
    cases=(
        Prompts(at_most=2),
        Prompts(at_most=1),
        Prompts(at_most=50),
        Prompts(at_most=3, prompts=(), when="for an empty list of prompts"),
        Prompts(at_most=3, fails_after=2, when=_LOST),
        # with `at_most=1`, the other prompts wait forever if the failed call never frees its slot
        Prompts(at_most=1, fails_after=2, when=_LOST),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={
        "swallows the error": "a separate case checks it, with several replies",
        "calls twice": "`sends other prompts` looks at all the replies",
        "invoke": "the exercise asks for whole replies",
        "stops at the first chunk": "`stops early` looks at all the replies",
    },
)
