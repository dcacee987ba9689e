"""Many streams at once: does each keep its rate, and how late is its last token?

    python benchmarks/simulator_load.py [--streams 300] [--rate 50] [--length 190] [--ramp 1]

One client process with a raw asyncio reader and a cheap parser, one simulator process. A stream's
rate runs from its first token to its last; its last token is late against the moment that was
planned when the request was sent, so connecting, parsing and queueing all count. Prints a table;
ends with an error if a stream is off its rate by more than 0.2 % or p99 lateness is over 20 ms.
With more than 300 streams, where two cores have no time to spare, it is the median that must be
within 0.2 %, and p99 within 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from utils.simulator import HOST, Simulator
from utils.simulator.profiles import PROFILES

_PROFILE = PROFILES["chat"]
_TOKEN = b'"delta": {"content": '
_MOST_OFF = 0.002
_MOST_LATE = 0.020  # s
_MANY = 300  # streams; with more than that:
_MOST_LATE_OF_MANY = 0.100  # s


@dataclass(frozen=True)
class Arrivals:
    """When the tokens of one stream arrived, in seconds since it was asked for."""

    times: list[float]

    def rate(self) -> float:
        """Tokens per second from the first token to the last."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


async def read(request: bytes, port: int, start: asyncio.Event, after: float) -> Arrivals:
    """Send one request `after` seconds from the start and note when each token arrives."""
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
    return Arrivals(times)


def request_for(server: Simulator, port: int, limit: int, number: int) -> bytes:
    """Return a request as bytes; each stream asks something else, so their waits differ."""
    body = json.dumps(
        {
            "model": "sim-chat",
            "stream": True,
            "max_tokens": limit,
            "seed": number,
            "messages": [{"role": "user", "content": "Write a poem about a river."}],
        }
    )
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
        f"Authorization: Bearer {server.api_key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def load(server: Simulator, streams: int, limit: int, ramp: float) -> list[Arrivals]:
    """Read `streams` streams at once; number n has the seed n."""
    port = int(server.base_url.split(":")[2].split("/")[0])
    start = asyncio.Event()
    readers = [
        asyncio.create_task(
            read(request_for(server, port, limit, number), port, start, ramp * number / streams)
        )
        for number in range(streams)
    ]
    await asyncio.sleep(1)  # all connected: the benchmark is about streaming, not connecting
    gc.disable()  # the client's pauses are not the server's
    start.set()
    return await asyncio.gather(*readers)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens per second and stream")
    parser.add_argument("--length", type=int, default=190, help="tokens per stream")
    parser.add_argument("--ramp", type=float, default=1.0, help="seconds over which they start")
    arguments = parser.parse_args()
    server = Simulator(speed=arguments.rate / _PROFILE.rate)
    try:
        arrivals = asyncio.run(load(server, arguments.streams, arguments.length, arguments.ramp))
        ttft = {request.body["seed"]: request.planned_ttft or 0.0 for request in server.requests()}
    finally:
        server.stop()
    gap = 1 / arguments.rate
    rates = [stream.rate() for stream in arrivals]
    late = [
        stream.times[-1] - ttft[number] - (len(stream.times) - 1) * gap
        for number, stream in enumerate(arrivals)
    ]
    off = max(abs(rate / arguments.rate - 1) for rate in rates)
    complete = sum(len(stream.times) == arguments.length for stream in arrivals)
    p50, p99 = percentile(late, 0.5), percentile(late, 0.99)
    print("| streams | complete | tokens/s each: lowest, median, highest | most off | "
          "last token late: p50, p99 |\n| --- | --- | --- | --- | --- |")  # fmt: skip
    print(
        f"| {len(arrivals)} | {complete} | {min(rates):.2f}, {percentile(rates, 0.5):.2f}, "
        f"{max(rates):.2f} | {off:.3%} | {p50 * 1000:.1f} ms, {p99 * 1000:.1f} ms |"
    )
    many = len(arrivals) > _MANY
    judged = abs(percentile(rates, 0.5) / arguments.rate - 1) if many else off
    late_by = _MOST_LATE_OF_MANY if many else _MOST_LATE
    if judged > _MOST_OFF or p99 > late_by or complete < len(arrivals):
        sys.exit(f"Missed: 0.2 % of the rate, {late_by:g} s at p99. Is something else running?")


if __name__ == "__main__":
    main()
