"""Compares measurements with a floor, such as the same measurements of a bare server.

A limit in seconds would raise false alarms on a slow machine and mask regressions on a fast one.
So each benchmark also measures a floor in the same run, and limits the ratio.

When run as a program, this file is the bare server, which uses only asyncio. It streams chat
completions on the schedule given in the request's last message as `TTFT GAP TOKENS`.
"""

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

HOST = "127.0.0.1"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


# --- Judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """Measurements of a subject and of its floor, and a limit on the ratio of their minimums.

    A busy machine can only increase a measurement, so the lowest one is the most accurate.
    """

    measured: Sequence[float]
    floor: Sequence[float]  # the same measurements of a minimal equivalent, such as a bare server
    most: float  # the limit, as a multiple of the floor
    least: float = 0.0  # the lowest value used as the floor, such as the timer's resolution
    unit: str = "s"

    @property
    def value(self) -> float:
        return min(self.measured) / max(min(self.floor), self.least)


def judge(ratios: Mapping[str, Ratio], *problems: str) -> None:
    """Print a table of the ratios; exit with an error if one is too high or a problem is given."""
    print("\n| | measured | floor | ratio | limit |\n| --- | --- | --- | --- | --- |")
    for name, ratio in ratios.items():
        lowest = (min(ratio.measured), min(ratio.floor))
        measured, floor = (f"{figure:.4g} {ratio.unit}".strip() for figure in lowest)
        print(f"| {name} | {measured} | {floor} | {ratio.value:.2f} | at most {ratio.most:g} |")
    # `not <=` instead of `>`, so that NaN counts as exceeding the limit
    missed = [name for name, ratio in ratios.items() if not ratio.value <= ratio.most]
    problems = (*problems, *(f"{name}: above its limit" for name in missed))
    if problems:
        sys.exit("MISSED: " + "; ".join(problems))
    print("\nAll ratios are within their limits.")


# --- The bare server -----------------------------------------------------------------------------


class BareServer:
    """The bare-server process.

    Attributes:
        port: The port that the server listens on.
        pid: The process id.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self.port = int(process.stdout.readline())

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}/v1"

    def disconnects(self) -> dict[int, float]:
        """Return the Unix times at which the server noticed disconnects, keyed by request seed."""
        with contextlib.closing(HTTPConnection(HOST, self.port)) as connection:
            connection.request("GET", "/disconnects")
            times: dict[str, float] = json.load(connection.getresponse())
        return {int(seed): at for seed, at in times.items()}


@contextlib.contextmanager
def bare_server() -> Iterator[BareServer]:
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield BareServer(process)
        finally:
            process.terminate()


def schedule(ttft: float, gap: float, tokens: int) -> str:
    """Return the prompt that sets the bare server's schedule; `ttft` and `gap` are in seconds."""
    return f"{ttft} {gap} {tokens}"


class _Bare:
    """A server that streams replies; `GET /disconnects` returns when clients disconnected."""

    def __init__(self) -> None:
        self.disconnects: dict[int, float] = {}  # Unix times of disconnects, keyed by request seed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET"):
                    body = json.dumps(self.disconnects).encode()
                    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
                    writer.write(head + body)
                    continue
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if not await self._stream(json.loads(body), reader, writer):
                    break
        writer.close()

    async def _stream(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send a reply; return False if the client disconnected before the end of the reply."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        ttft, gap, tokens = map(float, request["messages"][-1]["content"].split())
        gone = asyncio.create_task(_disconnect(reader))
        writer.write(_HEAD)
        sent = 0
        while sent < tokens:
            wait = start + ttft + sent * gap - loop.time()
            await asyncio.wait([gone], timeout=max(0.0, wait))
            if gone.done():
                self.disconnects[request["seed"]] = time.time()
                return False
            # If woken late, send every token whose time has come; if woken early, send one token.
            due = min(int(tokens), 1 + int((loop.time() - start - ttft) / gap))
            due = max(due, sent + 1)
            writer.write(_chunk({"content": "word "}, None) * (due - sent))
            sent = due
        writer.write(_chunk({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        gone.cancel()
        await asyncio.wait([gone])  # only one task at a time may read from the connection
        return True


async def _disconnect(reader: asyncio.StreamReader) -> None:
    """Wait until the client disconnects, assuming that it sends no more data before that."""
    with contextlib.suppress(ConnectionError):
        await reader.read(1)


def _chunk(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    kind = {"id": "floor", "object": "chat.completion.chunk", "created": 0, "model": "floor"}
    return _framed(f"data: {json.dumps(kind | {'choices': [choice]})}\n\n".encode())


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _main() -> None:
    server = await asyncio.start_server(_Bare().serve, HOST, 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # blocks until the parent process ends


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
