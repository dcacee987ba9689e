"""The test command: its parts alone, and what it says where there was no test to run."""

import argparse
import os
import sys
from pathlib import Path

import pytest

from tools import commands, suite
from tools.programs import Advice
from tools.suite import Step


def asked(*words: str) -> argparse.Namespace:
    """What the command line makes of `test` and more words."""
    arguments, arguments.more = commands.parser().parse_known_args(["test", *words])
    return arguments


@pytest.fixture
def bare_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pytest that a step starts leave its plugins out, which take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def pytest_on(file: Path, *words: str) -> Step:
    alone = ["-q", "-p", "no:cacheprovider", f"--rootdir={file.parent}", "-c", os.devnull]
    return Step("tests", [sys.executable, "-m", "pytest", *alone, str(file), *words], True)


def test_style_types_and_build_can_be_checked_without_a_test() -> None:
    names = [step.name for step in suite.steps("python", [], fast=False, style=True)]
    assert [name.partition(":")[0] for name in names] == ["style", "style", "types", "build"]
    everything = [step.name for step in suite.steps("python", [], fast=False)]
    assert everything[:4] == names
    assert len(everything) == 5


def test_style_alone_and_tests_are_not_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "interpreter", lambda *_: sys.executable)
    monkeypatch.setattr(suite, "stop_on_signals", lambda: None)
    monkeypatch.setattr(suite, "run_steps", lambda plan: pytest.fail("ran"))
    with pytest.raises(Advice, match=r"--style runs no tests: leave out tests/test_sse\.py"):
        suite.test(asked("--style", "tests/test_sse.py"))
    with pytest.raises(Advice, match="test --fast: not allowed with argument --style"):
        asked("--style", "--fast")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("tests/test_timng.py", r"no tests/test_timng\.py: did you mean tests/test_timing\.py\?"),
        ("tests/nothere.py::test_it", r"no tests/nothere\.py\.$"),
        ("nowhere/at/all.ipynb", r"no nowhere/at/all\.ipynb"),
    ],
)
def test_a_file_that_is_not_there_is_named_before_anything_runs(
    word: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "interpreter", lambda *_: pytest.fail("set up"))
    monkeypatch.setattr(suite, "stop_on_signals", lambda: None)
    with pytest.raises(Advice, match=said):
        suite.test(asked("-x", word))


def test_words_that_are_no_files_are_left_to_pytest() -> None:
    suite.check_files(["-k", "early and not late", "-x", "tests", "tests/test_sse.py::test_it"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-k", "nothing"], "pytest found no test that fits"),
        (["--no-such-option"], "pytest ran no test, and says above why"),
    ],
)
def test_where_no_test_ran_none_is_said_to_have_failed(
    tmp_path: Path,
    bare_pytest: None,
    capfd: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("def test_it(): pass\n", encoding="utf-8")
    assert suite.run_steps([pytest_on(file, *words)]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "0 passed, 0 failed, 0 skipped"
    assert lines[-2].startswith("What failed: tests")
    assert any(said in line for line in lines)


def test_a_pytest_that_crashes_counts_as_a_failure(
    tmp_path: Path, bare_pytest: None, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("import os\ndef test_it(): os._exit(3)\n", encoding="utf-8")
    assert suite.run_steps([pytest_on(file)]) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


# --- The build's words


@pytest.mark.parametrize(
    ("words", "passed_on"),
    [
        (["3"], ["3"]),
        (["--check", "3", "4"], ["--check", "3", "4"]),
        (["--execute"], ["--execute"]),
        (["--no-execute", "3"], ["--no-execute", "3"]),
        ([], []),
    ],
)
def test_build_takes_lessons_as_site_does(
    words: list[str], passed_on: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(commands, "interpreter", lambda *_: "python")
    monkeypatch.setattr(commands, "run", lambda command: ran.append(command) or 0)
    monkeypatch.setattr(commands, "stop_on_signals", lambda: None)
    assert commands.main(["build", *words]) == 0
    assert ran == [["python", "-m", "tools.build", *passed_on]]


def test_the_help_of_build_says_when_solutions_are_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.parser().parse_args(["build", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "A lesson's solutions are run when its text changed" in said
    assert "also where only utils/ changed" in said
