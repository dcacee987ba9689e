"""Do replies arrive as configured? TTFT and gaps seen through `ChatOpenAI`, against the profiles.

    python benchmarks/simulator_accuracy.py [--calls 20]

At real speed, on a warm client. What is configured is what the simulator drew for that very call,
as its log tells. Prints a table; ends with an error if the median TTFT is off by more than 5 ms or
the mean gap by more than 0.1 %.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from utils.provider import chat_model, simulator

_MOST_TTFT = 0.005  # s
_MOST_GAP = 0.001
_PROMPT = "Write a poem about a river."


@dataclass(frozen=True)
class Errors:
    """What one call was off by.

    Attributes:
        ttft: Seconds that the first text came later than drawn.
        gap: Share by which the mean gap between texts was longer than drawn.
    """

    ttft: float
    gap: float


def call(profile: str) -> Errors:
    """Stream one reply and compare it with what was drawn for it."""
    model = chat_model(profile, simulated=True)
    with simulator().watch() as seen:
        asked = time.perf_counter()
        times = [time.perf_counter() - asked for chunk in model.stream(_PROMPT) if chunk.content]
    (request,) = seen
    assert request.planned_ttft is not None
    assert request.planned_gap is not None
    gap = (times[-1] - times[0]) / (len(times) - 1)
    return Errors(times[0] - request.planned_ttft, gap / request.planned_gap - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20, help="calls per profile")
    arguments = parser.parse_args()
    if simulator().speed != 1:
        sys.exit("Unset COURSE_SPEED: this measures at real speed.")
    for _ in range(2):  # the first calls of a process cost more
        call("fast")
    print(
        "| profile | calls | TTFT late: median, worst | mean gap off |\n| --- | --- | --- | --- |"
    )
    ttfts: list[float] = []
    gaps: list[float] = []
    for profile, calls in (
        ("fast", arguments.calls),
        ("chat", arguments.calls),
        ("frontier", arguments.calls),
        ("seed", max(1, arguments.calls // 5)),
    ):
        errors = [call(profile) for _ in range(calls)]
        ttfts += [error.ttft for error in errors]
        gaps += [error.gap for error in errors]
        show(profile, errors)
    overall = statistics.median(map(abs, ttfts)), abs(statistics.mean(gaps))
    print(f"Median TTFT error {overall[0] * 1000:.1f} ms, mean gap error {overall[1]:.3%}.")
    if overall[0] > _MOST_TTFT or overall[1] > _MOST_GAP:
        sys.exit("Missed: 5 ms, 0.1 %. Is something else running?")


def show(profile: str, errors: list[Errors]) -> None:
    """Print one row."""
    late = [error.ttft * 1000 for error in errors]
    off = statistics.mean(error.gap for error in errors)
    print(
        f"| {profile} | {len(errors)} | {statistics.median(late):.1f} ms, {max(late):.1f} ms "
        f"| {off:+.3%} |"
    )


if __name__ == "__main__":
    main()
