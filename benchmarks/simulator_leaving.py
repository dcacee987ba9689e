"""A thousand clients leave at random moments: how soon does generation stop, what does it leave?

    python benchmarks/simulator_leaving.py [--clients 1000] [--waves 4]

Raw asyncio clients ask for a poem at 50 tokens a second and close the connection after a random
time. Each leaving is compared with the server's log. The first wave warms up and fills the log;
memory is compared between the end of the second wave and the end of the last. Prints a table; ends
with an error if a reply was generated for more than one gap after its client left, or if memory
grew by more than 5 %: is something else running? Not for Windows (memory is read by `ps`).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulator_load import percentile, request_for

from utils.simulator import HOST, Request, Simulator
from utils.simulator.profiles import PROFILES

_RATE = 50.0  # tokens per second and stream
_ARRIVALS = 2.0  # s over which clients come
_LONGEST_STAY = 3.0  # s
_MOST_GROWTH = 0.05


@dataclass(frozen=True)
class Wave:
    """What one wave of clients met.

    Attributes:
        late: Seconds from a client's leaving to the end of its reply, sorted.
        beyond: Tokens that were generated more than one gap after the client left, of all clients.
        memory: Resident memory of the server when all was over, in MB.
    """

    late: list[float]
    beyond: int
    memory: float


async def visit(request: bytes, port: int, come: float, stay: float) -> float:
    """Come after a while, ask, read for a while, close; return the Unix time of leaving."""
    await asyncio.sleep(come)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request)
    try:
        async with asyncio.timeout(stay):
            while await reader.read(65536):
                pass
    except TimeoutError:
        pass
    left = time.time()
    writer.transport.abort()
    return left


async def visits(server: Simulator, clients: int, rng: random.Random) -> dict[int, float]:
    """Let clients come and go; return when each left, by the seed of its request."""
    port = int(server.base_url.split(":")[2].split("/")[0])
    stays = {number: rng.uniform(0.05, _LONGEST_STAY) for number in range(clients)}
    left = await asyncio.gather(
        *(
            visit(request_for(server, port, 1000, number), port, rng.uniform(0, _ARRIVALS), stay)
            for number, stay in stays.items()
        )
    )
    return dict(zip(stays, left, strict=True))


def memory_of(pid: int) -> float:
    """Return a process's resident memory in MB."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return int(told.stdout) / 1024


def beyond(request: Request, left: float) -> int:
    """Return how many tokens were sent more than one gap after the client left."""
    assert request.planned_ttft is not None
    assert request.planned_gap is not None
    since_first = left - request.received - request.planned_ttft
    due = 1 + int(since_first / request.planned_gap) if since_first >= 0 else 0
    return max(0, request.tokens_sent - due - 1)


def wave(server: Simulator, clients: int, rng: random.Random) -> Wave:
    """Run one wave and read the log."""
    with server.watch() as seen:
        left = asyncio.run(visits(server, clients, rng))
    ended = [request for request in seen if request.ended == "client left"]
    if len(ended) != clients or not seen.settled:
        sys.exit(f"Only {len(ended)} of {clients} were seen to leave.")
    late = sorted((r.ended_at or 0.0) - left[r.body["seed"]] for r in ended)
    after = sum(beyond(request, left[request.body["seed"]]) for request in ended)
    return Wave(late, after, memory_of(server.pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--waves", type=int, default=4)
    arguments = parser.parse_args()
    rng = random.Random(1)
    server = Simulator(speed=_RATE / PROFILES["chat"].rate)
    try:
        waves = [wave(server, arguments.clients, rng) for _ in range(arguments.waves)]
    finally:
        server.stop()
    print("| wave | clients | generation ended after leaving: p50, p99, worst | tokens beyond "
          "one gap | memory |\n| --- | --- | --- | --- | --- |")  # fmt: skip
    for number, one in enumerate(waves, 1):
        p50, p99, worst = (percentile(one.late, share) * 1000 for share in (0.5, 0.99, 1))
        print(f"| {number} | {len(one.late)} | {p50:.1f}, {p99:.1f}, {worst:.1f} ms | "
              f"{one.beyond} | {one.memory:.1f} MB |")  # fmt: skip
    growth = waves[-1].memory / waves[1].memory - 1
    print(f"\nMemory from the second wave to the last: {growth:+.1%}")
    if growth > _MOST_GROWTH or any(one.beyond for one in waves[1:]):
        sys.exit("Missed: one gap after leaving, 5 % of memory. Is something else running?")


if __name__ == "__main__":
    main()
