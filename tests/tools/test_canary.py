"""The canary: what it installs, its report on the versions, and its clean-up."""

import argparse
import signal
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import canary
from tools.canary import Change
from tools.environment import LOCKS, Environment
from tools.programs import ROOT, Advice

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOVED = [Change("openai", "3.54.0", "4.0.0"), Change("six", None, "1.0")]


def test_it_asks_for_all_that_the_project_allows_and_for_no_lock() -> None:
    wanted = canary.requirements(PROJECT)
    assert set(PROJECT["dependencies"]) < set(wanted)
    for group in PROJECT["optional-dependencies"].values():
        assert set(group) <= set(wanted)


def test_the_quick_tests_are_there() -> None:
    assert all((ROOT / path).exists() for path in canary.QUICK)


def test_what_changed_came_and_went_is_named() -> None:
    found = canary.changes(
        "Would install 2 packages\n - b==3\n + b==1\n + gone==2\n - new==1\n ~ other==1\n"
    )
    assert [str(change) for change in found] == [
        "b: 1 -> 3",
        "gone: 2 is no longer needed",
        "new: 1 is new",
    ]


def test_names_are_compared_as_locks_write_them() -> None:
    assert canary._normal("Typing_Extensions>=4.16; x") == "typing-extensions"
    assert canary._normal("ruamel.yaml") == "ruamel-yaml"


def test_what_the_project_keeps_out_is_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(canary, "make_venv", lambda *_: None)
    monkeypatch.setattr(canary, "follow", lambda command, *_: ran.append(command))
    canary._install("uv", Environment(tmp_path), ["six"])
    kept_out = Path(ran[0][ran[0].index("--override") + 1])
    assert "rfc3987-syntax; sys_platform == 'never'" in kept_out.read_text("utf-8")


# --- Messages


def said(code: int, found: list[Change], *, quick: bool = False) -> str:
    return canary.verdict(code, found, {"openai"}, quick=quick)


def test_after_a_pass_it_says_how_to_use_the_versions() -> None:
    assert "course.py lock --upgrade" in said(0, MOVED)
    assert "nothing to do" in said(0, [])


def test_the_quick_tests_alone_are_no_reason_to_upgrade() -> None:
    text = said(0, MOVED, quick=True)
    assert "--upgrade" not in text
    assert "course.py canary runs all" in text


def test_a_suspect_is_a_package_that_moved_and_the_project_names() -> None:
    assert "Read what changed in openai," in said(1, MOVED)
    found = [Change("aardvark", None, "1.0"), Change("h11", "1", "2"), Change("idna", "1", "3")]
    text = said(1, found)
    assert "Read what changed in h11, idna," in text
    assert "aardvark" not in text


def test_a_failure_without_a_change_is_not_blamed_on_versions() -> None:
    assert "the cause is not a package" in said(1, [])


def test_one_package_is_one() -> None:
    assert canary.heading(1) == f"Against {LOCKS['test']}, 1 package differs:"
    assert canary.heading(2) == f"Against {LOCKS['test']}, 2 packages differ:"
    assert "0 packages differ: the lock has the newest" in canary.heading(0)


# --- Clean-up


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Create temporary folders in `tmp_path`; restore this process's signal handlers afterwards."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(canary, "needed_uv", lambda: "uv")
    yield tmp_path
    for number in canary.end_signals():
        signal.signal(number, before[number])


def quick_install(_: str, environment: Environment, wanted: object) -> None:
    assert environment.root.exists()
    (environment.root / "wanted.txt").touch()


def test_nothing_is_left_when_it_ends(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[Path] = []

    def tests(environment: Environment, copy: Path, chosen: object) -> int:
        copies.append(copy)
        assert (copy / "course.py").exists()
        assert not (copy / ".git").exists()
        return 1

    monkeypatch.setattr(canary, "_install", quick_install)
    monkeypatch.setattr(canary, "_changes", lambda *_: [])
    monkeypatch.setattr(canary, "_tests", tests)
    assert canary.canary(argparse.Namespace(quick=True)) == 1
    assert not copies[0].exists()
    assert list(rooms.iterdir()) == []


def test_only_the_course_is_copied() -> None:
    names = [".git", ".venv", ".mypy_cache", "build", "lessons", "course.py", "test-artifacts"]
    kept = set(names) - canary._not_copied(str(ROOT), names)
    assert kept == {"lessons", "course.py"}
    assert canary._not_copied(str(ROOT / "tests"), ["build", "__pycache__"]) == {"__pycache__"}


def test_nothing_is_left_after_ctrl_c(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(uv: str, environment: Environment, wanted: object) -> None:
        quick_install(uv, environment, wanted)
        raise KeyboardInterrupt

    monkeypatch.setattr(canary, "_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        canary.canary(argparse.Namespace(quick=True))
    assert list(rooms.iterdir()) == []


def test_versions_that_do_not_fit_together_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Advice("Installing the packages failed.")

    monkeypatch.setattr(canary, "make_venv", lambda *_: None)
    monkeypatch.setattr(canary, "follow", fails)
    with pytest.raises(Advice, match="Learners install the lock, and are"):
        canary._install("uv", Environment(tmp_path), ["six"])
