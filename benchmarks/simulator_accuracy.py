"""Accuracy of the simulator's pacing: TTFT and gaps, as planned and as seen by `ChatOpenAI`.

    python benchmarks/simulator_accuracy.py [--calls 20]

Runs at real speed with a warm client. Each call's planned times come from the simulator's log.
After each call, `ChatOpenAI` reads a reply with the same schedule from a bare asyncio server, the
floor. Delays common to both replies come from the machine and the client.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from floor import BareServer, Ratio, bare_server, judge, schedule
from langchain_openai import ChatOpenAI

from utils.provider import chat_model, simulator

_MOST_TTFT = 3.0  # limit on the TTFT error, as a multiple of the floor's error
_MOST_GAP = 4.0  # limit on the gap error, as a multiple of the floor's error
_PROMPT = "Write a poem about a river."


@dataclass(frozen=True)
class Errors:
    ttft: float  # how late the first text arrived, in seconds
    gap: float  # relative error of the mean gap between pieces


def arrivals(model: ChatOpenAI, prompt: str) -> list[float]:
    """Return the arrival times of a reply's pieces, in seconds since the request."""
    asked = time.perf_counter()
    return [time.perf_counter() - asked for chunk in model.stream(prompt) if chunk.content]


def errors(times: list[float], ttft: float, gap: float) -> Errors:
    mean = (times[-1] - times[0]) / (len(times) - 1)
    return Errors(times[0] - ttft, abs(mean / gap - 1))


def call(profile: str, bare: BareServer) -> tuple[Errors, Errors]:
    """Stream a reply, then one with the same schedule from the bare server.

    Return the errors of the first reply, and those of the second.
    """
    with simulator().watch() as seen:
        times = arrivals(chat_model(profile, simulated=True), _PROMPT)
    ttft, gap = seen[0].planned_ttft, seen[0].planned_gap
    assert ttft is not None
    assert gap is not None
    settings: dict[str, Any] = {"base_url": bare.base_url, "api_key": "none"}
    floor = arrivals(ChatOpenAI(model="floor", **settings), schedule(ttft, gap, len(times)))
    return errors(times, ttft, gap), errors(floor, ttft, gap)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=20, help="calls per profile")
    arguments = parser.parse_args()
    if simulator().speed != 1:
        sys.exit("Unset COURSE_SPEED: this measures at real speed.")
    pairs: list[tuple[Errors, Errors]] = []
    print("| profile | calls | TTFT error | of the floor | gap error | of the floor |")
    print("| --- | --- | --- | --- | --- | --- |")
    with bare_server() as bare:
        for _ in range(2):  # warm-up: a process's first calls are slower
            call("fast", bare)
        for profile, calls in (
            ("fast", arguments.calls),
            ("chat", arguments.calls),
            ("frontier", arguments.calls),
            ("seed", max(1, arguments.calls // 5)),  # fewer calls, since each takes 10 s
        ):
            some = [call(profile, bare) for _ in range(calls)]
            pairs += some
            ours, floor = zip(*some, strict=True)
            ttft, gap = show(ours)
            floor_ttft, floor_gap = show(floor)
            print(f"| {profile} | {calls} | {ttft} | {floor_ttft} | {gap} | {floor_gap} |")
    ours, floor = zip(*pairs, strict=True)
    judge(
        {
            "lateness of the first text": Ratio(
                [one.ttft for one in ours], [one.ttft for one in floor], _MOST_TTFT, least=0.002
            ),
            "error of the mean gap": Ratio(
                [one.gap for one in ours],
                [one.gap for one in floor],
                _MOST_GAP,
                least=0.0005,
                unit="",
            ),
        }
    )


def show(calls: Sequence[Errors]) -> tuple[str, str]:
    """Return the median TTFT error and the median gap error, each formatted for a table."""
    ttft = statistics.median(call.ttft for call in calls)
    gap = statistics.median(call.gap for call in calls)
    return f"{ttft * 1000:.1f} ms", f"{gap:.3%}"


if __name__ == "__main__":
    main()
