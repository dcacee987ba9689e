"""The simulator's command line: its options, errors and greeting."""

import re
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from tests.simulator.commands import KEY, ROOT, run, shared
from utils.simulator import __main__ as command_line
from utils.simulator import server
from utils.simulator.process.server_process import KEY_VARIABLE
from utils.simulator.profiles import PROFILES


def test_help_lists_profiles_and_examples() -> None:
    shown = run("--help").stdout
    assert all(re.search(rf"^  {name} ", shown, re.MULTILINE) for name in PROFILES)
    assert "sim-chat:drop@40" in shown
    assert "OPENAI_BASE_URL" in shown
    assert shown.count("python -m utils.simulator") >= 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "slow"], "invalid choice: 'slow' (choose from"),
        (["--speed", "0"], "'0' is not a valid speed: use a number above 0"),
        (["--speed", "quick"], "'quick' is not a valid speed"),
        (["--port", "99999"], "'99999' is not a valid port"),
        (["--max-streams", "0"], "'0' is not a valid number of streams"),
        (["--host", "0.0.0.0", "--key", "abc"], "the key is too short for 0.0.0.0"),
    ],
)
def test_an_invalid_argument_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
    with pytest.raises(SystemExit):
        command_line.main()
    assert words in capsys.readouterr().err


def test_the_stored_table_of_faults_is_up_to_date() -> None:
    document = ROOT / "utils" / "simulator" / "FAULTS.md"
    assert run("--faults").stdout == document.read_text(encoding="utf-8")


def test_a_port_in_use_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert result.returncode != 0
    assert f"Could not listen on 127.0.0.1:{port}" in result.stderr
    assert "Choose another --port" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_client_gets_replies_at_the_printed_address() -> None:
    options = ["--profile", "seed", "--speed", "200"]
    with shared(*options) as (url, _), OpenAI(base_url=url, api_key=KEY) as client:
        for model in ("sim-chat", "sim", "sim:buffered"):
            reply = client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Name a river."}]
            )
            assert reply.choices[0].message.content.startswith("The Danube")


def only_announce(
    _: object, listener: socket.socket, announce: Callable[[], None], **options: Any
) -> None:
    """Stand in for `serve`: announce the server without running it."""
    with listener:
        announce()


@pytest.mark.parametrize(
    ("host", "own_address", "shown", "hint"),
    [
        ("127.0.0.1", None, r"127\.0\.0\.1", ""),
        ("0.0.0.0", "198.51.100.7", r"198\.51\.100\.7", "may have other addresses"),
        ("0.0.0.0", None, "HOST", "Replace HOST"),
    ],
)
def test_the_greeting_has_an_address_that_learners_can_reach(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    host: str,
    own_address: str | None,
    shown: str,
    hint: str,
) -> None:
    monkeypatch.setattr(command_line, "_address_for_others", lambda: own_address)
    monkeypatch.setattr(sys, "argv", ["simulator", "--host", host])
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setattr(server, "serve", only_announce)
    command_line.main()
    printed = capsys.readouterr().out
    assert re.search(rf"export OPENAI_BASE_URL=http://{shown}:\d+/v1\n", printed)
    assert re.search(r"export OPENAI_API_KEY=\S{24}", printed)
    assert "export OPENAI_MODEL=sim-chat\n" in printed
    assert "0.0.0.0" not in printed
    assert hint in printed
    for other in ("other addresses", "Replace HOST"):
        assert (other in printed) is (other in hint)
    assert ("Learners can add their name in ASCII letters" in printed) is (host == "0.0.0.0")
