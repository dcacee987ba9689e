"""The scripts in `lessons/take_home`, each copied to an empty folder and run as a process."""

import asyncio
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from contextlib import aclosing, contextmanager
from threading import Thread

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.notebooks.preloaded import script_command
from tools.programs import ROOT
from utils import lesson_source
from utils.simulator import Simulator
from utils.sse import listen

FOLDER = ROOT / "lessons" / "take_home"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))
RIVER = "Name a river."
STALLS = "sim-fast:stall@3,3000"  # a 3,000-second stall: one minute at speed 50


@pytest.fixture(scope="module")
def server():
    running = Simulator(speed=50)
    yield running
    running.stop()


@pytest.fixture
def script(server, tmp_path, kernels):
    return Script(server, tmp_path, kernels)


class Script:
    """Starts a script in a folder from which the course can't be imported.

    The model name can select a fault: `sim-fast:end@20` truncates the reply. If `kernels` is the
    address of the process that forks kernels, the script starts faster, as a fork of that process.
    """

    def __init__(self, server, folder, kernels=None):
        self.server = server
        self.folder = folder
        self.python = script_command(kernels) if kernels else [sys.executable]

    def start(self, name, *words, model="sim-fast", stdin=False, **variables):
        """Start the script; a variable set to "" is removed from its environment."""
        copy = shutil.copy(FOLDER / name, self.folder)
        environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environ |= {"OPENAI_MODEL": model, "OPENAI_API_KEY": self.server.api_key}
        environ |= {"OPENAI_BASE_URL": self.server.base_url, "PYTHONUTF8": "1", **variables}
        return subprocess.Popen(
            [*self.python, str(copy), *words],
            cwd=self.folder,
            env={key: value for key, value in environ.items() if value},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=None if sys.platform == "win32" else _accept_ctrl_c,
        )

    def run(self, name, *words, model="sim-fast", **variables):
        with self.start(name, *words, model=model, **variables) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess([name, *words], process.returncode, out, err)

    def chat(self, name, *lines, model="sim-fast"):
        """Send lines to the script, then close its input; return stdout and stderr."""
        with self.start(name, model=model, stdin=True) as process:
            return process.communicate("".join(f"{line}\n" for line in lines))

    def interrupt(self, name, *words, model, after=1):
        """Send Ctrl-C after reading `after` characters; return stdout, stderr and the request."""
        with self.server.watch() as seen, self.start(name, *words, model=model) as process:
            first = process.stdout.read(after)
            process.send_signal(signal.SIGINT)
            # Unlike `communicate()`, `read()` also returns text that is already buffered.
            out, err = process.stdout.read(), process.stderr.read()
        return first + out, err, seen[0]


def _accept_ctrl_c():
    """Restore the default action for SIGINT, which a background pytest ignores."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


CTRL_C = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console, pytest's own included"
)


def reported(stderr):
    return dict(re.findall(r"^([^:\n]+): (.*)$", stderr, re.MULTILINE))


# --- Every script ------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("variable", ["OPENAI_MODEL", "OPENAI_API_KEY"])
def test_a_missing_setting_is_named(name, variable, script):
    ended = script.run(name, **{variable: ""})
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"Set {variable} in the environment: see --help.\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_names_the_settings(name, script):
    ended = script.run(name, "--help", OPENAI_MODEL="", OPENAI_API_KEY="")
    assert ended.returncode == 0
    for words in ("OPENAI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "accept any key"):
        assert words in " ".join(ended.stdout.split())


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_lesson_includes_the_script_and_how_to_run_it(name):
    number = name[0]
    lesson = next(path for path in lesson_source.paths() if path.name.startswith(f"0{number}_"))
    text = lesson_source.read(lesson)
    section = text.partition("\n## Take it home\n")[2].partition("\n## ")[0]
    assert f"```{{literalinclude}} take_home/{name}\n```\n" in section
    bash, powershell = (
        re.findall(rf"^```{shell}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        for shell in ("bash", "powershell")
    )
    assert any(f"python lessons/take_home/{name}" in block for block in bash)
    assert any(f"python lessons\\take_home\\{name}" in block for block in powershell)


# --- Lesson 1 -------------------------------------------------------------------------------------


MEASURE = "1_stream_and_measure.py"


def test_1_streams_and_measures(server, tmp_path):
    script = Script(server, tmp_path)  # in a new Python process, as a learner would run it
    with server.watch() as seen:
        ended = script.run(MEASURE, RIVER)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("The Danube")
    report = reported(ended.stderr)
    assert re.fullmatch(r"\d+\.\d\d s", report["TTFT"])
    assert re.fullmatch(r"\d+\.\d\d s", report["E2E latency"])
    assert report["finish reason"] == "stop"
    assert f"'output_tokens': {seen[0].tokens_sent}" in report["usage"]


def test_1_reports_a_truncated_reply_and_a_lost_connection(script):
    report = reported(script.run(MEASURE, RIVER, model="sim-fast:end@5").stderr)
    assert report["finish reason"] == report["usage"] == "None"
    ended = script.run(MEASURE, RIVER, model="sim-fast:drop@5")
    assert ended.returncode == 1
    assert ended.stdout.startswith("The Danube")
    assert "ConnectionError: " in ended.stderr
    assert "Traceback" not in ended.stderr


@CTRL_C
def test_1_stops_the_model(script):
    out, err, request = script.interrupt(MEASURE, RIVER, model=STALLS)
    assert "The Danube.".startswith(out.strip())
    assert reported(err)["finish reason"] == "None"
    assert request.tokens_unsent > 0


# --- Lesson 2 -------------------------------------------------------------------------------------

BILL = "2_log_and_bill.py"


def test_2_logs_each_run_and_adds_up_the_bill(script):
    with script.server.watch() as seen:
        ended = script.run(BILL, RIVER, "Explain how a rainbow forms.")
    assert ended.returncode == 0, ended.stderr
    first, *_, bill = ended.stdout.splitlines()
    assert first.startswith("The Danube")
    sent = sum(request.tokens_sent for request in seen)
    assert re.fullmatch(rf"sim-fast: \d+ tokens in, {sent} out", bill)
    runs = re.findall(r"^run (\S+): (started|ended)", ended.stderr, re.MULTILINE)
    assert [event for _, event in runs] == ["started", "ended", "started", "ended"]
    one, one_again, two, two_again = (run_id for run_id, _ in runs)
    assert one == one_again
    assert two == two_again
    assert one != two


def test_2_logs_a_lost_connection_under_its_run(script):
    ended = script.run(BILL, RIVER, model="sim-fast:drop@5")
    assert ended.returncode == 1
    assert ended.stdout.endswith("\n"), "what follows should begin on a new line"
    assert re.search(
        r"^run (\S+): started\nrun \1: OpenAIConnectionError\(.*\) after", ended.stderr
    )
    assert "Traceback" not in ended.stderr


@CTRL_C
def test_2_stops_the_model(script):
    _, err, request = script.interrupt(BILL, RIVER, model=STALLS)
    assert re.search(
        r"^run (\S+): started\nrun \1: (KeyboardInterrupt|GeneratorExit)\(\) after", err
    )
    assert request.tokens_unsent > 0


async def test_2_one_handler_serves_threads_and_tasks(server):
    bill = runpy.run_path(str(FOLDER / BILL))["LogAndBill"]()
    model = ChatOpenAI(
        model="sim-fast",
        base_url=server.base_url,
        api_key=SecretStr(server.api_key),
        stream_usage=True,
        streaming=True,
        callbacks=[bill],
    )
    async with server.watch() as seen:
        await asyncio.to_thread(model.batch, [RIVER] * 10)
        await asyncio.gather(*(model.ainvoke(RIVER) for _ in range(10)))
    sent = sum(request.tokens_sent for request in seen)
    assert bill.usage_metadata["sim-fast"]["output_tokens"] == sent
    assert bill.started == {}


# --- Lesson 3 -------------------------------------------------------------------------------------

FORM = "3_fill_a_form.py"
PERSON = "John Smith, 42, john@example.com, likes chess and rivers."


def forms(stdout):
    steps = re.findall(r"^name: (.*)\nage: (.*)\nemail: (.*)\ntags: (.*)$", stdout, re.MULTILINE)
    return [dict(zip(("name", "age", "email", "tags"), step, strict=True)) for step in steps]


def test_3_fills_the_form_and_validates_it(script):
    ended = script.run(FORM, PERSON)
    assert ended.returncode == 0, ended.stderr
    steps = forms(ended.stdout)
    assert set(steps[0].values()) == {"..."}
    assert steps[-1]["name"] == "John Smith"
    names = [step["name"] for step in steps[1:] if step["name"] != "..."]
    assert len(set(names)) > 1, "the name didn't grow"
    assert all("John Smith".startswith(name) for name in names)
    assert ended.stdout.splitlines()[-1].startswith("Valid: Person(name='John Smith', age=42, ")


def test_3_rejects_a_truncated_reply(script):
    ended = script.run(FORM, PERSON, model="sim-fast:end@12")
    assert ended.returncode == 1
    assert "Valid" not in ended.stdout
    assert ended.stderr == "The reply is incomplete: finish reason None.\n"


@CTRL_C
def test_3_stops_the_model(script):
    # The first 40 characters are an empty form. The form that follows contains text.
    out, err, request = script.interrupt(FORM, PERSON, model="sim-fast:stall@8,3000", after=41)
    assert err == "Stopped.\n"
    assert forms(out)
    assert request.tokens_unsent > 0


# --- Lesson 4 -------------------------------------------------------------------------------------


@contextmanager
def page_server(script, model):
    """Run the chat page server during the `with` block; yield the URL that it prints when ready."""
    with script.start("4_chat_page.py", model=model, PORT="0") as process:
        lines = iter(process.stderr.readline, "")
        ready = next(line for line in lines if "on http://" in line)
        url = re.search(r"on (http://\S+)", ready)[1]
        rest = Thread(target=process.stderr.read)  # so that a full pipe doesn't block the process
        rest.start()
        try:
            yield url
        finally:
            process.terminate()
            rest.join()


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        ("", ["message", "end"]),
        (":drop@5", ["message", "failed"]),
        (":end@5", ["message", "failed"]),  # no finish reason
        (":drop@0", ["failed"]),
    ],
)
async def test_4_reports_the_end_or_the_failure(script, fault, events):
    with page_server(script, f"sim-fast{fault}") as url, script.server.watch() as seen:
        received = [event async for event in listen(f"{url}/chat?question={RIVER}")]
    assert list(dict.fromkeys(event.type for event in received)) == events  # each type once
    assert [event.type for event in received if event.type != "message"] == events[-1:]
    text = "".join(json.loads(event.data) for event in received[:-1])  # message data is JSON
    assert "The Danube. It rises in the Black Forest".startswith(text[:40])
    if not fault:
        assert received[-1].data == str(seen[0].tokens_sent)


async def test_4_stops_the_model_when_the_client_disconnects(script):
    with page_server(script, STALLS) as url, script.server.watch() as seen:
        async with aclosing(listen(f"{url}/chat?question={RIVER}")) as events:
            assert json.loads((await anext(events)).data)
    (request,) = seen
    assert request.ended == "client left"
    assert request.tokens_unsent > 0


# --- Lesson 5 -------------------------------------------------------------------------------------

CHAT = "5_chat_that_stops.py"


def sent(request):
    return [(each["role"], each["content"]) for each in request.body["messages"]]


def test_5_keeps_the_conversation(script):
    with script.server.watch() as seen:
        out, err = script.chat(CHAT, RIVER, " ", "And another?")
    assert err == ""
    assert out.count("You: ") == 4
    assert len(seen) == 2, "a blank line isn't sent"
    question, reply, *rest = sent(seen[1])
    assert question == ("user", RIVER)
    assert reply[0] == "assistant"
    assert reply[1] in out
    assert "[interrupted]" not in reply[1]
    assert rest == [("user", "And another?")]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("end@5", "[Truncated: finish reason None]"), ("drop@5", "[The reply failed: ")],
)
def test_5_keeps_and_marks_an_incomplete_reply(script, fault, says):
    with script.server.watch() as seen:
        out, err = script.chat(CHAT, RIVER, "Go on.", model=f"sim-fast:{fault}")
    assert err == ""
    assert says in out
    _, reply, _ = sent(seen[1])
    assert reply == ("assistant", "The Danube. It rises [interrupted]")


def test_5_survives_a_refusal(script):
    out, err = script.chat(CHAT, RIVER, model="sim-fast:401@0")
    assert err == ""
    assert "[The reply failed: " in out


@CTRL_C
def test_5_stops_a_reply_and_continues(script):
    with script.server.watch() as seen, script.start(CHAT, model=STALLS, stdin=True) as process:
        print(RIVER, file=process.stdin, flush=True)
        first = process.stdout.read(len("You: The"))
        process.send_signal(signal.SIGINT)
        print("Shorter, please.", file=process.stdin, flush=True)
        while not any(request.tokens_sent for request in seen.now()[1:]):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert err == ""
    assert first == "You: The"
    assert out.count("[Stopped]") == 2
    assert seen[0].tokens_unsent > 0
    _, (_, reply), question = sent(seen[1])
    assert reply.startswith("The")
    assert reply.endswith(" [interrupted]")
    assert question == ("user", "Shorter, please.")
