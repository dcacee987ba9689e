"""A thousand clients disconnect at random: how soon generation stops, and whether memory grows.

    python benchmarks/simulator_leaving.py [--clients 1000] [--waves 4]

Raw asyncio clients request a poem at 50 tokens a second and close the connection after a random
time. Each disconnect is compared with the server's log. The floor is how late a bare asyncio
server notices disconnects in waves of the same size, which alternate with the simulator's waves.
The first wave warms up the simulator and fills its log; memory use after the last wave is
compared with memory use after the second.
"""

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil  # type: ignore[import-untyped]
from floor import HOST, BareServer, Ratio, bare_server, judge, schedule
from simulator_load import percentile, request_for

from utils.simulator import Simulator
from utils.simulator.profiles import PROFILES

_RATE = 50.0  # tokens per second in each stream
_ARRIVALS = 12.0  # seconds during which clients connect
_LONGEST_STAY = 3.0  # longest time that a client stays connected, in seconds
_MOST_GROWTH = 0.05  # limit on memory growth, as a share of the memory after the second wave
_MOST_LATE = 3.0  # limit on the delay until a disconnect is noticed, as a multiple of the floor


@dataclass(frozen=True)
class Wave:
    late: list[float]  # for each client, the seconds from its disconnect to the end of its reply
    memory: float  # the server's resident memory after the wave, in MB


async def visit(request: bytes, port: int, delay: float, stay: float) -> float:
    """After `delay` seconds, connect for `stay` seconds; return the Unix time of the disconnect."""
    await asyncio.sleep(delay)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request)
    try:
        async with asyncio.timeout(stay):
            while await reader.read(65536):
                pass
    except TimeoutError:
        pass
    disconnect = time.time()
    writer.transport.abort()
    return disconnect


async def visits(requests: list[bytes], port: int, rng: random.Random) -> list[float]:
    """Run clients that disconnect at random times; return the Unix time of each disconnect."""
    return await asyncio.gather(
        *(
            visit(request, port, rng.uniform(0, _ARRIVALS), rng.uniform(0.05, _LONGEST_STAY))
            for request in requests
        )
    )


def wave(server: Simulator, requests: list[bytes], rng: random.Random) -> Wave:
    """Run one wave of clients, and compare their disconnects with the server's log."""
    with server.watch() as seen:
        disconnects = asyncio.run(visits(requests, server.port, rng))
    ended = [request for request in seen if request.ended == "client left"]
    if len(ended) != len(requests) or not seen.settled:  # `settled`: whether all replies have ended
        sys.exit(f"Only {len(ended)} of {len(requests)} clients were logged as disconnected.")
    # a request's seed is its client's index in `disconnects`
    late = [(request.ended_at or 0.0) - disconnects[request.body["seed"]] for request in ended]
    return Wave(late, psutil.Process(server.pid).memory_info().rss / 1e6)


def bare_wave(bare: BareServer, requests: list[bytes], rng: random.Random) -> list[float]:
    """Run a wave of clients; return how many seconds late the bare server saw each disconnect."""
    disconnects = asyncio.run(visits(requests, bare.port, rng))
    noticed = bare.disconnects()
    return [noticed[seed] - at for seed, at in enumerate(disconnects) if seed in noticed]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--waves", type=int, default=4)
    arguments = parser.parse_args()
    rng = random.Random(1)

    def requests(key: str, port: int, prompt: str) -> list[bytes]:
        numbers = range(arguments.clients)
        return [request_for(key, port, prompt, limit=1000, seed=number) for number in numbers]

    waves: list[Wave] = []
    floors: list[list[float]] = []
    server = Simulator(speed=_RATE / PROFILES["chat"].rate)
    try:
        with bare_server() as bare:
            ours = requests(server.api_key, server.port, "Write a poem about a river.")
            # the bare server reads its pacing from the prompt
            same = requests("", bare.port, schedule(0.4, 1 / _RATE, 1000))
            for _ in range(arguments.waves):
                waves.append(wave(server, ours, rng))
                floors.append(bare_wave(bare, same, rng))
    finally:
        server.stop()
    judge(
        {
            f"generation ended after a disconnect, {name}": Ratio(
                [percentile(one.late, share) for one in waves[1:]],
                [percentile(late, share) for late in floors[1:]],
                _MOST_LATE,
                least=0.001,
            )
            for name, share in (("p50", 0.5), ("p99", 0.99))
        }
        | {
            "memory after the last wave": Ratio(
                [waves[-1].memory], [waves[1].memory], 1 + _MOST_GROWTH, unit="MB"
            )
        }
    )


if __name__ == "__main__":
    main()
