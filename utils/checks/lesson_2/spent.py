"""Check for `spent`: add up the output tokens of several replies, as counted by the provider.

An answer usually attaches a handler whose `usage_metadata` has an entry for each model, or adds up
the `usage_metadata` of chunks.
"""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from langchain_core.messages.ai import UsageMetadata

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.raised import learners_own
from utils.checks.engine.reply import Reading, Reply, cut
from utils.checks.engine.run import HARBOUR, NUMBER, RIVERS, Case, Run
from utils.checks.engine.stream_runner import call
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import Attaching

_RIVER, _TIDE, _SEA = "Name a river.", "Describe the tide.", 'Name a sea as {"sea": …}.'
_FAILS = _TIDE  # the prompt whose reply fails in a case with `fails_after`
_MOST_EXTRA = 4  # the maximum number of chunks without text in one reply


@dataclass(frozen=True, kw_only=True)
class Prompts(Case):
    """A list of prompts, one of which may be repeated."""

    prompts: Sequence[str] = (_RIVER, _SEA, _RIVER, _TIDE)


@dataclass(kw_only=True)
class Seen(Attaching):
    case: Prompts
    replies: dict[str, Reply]  # keyed by prompt
    readings: Sequence[Reading]  # all requests that were sent
    never_sent: str  # the first prompt that was never sent; "" if all were sent
    miscounted: str  # the first prompt sent more or fewer times than it is listed; "" if none
    unfinished: str  # the first prompt whose reply wasn't read to the end; "" if there is none
    input_tokens: int  # the total input tokens of all requests
    output_tokens: Sequence[int]  # the number of output tokens of each reply

    def is_sum(self, prompts: Iterable[str]) -> bool:
        """Whether the answer returned the sum of the output tokens for these prompts."""
        return bool(self.returned == sum(_USAGES[each]["output_tokens"] for each in prompts))

    @property
    def entries(self) -> list[str]:
        """The models that have an entry in any handler's `usage_metadata`."""
        kept = [getattr(each, "usage_metadata", None) for each in self.handlers]
        return list(dict.fromkeys(name for each in kept if isinstance(each, dict) for name in each))


def _usage(sent: int, written: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=sent, output_tokens=written, total_tokens=sent + written)


# chosen so that each mistake produces a different sum
_USAGES = {_RIVER: _usage(9, 131), _TIDE: _usage(11, 214), _SEA: _usage(8, 417)}
_MODELS = {_RIVER: "river-1", _TIDE: "river-1", _SEA: "sea-2"}


def observe(answer: Any, case: Prompts) -> Seen:
    with handlers.callback_log() as log:
        run, replies = _observed(answer, case)
        again, _ = _observed(answer, case)
    readings = [(prompt, each) for prompt, reply in replies.items() for each in reply.readings]
    sent = [prompt for prompt, _ in readings]
    prompts = list(case.prompts)
    written = [_USAGES[prompt]["output_tokens"] for prompt in prompts]
    return Seen.seen(
        run,
        replies=replies,
        readings=[each for _, each in readings],
        never_sent=next((each for each in prompts if each not in sent), ""),
        miscounted=next((each for each in replies if sent.count(each) != prompts.count(each)), ""),
        unfinished=next((prompt for prompt, r in readings if not (r.ended or r.failed)), ""),
        input_tokens=sum(_USAGES[prompt]["input_tokens"] for prompt in prompts),
        output_tokens=written,
        right=sum(written),
        again=again.returned,
        log=log,
    )


def _observed(answer: Any, case: Prompts) -> tuple[Run, dict[str, Reply]]:
    texts = {_RIVER: RIVERS[:70], _TIDE: HARBOUR, _SEA: RIVERS[70:]}
    replies = {
        prompt: Reply(
            cut(text, 61),
            usage=_USAGES[prompt],
            model_name=_MODELS[prompt],
            fails_after=case.fails_after if prompt == _FAILS else None,
        )
        for prompt, text in texts.items()
    }
    args = (FakeModel.of(replies), list(case.prompts))
    return call("spent", answer, case, replies[_FAILS], *args, wants=NUMBER), replies


def _none(s: Seen) -> bool:
    """Whether the answer failed because a value is None, such as a chunk's usage."""
    return isinstance(s.error, TypeError | AttributeError) and "NoneType" in str(s.error)


def _one_model(s: Seen) -> bool:
    """Whether the answer counted only one model's entry in a handler's `usage_metadata`."""
    return any(s.is_sum(p for p in s.case.prompts if _MODELS[p] == model) for model in s.entries)


def _chunks(s: Seen) -> list[int]:
    """Return the possible numbers of chunks: one per piece plus up to `_MOST_EXTRA` per reply."""
    with_text = sum(len(s.replies[prompt].pieces) for prompt in s.case.prompts)
    return [with_text + extra * len(s.case.prompts) for extra in range(_MOST_EXTRA + 1)]


FIRST: Mistakes[Seen] = {
    **handlers.ATTACHED_FIRST,
    "one model's name": lambda s: (
        isinstance(s.error, KeyError)
        and s.error.args[0] not in s.case.prompts
        and learners_own(traceback.extract_tb(s.error.__traceback__)[-1].filename)
    ),
    "last chunk": lambda s: _none(s) and any(reading.ended for reading in s.readings),
    "chunk without usage": lambda s: _none(s) and bool(s.readings),
}
MISTAKES: Mistakes[Seen] = {
    "never calls the model": lambda s: bool(s.case.prompts) and s.error is None and not s.calls,
    "one conversation": lambda s: any(
        sum(message.type == "human" for message in each.messages) > 1 for each in s.readings
    ),
    "leaves a stream unread": lambda s: bool(s.never_sent) and len(s.calls) > len(s.readings),
    "first prompt alone": lambda s: len(s.readings) == 1 < len(s.case.prompts),
    "skips a prompt": lambda s: bool(s.never_sent),
    "another number of requests": lambda s: bool(s.miscounted),
    "leaves a reply early": lambda s: s.wrong and bool(s.unfinished),
    "usage switched off": lambda s: s.wrong and not all(each.usage for each in s.readings),
    **handlers.ATTACHED,
    "prompt tokens too": lambda s: s.wrong and s.returned == s.input_tokens + s.right,
    "prompt tokens": lambda s: s.wrong and s.returned == s.input_tokens,
    "repeated prompt once": lambda s: s.wrong and s.is_sum({*s.case.prompts}),
    "adds sums up": lambda s: s.wrong and s.returned == sum(accumulate(s.output_tokens)),
    "last reply alone": lambda s: s.wrong and [s.returned] == s.output_tokens[-1:],
    "first reply alone": lambda s: s.wrong and [s.returned] == s.output_tokens[:1],
    "one model alone": lambda s: s.wrong and _one_model(s),
    "counted twice": lambda s: s.wrong and s.returned == 2 * s.right,
    "counts chunks with text": lambda s: s.wrong and s.returned == _chunks(s)[0],
    "counts chunks": lambda s: s.wrong and s.returned in _chunks(s),
    "reads no entry": lambda s: s.wrong and s.returned == 0 and bool(s.entries),
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
    notes={"from the chunks": lambda s: not s.handlers},
    opts_out={
        "collected first": "the number is returned after the replies have ended",
        "calls twice": "a repeated prompt is sent twice; `another number of requests` counts them",
        "left open": "`leaves a reply early` looks at all the replies",
    },
)
