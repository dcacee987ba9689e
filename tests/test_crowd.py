"""The load experiment: its results, its clients and its servers."""

import asyncio
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from unittest.mock import Mock

import psutil
import pytest

from tests.simulator.orphans import PATIENCE, ROOT, is_running, wait_for_the_end
from utils.checks.engine import virtual_time
from utils.checks.engine.asgi_client import get
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.reply import Reply
from utils.crowd import STYLES, LoadError, Row, Rows, experiment
from utils.crowd import clients as load_clients
from utils.crowd.experiment import _row
from utils.crowd.process import server
from utils.timing import Piece, Recording

BLOCKING, THREADS, TASKS = STYLES
CROWD = 6  # clients


# --- The experiment ------------------------------------------------------------------------------


async def test_a_server_is_measured_and_ends_even_if_the_block_is_cancelled(monkeypatch):
    measured = asyncio.Future()

    async def measure():
        async with server() as port:
            # Make `experiment` use this server, which keeps running when the experiment ends.
            monkeypatch.setitem(experiment.__globals__, "server", lambda: nullcontext(port))
            rows = await experiment(clients=(1, 20), styles=(BLOCKING, TASKS))
            measured.set_result((rows, children()))
            await asyncio.Event().wait()

    task = asyncio.create_task(measure())
    await asyncio.wait({task, measured}, return_when="FIRST_COMPLETED")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rows, [pid] = measured.result()
    assert not is_running(pid)
    points = [(row.style, row.clients, row.failed) for row in rows]
    assert points == [(BLOCKING, 1, 0), (TASKS, 1, 0), (TASKS, 20, 0)]
    (left_out,) = rows.left_out
    assert left_out.startswith("Left out: async def + .stream() with 20 clients.")
    assert left_out.endswith("would take 20 times as long as one.")


def test_a_row_has_the_median_and_the_longest_wait():
    recordings = [
        Recording(f"client {number}", (Piece(first, "a"),), e2e=first + 0.2, sent=100 + number)
        for number, first in enumerate((0.8, 1.8, 5.0))
    ]
    recordings.append(replace(recordings[0], outcome="failed"))
    assert _row(BLOCKING, recordings, health=4.5) == Row(
        BLOCKING,
        clients=4,
        ttft_median=1.3,  # the median of 0.8, 0.8, 1.8 and 5.0: the failed reply counts too
        ttft_worst=5.0,
        makespan=pytest.approx(2 + 5.2),  # the last request was sent 2 s after the first
        failed=1,
        health=4.5,
    )


@pytest.fixture
def served(monkeypatch):
    """Return a function that serves a crowd in virtual time; all replies have the same duration.

    It returns when a health check ended and when the last reply ended, as multiples of one reply's
    duration. The health check starts at 0.5.
    """
    from utils.crowd import app  # the import creates a model, which starts the simulator

    reply = Reply(["a ", "reply"], first_after=0.5, gap=0.2)
    model = FakeModel.of({})
    model._other = reply  # the reply to any prompt
    monkeypatch.setattr(app, "model", model)

    async def crowd(style, clients):
        began = virtual_time.now()
        visits = [asyncio.ensure_future(get(app.app, STYLES[style], {})) for _ in range(clients)]
        await asyncio.sleep(reply.lasts / 2)
        health = await get(app.app, "/health", {})
        health_after = virtual_time.now() - began
        texts = {visit.body for visit in await asyncio.gather(*visits)}
        makespan = virtual_time.now() - began
        assert health.status == 200
        assert len(texts) == 1
        return health_after / reply.lasts, makespan / reply.lasts

    return lambda style, clients: virtual_time.run(lambda: crowd(style, clients))


def test_a_blocked_event_loop_serves_clients_one_by_one(served):
    health, makespan = served(BLOCKING, CROWD)
    assert makespan == pytest.approx(CROWD, rel=0.01)
    assert health > CROWD - 1


@pytest.mark.parametrize("style", [THREADS, TASKS])
def test_threads_and_tasks_serve_clients_concurrently(served, style):
    assert served(style, CROWD) == pytest.approx((0.5, 1), rel=0.01)


def test_the_thread_pool_serves_40_clients_at_a_time(served):
    _, threads = served(THREADS, 100)
    _, tasks = served(TASKS, 100)
    assert (threads, tasks) == pytest.approx((100 / 40, 1), rel=0.01)


async def test_an_unknown_style_is_an_error_that_lists_the_styles():
    with pytest.raises(LoadError, match=r'no style "threads"\. Choose one of "async def'):
        await experiment((1,), ["threads"])


def test_rows_are_a_table_in_text_and_html():
    row = Row(THREADS, 10, 0.83, 1.04, 1.06, 2, 0.02)  # in the order of the printed columns
    rows = Rows([row], ["Left out: <that>."])
    head, line, note = repr(rows).splitlines()
    assert head.split()[:2] == ["endpoint", "clients"]
    assert " ".join(line.split()) == "def + .stream() 10 0.83 s 1.0 s 1.1 s 2 0.02 s"
    assert note == "Left out: <that>."
    assert "<td>0.83 s</td>" in rows._repr_html_()
    assert "&lt;that&gt;" in rows._repr_html_()
    with pytest.raises(KeyError, match="not measured with 100 clients"):
        rows.at(THREADS, 100)


# --- The clients ---------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def answering(*pieces):
    """Run a server that sends `pieces` to each client, then closes the connection."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


async def test_a_client_reads_chunks_wherever_they_are_split():
    whole = HEAD + chunk(b'data: ""\n\ndata: "He') + chunk(b'llo"\n\ndata: "\\n"\n\n') + chunk(b"")
    on_text = Mock()
    async with answering(*(whole[at : at + 1] for at in range(len(whole)))) as port:
        recording = await load_clients.ask(port, "/", "client", on_text)
    assert (recording.text, recording.outcome) == ("Hello\n", "finished")
    on_text.assert_called_once_with()  # called only for the first non-empty piece


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HEAD + chunk(b'data: ""\n\n'), "ValueError"),  # connection closed between two chunks
        (HEAD + b'10\r\ndata: "a"', "IncompleteReadError"),  # connection closed within a chunk
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "ConnectionError: the server returned"),
        (b"", "IncompleteReadError"),
    ],
)
async def test_a_failure_is_an_outcome_rather_than_an_exception(answer, error):
    on_text = Mock()
    async with answering(answer) as port:
        recording = await load_clients.ask(port, "/", "client", on_text)
    assert recording.outcome == "failed"
    assert recording.error.startswith(error)
    refused = await load_clients.ask(port, "/", "client", on_text)  # the server has stopped
    assert refused.outcome == "failed"
    on_text.assert_not_called()


# --- The servers ---------------------------------------------------------------------------------


def children():
    """Return the IDs of this process's children that run `utils.crowd`."""
    mine = psutil.Process().children()
    return [child.pid for child in mine if "utils.crowd" in child.cmdline()]


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
        port, *pids = map(int, kernel.stdout.readline().split())
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            kernel.kill()
            wait_for_the_end(connection)
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    assert len(pids) >= 2, "the server and its simulator"
    _, alive = psutil.wait_procs(
        [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], PATIENCE
    )
    assert not [process for process in alive if is_running(process.pid)]
