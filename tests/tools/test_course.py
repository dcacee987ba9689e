"""The `course.py` command line, and the ports that commands use."""

import ast
import contextlib
import errno
import os
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.tools.run_course import COURSE, course
from tools import commands, doctor, lab
from tools.programs import ROOT, Advice, advice_for_the_disk
from utils import shadowing


def test_without_a_command_the_commands_are_shown_with_the_standard_library_only():
    shown = course(python=(sys.executable, "-I", "-S"))
    assert shown.returncode == 0, shown.stderr
    assert "course.py lab" in shown.stdout
    for name in ("lab", "setup", "test", "build", "site", "doctor", "canary", "lock"):
        assert f"    {name} " in shown.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("labb", "There is no command 'labb': did you mean lab?"),
        ("help doktor", "There is no command 'doktor': did you mean doctor?"),
        ("--version", "course.py has no option --version: put the command first"),
        ("--prot 1 lab", "course.py has no option --prot: put the command first"),
        ("lab --no-brwser", "lab has no option --no-brwser: see "),
        ("lab --port abc", "lab --port: 'abc' is not a whole number: see "),
        ("lab --port", "lab --port: a value is missing: see "),
        (
            "test --fast --style",
            (
                "test takes --style (run no tests: check only style, types, and that notebooks "
                "match their lessons) or --fast (skip browser tests and notebooks), not both: see "
            ),
        ),
        ("test --fast -x", "--fast chooses the tests: leave out --fast or -x."),
        ("site --links 1", "--links checks all lessons: leave out 1."),
        ("lab --port -1", "Port -1 can't be used (valid ports are 1 to 65535): choose another"),
        ("lab 3", "lab takes no number: it opens lesson 1, and the others are beside it"),
        ("doctor me", "doctor doesn't take 'me': see "),
        ("app flask", "app name: invalid choice: 'flask' (choose from "),
        ("app", "app needs a name: see "),
        ("app fastapi --port 80000", "Port 80000 can't be used (valid ports are 1 to 65535): "),
    ],
)
def test_an_invalid_command_line_is_reported_in_one_sentence(words, message, capsys):
    assert commands.main(words.split()) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip().startswith(message)
    assert "\n" not in printed.err.strip()


@pytest.mark.parametrize(
    ("error", "last"), [("KeyboardInterrupt", ""), ("ValueError(1)", "ValueError: 1")]
)
def test_only_ctrl_c_in_a_module_that_a_command_runs_prints_no_traceback(error, last):
    command = [sys.executable, "-c", f"import tools; raise {error}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.strip().rpartition("\n")[2] == last


@pytest.mark.parametrize("command", ["setup", "lab", "build"])
def test_a_python_without_the_packages_is_named(command):
    result = course(command, "--here", python=(sys.executable, "-I", "-S"))
    assert (result.returncode, result.stdout) == (1, "")
    sentence = f"The course's packages aren't installed for {sys.executable}: omit --here, or run "
    assert result.stderr.strip().startswith(sentence)


@pytest.mark.parametrize("words", [["help"], ["help", "lab"], ["--help"], ["lab", "--help"]])
def test_help_is_a_command_and_an_option(words, capsys):
    with contextlib.suppress(SystemExit):
        assert commands.main(words) == 0
    assert ("--port" if "lab" in words else "New here?") in capsys.readouterr().out


@pytest.mark.parametrize("command", ["build", "site"])
def test_an_unknown_lesson_is_reported_before_anything_is_set_up(command, monkeypatch, capsys):
    monkeypatch.setattr(commands, "interpreter", lambda *_: pytest.fail("set up"))
    assert commands.main([command, "9"]) == 1
    assert "There is no lesson 9; there are 01_enabling_streaming, " in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--check", "3", "4"], ["--all"]])
def test_build_passes_its_arguments_on(words, monkeypatch):
    ran: list[list[str]] = []
    monkeypatch.setattr(commands, "interpreter", lambda *_: "python")
    monkeypatch.setattr(commands, "run", lambda command: ran.append(command) or 0)
    assert commands.main(["build", *words]) == 0
    assert ran == [["python", "-m", "tools.build", *words]]


def course_after(preparation: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the code in `preparation` and then `course.py` in a new Python process."""
    run = f"import runpy; runpy.run_path({str(COURSE)!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", f"import sys\n{preparation}\n{run}"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def test_a_python_that_is_too_old_is_reported_in_one_sentence():
    result = course_after("sys.version_info = (3, 8, 10, 'final', 0)")
    assert result.returncode == 1
    assert result.stderr.strip().count("\n") == 0
    assert "needs Python 3.11 or newer, and this is Python 3.8" in result.stderr


def test_a_python_that_lacks_a_module_is_reported_in_one_sentence():
    result = course_after("""
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "_sqlite3" else found(name)
""")
    assert result.returncode == 1
    assert result.stderr.strip().count("\n") == 0
    assert f"This Python, {sys.executable}, lacks its own module _sqlite3: inst" in result.stderr


def test_a_path_with_characters_that_the_output_lacks_is_escaped():
    preparation = "sys.executable = '/caf\u00e9'; sys.argv[1:] = ['setup', '--here']"
    result = course_after(preparation, PYTHONIOENCODING="ascii")
    assert result.stderr == ""
    assert "with Python at /caf\\xe9." in result.stdout


def test_ctrl_c_while_modules_are_imported_ends_without_a_traceback():
    result = course_after("""
class Interrupted:
    def find_spec(self, name, *_):
        if name == "tools.commands":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
""")
    assert (result.returncode, result.stderr) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_nohup_keeps_a_command_running_when_its_terminal_closes():
    program = """
import os, signal
from tools.programs import stop_on_signals
stop_on_signals()
os.kill(os.getpid(), signal.SIGHUP)
print("still running")
"""
    command = ["nohup", sys.executable, "-c", program]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == "still running\n"


STOPPED_IN_A_TASK = """
import asyncio, os, signal
from tools.programs import stop_on_signals

async def one():
    os.kill(os.getpid(), signal.SIGTERM)  # arrives while this task runs
    await asyncio.sleep(60)

async def both():
    await asyncio.gather(one(), asyncio.sleep(60))

stop_on_signals()
try:
    asyncio.run(both())
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process on Windows")
def test_a_signal_cancels_what_runs_on_the_event_loop_and_leaves_no_exception():
    command = [sys.executable, "-c", STOPPED_IN_A_TASK]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert (ran.stdout, ran.stderr) == ("stopped\n", "")


def test_any_python_can_parse_course_py():
    tree = ast.parse(COURSE.read_text(encoding="utf-8"), feature_version=(3, 7))
    modern = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.NamedExpr, ast.Match)
    assert [type(node) for node in ast.walk(tree) if isinstance(node, modern)] == []


def test_a_file_that_hides_a_standard_module_is_named_before_any_command(tmp_path):
    (tmp_path / "argparse.py").touch()
    result = course("doctor", PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr == (
        f"The file {tmp_path / 'argparse.py'} hides Python's own module `argparse`: rename the "
        "file, and start again.\n"
    )


@pytest.mark.parametrize("name", ["random", "shutil", "typing"])
def test_a_broken_file_that_hides_a_standard_module_is_named_and_not_imported(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("raise ValueError")
    result = course("doctor", PYTHONPATH=str(tmp_path))
    assert result.stderr.startswith(f"The file {tmp_path / name}.py hides Python's own module")


def test_a_file_in_the_courses_folder_that_hides_a_package_is_named(tmp_path, monkeypatch, capsys):
    for name in ("psutil", "conftest", "scratch"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.setattr(shadowing, "_ROOT", str(tmp_path))
    assert commands.main(["setup", "--here"]) == 1
    assert capsys.readouterr().err == (
        f"\nThe file {tmp_path / 'psutil.py'} hides the package `psutil`: rename the file, and "
        "start again.\n"
    )


def test_lab_names_another_utils_since_the_setup_cell_may_import_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "utils.py").touch()
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    monkeypatch.setattr(lab, "start_jupyter", lambda *_: sys.exit(3))
    with pytest.raises(SystemExit):
        commands.main(["lab", "--here"])
    sentence = f"The file {tmp_path / 'notebooks' / 'utils.py'} hides the package `utils`: rename"
    assert capsys.readouterr().out.startswith(sentence)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the option")
def test_a_disk_from_which_no_package_can_be_loaded_is_named(monkeypatch, capsys):
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_NOEXEC))
    assert commands.main(["setup"]) == 1
    assert f"The disk of {ROOT} is mounted with the option noexec" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a current folder")
def test_verdict_runs_in_a_folder_that_was_deleted(tmp_path):
    script = 'rmdir "$PWD" && exec "$@"'
    command = [sys.executable, str(COURSE), "verdict", "--here", "http://127.0.0.1:9"]
    result = subprocess.run(
        ["sh", "-c", script, "sh", *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.stderr.strip().startswith("Where does the question go?")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows passes on handles, not descriptors")
@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdin", "stdout", "stderr")])
def test_commands_and_the_programs_they_start_work_with_closed_streams(closed):
    result = course_after(f"""
import os
for name in {closed}:
    os.close(getattr(sys, name).fileno())
    setattr(sys, name, None)
from tools import commands, programs

def main(_):
    with programs.Progress("working"):
        programs.show_transient("cell 1")
    check = "import sys; sys.exit(None in (sys.stdin, sys.stdout, sys.stderr))"
    return programs.run([sys.executable, "-c", check])

commands.main = main
""")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), r"The disk is full \(.*No space left"),
        (PermissionError(errno.EACCES, "Denied", "/x/site"), "/x/site can't be written to: copy"),
        (OSError(errno.EROFS, "Read-only", "/x/site"), "/x/site can't be written to: copy"),
    ],
)
def test_a_full_or_read_only_disk_is_reported_in_one_sentence(error, message):
    with pytest.raises(Advice, match=f"^{message}"), advice_for_the_disk():
        raise error


def test_without_a_folder_for_temporary_files_lab_and_the_doctor_say_so(monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", list)
    message = "No folder for temporary files can be written to: free some disk space, or set "
    assert commands.main(["lab", "--here", "--no-browser"]) == 1
    assert capsys.readouterr().err.strip().startswith(message)
    ok, finding = doctor.outcome(doctor.examine_kernel)
    assert not ok
    assert finding.startswith(message)


def test_a_command_whose_output_is_no_longer_read_ends_without_a_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, str(COURSE), "setup", "--here"]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"")


def test_lock_without_uv_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert commands.main(["lock"]) == 1
    assert "pip install uv" in capsys.readouterr().err


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = rf"Port {port} can't be used \(another program is using it"
        with pytest.raises(Advice, match=message):
            lab.free_port(port)


def test_free_ports_are_distinct_and_not_ephemeral(monkeypatch):
    (taken,) = lab.free_ports(1)
    with socket.create_server(("127.0.0.1", taken)):
        monkeypatch.setattr(lab, "_PORTS", range(taken - 15, taken + 16))
        ports = lab.free_ports(20)
        with pytest.raises(Advice, match=r"31 free ports are needed from \d+ on, but only"):
            lab.free_ports(31)
    assert len(set(ports)) == 20
    assert taken not in ports
    assert max(ports) < 32_768, "ephemeral ports begin there on Linux, and higher elsewhere"


def test_two_processes_never_get_the_same_port(monkeypatch):
    asked = "from tools.lab import free_ports; print(free_ports(1)[0], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        given = int(other.stdout.readline())
        monkeypatch.setattr(lab, "_PORTS", [given])
        with pytest.raises(Advice, match="1 free ports are needed"):
            lab.free_ports(1)
        other.communicate("\n")


def test_a_jupyterlab_that_exits_while_starting_is_reported(monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], text=True)
    message = r"exited while starting \(exit code 3\)\. To find out why, run .*doctor"
    with pytest.raises(Advice, match=message):
        lab.wait_until_it_answers(child, lab.free_port())
    with pytest.raises(Advice, match=r"doctor --here\."):
        lab.wait_until_it_answers(child, lab.free_port(), here=True)
