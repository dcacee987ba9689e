"""The `app` command: the processes that it starts and ends, its errors, and each app's lock."""

import ast
import re
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.tools.run_course import course
from tests.tools.running_lab import CTRL_C
from tests.tools.test_setting_up import fake_installers
from tools import app as command
from tools.app import APPS, FASTAPI
from tools.environment import Action
from tools.lab import free_port
from tools.programs import ROOT, Advice

PATIENCE = 120.0  # seconds


@contextmanager
def served(port: int, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Run `course.py app` during the `with` block; yield its process and all descendants."""
    process = subprocess.Popen(
        [sys.executable, "course.py", "app", *words, "--no-browser", f"--port={port}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C here ends it" in line:
                break
        assert f"http://127.0.0.1:{port}/" in "".join(lines), "".join(lines)
        assert "no key, no internet, no cost" in "".join(lines)
        yield process, psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", ["Ctrl-C", "kill"])
def test_it_serves_the_page_and_leaves_no_process(how: str) -> None:
    port = free_port()
    with served(port, "fastapi", "--here") as (process, started):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert b"<title>Lamp shop support</title>" in page.read()
        assert len(started) == 2  # the app and the simulator
        if how == "kill":
            process.kill()
        else:
            process.send_signal(CTRL_C)
        code = process.wait(PATIENCE)
        assert how == "kill" or code == 0
        _, alive = psutil.wait_procs(started, timeout=PATIENCE)
        assert alive == []


def test_a_provider_without_a_model_is_explained() -> None:
    words = ("app", "fastapi", "--here", "--no-browser")
    done = course(*words, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "OPENAI_MODEL isn't" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_apps_packages_are_installed_from_its_own_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_installers(monkeypatch)
    app = replace(FASTAPI, root=tmp_path)
    app.lock().parent.mkdir()
    app.lock().write_text("one==1\n")
    assert app.set_up() == str(app.python)
    assert app.folder == tmp_path / "build" / "apps" / "fastapi"
    assert app.distributions() == ["one-1.dist-info"]
    assert app.needs("app")[0] is Action.NOTHING


def pins(lock: Path) -> dict[str, str]:
    """Return the lines of a lock file, such as `django==5.2`, keyed by package name."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0]: line.split(" ;")[0] for line in lines if "==" in line}


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_an_apps_lock_has_its_packages_in_the_courses_versions(app: command.App) -> None:
    wanted = [line.split(" ;")[0] for line in app.wanted().splitlines()]
    names = {re.split("[=<>]", line)[0] for line in wanted}
    lock, course = pins(app.lock()), pins(ROOT / "requirements/lab.lock")
    assert names <= set(lock)
    others = [line for name, line in lock.items() if name in course and line != course[name]]
    # The versions of packages in `app.apart` may differ from the course's.
    assert [line for line in others if not line.startswith(app.apart)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shared = {line.split(";")[0].strip() for line in project["dependencies"]}
    assert {line for line in wanted if re.split("[=<>]", line)[0] in course} <= shared
    assert "://" not in app.lock().read_text(encoding="utf-8")


def test_a_python_that_is_too_new_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    with pytest.raises(Advice, match=r"chainlit app support Python up to 3\.13"):
        APPS["chainlit"].set_up()


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_an_apps_first_lines_name_its_usual_command(app: command.App) -> None:
    first = ast.get_docstring(ast.parse((ROOT / app.place / app.source).read_text("utf-8"))) or ""
    usual = {
        "chainlit": "chainlit run chainlit_chat.py",
        "django": "uvicorn django_chat:application",
        "fastapi": "uvicorn app:app",
        "streamlit": "streamlit run streamlit_chat.py",
    }
    assert usual[app.name] in first
    assert " ".join(app.command).startswith(usual[app.name])


def test_the_single_file_apps_are_under_a_hundred_lines() -> None:
    for path in (ROOT / "apps").glob("*_chat.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 100, path.name
