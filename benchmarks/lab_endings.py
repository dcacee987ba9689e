"""What `course.py lab` leaves behind, and for how long, if it is ended during a reply.

    python benchmarks/lab_endings.py [--times 20]

Exits with an error if a process, an open port or a folder remains.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    labs = importlib.import_module("running_lab")  # mypy knows it as benchmarks.running_lab
    print("| ended by | times | left | gone after: median, worst |\n| --- | --- | --- | --- |")
    found: list[str] = []
    for way in labs.WAYS:
        endings = [labs.end_while_streaming(way) for _ in range(times)]
        left = [what for ending in endings for what in ending.left]
        seconds = [ending.seconds for ending in endings]
        median, worst = statistics.median(seconds), max(seconds)
        print(f"| {way} | {times} | {len(left)} | {median:.1f} s, {worst:.1f} s |", flush=True)
        found += left
    if found:
        sys.exit(f"Left behind: {found}")


if __name__ == "__main__":
    main()
