"""The `verdict` command: its options, output and processes."""

import asyncio
import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.http_server import SSE, Answer, answering
from tools.app import APPS, App
from tools.lab import free_port
from tools.programs import ROOT
from tools.verdict.__main__ import main, parser, started, wire_format
from tools.verdict.case import Case, Seen
from tools.verdict.endpoint import Endpoint, EndpointError
from tools.verdict.lines import LINES
from tools.verdict.model import Model
from tools.verdict.readers import slow_reader
from tools.verdict.report import as_json, exercise, row, summary
from tools.verdict.wire_format import WireFormat
from utils import lesson_source

QUESTION = "http://127.0.0.1:8000/chat?question={question}"
ANY_PORT = QUESTION.replace("8000", "{port}")  # the command inserts the app's port


def wire(*words: str) -> WireFormat:
    """Return the wire format for a command line, assuming the app's port is 4321."""
    return wire_format(parser().parse_args(words), port=4321)


def test_a_url_alone_is_an_event_source() -> None:
    assert wire(QUESTION) == WireFormat(QUESTION)
    assert wire(QUESTION).is_event_source


def test_options_describe_any_request() -> None:
    body = '{"q": "{question}"}'
    words = ["http://127.0.0.1:{port}/ask", "--body", body, "--header", "X-Team: lamps: all"]
    words += ["--format", "jsonl", "--text-path", "delta.text", "--text-event", "word"]
    assert wire(*words, "--stop", "/stop/{id}") == WireFormat(
        "http://127.0.0.1:4321/ask",
        method="POST",
        body=body,
        headers=(("X-Team", "lamps: all"),),
        stop="/stop/{id}",
        format="jsonl",
        text_path="delta.text",
        text_events=("word",),
    )


def test_a_preset_fills_in_what_is_not_given() -> None:
    fastapi = wire("--preset", "fastapi", "http://127.0.0.1:8000/")
    assert (fastapi.url, fastapi.rejoins) == ("http://127.0.0.1:8000/chat", True)
    assert wire("--preset", "fastapi", "http://127.0.0.1:1/other").url.endswith("/other")
    assert wire("--app", "fastapi").url == "http://127.0.0.1:4321/chat"
    assert not wire("--preset", "openai", "http://127.0.0.1:1").is_event_source


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["http://127.0.0.1:1/chat"], "Where does the question go?"),
        (["127.0.0.1:1/chat?q={question}"], "is not a valid URL"),
        (["ftp://host/{question}"], "is not a valid URL"),
        (["http://[::1/?q={question}"], "is not a valid URL"),
        (["http://host:99999/?q={question}"], "is not a valid URL"),
        *(
            ([QUESTION, "--header", header], "has the form 'NAME: VALUE'")
            for header in ("X-Team", "X-Team: é", ": lamps")
        ),
        ([ANY_PORT, "--run", "uvicorn app:app"], "Write {port} into both"),
        ([QUESTION, "--run", "uvicorn app:app --port {port}"], "Write {port} into both"),
        ([ANY_PORT, "--run", "'unbalanced {port}"], "--run isn't a valid command"),
        (
            ["--app", "django", "--run", "uvicorn"],
            (
                "verdict takes --run (start the app with this command first) or --app (judge one "
                "of the course's own apps), not both: see "
            ),
        ),
        (["--app", "django", QUESTION], "leave out either --app, or the URL and --preset."),
        (["--app", "django", "--preset", "openai"], "leave out either --app, or"),
        ([QUESTION, "--rejoins"], "--rejoins needs --then"),
        ([QUESTION, "--silense", "1"], "verdict doesn't take --silense 1: see "),
        *(
            ([QUESTION, "--silence", value], f"verdict --silence: invalid seconds value: '{value}'")
            for value in ("-1", "nan", "inf", "soon")
        ),
    ],
)
def test_an_invalid_option_is_reported_in_a_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err.strip()
    assert sentence in error
    assert "\n" not in error


def _greet(server: socket.socket) -> None:
    """Answer one request as a mail server would."""
    with server.accept()[0] as connection:
        connection.recv(65_536)  # a connection closed with unread data is reset
        connection.sendall(b"220 mail\r\n")


def test_unreachable_and_failing_apps_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert main([f"http://127.0.0.1:{port}/chat?question={{question}}"]) == 2
    assert "Is the app running?" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as mail, ThreadPoolExecutor(1) as pool:
        pool.submit(_greet, mail)
        _, port = mail.getsockname()
        assert main([QUESTION.replace("8000", str(port))]) == 2
    assert "failed: Server disconnected" in capsys.readouterr().err
    assert main(["--run", "no-such-program {port}", ANY_PORT]) == 2
    assert "There is no program no-such-program" in capsys.readouterr().err
    assert main(["--run", f"{sys.executable} -c 'raise SystemExit(\"no lamps\")'", QUESTION]) == 2
    printed = capsys.readouterr().err
    assert "no lamps" in printed
    assert "Starting the app failed (exit code 1)" in printed
    assert main([]) == 2
    assert "Name the URL to judge" in capsys.readouterr().err


class Noisy(App):
    """App in the course's environment that prints a line for each request."""

    def set_up(self) -> str:
        return sys.executable


def test_an_apps_output_appears_only_if_the_verdict_fails(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("uvicorn", "app:app", "--port", "{port}", "--log-level", "info")
    app = Noisy(root=ROOT, name="fastapi", place="apps/fastapi_chat", command=command)
    monkeypatch.setitem(APPS, "fastapi", app)
    arguments = parser().parse_args(["--app", "fastapi"])
    with started(arguments, free_port()):
        pass
    assert "Uvicorn running" not in capfd.readouterr().err
    with pytest.raises(EndpointError), started(arguments, free_port()):
        raise EndpointError("no answer")
    assert "Uvicorn running" in capfd.readouterr().err


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="openssl, which makes a certificate, isn't installed.")
def test_a_self_signed_certificate_has_to_be_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    words = "req -x509 -newkey rsa:2048 -nodes -subj /CN=app -addext subjectAltName=IP:127.0.0.1"
    made = [str(OPENSSL), *words.split(), "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with answering(lambda _: Answer("no lamps", SSE, 404), tls) as address:
        assert main([f"{address}/?q={{question}}"]) == 2
        assert "Set SSL_CERT_FILE to its certificate." in capsys.readouterr().err
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert main([f"{address}/?q={{question}}"]) == 2
        assert "The response began with: 'no lamps'" in capsys.readouterr().err


def test_the_need_for_the_simulator_is_stated_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with answering(lambda _: Answer("data: all in one go\n\n", SSE)) as address:
        assert main([f"{address}/?q={{question}}"]) == 1
    printed = capsys.readouterr().out
    assert "1 passed, 3 failed, 10 not tried" in printed
    assert printed.count("simulator") == 1


def test_a_failed_row_names_the_exercise_that_explains_it() -> None:
    table = {name: Seen("passed", "fine") for name in LINES}
    name = "Stop stops the model"
    table[name] = Seen("failed", "all 40 tokens were generated after Stop")
    table["Retry-After is respected"] = Seen("not tried", "needs a refusal")
    assert row(name, table[name]).splitlines()[1].strip() == "→ lesson 5, Exercise 5.2"
    assert summary(table) == "12 passed, 1 failed, 1 not tried"
    lines = json.loads(as_json("http://host/", table))["lines"]
    assert [line["line"] for line in lines] == list(LINES)
    assert {line["verdict"] for line in lines} == {"passed", "failed", "not tried"}


def test_every_line_points_to_an_existing_exercise() -> None:
    lessons = "".join(path.read_text(encoding="utf-8") for path in lesson_source.paths())
    for name, line in LINES.items():
        assert f"### Exercise {line.exercise} " in lessons
        # `line.exercise` is a name, but `exercise` returns a number
        assert exercise(name) != line.exercise


NAIVE = """
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_openai import ChatOpenAI

app, model = FastAPI(), ChatOpenAI(model="sim")

@app.get("/chat")
async def chat(question: str):
    frames = (f"data: {chunk.text}\\n\\n" async for chunk in model.astream(question))
    return StreamingResponse(frames, media_type="text/event-stream")
"""


def test_the_kernels_buffers_do_not_look_like_the_apps_memory(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(NAIVE)
    run = f"{sys.executable} -m uvicorn app:app --app-dir {tmp_path} --port {{port}}"
    arguments, port = parser().parse_args(["--run", run, ANY_PORT]), free_port()
    with started(arguments, port) as variables:
        assert variables is not None
        client = partial(httpx2.AsyncClient, timeout=None, trust_env=False)
        simulator = Model(variables["OPENAI_BASE_URL"], variables["OPENAI_API_KEY"], client)
        endpoint = Endpoint(wire_format(arguments, port), client)
        seen = asyncio.run(slow_reader(Case(endpoint, simulator)))
    assert seen.verdict == "passed", seen.what


def test_the_fastapi_app_passes_on_real_sockets(tmp_path: Path) -> None:
    app = ROOT / "apps" / "fastapi_chat"
    serving = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(app), "--port"]
    run = f"{shlex.join(serving)} {{port}}"
    words = ["verdict", "--here", "--json", "--silence", "2", "--preset", "fastapi", "--run", run]
    done = subprocess.run(
        [sys.executable, str(ROOT / "course.py"), *words],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    table = {line["line"]: line for line in json.loads(done.stdout)["lines"]}
    assert {name: line["seen"] for name, line in table.items() if line["verdict"] != "passed"} == {}
    assert list(table) == list(LINES)
    assert done.returncode == 0
