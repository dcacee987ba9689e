"""Each verdict line: a correct endpoint passes it, and each mistake makes exactly one line fail."""

import pytest

from tests.verdict import little_apps as apps
from tests.verdict.conftest import Judge
from tools.verdict.case import Seen
from tools.verdict.lines import LINES

MISTAKES = {
    apps.LateFirst: "first text long before the last",
    apps.Batches: "not buffered on the way",
    apps.NoNewlines: "every character intact",
    apps.NoEnd: "the end is announced",
    apps.BreakIsEnd: "a failure in mid-reply is announced",
    apps.AsksAgain: "a failure doesn't cause a second request",
    apps.Doubles: "nothing doubled or lost by a retry",
    apps.Loses: "nothing doubled or lost by a retry",
    apps.Drains: "leaving stops the model, or readers can rejoin",
    apps.StopByFlag: "Stop stops the model",
    apps.OneAtATime: "other visitors aren't blocked",
    apps.Hoards: "a slow reader doesn't grow memory",
    apps.Impatient: "Retry-After is respected",
    apps.EndsInSilence: "a silence is survived or announced",
    apps.Tells: "no key and no traceback in any answer",
}


def failed(table: dict[str, Seen]) -> dict[str, str]:
    """Return what was observed for each line that failed or wasn't tried."""
    return {name: seen.what for name, seen in table.items() if seen.verdict != "passed"}


def test_a_correct_endpoint_passes_every_line(verdict: Judge) -> None:
    table = verdict(apps.Sound, apps.WIRE)
    assert list(table) == list(LINES)
    assert failed(table) == {}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda app: app.__name__)
def test_a_mistake_fails_only_its_line(verdict: Judge, mistake: type[apps.Sound]) -> None:
    table = verdict(mistake, apps.WIRE)
    assert list(failed(table)) == [MISTAKES[mistake]], failed(table)


def test_every_line_has_a_mistake() -> None:
    assert set(MISTAKES.values()) == set(LINES)
