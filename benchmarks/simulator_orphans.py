"""Kernels killed while a reply streams: is any simulator left behind, and how soon is it gone?

    python benchmarks/simulator_orphans.py [--kills 20]

Ends with an error if one is left.
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
    parser.add_argument("--kills", type=int, default=20)
    kills = parser.parse_args().kills
    orphans = importlib.import_module("tests.simulator.orphans")  # what the test does three times
    ended = [orphans.kill_a_kernel_in_mid_reply() for _ in range(kills)]
    left = [pid for pid, _ in ended if orphans.is_running(pid)]
    times = [seconds * 1000 for _, seconds in ended]
    print("| kernels killed | simulators left | gone after: median, worst |\n| --- | --- | --- |")
    print(f"| {kills} | {len(left)} | {statistics.median(times):.0f} ms, {max(times):.0f} ms |")
    if left:
        sys.exit(f"Left behind: {left}")


if __name__ == "__main__":
    main()
