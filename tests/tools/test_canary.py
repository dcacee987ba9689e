"""The `canary` command, which tests the course with the newest versions of all packages."""

import argparse
import tempfile
from contextlib import nullcontext
from unittest.mock import Mock

import pytest

from tools import canary
from tools.environment import Environment
from tools.programs import ROOT, Advice


def test_versions_that_conflict_are_reported_in_a_sentence(tmp_path, monkeypatch):
    failing = Mock(side_effect=Advice("Installing the packages failed."))
    monkeypatch.setattr(canary, "make_venv", lambda *_: None)
    monkeypatch.setattr(canary, "follow", failing)
    with pytest.raises(Advice, match="Learners install the lock, and are"):
        canary._install("uv", Environment(tmp_path))
    command = failing.call_args.args[0]
    assert command[-3:] == ["--all-extras", "-r", "pyproject.toml"]


def test_the_quick_tests_exist():
    assert all((ROOT / path).exists() for path in canary.QUICK)


def test_changed_new_and_removed_packages_are_listed():
    # uv's output: `-` precedes the newest version, which is installed, and `+` the locked one.
    output = "Would install 2 packages\n - b==3\n + b==1\n + gone==2\n - new==1\n ~ other==1\n"
    assert canary.changes(output) == [
        "  b: 1 -> 3",
        "  gone: 2 -> no longer needed",
        "  new: not locked -> 1",
    ]


def test_the_verdict_says_what_to_do_next():
    assert "course.py lock --upgrade" in canary.verdict(passed=True, quick=False)
    assert "course.py canary runs all" in canary.verdict(passed=True, quick=True)
    assert "Read what changed" in canary.verdict(passed=False, quick=True)


@pytest.mark.parametrize("interrupted", [False, True])
def test_no_file_remains_when_it_ends_or_after_ctrl_c(interrupted, tmp_path, monkeypatch):
    def install(uv: str, environment: Environment) -> None:
        (environment.root / "wanted.txt").touch()
        if interrupted:
            raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(canary, "needed_uv", lambda: "uv")
    monkeypatch.setattr(canary, "_install", install)
    monkeypatch.setattr(canary, "_changed", lambda *_: [])
    monkeypatch.setattr(canary, "run", lambda command: 3)  # the tests fail
    monkeypatch.setattr(canary, "ignore_signals", lambda: None)
    with pytest.raises(KeyboardInterrupt) if interrupted else nullcontext():
        assert canary.canary(argparse.Namespace(quick=True)) == 1
    assert list(tmp_path.iterdir()) == []
