"""The `test` command: its steps, its messages and its exit codes."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import commands, env_vars, test_command
from tools.app import App
from tools.programs import ROOT, Advice
from tools.test_command import Step


def asked(*words: str) -> argparse.Namespace:
    arguments, more = commands.parser().parse_known_args(["test", *words])
    arguments.more = more
    return arguments


# Starts pytest without plugins, which take seconds to load.
PYTEST = """
import os, sys, pytest
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
sys.exit(pytest.main(sys.argv[1:]))
"""


def pytest_on(file: Path, *words: str) -> Step:
    """Return a step that runs pytest on one file, without the project's settings."""
    alone = ["-q", "-p", "no:cacheprovider", f"--rootdir={file.parent}", "-c", os.devnull]
    command = [sys.executable, "-c", PYTEST, *alone, str(file), *words]
    return Step("tests", command, is_pytest=True)


def written(folder: Path, text: str) -> Path:
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    return folder / "test_it.py"


def test_style_types_and_build_can_be_checked_without_a_test():
    names = [step.name for step in test_command.steps("python", [], fast=False, style=True)]
    assert [name.partition(":")[0] for name in names] == ["style", "style", "types", "build"]
    everything = [step.name for step in test_command.steps("python", [], fast=False)]
    assert everything[:4] == names
    assert len(everything) == 5


@pytest.mark.parametrize("writable", [True, False])
def test_style_and_types_need_no_folder_that_can_be_written_to(writable, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: writable)
    check, formatting, types, _ = test_command.steps("python", [], fast=False, style=True)
    assert {"--no-cache"} <= {*check.command} & {*formatting.command}
    assert (os.devnull in types.command) is not writable


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--style", "tests/test_sse.py"], r"--style runs no tests: leave out tests/test_sse\.py"),
        (["-x", "tests/nothere.py::test_it"], r"no tests/nothere\.py\.$"),
        (["nowhere/at/all.ipynb"], r"no nowhere/at/all\.ipynb\.$"),
    ],
)
def test_invalid_arguments_are_reported_before_anything_runs(words, message, monkeypatch):
    monkeypatch.setattr(test_command, "interpreter", lambda *_: pytest.fail("set up"))
    with pytest.raises(Advice, match=message):
        test_command.test(asked(*words))


def test_other_arguments_are_passed_only_to_pytest():
    words = ["-k", "early and not late", "-x", "tests", "tests/test_sse.py::test_it"]
    test_command.check_files(words)
    (only,) = test_command.steps("python", words, fast=False)
    assert only.command[-5:] == words


@pytest.mark.parametrize(
    ("body", "words", "problem", "counts"),
    [
        ("pass", ["-k", "nothing"], " (pytest found no matching test)", "0 passed, 0 failed"),
        ("pass", ["--no-such-option"], " (pytest ran no test, and says", "0 passed, 0 failed"),
        ("os._exit(3)", [], "", "0 passed, 1 failed"),
        ("os._exit(0)", [], " (pytest ended without a report", "0 passed, 1 failed"),
    ],
)
def test_a_pytest_that_runs_no_test_or_not_all_fails(tmp_path, capfd, body, words, problem, counts):
    step = pytest_on(written(tmp_path, f"import os\ndef test_it(): {body}\n"), *words)
    assert test_command.run_steps([step]) == 1
    *_, failed, last = capfd.readouterr().out.splitlines()
    assert failed.startswith(f"What failed: tests{problem}")
    assert last == f"{counts}, 0 skipped"


def passing(name: str = "style") -> Step:
    return Step(name, [sys.executable, "-c", ""])


def failing() -> Step:
    return Step("types", [sys.executable, "-c", "raise SystemExit(1)"])


MIXED = """
import pytest
def test_one(): pass
def test_two(): pass
def test_three(): assert False
@pytest.fixture
def broken(): raise OSError
def test_four(broken): pass
@pytest.mark.skip
def test_five(): pass
"""


def test_the_closing_line_adds_up_checks_and_tests(tmp_path, capfd):
    code = test_command.run_steps([passing(), failing(), pytest_on(written(tmp_path, MIXED))])
    lines = capfd.readouterr().out.splitlines()
    assert code == 1
    assert lines[-1] == "3 passed, 3 failed, 1 skipped"
    assert lines[-2] == "What failed: types; tests"


HOSTILE = {
    "PYTEST_ADDOPTS": "--no-such-option",
    "PYTEST_PLUGINS": "nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONINSPECT": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONIOENCODING": "utf-16",
    "COVERAGE_PROCESS_START": "/nowhere",
    "RUFF_CONFIG": "/nowhere",
    "MYPYPATH": "/nowhere",
    "MPLBACKEND": "nowhere",
    "VIRTUAL_ENV": "/nowhere",
    "OPENAI_MODEL": "theirs",
    "LANGSMITH_TRACING": "true",
    "LC_OUTPUT_VERSION": "v1",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "SSL_CERT_FILE": "/nowhere",
    "FORCE_COLOR": "1",
    "LC_ALL": "C",
    "TZ": "Nowhere/City",
}


@pytest.fixture
def hostile(monkeypatch, tmp_path):
    """Set a long TMPDIR, and variables that a user may have set for other programs."""
    deep = tmp_path.joinpath(*["a folder with spaces"] * 6)
    deep.mkdir(parents=True)
    for name, value in (HOSTILE | {"TMPDIR": str(deep), "TEMP": str(deep)}).items():
        monkeypatch.setenv(name, value)


def test_a_users_settings_for_other_programs_reach_no_step(tmp_path, hostile, monkeypatch, capfd):
    passed_on = {"FORCE_COLOR", "LC_ALL", "TZ"}
    text = f"""
import os, sys
def test_it():
    assert not {set(HOSTILE) - passed_on!r} & set(os.environ)
    assert not sys.flags.optimize and not sys.flags.inspect
    assert os.environ["COURSE_SPEED"] == {env_vars.TEST_SPEED!r}
"""
    monkeypatch.delenv("COURSE_SPEED")
    assert test_command.run_steps([pytest_on(written(tmp_path, text))]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_nbval_runs_cells_in_any_folder_whatever_is_set(hostile):
    plain = {name: it for name, it in os.environ.items() if not name.startswith("PY")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval", "-q"]
    result = subprocess.run(
        [*command, "02_stream_callbacks.ipynb::Cell 0"],
        cwd=test_command.ROOT / "solutions",
        env=plain,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("found", [True, False])
def test_nbval_compares_strictly_by_file_and_runs_learners_notebooks_only_without_a_browser(
    found, monkeypatch
):
    monkeypatch.setattr(test_command, "a_browser_is_found", lambda: found)
    nbval = test_command.steps("python", [], fast=False)[-1].command
    assert {"--nbval", "solutions", "tests"} <= set(nbval)
    # If a browser is found, the browser tests run the files in `notebooks`.
    assert ("notebooks" in nbval) is not found
    assert "--nbval-lax" not in nbval
    assert nbval[nbval.index("--dist") + 1] == "loadfile"
    left_out = [word for word in nbval if word.startswith(("--ignore", "--deselect", "-k"))]
    # Only `test --apps` runs the tests in these folders.
    assert left_out == [f"--ignore={folder}" for folder in test_command.HEAVY]
    assert {*test_command.HEAVY} <= {*test_command.apps_step("python", []).command}


def test_an_app_that_cannot_be_installed_fails_and_the_others_are_installed(monkeypatch, capsys):
    installed = []

    def set_up(app: App) -> str:
        installed.append(app.name)
        if app.name == "streamlit":
            raise Advice("There is no network.")
        return ""

    monkeypatch.setattr(App, "set_up", set_up)
    failed = test_command.install_apps()
    assert installed == ["streamlit", "chainlit", "django"]
    assert capsys.readouterr().out == (
        "The streamlit app's tests will be skipped. There is no network.\n"
    )
    assert test_command.run_steps([passing("the apps")], failed) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "What failed: installing the streamlit app",
        "1 passed, 1 failed, 0 skipped",
    ]


def test_an_app_that_does_not_support_this_python_is_reported_but_no_failure(monkeypatch, capsys):
    monkeypatch.setattr("sys.version_info", (9, 9, 9))
    assert test_command.install_apps() == []
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert all("app's tests will be skipped. The packages of the" in line for line in printed)


def test_ci_and_the_readme_name_both_commands():
    ci, readme = (Path(ROOT, name).read_text(encoding="utf-8") for name in (".ci/run", "README.md"))
    assert "python3 course.py test || failed=1\npython3 course.py test --apps || failed=1\n" in ci
    assert "python3 course.py test " in readme
    assert "python3 course.py test --apps" in readme
