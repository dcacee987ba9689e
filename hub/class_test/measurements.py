"""Measurements of a simulated class, and the report on them.

The limit for readiness is relative to the time until bare kernels have started, so it applies to
any machine. The limit for lag is what a learner notices, so a slower machine serves fewer learners.
"""

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import psutil  # type: ignore[import-untyped]

from hub.class_test.lag import lag

READY_LIMIT = 3.0  # upper limit of `ready_ratio`
LAG_LIMIT = 0.1  # seconds; upper limit of the 99th percentile of lag: shorter delays seem immediate
PARTS = ("server", "kernel", "simulator")  # each learner's processes
Processes = Mapping[str, Sequence[psutil.Process]]


@dataclass(frozen=True)
class Usage:
    """CPU seconds used by each part (hub, kernel, …) up to `at`, a time on the monotonic clock."""

    at: float
    parts: Mapping[str, float]

    @classmethod
    def now(cls, processes: Processes) -> "Usage":
        """Return the current usage; the `client` part is this process."""
        parts = {part: sum(map(_cpu, many)) for part, many in processes.items()}
        return cls(time.monotonic(), parts | {"client": _cpu(psutil.Process())})


def _cpu(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def memory_now(processes: Processes) -> dict[str, float]:
    """Return each part's memory in MB; on Linux, shared pages are counted once (PSS)."""
    return {part: sum(map(_memory, many)) for part, many in processes.items()}


def _memory(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        full = process.memory_full_info()
        return float(getattr(full, "pss", full.rss)) / 1e6
    return 0.0


@dataclass
class Measurements:
    learners: int
    cores: int
    # For each stage, the learners' completion times, in seconds after the start. The stages are
    # login, server, page, kernel (started, before it runs any code) and setup cell.
    stages: dict[str, list[float]] = field(default_factory=dict)
    # for each cell, the seconds from each token's due time to its arrival
    late: dict[str, list[float]] = field(default_factory=dict)
    # CPU usage at the start, after all learners became ready, and at the end
    usages: list[Usage] = field(default_factory=list)
    # the memory of each part (hub, kernel, …) after the last cell, in MB
    memory: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)  # a sentence for each learner who failed

    @property
    def ready(self) -> list[float]:
        """Seconds until each learner was ready."""
        return self.stages.get("setup cell", [])

    @property
    def ready_ratio(self) -> float:
        """Time until all learners were ready, divided by the time until all kernels started."""
        kernels = self.stages.get("kernel", [])
        return max(self.ready) / max(kernels) if self.ready and kernels else math.inf

    @property
    def lags(self) -> list[float]:
        """Each token's lag in seconds: its lateness minus the time allowed for coalescing."""
        return [lag(late) for cell in self.late.values() for late in cell]

    @property
    def p99_lag(self) -> float:
        """The 99th percentile of lag in seconds; infinite if no text was seen."""
        return _p99(self.lags) if self.lags else math.inf

    @property
    def passed(self) -> bool:
        """Whether all learners succeeded and both limits are met."""
        met = self.ready_ratio <= READY_LIMIT and self.p99_lag <= LAG_LIMIT
        return not self.failures and met

    def report(self) -> str:
        lines = [*self._ready_lines(), *self._lag_lines()]
        return "\n".join([*lines, *self._cost_lines(), *self._failure_lines()])

    def _ready_lines(self) -> list[str]:
        if not self.ready:
            return ["Ready        no learner"]
        worst = max(self.ready)
        stages = " · ".join(f"{name} {median(at):.1f}" for name, at in self.stages.items() if at)
        verdict = _verdict(
            self.ready_ratio, READY_LIMIT, " times what hub, servers and bare kernels take"
        )
        return [
            f"Ready        median {median(self.ready):.1f} s, worst {worst:.1f} s   {verdict}",
            f"             {stages}   (median seconds since the start)",
        ]

    def _lag_lines(self) -> list[str]:
        if not self.lags:
            return ["Token lag    no text was seen"]
        verdict = _verdict(self.p99_lag * 1000, LAG_LIMIT * 1000, " ms for 99% of tokens")
        lines = [f"Token lag    beyond pacing and 50 ms of coalescing   {verdict}"]
        for cell, late in self.late.items():
            lines.append(
                f"             {cell}: {len(late)} tokens, on the page "
                f"{median(late) * 1000:.0f} ms after they are due (median), "
                f"99% within {_p99(late) * 1000:.0f} ms, "
                f"worst lag {lag(max(late)) * 1000:.0f} ms"
            )
        return lines

    def _cost_lines(self) -> list[str]:
        if not self.learners or not self.memory:
            return []
        each = " + ".join(
            f"{part} {self.memory.get(part, 0.0) / self.learners:.0f}" for part in PARTS
        )
        per_learner = sum(self.memory.get(part, 0.0) for part in PARTS) / self.learners
        shared = sum(self.memory.get(part, 0.0) for part in ("hub", "proxy"))
        total = sum(self.memory.values()) / 1000
        lines = [
            f"Memory       {per_learner:.0f} MB for each learner ({each})",
            f"             {shared:.0f} MB for hub and proxy, {total:.1f} GB in all",
        ]
        phases = ("getting ready", "streaming")  # the periods between the entries of `usages`
        for name, before, after in zip(phases, self.usages, self.usages[1:], strict=False):
            lines += self._cpu_lines(name, before, after)
        return lines

    def _cpu_lines(self, name: str, before: Usage, after: Usage) -> list[str]:
        wall = max(after.at - before.at, 1e-9)
        used = {part: cpu - before.parts.get(part, 0.0) for part, cpu in after.parts.items()}
        each = ", ".join(f"{part} {used.get(part, 0.0) / self.learners:.2f}" for part in PARTS)
        shared = ", ".join(f"{part} {used.get(part, 0.0):.1f}" for part in ("hub", "proxy"))
        busy = f"{sum(used.values()) / wall:.1f} of {self.cores} cores for {wall:.0f} s"
        client = f"the learners' browsers {used['client']:.1f}"
        return [
            f"CPU          {name}: {busy}",
            f"             seconds for each learner: {each}; in all: {shared}, {client}",
        ]

    def _failure_lines(self) -> list[str]:
        if not self.failures:
            return ["Failures     none"]
        return [f"Failures     {len(self.failures)}", *(f"  - {one}" for one in self.failures)]


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[math.ceil(len(seconds) * 0.99) - 1]


def _verdict(value: float, limit: float, unit: str) -> str:
    met = "met" if value <= limit else "MISSED"
    return f"[{met}: {value:.1f}{unit}, at most {limit:g}]"
