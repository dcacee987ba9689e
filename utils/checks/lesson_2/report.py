"""Check for `Report`: a handler that counts tokens per run, even if runs interleave or fail."""

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import ConnectionLost, Reply, cut
from utils.checks.engine.run import HARBOUR, RIVERS, Case
from utils.checks.lesson_2 import handlers
from utils.checks.lesson_2.handlers import HandlerRun, Make, run_handlers


@dataclass(frozen=True, kw_only=True)
class Runs(Case):
    """A case with one or more runs that call the same handler."""

    interleaved: bool = False  # whether the tokens of two runs interleave
    other_first: bool = False  # if `interleaved`, whether the run that never fails starts first
    then_shorter: bool = False  # whether the run is followed by a shorter one
    invoked: bool = False  # whether the model is called with `invoke`, which pushes no tokens
    batch: bool = False  # whether three runs in separate threads share the handler


class _Spy(BaseCallbackHandler):
    """Records the tokens of each finished run."""

    def __init__(self) -> None:
        self.ended: list[list[str]] = []
        self._tokens: dict[UUID, list[str]] = {}

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:
        self._tokens.setdefault(run_id, []).append(token)

    def on_llm_end(self, response: object, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        self.ended.append(self._tokens.pop(run_id, []))


@dataclass(frozen=True, kw_only=True)
class Seen(HandlerRun):
    """A run. `value` is a handler's final `.reports`; `other` is that of an unused handler."""

    case: Runs
    ended: Sequence[Sequence[str]]  # the tokens of each run that ended without an error
    right: Sequence[int]  # the correct contents of `.reports`
    got: Sequence[Any]  # the entries of `.reports`; empty if `.reports` isn't a list
    # the names of attributes and global variables that grow when the runs are repeated
    kept: Sequence[str]
    odd: Sequence[Any]  # the reports that aren't integers
    same: bool  # whether the numbers are correct apart from their order
    # by how many tokens the reports are off; empty if one is missing, extra or not an integer
    off: set[int]


def observe(answer: Any, case: Runs) -> Seen:
    """Run a handler in one case, alongside a spy that records the tokens."""
    spy, kept = _Spy(), list[str]()

    def call_model(make: Make) -> None:
        one, _ = make(), make()  # the second instance shows whether instances share reports
        _run(case, {"callbacks": [one, spy]})
        again = make()
        _run(case, {"callbacks": [again]})
        before = _sizes(again)  # a counter may keep its entries, but must not grow
        _run(case, {"callbacks": [again]})
        kept.extend(name for name, size in _sizes(again).items() if size > before.get(name, 0))

    run = run_handlers("Report", answer, case, "reports", call_model)
    right = [len(tokens) for tokens in spy.ended]
    got = list(run.value) if isinstance(run.value, list | tuple) else []
    odd = [report for report in got if type(report) is not int]
    same = not odd and sorted(got) == sorted(right)
    pairs = zip(got, right, strict=True) if len(got) == len(right) and not odd else ()
    return Seen.of(
        run,
        ended=spy.ended,
        right=right,
        got=got,
        kept=kept,
        odd=odd,
        same=same,
        off={report - due for report, due in pairs},
        wrong=not same if case.batch else got != right,  # a batch's runs may end in any order
    )


def _run(case: Runs, config: Any) -> None:
    reply = case.reply()
    if case.invoked:
        case.model(reply).invoke(case.prompt, config)
    elif case.batch:
        replies = {f"Name {n} rivers.": Reply(cut(RIVERS[: 20 * n], n)) for n in (1, 2, 3)}
        FakeModel.of(replies, streaming=True).batch(list(replies), config)
    else:
        chunks = case.model(reply).stream(case.prompt, config)
        other = case.model(Reply(cut(HARBOUR, 32))).stream(case.prompt, config)
        streams = [_until_lost(chunks), *([other] if case.interleaved else [])]
        if case.other_first:
            streams.reverse()
        with closing(chunks):
            for _ in zip_longest(*streams):  # alternates between the streams, chunk by chunk
                if reply.taken == case.leave_after:
                    break
        if case.then_shorter:
            list(other)


def _until_lost(chunks: Iterable[object]) -> Iterator[object]:
    with suppress(ConnectionLost):
        yield from chunks


def _sizes(handler: object) -> dict[str, int]:
    """Return the sizes of the handler's attributes and of the globals that its methods use.

    Nested entries count. Attributes that are equal to the reports are left out.
    """
    reports = getattr(handler, "reports", None)
    own = vars(type(handler))
    used = {
        name: method.__globals__.get(name)
        for method in filter(inspect.isfunction, own.values())
        for name in method.__code__.co_names
    }
    attributes = {f".{name}": value for name, value in {**own, **vars(handler)}.items()}
    return {
        name: _size(value)
        for name, value in {**used, **attributes}.items()
        if name != ".reports" and not (isinstance(value, Collection) and [*value] == reports)
    }


def _size(value: object, depth: int = 3) -> int:
    parts = value.values() if isinstance(value, Mapping) else value
    if isinstance(parts, str):
        return len(parts)
    if not depth or isinstance(parts, bytes) or not isinstance(parts, Collection):
        return 0
    return sum(1 + _size(part, depth - 1) for part in parts)


MISTAKES: Mistakes[Seen] = {
    **handlers.CLASS,
    "no list": lambda s: not isinstance(s.value, list | tuple),
    "shared reports": lambda s: bool(s.other),
    "no numbers": lambda s: bool(s.odd),
    "reports an unfinished run": lambda s: bool(s.got) and not s.right,
    "skips a run without tokens": lambda s: s.wrong and s.case.invoked,
    "loses another run": lambda s: s.wrong and s.case.fails_after is not None,
    "reports nothing": lambda s: s.wrong and not s.got,
    "loses a report": lambda s: s.wrong and s.case.interleaved and len(s.got) < len(s.right),
    "skips empty tokens": lambda s: (
        s.wrong
        and any(
            s.got == [sum(bool(kept(token)) for token in run) for run in s.ended]
            for kept in (str, str.strip)
        )
    ),
    "counts characters": lambda s: s.wrong and s.got == [sum(map(len, run)) for run in s.ended],
    "another order": lambda s: s.wrong and s.same,
    "mixes threads": lambda s: s.wrong and s.case.batch,
    "resets another run": lambda s: (
        s.wrong and s.case.interleaved and len(s.got) > 1 and s.got[0] == s.right[0]
    ),
    "begins elsewhere": lambda s: s.wrong and s.case.interleaved and len(s.off) == 1,
    "counts for another run": lambda s: (
        s.wrong and s.case.interleaved and sum(s.got) == sum(s.right) and len(s.got) == len(s.right)
    ),
    "mixes runs": lambda s: s.wrong and s.case.interleaved,
    "another number": lambda s: s.wrong,
    "keeps a run": lambda s: bool(s.kept),
}

check = Exercise(
    observe,
    cases=(
        Runs(seed=31, interleaved=True, when="after two interleaved runs"),
        Runs(then_shorter=True, when="after a run that was followed by a shorter one"),
        Runs(fails_after=3, when="after a run that failed"),
        Runs(fails_after=0, when="after a run that failed before its first token"),
        Runs(leave_after=4, when="after a run whose reader stopped early"),
        Runs(
            fails_after=4,
            interleaved=True,
            when="after a run that failed while another was running",
        ),
        Runs(
            fails_after=4,
            interleaved=True,
            other_first=True,
            when="after a run that failed while an earlier one was running",
        ),
        Runs(
            fails_after=40, interleaved=True, when="after a run that failed when another had ended"
        ),
        Runs(pieces=(), when="after a run with an empty reply"),
        Runs(invoked=True, when="after a run by `invoke`, which pushes no tokens"),
        Runs(batch=True, when="after three runs of a batch, in threads"),
    ),
    mistakes=MISTAKES,
)
