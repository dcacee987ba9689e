"""course.py: what a person meets when a command works, and when something is in its way."""

import argparse
import ast
import contextlib
import errno
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import commands, doctor, environment, installers, lab
from tools.environment import Action, Environment, set_up
from tools.programs import Advice

ROOT = Path(__file__).resolve().parent.parent
COURSE = ROOT / "course.py"
COMMANDS = ["lab", "setup", "test", "build", "site", "doctor", "canary", "lock"]


def course(
    *words: str, python: tuple[str, ...] = (sys.executable,), **variables: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*python, str(COURSE), *words],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=240,
    )


# --- The command line


def test_without_a_command_the_commands_are_shown_with_the_standard_library_only() -> None:
    shown = course(python=(sys.executable, "-I", "-S"))
    assert shown.returncode == 0, shown.stderr
    assert "course.py lab" in shown.stdout
    assert all(f"    {name} " in shown.stdout for name in COMMANDS)


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.main(["labb"]) == 1
    assert "did you mean lab?" in capsys.readouterr().err


def test_an_option_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["lab", "--no-brwser"]) == 1
    assert "lab has no option --no-brwser" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--foo"], ["--version"], ["--prot", "1", "lab"]])
def test_an_option_before_the_command_is_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"course.py has no option {words[0]}: put the command first" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lab --port abc", "lab --port: 'abc' is not a whole number: see "),
        ("lab --port", "lab --port: a value is missing: see "),
        ("class --within soon", "class --within: 'soon' is not a number: see "),
        ("test --fast --style", "test --style: not allowed with argument --fast: see "),
        (
            "lab --port 99999",
            "Port 99999 can't be used (valid ports are 1 to 65535): choose another",
        ),
        ("lab --port -1", "Port -1 can't be used (valid ports are 1 to 65535): choose another"),
        ("lab 3", "lab takes no number: it opens lesson 1, and the others are beside it"),
        ("doctor me", "doctor doesn't take 'me': see "),
        ("help doktor", "There is no command 'doktor': did you mean doctor?"),
    ],
)
def test_what_cannot_be_read_is_answered_in_one_sentence(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(words.split()) == 1
    told = capsys.readouterr().err.strip()
    assert told.startswith(said)
    assert "\n" not in told


@pytest.mark.parametrize("words", [["help"], ["help", "lab"], ["--help"], ["lab", "--help"]])
def test_help_is_a_command_and_an_option(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(SystemExit):
        assert commands.main(words) == 0
    assert ("--port" if "lab" in words else "New here?") in capsys.readouterr().out


@pytest.mark.parametrize("command", ["build", "site"])
def test_a_lesson_that_is_not_there_is_told_before_anything_is_set_up(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "interpreter", lambda *_: pytest.fail("set up"))
    assert commands.main([command, "9"]) == 1
    assert "There is no lesson 9; there are 01_enabling_streaming, " in capsys.readouterr().err


def test_a_python_that_is_too_old_gets_one_sentence() -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0); "
        f"runpy.run_path({str(COURSE)!r}, run_name='__main__')"
    )
    told = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stderr.strip().count("\n") == 0
    assert "needs Python 3.11 or newer, and this is Python 3.8" in told.stderr


def test_any_python_can_read_course_py() -> None:
    tree = ast.parse(COURSE.read_text(encoding="utf-8"), feature_version=(3, 7))
    modern = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.NamedExpr, ast.Match)
    assert [type(node) for node in ast.walk(tree) if isinstance(node, modern)] == []


# --- Setting up .venv, with installers that are quick


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """A course folder whose installers install one made-up package per lock."""
    (tmp_path / "requirements").mkdir()
    for kind, name in environment.LOCKS.items():
        (tmp_path / name).write_text(f"{kind}-package==1.0\n", encoding="utf-8")

    def install(it: Environment, lock: Path) -> None:
        for line in lock.read_text(encoding="utf-8").split():
            (it.packages / f"{line.replace('==', '-')}.dist-info").mkdir(exist_ok=True)

    monkeypatch.setattr(environment, "run_pip", install)
    monkeypatch.setattr(environment, "run_uv", lambda uv, it, lock: install(it, lock))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")  # uv: a venv without pip
    monkeypatch.setattr(environment, "check_room", lambda folder: None)
    return Environment(tmp_path.resolve())


def test_the_first_time_everything_is_made(quick: Environment) -> None:
    assert quick.needs("lab")[0] is Action.MAKE
    python = set_up(quick, "lab")
    assert python.exists()
    assert quick.distributions() == ["lab-package-1.0.dist-info"]


def test_the_course_can_be_imported_from_anywhere_in_its_environment(quick: Environment) -> None:
    (quick.root / "utils.py").touch()
    python = set_up(quick, "lab")
    subprocess.run([python, "-I", "-c", "import utils"], check=True, cwd=quick.root.parent)


def test_the_second_time_nothing_is_done(
    quick: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(quick, "lab")
    capsys.readouterr()
    set_up(quick, "lab")
    assert capsys.readouterr().out == ""


def test_learners_get_no_test_packages_and_tests_add_theirs(quick: Environment) -> None:
    set_up(quick, "lab")
    assert "test-package-1.0.dist-info" not in quick.distributions()
    assert quick.needs("test")[0] is Action.UPDATE
    set_up(quick, "test")
    assert "test-package-1.0.dist-info" in quick.distributions()


@pytest.mark.parametrize("less", ["lab", "site", "class"])
def test_an_environment_that_was_made_for_more_is_kept(quick: Environment, less: str) -> None:
    set_up(quick, "test")
    assert quick.needs(less)[0] is Action.NOTHING


def test_a_changed_lock_updates_in_place(quick: Environment) -> None:
    set_up(quick, "lab")
    (quick.folder / "kept").touch()
    quick.lock("lab").write_text("lab-package==2.0\n", encoding="utf-8")
    set_up(quick, "lab")
    assert "lab-package-2.0.dist-info" in quick.distributions()
    assert (quick.folder / "kept").exists()


def test_what_a_learner_installed_besides_stays(quick: Environment) -> None:
    set_up(quick, "lab")
    (quick.packages / "own-1.0.dist-info").mkdir()
    assert quick.needs("lab")[0] is Action.NOTHING


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def offline(*_: object) -> None:
    raise Advice("there is no network")


def test_an_interrupted_set_up_is_made_anew(
    quick: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(environment, "run_uv", interrupted)
        with pytest.raises(KeyboardInterrupt):
            set_up(quick, "lab")
    set_up(quick, "lab")
    assert "was interrupted last time: starting over" in capsys.readouterr().out
    assert quick.needs("lab")[0] is Action.NOTHING


def test_an_interrupted_update_is_made_anew(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(quick, "lab")

    with monkeypatch.context() as patch:
        patch.setattr(environment, "run_uv", interrupted)
        with pytest.raises(KeyboardInterrupt):
            set_up(quick, "test")
    assert quick.needs("lab")[0] is Action.MAKE


def break_python(it: Environment) -> None:
    it.python.unlink()


def break_stamp(it: Environment) -> None:
    it.stamp.write_text(it.stamp.read_text(encoding="utf-8")[:20], encoding="utf-8")


def break_package(it: Environment) -> None:
    (it.packages / "lab-package-1.0.dist-info").rmdir()


def break_all_packages(it: Environment) -> None:
    shutil.rmtree(it.packages)


def break_version(it: Environment) -> None:
    stamp = json.loads(it.stamp.read_text(encoding="utf-8"))
    it.stamp.write_text(json.dumps({**stamp, "python": "3.10"}), encoding="utf-8")


def break_folder(it: Environment) -> None:
    shutil.rmtree(it.folder)
    it.folder.write_text("not a folder", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (break_python, "The Python of .venv is gone"),
        (break_stamp, "was interrupted last time"),
        (break_package, "Packages in .venv were changed or removed"),
        (break_all_packages, "Packages in .venv were changed or removed"),
        (break_version, ".venv was made with Python 3.10"),
        (break_folder, "was interrupted last time"),
    ],
)
def test_a_broken_environment_is_rebuilt_with_a_sentence(
    quick: Environment,
    damage: Callable[[Environment], None],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up(quick, "lab")
    damage(quick)
    set_up(quick, "lab")
    assert sentence in capsys.readouterr().out
    assert quick.needs("lab")[0] is Action.NOTHING


def test_a_moved_folder_is_noticed(quick: Environment, tmp_path: Path) -> None:
    set_up(quick, "lab")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (".venv", "requirements"):
        (tmp_path / name).rename(moved / name)
    action, why = Environment(moved).needs("lab")
    assert action is Action.MOVE
    assert "moved or copied" in why


def copied(quick: Environment, place: Path) -> Environment:
    """The course's folder with its `.venv`, copied to another place."""
    shutil.copytree(quick.root, place, symlinks=True, ignore=shutil.ignore_patterns(place.name))
    return Environment(place)


def test_a_copied_environment_is_put_right_without_an_installer(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (quick.root / "utils.py").write_text("", encoding="utf-8")
    set_up(quick, "lab")
    copy = copied(quick, quick.root / "a copy")
    copy.python.unlink()
    copy.python.symlink_to("/a python/that is elsewhere")  # as in a copy from another machine
    monkeypatch.setattr(environment, "run_uv", offline)
    python = set_up(copy, "lab")
    assert copy.needs("lab")[0] is Action.NOTHING
    call = "import sys, utils; print(utils.__file__, sys.prefix)"
    told = subprocess.run([python, "-c", call], capture_output=True, text=True, cwd="/")
    assert told.stdout.strip() == f"{copy.root / 'utils.py'} {copy.folder}", told.stderr


def test_an_environment_of_another_kind_of_system_is_made_anew(quick: Environment) -> None:
    set_up(quick, "lab")
    stamp = json.loads(quick.stamp.read_text(encoding="utf-8"))
    quick.stamp.write_text(json.dumps({**stamp, "system": "plan9 sparc"}), encoding="utf-8")
    assert quick.needs("lab")[0] is Action.NOTHING, "where it was made, the stamp isn't asked"
    action, why = copied(quick, quick.root / "copy").needs("lab")
    assert action is Action.MAKE
    assert "another kind of system" in why


def killed(*_: object) -> None:
    raise SystemExit(9)


@pytest.mark.parametrize("failure", [offline, interrupted, killed])
def test_the_old_environment_comes_back_when_its_successor_fails(
    quick: Environment, monkeypatch: pytest.MonkeyPatch, failure: Callable[..., None]
) -> None:
    set_up(quick, "lab")
    (quick.folder / "own work").touch()
    break_version(quick)
    with monkeypatch.context() as patch:
        patch.setattr(environment, "run_uv", failure)
        with pytest.raises((Advice, KeyboardInterrupt, SystemExit)):
            set_up(quick, "lab")
    assert (quick.folder / "own work").exists()
    assert quick.stamped() is not None
    set_up(quick, "lab")
    assert not (quick.folder / "own work").exists()
    assert not (quick.root / ".venv.old").exists()


def test_an_update_that_finds_no_network_leaves_all_as_it_was(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(quick, "lab")
    quick.lock("lab").write_text("lab-package==2.0\n", encoding="utf-8")
    monkeypatch.setattr(environment, "run_uv", offline)
    with pytest.raises(Advice):
        set_up(quick, "lab")
    assert quick.needs("lab")[0] is Action.UPDATE


def test_an_update_that_fails_half_way_is_made_anew(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(uv: str, it: Environment, lock: Path) -> None:
        (it.packages / "half-1.0.dist-info").mkdir()
        raise Advice("the disk is full")

    set_up(quick, "lab")
    monkeypatch.setattr(environment, "run_uv", half)
    with pytest.raises(Advice):
        set_up(quick, "test")
    assert quick.needs("lab")[0] is Action.MAKE


def test_set_up_from_a_folder_without_packages_says_how_to_fetch_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["setup", "--wheels", str(tmp_path)]) == 1
    assert "pip download --no-deps --only-binary=:all: -r requirements/lab.lock" in (
        capsys.readouterr().err
    )


def test_uv_takes_packages_from_the_folder_that_pip_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "the wheels"
    wheels.mkdir()
    (wheels / "one-1.0-py3-none-any.whl").touch()
    asked: list[list[str]] = []
    monkeypatch.setattr(installers, "follow", lambda command, *_: asked.append(list(command)))
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    installers.run_uv("uv", Environment(tmp_path), tmp_path / "lock")
    installers.install_from(wheels, "lock")
    installers.run_uv("uv", Environment(tmp_path), tmp_path / "lock")
    without, told = asked
    assert "--no-index" not in without
    assert told[len(without) :] == ["--no-index", f"--find-links={wheels.as_uri()}"]


def test_setting_up_the_python_at_hand_names_the_command_that_opens_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.main(["setup", "--here"]) == 0
    assert re.search(r"To open it, run .*course\.py lab --here\.", capsys.readouterr().out)


def test_two_set_ups_at_once_wait_for_each_other(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    second = f"""
from pathlib import Path
from tools.environment import only_one
with only_one(Path({str(lock)!r})):
    print("in", flush=True)
"""
    with environment.only_one(lock):
        child = subprocess.Popen(
            [sys.executable, "-c", second], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert child.stdout is not None
        assert "waiting until it is done" in child.stdout.readline()
    assert child.communicate()[0] == "in\n"


def test_a_real_pip_sets_up_from_nothing_and_counts_what_it_fetches(tmp_path: Path) -> None:
    """The whole way but for the network: the lock names a wheel that lies in a folder."""
    copy = tmp_path / "course"
    shutil.copytree(ROOT / "tools", copy / "tools")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "tiny_stream-1.0-py3-none-any.whl", "w") as wheel:
        info = "tiny_stream-1.0.dist-info"
        wheel.writestr("tiny_stream.py", "")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-stream\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    (copy / "requirements").mkdir()
    (copy / "requirements/lab.lock").write_text("tiny-stream==1.0\n", encoding="utf-8")
    call = (
        "from tools import environment; environment.shutil.which = lambda name: None; "
        "environment.check_room = lambda folder: None; "
        "print(environment.interpreter('lab', here=False))"
    )
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=copy,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".venv is ready after" in done.stdout
    python = done.stdout.splitlines()[-1]
    subprocess.run([python, "-c", "import tiny_stream, tools"], check=True, cwd=tmp_path)


# --- What is in the way


OFFLINE_PIP = "WARNING: Retrying (Retry(total=4, ...)) after connection broken by 'ProxyError'"
OFFLINE_UV = "error: Failed to fetch: `https://example.org/simple/six/`"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (OFFLINE_PIP, "there is no network, or a proxy is in the way"),
        (OFFLINE_UV, "there is no network, or a proxy is in the way"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "no room on the disk"),
        ("ERROR: [Errno 30] Read-only file system: '/x'", "can't be written to"),
        (
            "ERROR: No matching distribution found for numpy==2.5.5",
            "no ready-made build for Python",
        ),
        ("something that nobody foresaw", "the lines above give the reason"),
    ],
)
def test_an_installer_that_fails_is_answered_with_what_to_do(said: str, sentence: str) -> None:
    advice = str(installers.installing_advice(["Collecting six", said], ROOT))
    assert sentence in advice
    assert "\n" not in advice


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: No matching distribution found for numpy==2.5.5",
        "error: No solution found when resolving dependencies",
    ],
)
def test_a_folder_of_packages_that_lacks_one_is_said_to(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    advice = str(installers.installing_advice([said], ROOT))
    assert advice.startswith("The folder of packages lacks one for this computer")
    assert said in advice


def test_the_unforeseen_is_shown_as_the_installer_said_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    installers.installing_advice(["first", "nobody foresaw this"], ROOT)
    assert "nobody foresaw this" in capsys.readouterr().out


def test_a_full_disk_is_noticed_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(ROOT)._replace(free=300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(Advice, match="no room on the disk"):
        installers.check_room(ROOT)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, number: int) -> None:
    with (
        pytest.raises(Advice, match="copy the course to a folder of your own"),
        installers.sentences_for_the_disk(tmp_path),
    ):
        raise OSError(number, os.strerror(number))


def test_a_python_without_its_venv_module_is_told_what_to_install(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Advice, match=r"apt install python3\.\d+-venv"):
        set_up(quick, "lab")


def test_lock_without_uv_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert commands.main(["lock"]) == 1
    assert "pip install uv" in capsys.readouterr().err


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            Advice, match=rf"Port {port} can't be used \(another program is using it"
        ):
            lab.free_port(port)


def test_without_a_wish_a_free_port_is_found() -> None:
    port = lab.free_port(None)
    with socket.socket() as usable:
        usable.bind(("127.0.0.1", port))


def test_free_ports_are_such_as_the_system_gives_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (taken,) = lab.free_ports(1)
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(lab, "_PORTS", range(taken - 15, taken + 16))
        ports = lab.free_ports(20)
        with pytest.raises(Advice, match=r"31 free ports are needed from \d+ on, but only"):
            lab.free_ports(31)
    assert len(set(ports)) == 20
    assert taken not in ports
    assert max(ports) < 32_768, "where Linux begins; others begin above"


def test_a_jupyter_that_ends_while_starting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], text=True)
    with pytest.raises(
        Advice, match=r"exited while starting \(exit code 3\)\. To find out why, run .*doctor"
    ):
        lab.wait_until_it_answers(child, lab.free_port(None))
    with pytest.raises(Advice, match=r"doctor --here\."):
        lab.wait_until_it_answers(child, lab.free_port(None), here=True)


# --- doctor


def test_doctor_says_ok_or_fix_of_every_part_and_shows_no_key() -> None:
    told = course("doctor", "--here", OPENAI_API_KEY="sk-secret-01234")
    *lines, empty, last = told.stdout.splitlines()
    assert empty == ""
    assert last.startswith("Ready: " if told.returncode == 0 else f"{told.stdout.count('fix  ')} ")
    assert [line.split()[1] for line in lines] == list(doctor.EXAMINATIONS)
    assert {line.split()[0] for line in lines} <= {"ok", "fix"}
    assert told.returncode == int(any(line.startswith("fix") for line in lines))
    assert "sk-secret" not in told.stdout + told.stderr


BARE = (sys.executable, "-I", "-S")  # a Python that finds no packages


def test_doctor_before_setting_up_says_what_to_run_and_once() -> None:
    told = course("doctor", "--here", "--venv", "", python=BARE)
    assert told.returncode == 1
    assert re.search(r"^ok   Python ", told.stdout, re.MULTILINE)
    assert re.search(r"^fix  packages +not installed", told.stdout, re.MULTILINE)
    assert told.stdout.count("fix ") == 1
    assert told.stdout.count("setup") == 1
    assert re.search(r"^Not set up yet: run .*course\.py setup$", told.stdout.splitlines()[-1])


def test_doctor_here_says_how_to_install_into_this_python_and_names_no_venv() -> None:
    told = course("doctor", "--here", python=BARE)
    assert told.returncode == 1
    last = told.stdout.splitlines()[-1]
    assert " -m pip install -r requirements/lab.lock (with conda: conda env create -f env" in last
    assert "setup" not in told.stdout


def test_doctor_sends_nobody_to_set_up_in_a_folder_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "copy the course to a folder you own" in doctor.verdict([], False, in_venv=False)
    ok, finding = doctor.outcome(lambda: doctor.examine_venv("It was moved"))
    assert not ok
    assert finding.startswith(f"It was moved: {doctor.ROOT} can't be written to, so copy")


@pytest.mark.parametrize(
    ("to_fix", "in_venv", "sentence"),
    [
        ([], True, r"Ready: .*course\.py lab opens the course"),
        ([], False, r"Ready: .*course\.py lab --here opens the course"),
        (["kernel"], True, "1 thing to fix: kernel; see docs/troubleshooting.md"),
        (["kernel", "provider"], True, "2 things to fix: kernel, provider; see docs/.*"),
    ],
)
def test_doctor_ends_with_a_verdict(to_fix: list[str], in_venv: bool, sentence: str) -> None:
    assert re.fullmatch(sentence, doctor.verdict(to_fix, True, in_venv))


def test_doctor_tells_the_doctor_inside_what_a_copied_environment_needs(
    quick: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(quick, "lab")
    asked: list[list[str]] = []
    monkeypatch.setattr(doctor, "run", lambda command: asked.append(command) or 0)
    monkeypatch.setattr(doctor, "ROOT", quick.root)
    doctor.doctor(argparse.Namespace(here=False, venv=None))
    monkeypatch.setattr(doctor, "ROOT", copied(quick, quick.root / "copy").root)
    doctor.doctor(argparse.Namespace(here=False, venv=None))
    first, second = (command[-2:] for command in asked)
    assert first == ["--venv", ""]
    assert second[1] == "The course's folder was moved or copied"


COMPLETION = (
    'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]}\n\n'
    'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}\n\n'
    "data: [DONE]\n\n"
)
Start = Callable[..., list[str | None]]


@pytest.fixture
def provider_that_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a provider with one answer to calls, and one for its list of models.

    What it received is kept: method, path and key of each request.
    """
    servers = []

    def start(status: int, body: str, models: object = None) -> list[str | None]:
        heard: list[str | None] = []

        class Provider(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, json.dumps(models), "application/json")

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.append(str(request.get("max_completion_tokens")))
                kind = "text/event-stream" if body.startswith("data:") else "application/json"
                self.answer(status, body, kind)

            def answer(self, status: int, body: str, kind: str) -> None:
                heard.extend([self.command, self.path, self.headers["Authorization"]])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_MODEL", "llama")
        monkeypatch.setenv("OPENAI_API_KEY", "our-class")
        return heard

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_doctor_makes_the_call_that_a_cell_makes_for_one_token(provider_that_says: Start) -> None:
    heard = provider_that_says(200, COMPLETION)
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert ok
    assert re.match(
        r"Cells will call the model llama at 127.0.0.1:.* It replied to a one-t", finding
    )
    assert heard == ["1", "POST", "/v1/chat/completions", "Bearer our-class"]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, "{}", "rejected the key: check OPENAI_API_KEY"),
        (404, "{}", "OPENAI_BASE_URL ends as its documentation says"),
        (503, "{}", "The provider reported an internal error"),
        (400, '{"error": {"message": "No streams here."}}', "No streams here."),
        (200, '{"error": "Unexpected endpoint or method."}', "The server returned status 200"),
        (200, "{}", "The server returned status 200"),
        (200, "<html>Log in</html>", "your network's login page isn't responding instead"),
        (200, "", "The server returned status 200"),
        (200, "data: [DONE]\n\n", "The server returned status 200"),
        (200, "data: {}\n\ndata: [DONE]\n\n", "The server returned status 200"),
        (200, 'data: {"choices": null}\n\n', "The server returned status 200"),
        (200, "data: null\n\n", "The server returned status 200"),
        (200, "data: <html>\n\n", "The server returned status 200"),
        (200, 'data: {"error": {"message": "no"}}\n\n', "failed in the middle of its reply"),
    ],
)
def test_doctor_is_not_ready_where_a_cell_would_fail(
    provider_that_says: Start, status: int, body: str, sentence: str
) -> None:
    provider_that_says(status, body)
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert finding.startswith("127.0.0.1:")
    assert sentence in finding
    assert "our-class" not in finding


def test_doctor_is_content_with_a_model_that_wants_more_than_one_token(
    provider_that_says: Start,
) -> None:
    words = "Could not finish the message because max_tokens or model output limit was reached."
    provider_that_says(400, json.dumps({"error": {"message": words}}))
    assert doctor.outcome(doctor.examine_provider)[0]


def models(*names: object) -> dict[str, object]:
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


@pytest.mark.parametrize(
    ("listed", "there_are"),
    [
        (models("phi"), " The server has phi."),
        (models("phi", "qwen", "gemma", "llama-3"), " The server has phi, qwen, gemma and 1 more."),
        (models("phi", "llama"), ""),
        (models(), ""),
        ({"data": None}, ""),
        ({"data": ["llama"]}, ""),
        (["phi"], ""),
        (None, ""),
    ],
)
def test_doctor_names_the_models_that_there_are_where_this_one_is_not(
    provider_that_says: Start, listed: object, there_are: str
) -> None:
    missing = {"error": {"message": "model 'llama' not found", "code": "model_not_found"}}
    provider_that_says(404, json.dumps(missing), listed)
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert finding.endswith(f"name passed to `chat_model`.{there_are}")


def test_doctor_says_that_nobody_listens_at_the_providers_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("OPENAI_MODEL", "llama")
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert f"127.0.0.1:{port}: Could not connect" in finding


@pytest.mark.parametrize(
    "name", ["ALL_PROXY", "HTTP_PROXY", "https_proxy", "SSL_CERT_FILE", "SSLKEYLOGFILE"]
)
def test_doctor_names_a_setting_that_the_client_of_a_provider_cannot_work_with(
    provider_that_says: Start, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    provider_that_says(200, COMPLETION)
    monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert finding.startswith(name)


def test_doctor_makes_the_simulators_call_whatever_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    ok, finding = doctor.outcome(doctor.examine_simulator)
    assert ok
    assert "replied to a one-token call" in finding


def test_doctor_says_why_the_simulator_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SPEED", "fast")
    ok, finding = doctor.outcome(doctor.examine_simulator)
    assert not ok
    assert finding.startswith("COURSE_SPEED is 'fast'")


def test_doctor_names_an_odd_character_of_a_key_and_shows_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj\N{EM DASH}abc")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert finding.startswith("OPENAI_API_KEY contains an em dash (U+2014) at position 8")
    assert "abc" not in finding


def test_doctor_says_of_an_older_kernel_what_will_not_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda _: "6.29.5")
    ok, finding = doctor.outcome(doctor.examine_kernel)
    assert ok
    assert "before 7.4, Stop takes effect only once the cell has finished" in finding


def test_doctor_names_a_file_that_hides_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "openai.py").touch()
    (tmp_path / "utils").symlink_to(doctor.ROOT / "utils")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    told = doctor.hidden_in_notebooks()
    assert told is not None
    assert told.startswith(f"The file {tmp_path / 'notebooks' / 'openai.py'} hides the package")


def test_a_file_that_hides_a_module_of_pythons_is_named_before_any_command(tmp_path: Path) -> None:
    (tmp_path / "argparse.py").touch()
    told = course("doctor", PYTHONPATH=str(tmp_path))
    assert told.returncode == 1
    assert told.stderr == (
        f"The file {tmp_path / 'argparse.py'} hides Python's own module `argparse`: rename the "
        "file, and start again.\n"
    )


def test_doctor_says_what_half_a_provider_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert not ok
    assert finding.startswith("OPENAI_BASE_URL is set, but OPENAI_MODEL isn't.")


def test_doctor_names_a_package_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.importlib.metadata.version
    monkeypatch.setattr(
        doctor.importlib.metadata, "version", lambda name: "0.1" if name == "openai" else real(name)
    )
    ok, finding = doctor.outcome(doctor.examine_packages)
    assert not ok
    assert re.match(r"openai is 0\.1, not [\d.]+: run ", finding)


def test_doctor_names_another_utils(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "utils"
    other.mkdir()
    (other / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "utils"]:
        monkeypatch.delitem(sys.modules, name)
    ok, finding = doctor.outcome(doctor.examine_utils)
    assert not ok
    assert str(other) in finding


def test_doctor_goes_on_after_a_part_that_is_broken() -> None:
    def broken() -> str:
        raise ImportError("a library is missing")

    ok, finding = doctor.outcome(broken)
    assert not ok
    assert finding.startswith("ImportError: a library is missing: run ")
