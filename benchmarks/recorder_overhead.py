"""The overhead of timing a stream: time per chunk with the recorder, minus the time without it.

    python benchmarks/recorder_overhead.py

The floor is the cost of parsing a chunk's JSON into an `AIMessageChunk`, without a recorder.
Each result is the best of several rounds, because a busy machine can only slow a round down. The
last row also includes computing the metrics at the end, which delays no chunk.
"""

import argparse
import asyncio
import json
import sys
import timeit
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from floor import Ratio, judge
from langchain_core.messages import AIMessageChunk

from utils.timing import arecord, record

MOST = 0.25  # limit without metrics, as a multiple of the floor
MOST_WITH_METRICS = 1.5  # limit when metrics are also computed, as a multiple of the floor
CHUNKS = 20_000
ROUNDS = 7

CHUNK = AIMessageChunk(content="token ")
LINE = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "any",
        "choices": [{"index": 0, "delta": {"content": "token "}, "finish_reason": None}],
    }
)


def stream() -> Iterator[AIMessageChunk]:
    for _ in range(CHUNKS):
        yield CHUNK


async def astream() -> AsyncIterator[AIMessageChunk]:
    for _ in range(CHUNKS):
        yield CHUNK


def parsed() -> None:
    """The floor: parse each chunk the way the client does."""
    for _ in range(CHUNKS):
        AIMessageChunk(content=json.loads(LINE)["choices"][0]["delta"]["content"])


def read(chunks: Iterable[AIMessageChunk]) -> None:
    for _ in chunks:
        pass


def aread(chunks: AsyncIterable[AIMessageChunk]) -> None:
    async def main() -> None:
        async for _ in chunks:
            pass

    asyncio.run(main())


def read_and_summarize() -> None:
    recorder = record(stream())
    read(recorder)
    recorder.recording.summary()


def microseconds_per_chunk(run: Callable[[], None]) -> float:
    return min(timeit.repeat(run, number=1, repeat=ROUNDS)) / CHUNKS * 1e6


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    print(f"{CHUNKS:,} chunks, best of {ROUNDS} rounds")
    floor = microseconds_per_chunk(parsed)
    ratios = {}
    for name, plain, timed, most in (
        ("record", lambda: read(stream()), lambda: read(record(stream())), MOST),
        ("arecord", lambda: aread(astream()), lambda: aread(arecord(astream())), MOST),
        ("record, with .recording", lambda: read(stream()), read_and_summarize, MOST_WITH_METRICS),
    ):
        over = microseconds_per_chunk(timed) - microseconds_per_chunk(plain)
        ratios[name] = Ratio([over], [floor], most, unit="µs a chunk")
    judge(ratios)


if __name__ == "__main__":
    main()
