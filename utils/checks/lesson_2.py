"""The checks of lesson 2's exercises; see `lesson_1.py` for how they judge.

Handlers listen to real runs of a chat model that answers with a probe, and what the right figures
are is heard by a handler of the check's own beside them.
"""

import inspect
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from copy import copy
from itertools import accumulate, zip_longest
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable

from utils.checks.attempt import LearnersError, learners_code
from utils.checks.clinic import diagnosed
from utils.checks.handlers import listening, overheard, the_class
from utils.checks.observe import (
    asked_for_a_stream,
    first_difference,
    kind,
    not_asked_for,
    plain_call,
    the_function,
)
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import (
    ConnectionLost,
    Probe,
    ProbeModel,
    Switchboard,
    cut,
)

PROMPT = "Name a river."
DANUBE = "The Danube rises in the Black Forest and ends, ten countries later, in the Black Sea."
TIDE = "Twice a day\nthe sea comes in.\nNobody asks it to."

MakeHandler = Callable[..., BaseCallbackHandler]


# --- 2.1 Collector --------------------------------------------------------------------------------


def collector(answer: object) -> str:
    """A handler whose `.text` grows with each token, one reply in each."""
    make = the_class(answer, "Collector")
    _grows(make(), Probe(cut(DANUBE, 61)))
    _two_at_once(make(), make())
    _grows(make(), Probe(cut(TIDE, 62)))
    _hears_invoke(make(), Probe(cut(DANUBE, 63)))
    return (
        "After each token `.text` held all that had come, and two collectors at once kept their "
        "replies apart."
    )


def _grows(handler: BaseCallbackHandler, probe: Probe) -> None:
    looks: list[tuple[str, object]] = []  # what had come, and what `.text` held
    last_alone: list[bool] = []
    heard = ""
    with listening(handler):
        for chunk in _stream(probe, handler):
            heard += chunk.text
            looks.append((heard, _text_of(handler)))
            last_alone.append(_text_of(handler) == chunk.text)
    if all(last_alone):
        raise NotYet(
            "While the reply came, `.text` held the last piece alone, as if nothing had come "
            f"before: {shown(probe.pieces[-1])} near the end, and then an empty one."
        )
    if not _text_of(handler) and any(held for _, held in looks):
        best = max((str(held) for _, held in looks if held), key=len)
        raise NotYet(
            f"On the way `.text` held {shown(best)}. When the reply is over, it is empty again."
        )
    _right_text(handler, probe)
    late = [(came, held) for came, held in looks if held != came]
    if not late:
        return
    if all(not held for _, held in looks):
        raise NotYet(
            f"The text is right when the reply is over. While the {len(probe.pieces)} pieces came, "
            "`.text` was empty."
        )
    came, held = late[0]
    raise NotYet(
        f"The text is right at the end, and behind on the way: {shown(came)} had come, and "
        f"`.text` was {shown(str(held) or '(empty)')}."
    )


def _text_of(handler: BaseCallbackHandler) -> Any:
    return getattr(handler, "text", None)


def _right_text(handler: BaseCallbackHandler, probe: Probe) -> None:
    held = _text_of(handler)
    if held == probe.text:
        return
    if held is None:
        raise NotYet(
            f"When the reply is over, the collector has no `.text`{_never_called(handler)}."
        )
    if not isinstance(held, str):
        raise NotYet(f"`.text` is {kind(held)}; the exercise asks for one text.")
    if not held:
        raise NotYet(f"A whole reply went by, and `.text` is still empty{_never_called(handler)}.")
    if held == probe.pieces[-1]:
        raise NotYet(
            f"At the end `.text` is {shown(held)}, the last piece alone. What became of the "
            f"{len(probe.pieces) - 1} before it?"
        )
    if "content=" in held:
        raise NotYet(f"`.text` holds whole chunks with all their fields: {shown(held)}.")
    if "".join(held.split()) == "".join(probe.text.split()):
        raise NotYet(
            f"The letters are right and the white space isn't: `.text` is {shown(held)}. The "
            "pieces bring their own."
        )
    raise NotYet(f"`.text` differs from the reply. {first_difference(held, probe.text)}")


def _hears_invoke(handler: BaseCallbackHandler, probe: Probe) -> None:
    """A model that streams by itself pushes its tokens while `invoke` waits for the reply."""
    with listening(handler, "for `invoke` on a streaming model"):
        ProbeModel(probe=probe, streaming=True).invoke(PROMPT, _with(handler))
    if _text_of(handler) != probe.text:
        raise NotYet(
            "With `.stream()` the text is right. With `invoke` on a model with `streaming=True` "
            f"`.text` is {shown(str(_text_of(handler)) or '(empty)')}."
        )


def _two_at_once(one: BaseCallbackHandler, other: BaseCallbackHandler) -> None:
    probes = Probe(cut(DANUBE, 64)), Probe(cut(TIDE, 65))
    with listening(one), listening(other):
        _in_turns(_stream(probes[0], one), _stream(probes[1], other))
    for handler, probe in zip((one, other), probes, strict=True):
        if _text_of(handler) != probe.text:
            raise NotYet(
                "One collector is right. With two of them, each on a reply of its own, one holds "
                f"{shown(str(_text_of(handler)))}. What do they share?"
            )


# --- 2.2 Stopwatch --------------------------------------------------------------------------------

_IDLE = 50.0  # seconds between making the handler and using it


def stopwatch(answer: object) -> str:
    """A handler that measures TTFT by the clock it was given."""
    make = the_class(answer, "Stopwatch")
    measured = _timed(make, Probe(cut(DANUBE, 71)))
    _timed(make, Probe(["", "", *cut(TIDE, 72)]), "for a reply with empty tokens before its text")
    _timed(make, Probe([""]), "for a reply without any text")
    return (
        f"It measured {measured:.1f} s to the first text, though it was made long before and empty "
        "tokens came first."
    )


def _timed(make: MakeHandler, probe: Probe, when: str = "") -> float | None:
    """The TTFT in seconds that the handler measured, and rightly."""
    looked: list[float] = []

    def clock() -> float:
        looked.append(probe.clock())
        return looked[-1]

    handler = make(clock=clock)
    probe.clock.advance(_IDLE)
    asked = probe.clock()
    looked.clear()
    readings: list[object] = []  # of `.ttft`, until text came and then on
    first: float | None = None
    at_first: object = None
    with listening(handler, when):
        for chunk in _stream(probe, handler):
            reading = getattr(handler, "ttft", None)
            if chunk.text and first is None:
                first, at_first = probe.clock() - asked, reading
            if first is None:
                readings.append(reading)
    early = next((reading for reading in readings if reading is not None), None)
    final = getattr(handler, "ttft", None)
    case = f" {when}" if when else ""
    if first is None:
        if final is not None:
            raise NotYet(f"`.ttft` got a figure{case}. Where no text comes, it stays `None`.")
        return None
    if final is None:
        raise NotYet(
            f"The reply is over, and `.ttft` is still `None`{case}{_never_called(handler)}."
        )
    suspect = next(reading for reading in (early, at_first, final) if reading is not None)
    if isinstance(suspect, bool) or not isinstance(suspect, int | float):
        raise NotYet(f"`.ttft` is {kind(suspect)}; it should be a number of seconds.")
    if not looked:
        raise NotYet(
            f"`.ttft` came out as {suspect:.4f} s, and nobody looked at `self.clock` while the "
            "model ran. By which clock was that?"
        )
    _not_another_time(suspect, asked, first, case)
    if early is not None:
        raise NotYet(
            f"`.ttft` was {suspect:.1f} s when no text had come yet{case}. The first text came "
            f"after {first:.1f} s."
        )
    if at_first is None:
        raise NotYet(f"Text was there, and `.ttft` still `None`{case}; it got its figure later.")
    if final != at_first:
        raise NotYet(
            f"`.ttft` was {suspect:.1f} s when the first text came, and {final:.1f} s when the "
            f"reply was over{case}. Which token should it measure?"
        )
    if not _near(suspect, first):
        raise NotYet(
            f"`.ttft` came out as {suspect:.1f} s{case}, and the first text came {first:.1f} s "
            "after the model was asked. When does your handler begin to count?"
        )
    return suspect


def _not_another_time(ttft: float, asked: float, first: float, case: str) -> None:
    if ttft < 0:
        raise NotYet(f"`.ttft` came out as {ttft:.1f} s{case}. Which look at the clock came first?")
    if _near(ttft, 1000 * first):
        raise NotYet(f"`.ttft` came out as {ttft:.0f}{case}; the exercise asks for seconds.")
    if ttft >= asked:
        raise NotYet(
            f"`.ttft` came out as {ttft:.1f}{case}, which is what the clock showed. How long "
            "something took is the difference between two looks at a clock."
        )
    if ttft > _IDLE:
        raise NotYet(
            f"`.ttft` came out as {ttft:.1f} s{case}. Of these, {_IDLE:.0f} s lay between making "
            "the handler and asking the model."
        )


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


# --- 2.3 Report -----------------------------------------------------------------------------------


class _Spy(BaseCallbackHandler):
    """Hears what there is to report, and how much of that had text."""

    def __init__(self) -> None:
        self.reports: list[int] = []
        self.with_text: list[int] = []
        self._heard: dict[UUID, list[str]] = {}

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:
        self._heard.setdefault(run_id, []).append(token)

    def on_llm_end(self, response: object, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        heard = self._heard.pop(run_id, [])
        self.reports.append(len(heard))
        self.with_text.append(sum(map(bool, heard)))


def report(answer: object) -> str:
    """A handler that counts tokens per run, whatever runs share it, and forgets each run."""
    make = the_class(answer, "Report")
    _reports_of_its_own(make(), make())
    ended = _reports_in_turns(make())
    for what, fails_after, leaves_after in (
        ("that failed after a few tokens", 3, None),
        ("that failed before its first token", 0, None),
        ("whose reader left early", None, 4),
    ):
        probe = Probe(cut(TIDE, 83), fails_after=fails_after)
        _unreported(make(), probe, f"a run {what}", leaves_after)
    _reports_no_tokens(make())
    _reports_threads(make())
    return (
        f"{ended[0]} and {ended[1]} tokens of two runs that took turns, and three more in threads. "
        "Runs that failed or were left are not reported, and nothing of a run stays behind."
    )


def _reports_of_its_own(one: BaseCallbackHandler, other: BaseCallbackHandler) -> None:
    before = _look_at_reports(other)
    with listening(one):
        for _ in _stream(Probe(cut(TIDE, 80)), one):
            pass
    after = _look_at_reports(other)
    if after != before:
        raise NotYet(
            "A new handler starts with reports of another one: it has heard nothing, and its "
            f"`.reports` is {shown(after)}. What do the two share?"
        )


def _look_at_reports(handler: BaseCallbackHandler) -> str:
    """As a text, which stays as it is when the list grows."""
    return repr(getattr(handler, "reports", None))


def _reports_in_turns(handler: BaseCallbackHandler) -> list[int]:
    spy, before = _Spy(), _sizes(handler)
    longer, shorter = Probe(cut(DANUBE, 81)), Probe(cut(TIDE, 82))
    with listening(handler):
        _in_turns(_stream(longer, handler, spy), _stream(shorter, handler, spy))
    got, right = _reports_of(handler), spy.reports
    if not got:
        raise NotYet(f"Two runs ended, and `.reports` is empty{_never_called(handler)}.")
    if got == spy.with_text:
        raise NotYet(
            f"`.reports` is {shown(repr(got))}: the tokens with text in them. LangChain called the "
            f"method {right[0]} and {right[1]} times, and each call counts."
        )
    if got == right[::-1]:
        raise NotYet(
            f"The numbers are right. The run that ended first brought {right[0]} tokens, and "
            f"first in `.reports` stands {got[0]}."
        )
    if got != right:
        raise NotYet(
            f"Two runs took turns; the one that ended first brought {right[0]} tokens and the "
            f"other {right[1]}. `.reports` is {shown(repr(got))}."
        )
    _nothing_kept(handler, before, "two runs that ended")
    return right


def _unreported(
    handler: BaseCallbackHandler, probe: Probe, what: str, leaves_after: int | None
) -> None:
    before = _sizes(handler)
    with listening(handler, f"for {what}"):
        chunks = _stream(probe, handler)
        with closing(chunks), suppress(ConnectionLost):
            for number, _ in enumerate(chunks):
                if number == leaves_after:
                    break
    got = _reports_of(handler)
    if got:
        raise NotYet(f"`.reports` is {shown(repr(got))} after {what}; only a finished run counts.")
    _nothing_kept(handler, before, what)


def _reports_no_tokens(handler: BaseCallbackHandler) -> None:
    what = "for a run by `invoke`, which ended without pushing a token"
    with listening(handler, what):
        ProbeModel(probe=Probe(cut(TIDE, 84))).invoke(PROMPT, _with(handler))
    if _reports_of(handler) != [0]:
        raise NotYet(f"`.reports` is {shown(repr(_reports_of(handler)))} {what}.")


def _reports_threads(handler: BaseCallbackHandler) -> None:
    spy = _Spy()
    probes = {f"{PROMPT} {n}": Probe(cut(DANUBE[: 20 * n], 85 + n)) for n in (1, 2, 3)}
    model = Switchboard(probe=None, probes=probes, streaming=True)
    with listening(handler, "when a batch ran in threads"):
        model.batch(list(probes), _with(handler, spy))
    if sorted(_reports_of(handler)) != sorted(spy.reports):
        raise NotYet(
            f"Three runs of a batch brought {_and(sorted(spy.reports))} tokens, and `.reports` is "
            f"{shown(repr(_reports_of(handler)))}."
        )


def _reports_of(handler: BaseCallbackHandler) -> list[Any]:
    reports = getattr(handler, "reports", None)
    if not isinstance(reports, list | tuple):
        raise NotYet(f"`.reports` is {kind(reports)}; the exercise asks for a list.")
    odd = next((entry for entry in reports if not isinstance(entry, int)), None)
    if odd is not None:
        raise NotYet(f"`.reports` should hold numbers alone; one entry is {kind(odd)}.")
    return list(reports)


def _nothing_kept(handler: BaseCallbackHandler, before: Mapping[str, int], what: str) -> None:
    for name, size in _sizes(handler).items():
        if size > before.get(name, 0):
            raise NotYet(
                f"The reports are right. After {what}, `.{name}` holds more than before. On a "
                "server that runs for weeks, that adds up."
            )


def _sizes(handler: BaseCallbackHandler) -> dict[str, int]:
    """How many entries each attribute holds, but for the reports."""
    own = {name: value for name, value in vars(type(handler)).items() if not callable(value)}
    attributes = {**own, **vars(handler)}
    return {
        name: _size(value)
        for name, value in attributes.items()
        if name != "reports" and not name.startswith("__")
    }


def _size(value: object, depth: int = 3) -> int:
    parts = value.values() if isinstance(value, Mapping) else value
    if not depth or isinstance(parts, str | bytes) or not isinstance(parts, Collection):
        return 0
    return sum(1 + _size(part, depth - 1) for part in parts)


# --- 2.4 starts -----------------------------------------------------------------------------------

_PLACES = ("the model's constructor", "`with_config`", "the call's config")
_CASES = {1: ("A", "", "B"), 2: ("A", "A", "A"), 3: ("", "B", "A"), 4: ("", "", "")}


class _Tally(BaseCallbackHandler):
    def __init__(self) -> None:
        self.starts = 0

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.starts += 1


def starts(answer: object) -> str:
    """How often each handler hears a model start in the four cases, which are run."""
    if not isinstance(answer, Mapping):
        raise NotYet(f"The answer is a dict with a case's number as key, not {kind(answer)}.")
    unknown = [str(case) for case in answer if case not in _CASES]
    if unknown:
        raise NotYet(f"There is no case {', '.join(unknown)}.")
    wrong: list[str] = []
    for case, places in _CASES.items():
        truth = _counted(places)
        for name, given in _given(answer.get(case, ...), case).items():
            if given != truth[name]:
                wrong.append(_evidence_of(case, name, given, places.count(name)))
    if wrong:
        raise NotYet(" ".join(wrong))
    return "All four, as four real runs have just counted them."


def _counted(places: Sequence[str]) -> dict[str, int]:
    """The starts that `A` and `B` count when attached to the three `places`."""
    tallies = {"A": _Tally(), "B": _Tally()}
    built_in, bound, called = (_with(*([tallies[name]] if name else [])) for name in places)
    model = ProbeModel(probe=Probe([DANUBE]), **built_in)
    chain: Runnable[Any, Any] = ChatPromptTemplate.from_template("Name a {thing}.") | model
    chain.with_config(bound).invoke({"thing": "river"}, called)
    return {name: tally.starts for name, tally in tallies.items()}


def _given(entry: object, case: int) -> dict[str, int]:
    """The learner's numbers for one case, from `("A", 1, "B", 2)`, `(1, 2)` or a dict."""
    if isinstance(entry, Mapping):
        numbers = [_looked_up(entry, name) for name in "AB"]
    elif isinstance(entry, Sequence) and len(entry) == 4 and (entry[0], entry[2]) == ("A", "B"):
        numbers = [entry[1], entry[3]]
    elif isinstance(entry, Sequence) and len(entry) == 2:
        numbers = list(entry)
    elif entry is ... or entry is None:
        numbers = [...]
    else:
        raise NotYet(f'Case {case} should look like `("A", …, "B", …)`, with two numbers.')
    if ... in numbers or None in numbers:
        raise NotYet(f"Case {case} has no number yet for each of the two.")
    odd = next((number for number in numbers if type(number) is not int), None)
    if odd is not None:
        raise NotYet(f"Case {case}: a number of starts is a whole number, not {kind(odd)}.")
    return dict(zip("AB", numbers, strict=True))


def _looked_up(entry: Mapping[str, Any], name: str) -> Any:
    """The number for `name`, also of a mapping that answers 0 where nothing was noted."""
    try:
        return copy(entry)[name]  # a copy, since a defaultdict would note it
    except KeyError:
        return ...


def _evidence_of(case: int, name: str, given: int, places: int) -> str:
    if not places:
        return f"Case {case}: nothing in that row names `{name}`; who would call it?"
    if not given:
        return (
            f"Case {case}: `{name}` does hear the start. Would one place replace another? Look at "
            "what two objects, one in each place, counted above."
        )
    if places > 1:
        return (
            f"Case {case}: `{name}` doesn't count {given}. It is one object in {places} places; "
            "look at what one object in both places counted above."
        )
    return (
        f"Case {case}: `{name}` doesn't count {given}. It stands in one place, and the chain asks "
        "its model once."
    )


# --- 2.5 spaces_heard(model, prompt) --------------------------------------------------------------


def spaces_heard(answer: object) -> str:
    """The spaces in the tokens that a handler heard, not those in the reply."""
    function = the_function(answer, "spaces_heard")
    before = 0
    for text, seed in ((DANUBE, 91), (TIDE, 92)):
        # Tokens that are pushed and aren't in the reply tell the handler's count from another.
        probe = Probe(cut(text, seed), asides=[" ", "by the by"])
        with overheard() as log, learners_code():
            returned = function(ProbeModel(probe=probe), PROMPT)
        plain_call(returned, "spaces_heard", probe)
        _tokens_were_pushed(probe)
        if log:
            raise NotYet(
                f"The model pushes its tokens, and the handler failed in silence {len(log)} times. "
                f"LangChain's log says {shown(log[0], 160)}."
            )
        heard = text.count(" ") + sum(aside.count(" ") for aside in probe.asides)
        _spaces(returned, heard, before, probe)
        before = heard
    return f"{heard} spaces, as the handler heard them, token by token."


def _tokens_were_pushed(probe: Probe) -> None:
    if probe.invoked:
        raise NotYet(
            "The model was called in a way in which it pushes no tokens, so a handler hears none, "
            "however it is written. Which cell above showed that?"
        )
    asked_for_a_stream(probe, "spaces_heard")


def _spaces(returned: object, heard: int, before: int, probe: Probe) -> None:
    if isinstance(returned, bool) or not isinstance(returned, int):
        raise NotYet(not_asked_for(returned, "a number"))
    if returned == heard:
        return
    if not probe.handlers:
        raise NotYet(f"{returned} came back, and no handler listened to the model.")
    _no_class(probe.handlers)
    if returned == probe.text.count(" "):
        ends = any(_hears(handler, "on_llm_end") for handler in probe.handlers)
        raise NotYet(
            f"You counted the {'finished ' if ends else ''}reply; the exercise asks for what "
            "`on_llm_new_token` hears."
        )
    if not returned:
        silent = "".join(_never_called(handler) for handler in probe.handlers)
        raise NotYet(f"The tokens held {heard} spaces, and {returned} came back{silent}.")
    if returned == 2 * heard:
        raise NotYet(
            f"{returned} came back, twice the {heard} spaces that were pushed. Who else listens?"
        )
    if before and returned == heard + before:
        raise NotYet(
            f"The first time the number is right. The second time {returned} came back for {heard} "
            "spaces: those of the first reply are still in it."
        )
    raise NotYet(f"The tokens held {heard} spaces, and {returned} came back.")


# --- 2.6 spent(model, prompts) --------------------------------------------------------------------


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
            _no_class(probe.handlers)
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
            raise NotYet("The model was called with `invoke`; the exercise asks for `.stream()`.")
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
    _no_class(handlers)
    if _heard_before(handlers, right) or (before and returned == right + before):
        meaning = "the handler had heard calls before, and their tokens are in it"
    elif not returned and not handlers:
        meaning = "no handler listened to the model"
    else:
        meaning = _meaning(returned, probes, counts)
    raise NotYet(
        f"The provider counted {right} output tokens for {len(probes)} "
        f"{'reply' if len(probes) == 1 else 'replies'}, and {returned} came back"
        f"{f': {meaning}' if meaning else ''}."
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


# --- 2.7 diagnosis --------------------------------------------------------------------------------

_TWICE = "Two handlers hear each token twice: compare how many it heard with the other programs."
_SILENT = "A handler that raises leaves a warning for each token: look at its log."
_NO_TOKENS = "Where no tokens are pushed, nobody hears any: look at how many it heard."

_EVIDENCE = {
    ("healthy", "not streaming"): "The reply came whole, and you wouldn't know of it from its "
    "handler: look at how many tokens it heard.",
    ("healthy", "attached twice"): "Compare how many tokens it heard with the other programs: "
    "the reply is the same.",
    ("healthy", "fails in silence"): "Look at how many tokens it heard, and at its log.",
    ("not streaming", "healthy"): _NO_TOKENS,
    ("not streaming", "attached twice"): _NO_TOKENS,
    ("not streaming", "fails in silence"): "It heard nothing, and yet somebody wrote into the "
    "log: can a handler that is never called do that?",
    ("attached twice", "healthy"): _TWICE,
    ("attached twice", "not streaming"): _TWICE,
    ("attached twice", "fails in silence"): _TWICE,
    ("fails in silence", "healthy"): _SILENT,
    ("fails in silence", "attached twice"): _SILENT,
    ("fails in silence", "not streaming"): _SILENT,
}

_DENIED = {"not streaming": "does stream", "fails in silence": "doesn't fail in silence"}


def diagnosis(answer: object) -> str:
    """Which of four programs is healthy, and what the others' handlers suffer from."""
    diagnosed(answer, "2.7", "program", _EVIDENCE, denied=_DENIED)
    return "All four, from three figures each."


# --- Shared ---------------------------------------------------------------------------------------


def _no_class(handlers: Iterable[object]) -> None:
    """Turn down a class in the place of a handler, which LangChain passes over in silence."""
    for handler in handlers:
        if isinstance(handler, type):
            raise NotYet(f"The config holds the class; make a handler with `{handler.__name__}()`.")


def _hears(handler: BaseCallbackHandler, method: str) -> bool:
    """Whether the handler's class has a method of its own by that name."""
    return getattr(type(handler), method) is not getattr(BaseCallbackHandler, method)


def _never_called(handler: BaseCallbackHandler) -> str:
    """The end of a sentence, if the learner wrote methods that LangChain doesn't know."""
    written = [
        name
        for owner in type(handler).__mro__
        if owner is not object and not owner.__module__.startswith("langchain_core.")
        for name, value in vars(owner).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    unknown = [name for name in written if not hasattr(BaseCallbackHandler, name)]
    if unknown and unknown == written:
        return ": LangChain calls none of the methods that you wrote"
    events = [f"`{name}`" for name in unknown if name.startswith("on_")]
    return f": LangChain never calls {' or '.join(events)}" if events else ""


def _with(*handlers: BaseCallbackHandler) -> Any:
    return {"callbacks": list(handlers)}


def _stream(probe: Probe, *handlers: BaseCallbackHandler) -> Generator[AIMessageChunk]:
    chunks = ProbeModel(probe=probe).stream(PROMPT, _with(*handlers))
    return cast("Generator[AIMessageChunk]", chunks)


def _in_turns(*streams: Iterable[object]) -> None:
    """Pull from one and the other until both have ended."""
    for _ in zip_longest(*streams):
        pass


def _and(values: Sequence[int]) -> str:
    return f"{', '.join(map(str, values[:-1]))} and {values[-1]}"


CHECKS: dict[str, Callable[[Any], str]] = {
    "2.1": collector,
    "2.2": stopwatch,
    "2.3": report,
    "2.4": starts,
    "2.5": spaces_heard,
    "2.6": spent,
    "2.7": diagnosis,
}
