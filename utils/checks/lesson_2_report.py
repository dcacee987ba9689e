"""The check of exercise 2.3: a handler that counts tokens per run and forgets each run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.engine.wording import shown
from utils.checks.handlers import listening, never_called, the_class
from utils.checks.lesson_2_heard import attached, in_turns, streamed
from utils.checks.observe import kind
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost, Probe, ProbeModel, Switchboard, cut
from utils.checks.texts import DANUBE, PROMPT, TIDE


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
    _fails_beside_another(make())
    _reports_no_tokens(make())
    _reports_threads(make())
    return (
        f"{ended[0]} and {ended[1]} tokens of two runs that took turns, and three more in threads. "
        "Runs that failed or were left are not reported, and nothing of a run stays behind."
    )


def _reports_of_its_own(one: BaseCallbackHandler, other: BaseCallbackHandler) -> None:
    before = _look_at_reports(other)
    with listening(one):
        for _ in streamed(Probe(cut(TIDE, 80)), one):
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
        in_turns(streamed(longer, handler, spy), streamed(shorter, handler, spy))
    got, right = _reports_of(handler), spy.reports
    if not got:
        raise NotYet(f"Two runs ended, and `.reports` is empty{never_called(handler)}.")
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
        chunks = streamed(probe, handler)
        with closing(chunks), suppress(ConnectionLost):
            for number, _ in enumerate(chunks):
                if number == leaves_after:
                    break
    got = _reports_of(handler)
    if got:
        raise NotYet(f"`.reports` is {shown(repr(got))} after {what}; only a finished run counts.")
    _nothing_kept(handler, before, what)


def _fails_beside_another(handler: BaseCallbackHandler) -> None:
    """A run that fails takes its own count along, and not that of a run that goes on."""
    spy, what = _Spy(), "when a run failed while another was under way"
    fails, goes_on = Probe(cut(TIDE, 89), fails_after=4), Probe(cut(DANUBE, 90))
    with listening(handler, what):
        in_turns(streamed(goes_on, handler, spy), _until_it_fails(streamed(fails, handler, spy)))
    if _reports_of(handler) != spy.reports:
        raise NotYet(
            f"{what.capitalize()}, the other brought {spy.reports[0]} tokens and came to its end. "
            f"`.reports` is {shown(repr(_reports_of(handler)))}. Whose count may go when a run "
            "fails?"
        )


def _until_it_fails(chunks: Iterable[object]) -> Iterator[object]:
    with suppress(ConnectionLost):
        yield from chunks


def _reports_no_tokens(handler: BaseCallbackHandler) -> None:
    what = "for a run by `invoke`, which ended without pushing a token"
    with listening(handler, what):
        ProbeModel(probe=Probe(cut(TIDE, 84))).invoke(PROMPT, attached(handler))
    if _reports_of(handler) != [0]:
        raise NotYet(f"`.reports` is {shown(repr(_reports_of(handler)))} {what}.")


def _reports_threads(handler: BaseCallbackHandler) -> None:
    spy = _Spy()
    probes = {f"{PROMPT} {n}": Probe(cut(DANUBE[: 20 * n], 85 + n)) for n in (1, 2, 3)}
    model = Switchboard(probe=None, probes=probes, streaming=True)
    with listening(handler, "when a batch ran in threads"):
        model.batch(list(probes), attached(handler, spy))
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


def _and(values: Sequence[int]) -> str:
    return f"{', '.join(map(str, values[:-1]))} and {values[-1]}"
