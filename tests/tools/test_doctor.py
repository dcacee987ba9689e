"""The `doctor` command: one line per check, and advice for each failed check."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.http_server import JSON, SSE, Answer, Asked, answering
from tests.tools.run_course import course
from tools import doctor
from tools.environment import Environment
from tools.installers import make_venv
from tools.programs import Advice
from utils.simulator import client


def test_doctor_prints_ok_or_fix_for_each_part_and_no_key():
    result = course("doctor", "--here", OPENAI_API_KEY="sk-secret-01234")
    *lines, empty, last = result.stdout.splitlines()
    assert empty == ""
    to_fix = result.stdout.count("fix  ")
    assert last.startswith(f"{to_fix} " if to_fix else "Ready: ")
    assert [line.split()[1] for line in lines] == list(doctor.EXAMINATIONS)
    assert {line.split()[0] for line in lines} <= {"ok", "fix"}
    assert result.returncode == int(to_fix > 0)
    assert "sk-secret" not in result.stdout + result.stderr


def failure(examine) -> str:
    """Run one of the doctor's checks, which must fail, and return its finding."""
    ok, finding = doctor.outcome(examine)
    assert not ok
    return finding


NO_SERVER = "http://127.0.0.1:9/v1"
BARE = (sys.executable, "-I", "-S")  # a Python without third-party packages


def test_doctor_before_setup_says_once_what_to_run():
    result = course("doctor", "--here", "--venv", "", python=BARE)
    assert result.returncode == 1
    assert re.search(r"^ok   Python ", result.stdout, re.MULTILINE)
    assert re.search(r"^fix  packages +not installed", result.stdout, re.MULTILINE)
    assert result.stdout.count("fix ") == result.stdout.count("setup") == 1
    assert re.search(r"^Not set up yet: run .*course\.py setup$", result.stdout.splitlines()[-1])


def test_doctor_here_says_how_to_install_into_this_python_and_names_no_venv():
    result = course("doctor", "--here", python=BARE)
    assert result.returncode == 1
    last = result.stdout.splitlines()[-1]
    assert " -m pip install -r requirements/lab.lock (with conda: conda env create -f env" in last
    assert "setup" not in result.stdout


def test_doctor_recommends_a_copy_if_the_folder_is_read_only(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "copy the course to a folder you own" in doctor.verdict([], set_up=False, in_venv=False)
    finding = failure(lambda: doctor.examine_venv("It was moved"))
    assert finding.startswith(f"It was moved: {doctor.ROOT} can't be written to, so copy")


@pytest.mark.parametrize(
    ("name", "odd"),
    [(f"parts{os.pathsep}1", f"a “{os.pathsep}”"), ("caf\udce9", "a character that")],
)
def test_a_path_in_which_no_environment_can_be_made_is_reported(tmp_path, monkeypatch, name, odd):
    with pytest.raises(Advice, match=f"folder contains {odd}.*rename or move the folder"):
        make_venv(Environment(tmp_path / name), "uv")
    monkeypatch.setattr(doctor, "ROOT", tmp_path / name)
    last_line = doctor.verdict([], set_up=False, in_venv=False)
    assert last_line.endswith("so rename or move the folder first")


@pytest.mark.parametrize(
    ("to_fix", "in_venv", "sentence"),
    [
        ([], True, r"Ready: .*course\.py lab opens the course"),
        ([], False, r"Ready: .*course\.py lab --here opens the course"),
        (["kernel"], True, "1 thing to fix: kernel; see docs/troubleshooting.md"),
        (["kernel", "provider"], True, "2 things to fix: kernel, provider; see docs/.*"),
    ],
)
def test_doctor_ends_with_a_verdict(to_fix, in_venv, sentence):
    assert re.fullmatch(sentence, doctor.verdict(to_fix, set_up=True, in_venv=in_venv))


COMPLETION = (
    'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]}\n\n'
    'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}\n\n'
    "data: [DONE]\n\n"
)
Start = Callable[..., list[Asked]]


@pytest.fixture
def fake_provider(monkeypatch) -> Iterator[Start]:
    """Return a function that starts a fake provider and returns a list of its POST requests."""
    with ExitStack() as running:

        def start(status: int, body: str, models: object = None) -> list[Asked]:
            received: list[Asked] = []

            def answer(asked: Asked) -> Answer:
                if asked.method == "GET":
                    return Answer(json.dumps(models))
                received.append(asked)
                return Answer(body, SSE if body.startswith("data:") else JSON, status)

            address = running.enter_context(answering(answer))
            monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
            monkeypatch.setenv("OPENAI_MODEL", "llama")
            monkeypatch.setenv("OPENAI_API_KEY", "our-class")
            return received

        yield start


def test_doctor_makes_the_call_that_a_cell_makes_for_one_token(fake_provider: Start):
    received = fake_provider(200, COMPLETION)
    ok, finding = doctor.outcome(doctor.examine_provider)
    assert ok
    assert re.match(r"Cells will call the model llama at 127.0.0.1:.* It replied to a one", finding)
    (asked,) = received
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == "Bearer our-class"
    assert asked.body["max_completion_tokens"] == 1


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, "{}", "rejected the key: check OPENAI_API_KEY"),
        (400, '{"error": {"message": "No streams here."}}', "No streams here."),
        (200, "data: [DONE]\n\n", "The server returned status 200"),
    ],
)
def test_doctor_fails_if_a_cell_would_fail(fake_provider: Start, status, body, sentence):
    fake_provider(status, body)
    finding = failure(doctor.examine_provider)
    assert finding.startswith("127.0.0.1:")
    assert sentence in finding
    assert "our-class" not in finding


def test_doctor_accepts_a_model_that_requires_more_than_one_token(fake_provider: Start):
    words = "Could not finish the message because max_tokens or model output limit was reached."
    fake_provider(400, json.dumps({"error": {"message": words}}))
    assert doctor.outcome(doctor.examine_provider)[0]


def models(*names: str) -> dict[str, object]:
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


@pytest.mark.parametrize(
    ("listed", "there_are"),
    [
        (models("phi", "qwen", "gemma", "llama-3"), " The server has phi, qwen, gemma and 1 more."),
        (models("phi", "llama"), ""),
        (models(), ""),
        ({"data": ["llama"]}, ""),
        (None, ""),
    ],
)
def test_doctor_lists_the_servers_models_if_this_one_is_missing(fake_provider, listed, there_are):
    missing = {"error": {"message": "model 'llama' not found", "code": "model_not_found"}}
    fake_provider(404, json.dumps(missing), listed)
    finding = failure(doctor.examine_provider)
    assert finding.endswith(f"name passed to `chat_model`.{there_are}")


@pytest.mark.parametrize(
    ("examine", "environ", "words"),
    [
        (doctor.examine_provider, {"OPENAI_BASE_URL": NO_SERVER}, "127.0.0.1:9: Could not connect"),
        (doctor.examine_provider, {"OPENAI_MODEL": ""}, "OPENAI_BASE_URL is set, but OPENAI_MODEL"),
        (doctor.examine_simulator, {"COURSE_SPEED": "fast"}, "COURSE_SPEED is 'fast'"),
    ],
)
def test_doctor_names_a_setting_that_makes_every_call_fail(monkeypatch, examine, environ, words):
    monkeypatch.setattr(client, "shared", client.Shared())  # as if no simulator were running
    usual = {"OPENAI_MODEL": "llama", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": NO_SERVER}
    for name, value in (usual | environ).items():
        monkeypatch.setenv(name, value)
    assert failure(examine).startswith(words)


@pytest.mark.parametrize(
    ("user_site", "fix"), [(True, "set PYTHONNOUSERSITE=1"), (False, "unset PYTHONPATH")]
)
def test_doctor_names_a_folder_that_hides_packages(tmp_path, monkeypatch, user_site, fix):
    metadata = tmp_path / "langchain_core-0.3.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Name: langchain-core\nVersion: 0.3.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        "site.getusersitepackages", lambda: str(tmp_path if user_site else tmp_path / "other")
    )
    finding = failure(doctor.examine_packages)
    assert "langchain-core is 0.3.0, not " in finding
    assert finding.endswith(f": {tmp_path} comes before this Python's own packages, so {fix}")


def test_doctor_gives_the_cause_if_the_simulator_cannot_start(monkeypatch):
    monkeypatch.setattr(client, "shared", client.Shared())  # as if no simulator were running
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    finding = failure(doctor.examine_simulator)
    assert re.match(r"The simulator could not start\. \[Errno 2\].*/nowhere/python", finding)


def test_doctor_explains_what_an_older_kernel_cannot_do(monkeypatch):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda _: "6.29.5")
    ok, finding = doctor.outcome(doctor.examine_kernel)
    assert ok
    assert "before 7.4, Stop takes effect only once the cell has finished" in finding


@pytest.mark.parametrize("name", ["ipykernel.kernelapp", "jupyter_server.serverapp", "psutil"])
def test_doctor_imports_what_jupyterlab_needs_to_start(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    assert failure(doctor.examine_kernel).startswith(f"ModuleNotFoundError: import of {name} ")


@pytest.mark.parametrize("name", ["openai", "utils"])
def test_doctor_names_a_file_that_hides_a_package(monkeypatch, tmp_path, name):
    file = tmp_path / "notebooks" / f"{name}.py"
    file.parent.mkdir()
    file.touch()
    (tmp_path / "utils").symlink_to(doctor.ROOT / "utils")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    advice = doctor.hidden_in_notebooks()
    assert advice is not None
    assert advice.startswith(f"The file {file} hides the package `{name}`")


def test_doctor_names_a_package_of_another_version(monkeypatch):
    real = doctor.importlib.metadata.version
    monkeypatch.setattr(
        doctor.importlib.metadata, "version", lambda name: "0.1" if name == "openai" else real(name)
    )
    assert re.match(r"openai is 0\.1, not [\d.]+: run ", failure(doctor.examine_packages))


def test_doctor_names_the_path_of_another_utils_package(monkeypatch, tmp_path):
    other = tmp_path / "utils"
    other.mkdir()
    (other / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "utils"]:
        monkeypatch.delitem(sys.modules, name)
    assert str(other) in failure(doctor.examine_utils)


@pytest.mark.parametrize(
    ("prefix", "repair"),
    [
        (doctor.ROOT / ".venv", rf"delete {re.escape(str(doctor.ROOT))}.*venv, and run .* lab"),
        (doctor.ROOT.parent, "run .* -m pip install --force-reinstall -r requirements/lab.lock"),
    ],
)
def test_an_exception_in_a_check_becomes_its_finding(monkeypatch, prefix, repair):
    def broken() -> str:
        raise ImportError("a library is missing")

    monkeypatch.setattr("sys.prefix", str(prefix))
    assert re.fullmatch(f"ImportError: a library is missing: {repair}", failure(broken))
