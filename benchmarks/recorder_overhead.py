"""What timing a stream costs: seconds per chunk through the recorder, over bare iteration.

Run `python benchmarks/recorder_overhead.py`. The mark is 5 µs a chunk; the command fails above it.
Each row is the best of several rounds, as a busy machine can only make a round slower. The last row
counts reading the recording and its figures out at the end as well, which delays no chunk.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from langchain_core.messages import AIMessageChunk

from utils.timing import arecord, record

MARK = 5.0  # µs per chunk
CHUNKS = 20_000
ROUNDS = 7

CHUNK = AIMessageChunk(content="token ")


def stream() -> Iterator[AIMessageChunk]:
    for _ in range(CHUNKS):
        yield CHUNK


async def astream() -> AsyncIterator[AIMessageChunk]:
    for _ in range(CHUNKS):
        yield CHUNK


def bare() -> None:
    for _ in stream():
        pass


def recorded() -> None:
    for _ in record(stream()):
        pass


def read_out() -> None:
    recorder = record(stream())
    for _ in recorder:
        pass
    recorder.recording.summary()


async def _abare() -> None:
    async for _ in astream():
        pass


async def _arecorded() -> None:
    async for _ in arecord(astream()):
        pass


def abare() -> None:
    asyncio.run(_abare())


def arecorded() -> None:
    asyncio.run(_arecorded())


def microseconds_per_chunk(run: Callable[[], None]) -> float:
    """The best of several rounds."""

    def once() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return min(once() for _ in range(ROUNDS)) / CHUNKS * 1e6


def main() -> int:
    print(f"Recorder overhead, {CHUNKS:,} chunks, best of {ROUNDS} rounds, µs per chunk\n")
    print(f"{'':16}{'bare':>8}{'recorded':>10}{'overhead':>10}{'mark':>8}")
    worst = 0.0
    for name, plain, timed in (
        ("record (sync)", bare, recorded),
        ("arecord (async)", abare, arecorded),
        ("with .recording", bare, read_out),
    ):
        before, after = microseconds_per_chunk(plain), microseconds_per_chunk(timed)
        worst = max(worst, after - before)
        print(f"{name:16}{before:8.2f}{after:10.2f}{after - before:10.2f}{f'<= {MARK}':>8}")
    print(f"\n{'Mark met' if worst <= MARK else 'MARK MISSED'}: {worst:.2f} µs at most.")
    return 0 if worst <= MARK else 1


if __name__ == "__main__":
    sys.exit(main())
