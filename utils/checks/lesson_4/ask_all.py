"""Several replies, a few at a time, in the order of their prompts."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reading, Reply, cut
from utils.checks.engine.run import HARBOUR, RIVERS, Case, Run, Wanted
from utils.checks.engine.stream_runner import run_async
from utils.checks.engine.virtual_time import SOON

_TEXTS = {  # prompts, with a reply and the seconds between its pieces: they end in another order
    "Name a river.": (RIVERS[:60], 0.3),
    "Describe the tide.": (HARBOUR[:20], 0.1),
    "Name a sea.": (RIVERS[60:], 0.2),
    "Name a lake.": (HARBOUR[-25:], 0.1),
    "Name a bay.": (HARBOUR[:30], 0.15),
}
_TWICE = "Name a sea."
_AGAIN = "The North Sea, which is never quite still."
_FAILS = "Describe the tide."


@dataclass(frozen=True, kw_only=True)
class Several(Case):
    """Several prompts, one of them twice, and how many replies may stream at the same time."""

    at_most: int
    prompts: Sequence[str] = (*_TEXTS, _TWICE)


@dataclass(frozen=True, kw_only=True)
class Seen(Run):
    """What was returned for the prompts, and when each reply streamed."""

    case: Several
    replies: dict[str, Reply]

    @property
    def whole(self) -> bool:
        """Whether all replies arrived, and something was returned."""
        return self.case.whole and self.error is None

    @property
    def texts(self) -> list[Any]:
        """The items that were returned."""
        return list(self.returned) if isinstance(self.returned, list | tuple) else []

    @property
    def right(self) -> list[str]:
        """The right texts; of the two replies to one prompt, either may come first."""
        texts = [self.replies[prompt].text for prompt in self.case.prompts]
        if texts:
            texts[2 if self.texts[-1:] == texts[2:3] else -1] = _AGAIN
        return texts

    @property
    def wrong(self) -> int:
        """The position of the first text that isn't the reply to its prompt."""
        pairs = zip(self.texts, self.right, strict=False)
        return next((at for at, (got, right) in enumerate(pairs) if got != right), len(self.texts))

    @property
    def sent(self) -> dict[str, int]:
        """How often each prompt was sent."""
        return {prompt: reply.requests for prompt, reply in self.replies.items()}

    @property
    def never_sent(self) -> str:
        """The first prompt that was never sent, or ""."""
        return next((prompt for prompt in self.case.prompts if not self.sent[prompt]), "")

    @property
    def sent_too_often(self) -> str:
        """The first prompt that was sent more often than it is in the list, or ""."""
        prompts = list(self.case.prompts)
        return next((p for p, sent in self.sent.items() if sent > prompts.count(p)), "")

    @property
    def all_readings(self) -> list[Reading]:
        """The readings of all replies."""
        replies = [each for reply in self.replies.values() for each in (reply, reply.again) if each]
        return [reading for reply in replies for reading in reply.readings]

    @property
    def all_ended(self) -> bool:
        """Whether each prompt was sent, and all replies came to their end."""
        return not self.never_sent and all(reading.ended for reading in self.all_readings)

    @property
    def _changes(self) -> list[tuple[float, int]]:
        """When a reply began (+1) and when one ended (-1)."""
        begun = [(each.began, +1) for each in self.all_readings]
        return sorted([*begun, *((e.left, -1) for e in self.all_readings if e.left is not None)])

    @property
    def most(self) -> int:
        """The most replies that streamed at the same time."""
        busy = [0]
        for _, change in self._changes:
            busy.append(busy[-1] + change)
        return max(busy)

    @property
    def allowed(self) -> int:
        """How many of these could have streamed at the same time."""
        return min(self.case.at_most, len(self.case.prompts))

    @property
    def idle(self) -> float:
        """For how many seconds a place was free while prompts waited."""
        longest, busy, begun = 0.0, 0, 0
        free_since = None
        for at, change in self._changes:
            if change > 0 and free_since is not None:
                longest = max(longest, at - free_since)
            busy, begun = busy + change, begun + (change > 0)
            waiting = busy < self.allowed and begun < len(self.case.prompts)
            free_since = (at if free_since is None else free_since) if waiting else None
        return longest


def observe(answer: Callable[..., Any], case: Several) -> Seen:
    """Run it with a model that answers each prompt at its own pace."""
    again = Reply(cut(_AGAIN, 435), gap=0.2)
    replies = {
        prompt: Reply(
            cut(text, 430),
            gap=gap,
            fails_after=case.fails_after if prompt == _FAILS else None,
            again=again if prompt == _TWICE else None,
        )
        for prompt, (text, gap) in _TEXTS.items()
    }
    args = (FakeModel.of(replies), list(case.prompts), case.at_most)
    wants = Wanted(object, "a list of strings")
    run = run_async("ask_all", answer, case, replies[_FAILS], *args, wants=wants)
    return Seen.of(run, replies=replies)


def _holds(s: Seen, *types: type) -> bool:
    return any(isinstance(text, types) for text in s.texts)


def _bare(texts: Sequence[str]) -> list[str]:
    return ["".join(text.split()) for text in texts]


FIRST: Mistakes[Seen] = {
    "changes an argument": lambda s: bool(s.changed),
    "errors in the list": lambda s: s.case.fails_after is not None and _holds(s, BaseException),
    "swallows the error": lambda s: s.case.fails_after is not None and s.error is None,
    "result too early": lambda s: any(isinstance(e, asyncio.InvalidStateError) for e in s.causes),
    "returns a future": lambda s: asyncio.isfuture(s.returned),
    "awaitables in the list": lambda s: any(map(inspect.isawaitable, s.texts)),
}
MISTAKES: Mistakes[Seen] = {
    "never calls the model": lambda s: bool(s.case.prompts) and not s.all_readings,
    "others go on": lambda s: s.error is not None and (s.still_open or bool(s.tasks)),
    "returns too early": lambda s: s.whole and bool(s.tasks) and not s.all_ended,
    "returns the wrong type": lambda s: s.whole and not isinstance(s.returned, list | tuple),
    "one prompt for another": lambda s: bool(s.never_sent and s.sent_too_often),
    "not all prompts": lambda s: s.whole and bool(s.never_sent),
    "sends a prompt again": lambda s: bool(s.sent_too_often),
    "sends a repeated prompt once": lambda s: (
        s.whole
        and any(sent < list(s.case.prompts).count(prompt) for prompt, sent in s.sent.items())
    ),
    "stops early": lambda s: s.whole and not s.all_ended,
    "no limit": lambda s: s.most == len(s.case.prompts) > s.case.at_most,
    "another limit": lambda s: s.most > s.case.at_most,
    "one after the other": lambda s: s.whole and s.most == 1 < s.allowed,
    "too few": lambda s: s.whole and s.most < s.allowed,
    "messages in the list": lambda s: _holds(s, BaseMessage),
    "lists in the list": lambda s: _holds(s, list, tuple),
    "no strings": lambda s: any(not isinstance(text, str) for text in s.texts),
    "one reply twice": lambda s: len(s.texts) == len(s.right) > 2 and s.texts[2] == s.texts[-1],
    "order of finishing": lambda s: s.texts != s.right and sorted(s.texts) == sorted(s.right),
    "another number": lambda s: s.whole and len(s.texts) != len(s.right),
    "loses white space": lambda s: (
        s.whole and s.texts != s.right and _bare(s.texts) == _bare(s.right)
    ),
    "another text": lambda s: s.whole and s.texts != s.right,
    "place left free": lambda s: s.whole and s.idle > SOON,
}

check = Exercise(
    observe,
    cases=(
        Several(at_most=2),
        Several(at_most=1),
        Several(at_most=50),
        Several(at_most=3, prompts=(), when="for an empty list of prompts"),
        Several(at_most=3, fails_after=2, when="when the connection of one reply was lost"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={
        "swallows the error": "a case of its own loses one of several connections",
        "calls twice": "`sends a prompt again` looks at all the replies",
        "invoke": "the exercise asks for whole replies",
        "stops at the first chunk": "`stops early` looks at all the replies",
    },
)
