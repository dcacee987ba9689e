import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from openai import OpenAI

from utils.simulator import __main__ as command_line
from utils.simulator.profiles import PROFILES

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "utils.simulator"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


def test_help_teaches_profiles_models_and_examples() -> None:
    told = run("--help").stdout
    assert all(re.search(rf"^  {name} ", told, re.MULTILINE) for name in PROFILES)
    assert "sim-chat:drop@40" in told
    assert "OPENAI_BASE_URL" in told
    assert told.count("python -m utils.simulator") >= 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "slow"], "There is no profile 'slow'. Choose one of: seed, fast"),
        (["--speed", "0"], "'0' is not a valid speed: use a number above 0"),
        (["--speed", "quick"], "'quick' is not a valid speed"),
        (["--port", "99999"], "'99999' is not a valid port"),
    ],
)
def test_a_wrong_argument_is_explained_in_a_sentence(arguments: list[str], words: str) -> None:
    answer = run(*arguments)
    assert answer.returncode != 0
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_document_of_faults_is_what_the_command_prints() -> None:
    document = ROOT / "utils" / "simulator" / "FAULTS.md"
    assert run("--faults").stdout == document.read_text(encoding="utf-8")


def test_a_taken_port_is_explained_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run("--port", str(port))
    assert answer.returncode != 0
    assert f"Could not listen on 127.0.0.1:{port}" in answer.stderr
    assert "Choose another --port" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_class_can_share_one_by_what_it_prints() -> None:
    environment = os.environ | {"SIMULATOR_KEY": "our-class"}
    with subprocess.Popen(
        [*COMMAND, "--profile", "seed", "--speed", "200"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            printed = [server.stdout.readline() for _ in range(4)]
            settings = dict(re.findall(r"export (\w+)=(\S+)", "".join(printed)))
            assert settings["OPENAI_API_KEY"] == "our-class"
            with OpenAI(
                base_url=settings["OPENAI_BASE_URL"], api_key=settings["OPENAI_API_KEY"]
            ) as client:
                for model in (settings["OPENAI_MODEL"], "sim", "sim:buffered"):
                    reply = client.chat.completions.create(
                        model=model, messages=[{"role": "user", "content": "Name a river."}]
                    )
                    assert reply.choices[0].message.content.startswith("The Danube")
        finally:
            server.terminate()


def greeting(monkeypatch: pytest.MonkeyPatch, sends_from: str | None) -> None:
    """Print the startup message of a server that listens on all of this machine's addresses."""
    monkeypatch.setattr(command_line, "_address_for_others", lambda: sends_from)
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # bound but not listening, so no client can connect
        command_line._greet(listener, "our-class", [])


def test_learners_get_an_address_that_they_can_ask_from_a_server_for_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting(monkeypatch, "198.51.100.7")
    told = capsys.readouterr().out
    assert re.search(r"export OPENAI_BASE_URL=http://198\.51\.100\.7:\d+/v1\n", told)
    assert "0.0.0.0" not in told
    assert "may have other addresses" in told


def test_a_server_for_all_without_a_network_says_what_to_put_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    greeting(monkeypatch, None)
    told = capsys.readouterr().out
    assert "export OPENAI_BASE_URL=http://HOST:" in told
    assert "Replace HOST" in told
    assert "0.0.0.0" not in told


def test_a_server_for_this_machine_names_the_address_that_it_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command_line._greet(listener, "our-class", [])
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    told = capsys.readouterr().out
    assert f"export OPENAI_BASE_URL={address}\n" in told
    assert "other addresses" not in told
