"""Creating, updating and rebuilding `.venv`. Most tests use fast, fake installers.

The stamp is a file that records the Python and the locks from which `.venv` was made. `needs`
returns what must be done before `.venv` can be used, and why.
"""

import argparse
import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import commands, doctor, environment, installers
from tools.environment import Action, Environment, set_up
from tools.programs import ROOT, Advice
from utils import shadowing


def fake_installers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace uv, pip and venv with functions that create an environment's files quickly."""

    def install(it: Environment, lock: Path) -> None:
        for line in lock.read_text(encoding="utf-8").split():
            (it.packages / f"{line.replace('==', '-')}.dist-info").mkdir(exist_ok=True)

    def make(it: Environment, _: str | None) -> None:
        it.packages.mkdir(parents=True)
        it.python.parent.mkdir()
        it.python.symlink_to(sys.executable)
        (it.folder / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n", encoding="utf-8")

    if os.name != "nt":  # a Windows interpreter can't be a symlink
        monkeypatch.setattr(environment, "make_venv", make)
    monkeypatch.setattr(environment, "run_pip", install)
    monkeypatch.setattr(environment, "run_uv", lambda uv, it, lock: install(it, lock))
    # Pretend that uv is installed, so that a venv is created without pip.
    monkeypatch.setattr(environment, "working_uv", lambda: "/usr/bin/uv")
    monkeypatch.setattr(environment, "check_room", lambda folder: None)


@pytest.fixture
def quick(tmp_path, monkeypatch) -> Environment:
    """Create a course folder whose locks name one package each; replace installers with fakes."""
    fake_installers(monkeypatch)
    (tmp_path / "requirements").mkdir()
    for kind, name in environment.LOCKS.items():
        (tmp_path / name).write_text(f"{kind}-package==1.0\n", encoding="utf-8")
    return Environment(tmp_path.resolve())


def test_setup_installs_the_lock_once(quick, capsys):
    assert quick.needs("lab")[0] is Action.MAKE
    assert set_up(quick, "lab").exists()
    assert quick.distributions() == ["lab-package-1.0.dist-info"]
    (quick.packages / "own-1.0.dist-info").mkdir()  # installed by the learner
    capsys.readouterr()
    set_up(quick, "lab")
    assert capsys.readouterr().out == ""


def test_tests_add_their_packages_which_are_then_kept(quick):
    set_up(quick, "lab")
    assert quick.needs("test")[0] is Action.UPDATE
    set_up(quick, "test")
    assert "test-package-1.0.dist-info" in quick.distributions()
    for less in ("lab", "site", "class"):
        assert quick.needs(less)[0] is Action.NOTHING


def test_a_changed_lock_updates_in_place(quick):
    set_up(quick, "lab")
    (quick.folder / "kept").touch()
    quick.lock("lab").write_text("lab-package==2.0\n", encoding="utf-8")
    set_up(quick, "lab")
    assert "lab-package-2.0.dist-info" in quick.distributions()
    assert (quick.folder / "kept").exists()


# Each of the next three functions replaces `run_uv` and fails in a different way.
def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def half_way(_: str, it: Environment, lock: Path) -> None:
    (it.packages / "half-1.0.dist-info").mkdir()
    raise Advice("the disk is full")


def dry_run(*_: object) -> None:
    """Install nothing, and report no error."""


@pytest.mark.parametrize("failure", [interrupted, half_way, dry_run])
@pytest.mark.parametrize("before", [None, "lab"])
def test_after_a_failed_setup_the_next_one_starts_over(quick, monkeypatch, capsys, failure, before):
    if before is not None:
        set_up(quick, before)
    with monkeypatch.context() as patch:
        patch.setattr(environment, "run_uv", failure)
        with pytest.raises((Advice, KeyboardInterrupt)):
            set_up(quick, "test")
    set_up(quick, "test")
    assert "was interrupted last time: starting over" in capsys.readouterr().out
    assert quick.needs("test")[0] is Action.NOTHING


def break_stamp(it: Environment, old: str, new: str) -> None:
    text = it.stamp.read_text(encoding="utf-8")
    assert old in text
    it.stamp.write_text(text.replace(old, new), encoding="utf-8")


def break_version(it: Environment) -> None:
    break_stamp(it, f'"python": "{installers.PYTHON}"', '"python": "3.10"')


def break_folder(it: Environment) -> None:
    shutil.rmtree(it.folder)
    it.folder.write_text("not a folder", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda it: it.python.unlink(), "The Python of .venv is gone"),
        (
            lambda it: (it.packages / "end.pth").write_text("import os; os._exit(1)\n"),
            "or does not start",
        ),
        (lambda it: break_stamp(it, "}", ""), "was interrupted last time"),
        (
            lambda it: (it.packages / "lab-package-1.0.dist-info").rmdir(),
            "Packages in .venv were changed or removed",
        ),
        (
            lambda it: (it.packages / "streaming_course.pth").unlink(),
            "Packages in .venv were changed or removed",
        ),
        (break_version, ".venv was made with Python 3.10"),
        (break_folder, ".venv was not made by course.py, and is now named .venv.1"),
        (lambda it: it.stamp.unlink(), ".venv was not made by course.py, and is now named .venv.1"),
    ],
)
def test_a_broken_environment_is_rebuilt_with_a_reason(quick, damage, sentence, capsys):
    set_up(quick, "lab")
    damage(quick)
    set_up(quick, "lab")
    assert sentence in capsys.readouterr().out
    assert quick.needs("lab")[0] is Action.NOTHING


@pytest.mark.parametrize("failure", [half_way, interrupted])
def test_the_old_environment_is_restored_if_its_replacement_fails(quick, monkeypatch, failure):
    set_up(quick, "lab")
    (quick.folder / "own work").touch()
    break_version(quick)
    with monkeypatch.context() as patch:
        patch.setattr(environment, "run_uv", failure)
        with pytest.raises((Advice, KeyboardInterrupt)):
            set_up(quick, "lab")
    assert (quick.folder / "own work").exists()
    assert quick.stamped() is not None
    set_up(quick, "lab")
    assert not (quick.folder / "own work").exists()
    assert not (quick.root / ".venv.old").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows itself protects files in use")
def test_an_environment_in_use_is_updated_but_not_replaced(quick, monkeypatch):
    set_up(quick, "lab")
    held = f"""
from pathlib import Path
from tools import environment
environment.ROOT = Path({str(quick.root)!r})
environment.set_up = lambda it, kind: it.python
print(environment.interpreter("lab", here=False), flush=True)
input()
"""
    command = [sys.executable, "-c", held]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    others = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(2)]
    assert [other.stdout.readline() for other in others] == [f"{quick.python}\n"] * 2
    set_up(quick, "test")
    break_version(quick)
    with pytest.raises(Advice, match=r"is still running, .*: end that program \(Ctrl-C in its"):
        set_up(quick, "test")
    assert "test-package-1.0.dist-info" in quick.distributions()
    for other in others:
        other.communicate("\n")
    set_up(quick, "test")
    assert quick.needs("test")[0] is Action.NOTHING


def test_a_file_that_hides_a_package_is_named_by_the_setup_that_installs_it(quick, monkeypatch):
    def install(_: str, it: Environment, lock: Path) -> None:
        for name in ("lab-package-1.0.dist-info", "psutil"):
            (it.packages / name).mkdir()
        (it.packages / "psutil" / "__init__.py").touch()

    (quick.root / "psutil.py").touch()
    monkeypatch.setattr(environment, "ROOT", quick.root)
    monkeypatch.setattr(shadowing, "_ROOT", str(quick.root))
    monkeypatch.setattr(environment, "run_uv", install)
    with pytest.raises(Advice, match=r"psutil\.py hides the package `psutil`: rename the file"):
        environment.interpreter("lab", here=False)


def test_an_environment_that_is_not_the_courses_is_kept(quick):
    for number in (1, 2):
        quick.folder.mkdir()
        (quick.folder / "own work").touch()
        set_up(quick, "lab")
        assert (quick.root / f".venv.{number}" / "own work").exists()
        shutil.rmtree(quick.folder)


def test_an_environment_of_another_user_is_replaced(quick, monkeypatch, capsys):
    """After `sudo python3 course.py`, `.venv` can be renamed, but not changed or deleted."""

    def refused(folder: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)

    set_up(quick, "lab")
    monkeypatch.setattr(os, "access", lambda path, mode: path != quick.packages)
    monkeypatch.setattr(shutil, "rmtree", refused)
    for number, kind in enumerate(("site", "class"), start=1):
        set_up(quick, kind)
        said = capsys.readouterr().out
        assert f".venv.old can't be deleted ([Errno {errno.EACCES}]" in said
        assert f"now named .venv.old.{number}" in said
        assert quick.needs(kind)[0] is Action.NOTHING


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("")])
def test_setup_and_the_doctor_name_a_damaged_file(quick, damage, monkeypatch, capsys):
    set_up(quick, "lab")
    file = quick.packages / "tiny, stream.py"
    file.write_text("import os\n", encoding="utf-8")
    record = quick.packages / "lab-package-1.0.dist-info" / "RECORD"
    record.write_text(f'"{file.name}",sha256=x,10\nempty.py,sha256=y,0\n', encoding="utf-8")
    for module in (environment, commands, doctor):
        monkeypatch.setattr(module, "ROOT", quick.root)
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda _: "1.0")
    monkeypatch.setattr(doctor.sysconfig, "get_path", lambda _: str(quick.packages))
    assert commands.main(["setup"]) == 0
    assert doctor.outcome(doctor.examine_packages)[0]
    damage(file)
    assert commands.main(["setup"]) == 1
    sentence = f"\n{file} is damaged: delete {quick.folder}, and run this again. If you have uv, "
    assert capsys.readouterr().err.startswith(sentence)
    assert doctor.outcome(doctor.examine_packages)[1].startswith(f"{file} is damaged: ")


def test_setup_here_names_the_command_that_uses_this_python(capsys):
    assert commands.main(["setup", "--here"]) == 0
    assert re.search(r"To open it, run .*course\.py lab --here\.", capsys.readouterr().out)


def test_a_second_setup_waits_for_the_first(tmp_path):
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


def test_a_lock_of_another_user_can_be_taken(tmp_path, monkeypatch):
    lock = tmp_path / "lock"
    lock.touch()
    lock.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to any file
    with environment.only_one(lock):
        pass


@pytest.mark.skipif(os.name == "nt", reason="on Windows, a lock can't be inherited")
def test_a_setup_waits_for_the_installer_of_one_that_was_killed(tmp_path):
    lock, pipe = tmp_path / "lock", tmp_path / "pipe"
    os.mkfifo(pipe)
    first = f"""
import sys
from pathlib import Path
from tools import environment, installers
with environment.only_one(Path({str(lock)!r})):
    installers.output_of([sys.executable, "-c", "open({str(pipe)!r}).read()"], "")
"""
    child = subprocess.Popen([sys.executable, "-c", first], cwd=ROOT)
    with pipe.open("w"), lock.open() as handle:  # opens once the installer runs
        child.kill()
        child.wait()
        assert not environment._try_lock(handle.fileno())
    with environment.only_one(lock):  # the pipe is closed, so the installer exits
        pass


MISLEADING = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1", "PIP_ROOT": "/nonexistent", "LC_ALL": "C"}


def test_a_real_pip_sets_up_the_course_from_nothing(tmp_path):
    """Runs the real pip, which installs the locked wheel from a folder, not from an index."""
    copy = tmp_path / "Łukasz' course"
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
        [sys.executable, "-W", "error", "-c", call],
        cwd=copy,
        env={**os.environ, "PIP_FIND_LINKS": wheels.as_uri()} | MISLEADING,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert ".venv is ready after" in done.stdout
    python = done.stdout.splitlines()[-1]
    importing = [python, "-c", "import tiny_stream, tools"]
    subprocess.run(importing, check=True, cwd=tmp_path, env={**os.environ, "LC_ALL": "C"})


def test_the_doctor_tells_its_process_in_venv_that_the_folder_was_copied(quick, monkeypatch):
    set_up(quick, "lab")
    copy = quick.root / "copy"
    shutil.copytree(quick.root, copy, symlinks=True, ignore=shutil.ignore_patterns(copy.name))
    asked: list[list[str]] = []
    monkeypatch.setattr(doctor, "run", lambda command: asked.append(command) or 0)
    for root in (quick.root, copy):
        monkeypatch.setattr(doctor, "ROOT", root)
        doctor.doctor(argparse.Namespace(here=False, venv=None))
    original, copied = (command[-2:] for command in asked)
    assert original == ["--venv", ""]
    assert copied == ["--venv", "The course's folder was moved or copied"]
