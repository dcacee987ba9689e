"""Recording replies and replaying them, with a second server as the provider."""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, OpenAI

from tests.simulator.test_command_line import COMMAND, ROOT
from tests.simulator.test_concurrency import shared
from tests.simulator.virtual import VirtualSimulator
from utils.simulator import Simulator
from utils.simulator.__main__ import main
from utils.simulator.profiles import PROFILES
from utils.simulator.recorder import record as record_reply
from utils.simulator.recordings import RecordingError, Recordings, read

MODEL = "sim-laptop:stall@6,8"
RIVER = "Name a river."
WEATHER = {
    "messages": [{"role": "user", "content": "What's the weather in Paris and in Rome?"}],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        }
    ],
}


def record(provider: Simulator, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the `record` command in this process, since the modules are already imported."""
    out, err = io.StringIO(), io.StringIO()
    command = ["utils.simulator", "record", "--base-url", provider.base_url, *options]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setenv("OPENAI_API_KEY", provider.api_key)
        patch.setattr(sys, "argv", command)
        try:
            code: object = main()
        except SystemExit as end:
            code = end.code
    if isinstance(code, str):
        print(code, file=err)
        code = 1
    return subprocess.CompletedProcess(command, code or 0, out.getvalue(), err.getvalue())


def record_in_a_process(provider: Simulator, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "record", "--base-url", provider.base_url, *options],
        cwd=ROOT,
        env=os.environ | {"OPENAI_API_KEY": provider.api_key},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def trace(server: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trace")
    request = folder / "weather.json"
    request.write_text(json.dumps(WEATHER), encoding="utf-8")
    out = folder / "trace.json"
    told = record_in_a_process(
        server, "--model", MODEL, "--prompt", RIVER, "--request", str(request), "--out", str(out)
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("Recorded") == 2
    return out


def test_nothing_that_points_to_an_account_is_recorded(trace: Path, server: Simulator) -> None:
    text = trace.read_text(encoding="utf-8")
    for secret in (server.api_key, "127.0.0.1", "chatcmpl", "call_", "fp_"):
        assert secret not in text


def test_a_recording_holds_the_text_and_the_usage(trace: Path) -> None:
    river, weather = read(trace)
    assert "".join(text for _, _, text in river.pieces).startswith("The Danube.")
    assert river.usage[1] == len(river.pieces)
    assert weather.parts == (("call", "get_weather"), ("call", "get_weather"))
    assert weather.finish == "tool_calls"


def test_a_recording_holds_when_pieces_came_and_a_replay_keeps_their_rhythm() -> None:
    request = {"model": MODEL, "messages": [{"role": "user", "content": RIVER}]}
    provider = VirtualSimulator()
    first = record_reply(provider.openai(), request, provider.clock)
    (asked,) = provider.requests()
    provider.close()
    gaps = [later - earlier for (earlier, *_), (later, *_) in pairwise(first.pieces)]
    silences = [0.0] * len(gaps)
    silences[5] = 8.0
    assert gaps == pytest.approx([asked.planned_gap + more for more in silences], abs=2e-4)
    assert first.pieces[0][0] == pytest.approx(asked.planned_ttft, abs=1e-4)

    replay = VirtualSimulator(recordings=Recordings([first]), speed=0.5)
    second = record_reply(replay.openai(), request, replay.clock)
    replay.close()
    assert second.opening == pytest.approx(2 * first.opening, abs=1e-3)
    assert second.end == pytest.approx(2 * first.end, abs=1e-3)
    assert [at for at, *_ in second.pieces] == pytest.approx(
        [2 * at for at, *_ in first.pieces], abs=1e-3
    )


class FakeProvider:
    """A provider's address, key and client, as `record` needs them."""

    def __init__(self, address: str) -> None:
        self.base_url, self.api_key = address, "a-key-for-the-class"
        self.client = OpenAI(base_url=address, api_key=self.api_key, max_retries=0)


def test_a_replayed_tool_call_works_like_any_other(trace: Path) -> None:
    with shared("--replay", str(trace), "--only-recorded", "--speed", "20") as (address, _):
        client = FakeProvider(address).client
        reply = client.chat.completions.create(model=MODEL, **WEATHER)
        calls = [
            json.loads(call.function.arguments) for call in reply.choices[0].message.tool_calls
        ]
        assert calls == [{"city": "Paris"}, {"city": "Rome"}]
        with pytest.raises(BadRequestError, match=r"exist for: “Name a river\.” · “What's"):
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "hello"}]
            )


def test_a_replay_says_the_same_and_the_simulator_answers_what_was_not_recorded(
    trace: Path,
) -> None:
    again = trace.with_name("again.json")
    with shared("--replay", str(trace), "--profile", "fast", "--speed", "20") as (address, server):
        assert server.stdout is not None
        told = server.stdout.readline()
        assert "Recorded replies exist for “Name a river.” · “What's the weather in Paris" in told
        assert told.endswith("to any other prompt itself, at the pace of sim-fast.\n")
        provider = FakeProvider(address)
        poem, river = (
            provider.client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": prompt}]
            )
            for prompt in ("Write a poem about a river.", RIVER)
        )
        assert "river" in poem.choices[0].message.content
        assert (poem.model, river.model) == ("sim-fast", MODEL)
        assert MODEL in [model.id for model in provider.client.models.list()]
        told_again = record(provider, "--model", MODEL, "--prompt", RIVER, "--out", str(again))
        assert told_again.returncode == 0, told_again.stderr
    (first, _), (second,) = read(trace), read(again)
    assert [text for _, _, text in first.pieces] == [text for _, _, text in second.pieces]
    assert (first.finish, first.usage, first.parts) == (second.finish, second.usage, second.parts)


def test_a_recorded_model_of_a_simulators_name_is_listed_once(
    server: Simulator, tmp_path: Path
) -> None:
    out = tmp_path / "trace.json"
    told = record(server, "--model", "sim-fast", "--prompt", RIVER, "--out", str(out))
    assert told.returncode == 0, told.stderr
    replay = VirtualSimulator(recordings=Recordings(read(out)))
    listed = [model.id for model in replay.openai().models.list()]
    replay.close()
    assert sorted(listed) == sorted(f"sim-{name}" for name in PROFILES)


def test_recording_again_replaces_the_same_prompts_reply(trace: Path, server: Simulator) -> None:
    told = record(server, "--model", MODEL, "--prompt", RIVER, "--out", str(trace))
    assert told.returncode == 0
    assert sorted(one.prompt for one in read(trace)) == [RIVER, WEATHER["messages"][0]["content"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--prompt", "hello"], "--model"),
        (["--model", "sim-fast"], "record: error: no prompt: use --prompt TEXT"),
        (["--model", "sim-fast", "--request", "nowhere.json"], "Could not read nowhere.json: No"),
        (["--model", "sim-nobody", "--prompt", "hello"], "does not exist"),
        (["--model", "sim-fast:end@1", "--prompt", "hello"], "The reply is truncated"),
        (["--model", "sim-fast", "--request", "pyproject.toml"], "has no chat request"),
    ],
)
def test_what_cannot_be_recorded_is_explained(
    server: Simulator, tmp_path: Path, options: list[str], words: str
) -> None:
    out = tmp_path / "trace.json"
    told = record(server, *options, "--out", str(out))
    assert told.returncode != 0
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert not out.exists()


def test_a_provider_that_cannot_be_recorded_is_told_by_its_address(
    server: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = server.base_url.split("/")[2]
    asked = ["--model", "sim-fast", "--prompt", RIVER, "--out", str(tmp_path / "trace.json")]
    monkeypatch.setattr(server, "api_key", "")
    assert f"{host} requires a key, but OPENAI_API_KEY isn't set." in record(server, *asked).stderr
    monkeypatch.setattr(server, "api_key", "sk-wrong-secret")
    told = record(server, *asked).stderr
    assert f"{host} rejected the key: check OPENAI_API_KEY." in told
    assert "secret" not in told
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host = f"127.0.0.1:{gone.getsockname()[1]}"
    told = record(server, "--base-url", f"http://me:secret@{host}/v1", *asked).stderr
    assert f"Could not connect to {host}: check --base-url" in told
    assert "secret" not in told


def test_a_folder_that_is_not_there_is_named_before_anything_is_asked(
    server: Simulator, tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "trace.json"
    with server.watch() as seen:
        told = record(server, "--model", "sim-fast", "--prompt", RIVER, "--out", str(out))
    assert told.returncode == 1
    assert told.stderr.startswith(f"The folder {out.parent} for trace.json doesn't exist")
    assert len(seen) == 0


class Provider(BaseHTTPRequestHandler):
    """A provider that sends each line of the prompt as an event, and has no list of models."""

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for line in body["messages"][-1]["content"].splitlines():
            self.wfile.write(f"data: {line}\n\n".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def odd() -> Iterator[str]:
    """Run a `Provider` in a thread, and yield its base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


GOOD = '{"choices": [{"delta": {"content": "Hi", "reasoning": "Hm"}, "finish_reason": "stop"}]}'


def test_what_is_malformed_is_passed_over_and_told(odd: str, tmp_path: Path) -> None:
    provider = FakeProvider(odd)
    prompt = f'null\n{{"choices": null}}\n{{"choices": [{{"delta": null}}]}}\n{{\n{GOOD}'
    out = tmp_path / "trace.json"
    told = record(provider, "--model", "m", "--prompt", prompt, "--out", str(out))
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[1] == (
        "Left out because it could not be parsed: events that aren't JSON objects (1), events that "
        "aren't JSON (1)."
    )
    (trace,) = read(out)
    assert [text for _, _, text in trace.pieces] == ["Hm", "Hi"]


def test_what_was_recorded_before_a_failure_is_kept(odd: str, tmp_path: Path) -> None:
    provider = FakeProvider(odd)
    out = tmp_path / "trace.json"
    prompts = [GOOD, GOOD + "\n", '{"error": {"message": "out of memory"}}', GOOD + "\n\n"]
    asked = [option for prompt in prompts for option in ("--prompt", prompt)]
    told = record(provider, "--model", "m", *asked, "--out", str(out))
    assert told.returncode == 1
    assert told.stderr == (
        "Recording stopped: The provider ended the reply with an error: out of memory\n"
    )
    assert [trace.prompt for trace in read(out)] == prompts[:2]


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (["--base-url", "localhost:8000/v1"], {}, "begins with http:// or https://"),
        (["--base-url", "http://[::1/v1"], {}, "is not a valid URL"),
        ([], {"OPENAI_API_KEY": "sk-proj\u2014abc"}, "OPENAI_API_KEY"),
        ([], {"ALL_PROXY": "socks9://127.0.0.1:1"}, "ALL_PROXY"),
    ],
)
def test_settings_that_cannot_work_are_named(
    odd: str, tmp_path: Path, options: list[str], variables: dict[str, str],
    words: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    provider = FakeProvider(odd)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    provider.api_key = variables.get("OPENAI_API_KEY", "k")
    out = tmp_path / "trace.json"
    told = record(provider, "--model", "m", "--prompt", GOOD, "--out", str(out), *options)
    assert told.returncode != 0
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        '{"format": "recorded replies of a chat model, version 2", "replies": [{"model": "x"}]}',
        '{"format": "recorded replies of a chat model, version 2", "replies": 3}',
    ],
)
def test_a_file_that_holds_no_recording_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "broken.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(RecordingError, match=r"broken\.json"):
        read(file)


def test_times_that_run_backwards_are_refused(trace: Path, tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads(trace.read_text(encoding="utf-8"))
    document["replies"][0]["pieces"][0][0] = 1e9
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RecordingError, match="damaged"):
        read(file)
