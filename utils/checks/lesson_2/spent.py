"""The sum of several replies' output tokens, as the provider counted them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import UsageMetadata

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reading, Reply, cut
from utils.checks.engine.run import HARBOUR, NUMBER, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Attaching

_RIVER, _TIDE, _SEA = "Name a river.", "Describe the tide.", "Name a sea."
_FAILS = _TIDE
_MOST_EXTRA = 4  # chunks without text in a reply


@dataclass(frozen=True, kw_only=True)
class Prompts(Case):
    """The prompts, one of which may be repeated."""

    prompts: Sequence[str] = (_RIVER, _SEA, _RIVER, _TIDE)


@dataclass(frozen=True, kw_only=True)
class Seen(Attaching):
    """The tokens that were counted, and the replies by prompt."""

    case: Prompts
    replies: dict[str, Reply]

    @property
    def billed(self) -> list[UsageMetadata]:
        """The usage of the reply to each prompt."""
        usages = [self.replies[prompt].usage for prompt in self.case.prompts]
        return [usage for usage in usages if usage]

    @property
    def written(self) -> list[int]:
        """The output tokens of each reply."""
        return [usage["output_tokens"] for usage in self.billed]

    @property
    def right(self) -> int:
        """The correct number."""
        return sum(self.written)

    @property
    def all_readings(self) -> list[Reading]:
        """The readings of all replies."""
        return [reading for reply in self.replies.values() for reading in reply.readings]

    @property
    def never_sent(self) -> str:
        """The first prompt that was never sent, or ""."""
        return next((each for each in self.case.prompts if not self.replies[each].requests), "")

    @property
    def often(self) -> str:
        """The first prompt that wasn't sent as often as it is in the list, or ""."""
        prompts = list(self.case.prompts)
        sent = {prompt: reply.requests for prompt, reply in self.replies.items()}
        return next((p for p, number in sent.items() if number != prompts.count(p)), "")

    @property
    def left(self) -> str:
        """The first prompt whose reply wasn't read to its end, or ""."""
        pairs = [(prompt, each) for prompt, r in self.replies.items() for each in r.readings]
        return next((prompt for prompt, each in pairs if not (each.ended or each.failed)), "")

    @property
    def given(self) -> int:
        """The input tokens of all replies."""
        return sum(usage["input_tokens"] for usage in self.billed)

    @property
    def by_prompt(self) -> int:
        """The output tokens if a repeated prompt counted once."""
        return sum(dict(zip(self.case.prompts, self.written, strict=True)).values())

    @property
    def by_model(self) -> list[int]:
        """The output tokens per model."""
        names = [self.replies[prompt].model_name for prompt in self.case.prompts]
        pairs = list(zip(names, self.written, strict=True))
        return [sum(n for name, n in pairs if name == model) for model in dict.fromkeys(names)]

    @property
    def chunks(self) -> list[int]:
        """The number of chunks, with and without some of those that have no text."""
        text = sum(len(self.replies[prompt].pieces) for prompt in self.case.prompts)
        return [text + extra * len(self.written) for extra in range(_MOST_EXTRA + 1)]


def _usage(given: int, written: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=given, output_tokens=written, total_tokens=given + written)


def observe(answer: Callable[..., Any], case: Prompts) -> Seen:
    """Call the answer twice, with a model that passes its prompts on to two others."""
    with handlers.overheard() as log:
        first, again = _observed(answer, case), _observed(answer, case)
    return Seen.of(first[0], replies=first[1], again=again[0].returned, log=log)


def _observed(answer: Callable[..., Any], case: Prompts) -> tuple[Run, dict[str, Reply]]:
    replies = {  # the numbers distinguish mistakes
        _RIVER: Reply(cut(RIVERS[:70], 61), usage=_usage(9, 131), model_name="river-1"),
        _TIDE: Reply(
            cut(HARBOUR, 62),
            usage=_usage(11, 214),
            model_name="river-1",
            fails_after=case.fails_after,
        ),
        _SEA: Reply(cut(RIVERS[70:], 63), usage=_usage(8, 417), model_name="sea-2"),
    }
    args = (FakeModel.of(replies), list(case.prompts))
    return call("spent", answer, case, replies[_FAILS], *args, wants=NUMBER), replies


def _asked(reading: Reading) -> list[BaseMessage]:
    """Return the messages of a request without its instructions."""
    return [message for message in reading.messages if message.type == "human"]


def _none(s: Seen) -> bool:
    return isinstance(s.error, TypeError | AttributeError) and "NoneType" in str(s.error)


FIRST: Mistakes[Seen] = {
    **handlers.ATTACHED_FIRST,
    "one model's name": lambda s: (
        isinstance(s.error, KeyError) and s.error.args[0] not in s.case.prompts
    ),
    "last chunk": lambda s: _none(s) and any(reading.ended for reading in s.all_readings),
    "chunk without usage": lambda s: _none(s) and bool(s.all_readings),
}
MISTAKES: Mistakes[Seen] = {
    "never calls the model": lambda s: bool(s.case.prompts) and s.error is None and not s.calls,
    "one conversation": lambda s: any(len(_asked(each)) > 1 for each in s.all_readings),
    "leaves a stream unread": lambda s: bool(s.never_sent) and len(s.calls) > len(s.all_readings),
    "skips a prompt": lambda s: s.case.whole and bool(s.never_sent),
    "another number of requests": lambda s: s.case.whole and bool(s.often),
    "leaves a reply early": lambda s: s.case.whole and bool(s.left),
    "usage switched off": lambda s: s.wrong and not all(r.usage for r in s.all_readings),
    **handlers.ATTACHED,
    "prompt tokens too": lambda s: s.wrong and s.returned == s.given + s.right,
    "prompt tokens": lambda s: s.wrong and s.returned == s.given,
    "repeated prompt once": lambda s: s.wrong and s.returned == s.by_prompt,
    "adds sums up": lambda s: s.wrong and s.returned == sum(accumulate(s.written)),
    "last reply alone": lambda s: s.wrong and [s.returned] == s.written[-1:],
    "first reply alone": lambda s: s.wrong and [s.returned] == s.written[:1],
    "one model alone": lambda s: s.wrong and s.returned in s.by_model,
    "counts chunks": lambda s: s.wrong and s.returned in s.chunks,
    "no usage": lambda s: s.wrong and s.returned == 0,
    "another number": lambda s: s.wrong,
}

check = Exercise(
    observe,
    cases=(
        Prompts(),
        Prompts(prompts=(_SEA,)),
        Prompts(prompts=(), when="for an empty list of prompts"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={
        "collected first": "the number is wanted when the replies are over",
        "calls twice": "a repeated prompt is sent twice, and `often` counts each one",
        "left open": "`leaves a reply early` looks at all the replies",
    },
)
