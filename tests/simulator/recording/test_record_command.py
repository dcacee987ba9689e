"""The `record` command: recording replies from another server, and replaying the files."""

import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, OpenAI

from tests.http_server import SSE, Answer, Asked, answering
from tests.simulator import commands
from tests.simulator.recording.test_recorder import text_of
from tests.simulator.weather import CALLS, TOOL, WEATHER
from utils.simulator import Simulator
from utils.simulator.__main__ import main
from utils.simulator.recording.recordings import read

MODEL = "sim-laptop:stall@6,8"  # stalls for 8 s after 6 tokens
RIVER = "Name a river."
FORECAST: Any = {"messages": [{"role": "user", "content": WEATHER}], "tools": [TOOL]}


def record(address: str, key: str, *options: str) -> tuple[int, str]:
    """Run the `record` command in this process; return its exit code and output."""
    printed = io.StringIO()
    argv = ["utils.simulator", "record", "--base-url", address, *options]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        patch.setenv("OPENAI_API_KEY", key)
        patch.setattr(sys, "argv", argv)
        try:
            main()
        except SystemExit as end:
            message = end.code if isinstance(end.code, str) else ""
            return 1, printed.getvalue() + message
    return 0, printed.getvalue()


@pytest.fixture(scope="module")
def trace(server: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trace")
    request = folder / "weather.json"
    request.write_text(json.dumps(FORECAST), encoding="utf-8")
    out = folder / "trace.json"
    recorded = commands.run(
        "record", "--base-url", server.base_url, "--model", MODEL, "--prompt", RIVER,
        "--request", str(request), "--out", str(out), OPENAI_API_KEY=server.api_key,
    )  # fmt: skip
    assert recorded.returncode == 0, recorded.stderr
    assert recorded.stdout.count("Recorded") == 2
    return out


def test_a_recording_has_text_calls_and_usage_but_no_ids(trace: Path, server: Simulator) -> None:
    river, weather = read(trace)
    assert text_of(river).startswith("The Danube.")
    _, reply_tokens, _ = river.usage
    assert reply_tokens == len(river.pieces)
    assert weather.parts == (("call", "get_weather"), ("call", "get_weather"))
    assert weather.finish == "tool_calls"
    stored = trace.read_text(encoding="utf-8")
    for secret in (server.api_key, "127.0.0.1", "chatcmpl", "call_", "fp_"):
        assert secret not in stored


def test_only_recorded_refuses_other_prompts(trace: Path) -> None:
    with commands.shared("--replay", str(trace), "--only-recorded", "--speed", "20") as (url, _):
        client = OpenAI(base_url=url, api_key=commands.KEY, max_retries=0)
        reply = client.chat.completions.create(model=MODEL, **FORECAST)
        calls = reply.choices[0].message.tool_calls
        arguments = [json.loads(call.function.arguments) for call in calls]
        assert arguments == CALLS
        with pytest.raises(BadRequestError, match=r"exist for: “Name a river\.” · “What's"):
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "hello"}]
            )


def test_a_replay_has_the_recorded_text_and_generates_replies_to_other_prompts(
    trace: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    options = ["--replay", str(trace), "--profile", "fast", "--speed", "20"]
    with commands.shared(*options) as (url, server):
        assert server.stdout is not None
        greeting = server.stdout.readline()
        assert "Recorded replies exist for “Name a river.” · “What's the weather in P" in greeting
        assert greeting.endswith("to any other prompt itself, at the pace of sim-fast.\n")
        client = OpenAI(base_url=url, api_key=commands.KEY)
        poem, river = (
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": prompt}]
            )
            for prompt in ("Write a poem about a river.", RIVER)
        )
        assert "river" in poem.choices[0].message.content
        assert (poem.model, river.model) == ("sim-fast", MODEL)
        assert MODEL in [model.id for model in client.models.list()]
        options = ["--model", MODEL, "--prompt", RIVER, "--out", str(again)]
        code, printed = record(url, commands.KEY, *options)
        assert code == 0, printed
    first, _ = read(trace)
    (second,) = read(again)
    assert text_of(first) == text_of(second)
    assert (first.finish, first.usage, first.parts) == (second.finish, second.usage, second.parts)


def test_recording_a_prompt_again_replaces_its_reply(trace: Path, server: Simulator) -> None:
    options = ["--model", MODEL, "--prompt", RIVER, "--out", str(trace)]
    assert record(server.base_url, server.api_key, *options)[0] == 0
    assert sorted(one.prompt for one in read(trace)) == [RIVER, WEATHER]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--prompt", "hello"], "--model"),
        (["--model", "sim-fast"], "record: error: no prompt: use --prompt TEXT"),
        (["--model", "sim-fast", "--request", "nowhere.json"], "Could not read nowhere.json: No"),
        (["--model", "sim-nobody", "--prompt", "hello"], "does not exist"),
        (["--model", "sim-fast:end@1", "--prompt", "hello"], "The reply is truncated"),
        (["--model", "sim-fast", "--request", "pyproject.toml"], "has no chat request"),
        (["--model", "m", "--prompt", "x", "--base-url", "localhost/v1"], "begins with http://"),
        (["--model", "m", "--prompt", "x", "--base-url", "http://[::1/v1"], "is not a valid URL"),
    ],
)
def test_a_request_that_cannot_be_recorded_is_explained(
    server: Simulator, tmp_path: Path, options: list[str], words: str
) -> None:
    out = tmp_path / "trace.json"
    code, printed = record(server.base_url, server.api_key, "--out", str(out), *options)
    assert code != 0
    assert words in printed
    assert not out.exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OPENAI_API_KEY", "sk-proj\u2014abc"), ("ALL_PROXY", "socks9://127.0.0.1:1")],
)
def test_an_invalid_variable_is_named(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    key = value if variable == "OPENAI_API_KEY" else "k"
    options = ["--model", "m", "--prompt", "hello", "--out", str(tmp_path / "trace.json")]
    assert variable in record("http://127.0.0.1:9/v1", key, *options)[1]


def test_an_error_names_the_providers_host_but_no_secret(server: Simulator, tmp_path: Path) -> None:
    url, host = server.base_url, server.base_url.split("/")[2]
    options = ["--model", "sim-fast", "--prompt", RIVER, "--out", str(tmp_path / "trace.json")]
    assert f"{host} requires a key, but OPENAI_API_KEY isn't" in record(url, "", *options)[1]
    wrong_key = record(url, "sk-wrong-secret", *options)[1]
    assert f"{host} rejected the key: check OPENAI_API_KEY." in wrong_key
    no_server = record("http://me:secret@127.0.0.1:9/v1", "k", *options)[1]
    assert re.search(r"to 127\.0\.0\.1:9 failed \(.*refused.*\): check --base-url", no_server)
    assert "secret" not in wrong_key + no_server


def test_redirects_without_an_end_are_named() -> None:
    again = Answer(status=307, headers={"Location": "/"})
    with answering(lambda _: again) as address:
        printed = record(f"{address}/v1", "k", "--model", "m", "--prompt", RIVER)[1]
    assert "failed (Exceeded maximum allowed redirects.): check --base-url" in printed


def test_a_missing_folder_is_named_before_any_request(server: Simulator, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "trace.json"
    options = ["--model", "sim-fast", "--prompt", RIVER, "--out", str(out)]
    with server.watch() as seen:
        code, printed = record(server.base_url, server.api_key, *options)
    assert code == 1
    assert printed.startswith(f"The folder {out.parent} for trace.json doesn't exist")
    assert len(seen) == 0


def lines_as_events(asked: Asked) -> Answer:
    """Act as a provider that lists no models and sends each line of the prompt as an event."""
    if asked.method == "GET":
        return Answer(status=404)
    lines = asked.body["messages"][-1]["content"].splitlines()
    return Answer("".join(f"data: {line}\n\n" for line in lines), SSE)


GOOD = '{"choices": [{"delta": {"content": "Hi", "reasoning": "Hm"}, "finish_reason": "stop"}]}'


def test_replies_recorded_before_an_error_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "trace.json"
    prompts = [f"null\n{GOOD}", GOOD, '{"error": {"message": "out of memory"}}', f"{GOOD}\n\n"]
    options = [option for prompt in prompts for option in ("--prompt", prompt)]
    options += ["--model", "m", "--out", str(out)]
    with answering(lines_as_events) as address:
        code, printed = record(f"{address}/v1", "k", *options)
    assert code == 1
    assert printed.count("because they can't be recorded: 1.") == 1
    assert printed.endswith(
        "Recording stopped: The provider ended the reply with an error: out of memory"
    )
    assert [trace.prompt for trace in read(out)] == prompts[:2]
