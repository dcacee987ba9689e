"""Many concurrent streams: their rates, how late their tokens are, and the CPU time per token.

    python benchmarks/simulator_load.py [--streams 100] [--rate 50] [--length 100] [--rounds 3]

Uses one client process, with a raw asyncio reader and a cheap parser, and one simulator process. A
stream's rate is measured between its first and last token. The last token's lateness is relative to
a schedule that starts when the request is sent, so the lateness includes parsing and queueing. The
floor is a bare asyncio server under the same load; rounds alternate between the two servers. The
CPU time per token, which other programs hardly affect, limits how many streams a machine can serve.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil  # type: ignore[import-untyped]
from floor import HOST, Ratio, bare_server, judge, schedule

from utils.simulator import Simulator
from utils.simulator.profiles import PROFILES

_TOKEN = b'"delta": {"content": '  # appears once in each token's event
_PROMPT = "Write a poem about a river."
# limits on the fields of `Round`, as multiples of the floor
_MOST_RATE, _MOST_LATE, _MOST_CPU = 4.0, 4.0, 5.0


@dataclass(frozen=True)
class Round:
    rate: float  # the largest relative error of a stream's token rate
    late: float  # the 99th percentile of the last token's lateness, in seconds
    cpu: float  # the server's CPU time per token, in seconds
    complete: int  # how many streams contain as many tokens as the longest one


async def read(request: bytes, port: int, start: asyncio.Event, after: float) -> list[float]:
    """Send a request `after` seconds after `start` is set; return when each token arrived.

    The times are in seconds since the request was sent.
    """
    reader, writer = await asyncio.open_connection(HOST, port)
    await start.wait()
    await asyncio.sleep(after)
    asked = time.perf_counter()
    writer.write(request)
    times: list[float] = []
    while data := await reader.read(65536):
        times += [time.perf_counter() - asked] * data.count(_TOKEN)
        if b"[DONE]" in data:
            break
    writer.close()
    await writer.wait_closed()
    return times


def request_for(key: str, port: int, prompt: str, *, limit: int, seed: int) -> bytes:
    """Return a request as bytes; `seed` sets the planned TTFT and identifies the logged request."""
    body = json.dumps(
        {
            "model": "sim-chat",
            "stream": True,
            "max_tokens": limit,
            "seed": seed,
            "messages": [{"role": "user", "content": prompt}],
        }
    )
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def load(requests: list[bytes], port: int) -> list[list[float]]:
    """Send the requests, spread over one second; return the token times of each stream."""
    start = asyncio.Event()
    readers = [
        asyncio.create_task(read(request, port, start, number / len(requests)))
        for number, request in enumerate(requests)
    ]
    await asyncio.sleep(1)  # let all clients connect first, since connecting isn't measured
    gc.disable()  # otherwise, the client's GC pauses would count as server delays
    start.set()
    return await asyncio.gather(*readers)


def measure(
    requests: list[bytes], port: int, pid: int, ttft: Callable[[], list[float]], gap: float
) -> Round:
    """Run one round, then call `ttft` to get the planned TTFTs, in request order."""
    before = cpu(pid)
    arrivals = asyncio.run(load(requests, port))
    used = cpu(pid) - before
    planned = ttft()
    tokens = max(map(len, arrivals))
    late = [
        times[-1] - first_due - (len(times) - 1) * gap
        for times, first_due in zip(arrivals, planned, strict=True)
    ]
    rates = [(len(times) - 1) / (times[-1] - times[0]) for times in arrivals]
    return Round(
        rate=max(abs(rate * gap - 1) for rate in rates),
        late=percentile(late, 0.99),
        cpu=used / sum(map(len, arrivals)),
        complete=sum(len(times) == tokens for times in arrivals),
    )


def cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def percentile(values: list[float], share: float) -> float:
    """Return a percentile; `share` is 0.99 for the 99th."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens per second and stream")
    parser.add_argument("--length", type=int, default=100, help="tokens per stream")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    numbers, gap = range(arguments.streams), 1 / arguments.rate
    ours: list[Round] = []
    floor: list[Round] = []
    server = Simulator(speed=arguments.rate / PROFILES["chat"].rate)
    try:
        port = server.port
        requests = [
            request_for(server.api_key, port, _PROMPT, limit=arguments.length, seed=number)
            for number in numbers
        ]

        def planned() -> list[float]:
            """Return the TTFTs that the simulator planned for the last round, ordered by seed."""
            logged = server.requests()[-len(numbers) :]
            by_seed = {request.body["seed"]: request.planned_ttft or 0.0 for request in logged}
            return [by_seed[number] for number in numbers]

        with bare_server() as bare:
            for _ in range(arguments.rounds):
                ours.append(measure(requests, port, server.pid, planned, gap))
                ttfts = planned()
                prompts = [schedule(ttft, gap, arguments.length) for ttft in ttfts]
                same = [  # the bare server reads the length from the prompt and ignores `limit`
                    request_for("", bare.port, prompt, limit=1, seed=number)
                    for number, prompt in zip(numbers, prompts, strict=True)
                ]
                floor.append(measure(same, bare.port, bare.pid, lambda: ttfts, gap))  # noqa: B023
    finally:
        server.stop()
    short = [one.complete for one in ours if one.complete < arguments.streams]
    judge(
        {
            "rate error, worst stream": Ratio(
                [r.rate for r in ours], [r.rate for r in floor], _MOST_RATE, least=0.001, unit=""
            ),
            "lateness of the last token, p99": Ratio(
                [r.late for r in ours], [r.late for r in floor], _MOST_LATE, least=0.003
            ),
            "CPU per token": Ratio([r.cpu for r in ours], [r.cpu for r in floor], _MOST_CPU),
        },
        *[f"{count} of {arguments.streams} streams were complete" for count in short],
    )


if __name__ == "__main__":
    main()
