"""The load experiment: its results, its clients and its servers."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psutil
import pytest

from tests.simulator.orphans import PATIENCE, ROOT, is_running, wait_for_the_end
from utils.checks.engine import virtual_time
from utils.checks.engine.asgi_client import get
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply
from utils.crowd import STYLES, LoadError, Row, Rows, experiment, load
from utils.crowd import clients as load_clients
from utils.crowd.experiment import _row
from utils.crowd.process import server
from utils.timing import Piece, Recording

BLOCKING, THREADS, TASKS = STYLES
CROWD = 6


# --- the experiment ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """The measurements of one server, and its process ID."""

    rows: Rows
    recordings: list[Recording]
    pid: int


@pytest.fixture(scope="module")
def measured() -> Measured:
    return asyncio.run(measure_and_cancel())


async def measure_and_cancel() -> Measured:
    ready: asyncio.Future[Measured] = asyncio.Future()

    async def measure() -> None:
        async with server() as port:

            @asynccontextmanager
            async def running() -> AsyncIterator[int]:
                yield port

            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(experiment.__globals__, "server", running)
                rows = await experiment(clients=(1, 20), styles=(BLOCKING, TASKS))
                recordings = await load(THREADS, CROWD)
            (pid,) = children()
            assert is_running(pid)
            ready.set_result(Measured(rows, recordings, pid))
            await asyncio.Event().wait()

    task = asyncio.create_task(measure())
    await asyncio.wait({task, ready}, return_when="FIRST_COMPLETED")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return ready.result()


def test_measurements_that_would_take_too_long_are_left_out_with_a_note(measured: Measured):
    rows = measured.rows
    assert [(row.style, row.clients, row.failed) for row in rows] == [
        (BLOCKING, 1, 0),
        (TASKS, 1, 0),
        (TASKS, 20, 0),
    ]
    (left_out,) = rows.left_out
    assert left_out.startswith("Left out: async def + .stream() with 20 clients.")
    assert left_out.endswith("would take 20 times as long as one.")


def test_a_row_has_the_median_and_the_longest_wait():
    recordings = [
        Recording(f"client {number}", (Piece(first, "a"),), e2e=first + 0.2, sent=100 + number)
        for number, first in enumerate((0.8, 1.8, 5.0))
    ]
    row = _row(BLOCKING, [*recordings, replace(recordings[0], outcome="failed")], health=4.5)
    assert row == Row(BLOCKING, 4, 1.3, 5.0, pytest.approx(2 + 5.2), 1, 4.5)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Served]:
    """Return a function that measures a crowd in virtual time, with replies of fixed duration."""
    from utils.crowd import app  # the import creates a model, which starts the simulator

    reply = Reply(["a ", "reply"], first_after=0.5, gap=0.2)
    model = FakeModel.of({})
    model._other = reply
    monkeypatch.setattr(app, "model", model)

    def serve(style: str, clients: int) -> Served:
        async def crowd() -> Served:
            began = virtual_time.now()
            visits = [
                asyncio.ensure_future(get(app.app, STYLES[style], {})) for _ in range(clients)
            ]
            await asyncio.sleep(reply.lasts / 2)
            health = await get(app.app, "/health", {})
            alive_after = virtual_time.now() - began
            texts = {visit.body for visit in await asyncio.gather(*visits)}
            assert health.status == 200
            assert len(texts) == 1
            return Served(alive_after / reply.lasts, (virtual_time.now() - began) / reply.lasts)

        return virtual_time.run(crowd)

    return serve


@dataclass(frozen=True)
class Served:
    """When the health check responded and the last reply ended, in units of a reply's duration."""

    health: float
    makespan: float


def test_a_blocked_event_loop_serves_clients_one_by_one(served):
    got = served(BLOCKING, CROWD)
    assert got.makespan == pytest.approx(CROWD, rel=0.01)
    assert got.health > CROWD - 1


@pytest.mark.parametrize("style", [THREADS, TASKS])
def test_threads_and_tasks_serve_clients_concurrently(served, style: str):
    got = served(style, CROWD)
    assert got.makespan == pytest.approx(1, rel=0.01)
    assert got.health == pytest.approx(0.5, rel=0.01)


def test_the_thread_pool_serves_40_clients_at_a_time(served):
    assert served(THREADS, 100).makespan == pytest.approx(100 / 40, rel=0.01)
    assert served(TASKS, 100).makespan == pytest.approx(1, rel=0.01)


def test_load_returns_a_recording_for_each_client(measured: Measured):
    recordings = measured.recordings
    assert [recording.label for recording in recordings] == [
        f"client {number}" for number in range(1, CROWD + 1)
    ]
    assert {recording.outcome for recording in recordings} == {"finished"}
    assert len({recording.text for recording in recordings}) == 1


async def test_an_unknown_style_is_an_error_that_lists_the_styles():
    for call in (load("threads", 1), experiment((1,), ["threads"])):
        with pytest.raises(LoadError, match=r'no style "threads"\. Choose one of "async def'):
            await call


def test_rows_are_a_table_in_text_and_html():
    row = Row(THREADS, 10, 0.83, 1.04, 1.06, 2, 0.02)
    rows = Rows([row], ["Left out: <that>."])
    head, line, note = repr(rows).splitlines()
    assert head.split()[:2] == ["endpoint", "clients"]
    assert " ".join(line.split()) == "def + .stream() 10 0.83 s 1.0 s 1.1 s 2 0.02 s"
    assert note == "Left out: <that>."
    assert "<td>0.83 s</td>" in rows._repr_html_()
    assert "&lt;that&gt;" in rows._repr_html_()
    assert rows[:1].left_out == rows.left_out
    with pytest.raises(KeyError, match="not measured with 100 clients"):
        rows.at(THREADS, 100)


# --- its clients ---------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[int]:
    """Run a server that sends these bytes to each client, then closes the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


async def asked(port: int):
    return await load_clients.ask(port, "/", "client", lambda: None)


async def test_a_client_reads_chunks_wherever_they_are_split():
    whole = HEAD + chunk(b'data: "He') + chunk(b'llo"\n\ndata: "\\n"\n\n') + chunk(b"")
    async with answering(*(whole[at : at + 1] for at in range(len(whole)))) as port:
        recording = await asked(port)
    assert (recording.text, recording.outcome) == ("Hello\n", "finished")


async def test_a_client_reports_its_first_text_once():
    told = []
    body = chunk(b'data: ""\n\ndata: "a"\n\n') + chunk(b'data: "b"\n\n') + chunk(b"")
    async with answering(HEAD, body) as port:
        await load_clients.ask(port, "/", "client", lambda: told.append(1))
        assert told == [1]
    async with answering(HEAD, chunk(b'data: ""\n\n'), chunk(b"")) as port:
        await load_clients.ask(port, "/", "client", lambda: told.append(2))
    assert told == [1]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HEAD + chunk(b'data: "a"\n\n'), "ValueError"),  # closed between two chunks
        (HEAD + b'10\r\ndata: "a"', "IncompleteReadError"),  # closed within a chunk
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "ConnectionError: the server returned"),
        (b"", "IncompleteReadError"),
    ],
)
async def test_a_failure_is_an_outcome_rather_than_an_exception(answer: bytes, error: str):
    async with answering(answer) as port:
        recording = await asked(port)
    assert recording.outcome == "failed"
    assert (recording.error or "").startswith(error)


async def test_a_refused_connection_is_a_failure():
    async with answering() as port:
        pass
    assert (await asked(port)).outcome == "failed"


# --- its server ----------------------------------------------------------------------------------


def children() -> list[int]:
    """Return the process IDs of the measured servers, started by this process, that are running."""
    mine = psutil.Process().children()
    return [child.pid for child in mine if "utils.crowd" in child.cmdline()]


def test_the_server_ends_with_the_block_even_if_cancelled(measured: Measured):
    assert not is_running(measured.pid)


async def test_a_server_that_cannot_start_is_explained(tmp_path, monkeypatch):
    (tmp_path / "uvicorn.py").write_text("raise ImportError('uvicorn is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(LoadError, match=r"could not start.*uvicorn is broken"):
        async with server():
            pass
    assert children() == []


def test_the_server_and_its_simulator_end_with_a_killed_kernel():
    script = """
import asyncio, psutil
from utils.crowd.process import server

async def main():
    async with server() as port:
        pids = [child.pid for child in psutil.Process().children(recursive=True)]
        print(port, *pids, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    kernel = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert kernel.stdout is not None
        port, *pids = map(int, kernel.stdout.readline().split())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            kernel.kill()
            wait_for_the_end(line)
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    assert len(pids) >= 2
    _, alive = psutil.wait_procs(
        [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], PATIENCE
    )
    assert not [process for process in alive if is_running(process.pid)]
