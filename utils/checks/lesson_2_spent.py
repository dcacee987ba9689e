"""The check of exercise 2.6: the output tokens of several replies, by the provider's count."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages.ai import UsageMetadata

from utils.checks.engine.student_code import LearnersError, learners_code
from utils.checks.engine.wording import shown
from utils.checks.lesson_2_heard import attached_twice, no_class
from utils.checks.observe import not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, Switchboard, cut
from utils.checks.texts import DANUBE, TIDE


def _usage(given: int, written: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=given, output_tokens=written, total_tokens=given + written)


def _metered() -> dict[str, Probe]:
    """Probes by prompt; two models answer, as behind a router. The figures tell mistakes apart."""
    return {
        "Name a river.": Probe(cut(DANUBE, 101), usage=_usage(9, 131), model_name="river-1"),
        "Describe the tide.": Probe(cut(TIDE, 102), usage=_usage(11, 214), model_name="river-1"),
        "Name a sea.": Probe(cut(DANUBE[4:], 103), usage=_usage(8, 417), model_name="sea-2"),
    }


def spent(answer: object) -> str:
    """The output tokens of all prompts together, by the provider's own count."""
    function = the_function(answer, "spent")
    river, tide, sea = _metered()
    billed = 0
    for prompts in ([river, tide, river, sea], [sea], []):  # one of them is asked twice
        probes, other = _metered(), Probe([DANUBE])
        model = Switchboard(probe=other, probes=probes)
        returned = _what_it_spent(function, model, prompts)
        plain_call(returned, "spent", other, *probes.values())
        _all_asked({prompt: probes[prompt] for prompt in prompts}, prompts, other)
        billed += _billed(returned, [probes[prompt] for prompt in prompts], billed)
    return (
        "Four replies of two models, by the provider's own count; a single one; and no bill for "
        "no prompts."
    )


_SEVERAL = (
    "Here `model` passes the prompts on to several models, and `usage_metadata` has an entry for "
    "each that answered."
)


def _what_it_spent(function: Callable[..., Any], model: Switchboard, prompts: list[str]) -> Any:
    """What the learner's function returns; a name that `model` hasn't is told in words."""
    try:
        with learners_code("" if prompts else "for no prompts at all"):
            return function(model, list(prompts))
    except LearnersError as error:
        cause = error.__cause__
        for probe in model.probes.values():
            no_class(probe.handlers)
        if isinstance(cause, AttributeError) and cause.obj is model:
            raise NotYet(f"`model` has no {shown(str(cause.name))}. {_SEVERAL}") from error
        if isinstance(cause, KeyError) and cause.args[0] not in prompts:
            raise NotYet(f"{error} {_SEVERAL}") from error
        raise


_TIMES = ("never", "once", "twice")


def _times(number: int) -> str:
    return _TIMES[number] if number < len(_TIMES) else f"{number} times"


def _all_asked(asked: Mapping[str, Probe], prompts: Sequence[str], other: Probe) -> None:
    if other.requests:
        raise NotYet("The model was asked something that isn't one of the prompts.")
    for prompt, probe in asked.items():
        if not probe.requests:
            raise NotYet(f"The prompt {shown(prompt)} was never asked.")
        if probe.invoked:
            raise NotYet(
                "The model was called for a reply in one piece, as by `invoke` or `batch`; the "
                "exercise asks for `.stream()`."
            )
    for prompt, probe in asked.items():
        wanted, total = prompts.count(prompt), len(probe.pieces)
        if probe.requests != wanted:
            raise NotYet(
                f"The prompt {shown(prompt)} stands {_times(wanted)} in the list, and was asked "
                f"{_times(probe.requests)}. Each reply is on the bill."
            )
        if not probe.ended or probe.taken < wanted * total:
            left_after = probe.taken % total if probe.ended else probe.taken // wanted
            raise NotYet(
                f"A reply was left after {left_after} of its {total} pieces. What the provider "
                "counted comes after them."
            )


def _billed(returned: object, probes: Sequence[Probe], before: int) -> int:
    """The output tokens of the replies of `probes`, if that is what came back.

    Args:
        returned: What came back.
        probes: What answered, for each prompt in order.
        before: The output tokens of all that the check had asked before.
    """
    if isinstance(returned, bool) or not isinstance(returned, int):
        raise NotYet(not_asked_for(returned, "a number"))
    counts = [probe.usage or _usage(0, 0) for probe in probes]
    written = [count["output_tokens"] for count in counts]
    right = sum(written)
    if returned == right:
        return right
    handlers = [handler for probe in probes for handler in probe.handlers]
    no_class(handlers)
    if returned == 2 * right and any(attached_twice(probe.handlers) for probe in probes):
        meaning = "the handler heard each call twice. How often is it attached?"
    elif _heard_before(handlers, right) or (before and returned == right + before):
        meaning = "the handler had heard calls before, and their tokens are in it"
    elif not returned and not handlers:
        meaning = "no handler listened to the model"
    else:
        meaning = _meaning(returned, probes, counts)
    raise NotYet(
        f"The provider counted {right} output tokens for {len(probes)} "
        f"{'reply' if len(probes) == 1 else 'replies'}, and {returned} came back"
        f"{f': {meaning}' if meaning else ''}{'' if meaning.endswith('?') else '.'}"
    )


def _heard_before(handlers: Sequence[BaseCallbackHandler], right: int) -> bool:
    """Whether a handler of LangChain's has more on its bill than was asked just now."""
    return any(
        sum(count["output_tokens"] for count in handler.usage_metadata.values()) > right
        for handler in handlers
        if isinstance(handler, UsageMetadataCallbackHandler)
    )


def _meaning(returned: int, probes: Sequence[Probe], counts: Sequence[UsageMetadata]) -> str:
    """What a wrong bill has counted, if it is one of the common mistakes."""
    written = [count["output_tokens"] for count in counts]
    by_prompt = {id(probe): number for probe, number in zip(probes, written, strict=True)}
    text = [len(probe.pieces) for probe in probes]
    by_model: dict[str, int] = {}
    for probe, count in zip(probes, counts, strict=True):
        by_model[probe.model_name] = by_model.get(probe.model_name, 0) + count["output_tokens"]
    what = (
        (sum(count["total_tokens"] for count in counts), "the prompts' tokens are in it, too"),
        (sum(count["input_tokens"] for count in counts), "these are the prompts' tokens"),
        (sum(by_prompt.values()), "a prompt that was asked twice is in it once"),
        (sum(accumulate(written)), "the sum counts earlier replies again with each new one"),
        (written[-1] if written else 0, "that is the last reply alone"),
        (written[0] if written else 0, "that is the first reply alone"),
        *((total, "that is one of the two models which answered") for total in by_model.values()),
        *(
            (
                sum(text) + extra * len(text),
                "that is how many chunks came, and a chunk isn't a token",
            )
            for extra in range(4)
        ),
    )
    return next((told for figure, told in what if returned == figure), "")
