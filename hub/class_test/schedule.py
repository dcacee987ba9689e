"""The schedule of a simulated class: `python -m hub.class_test.schedule`, or `course.py class`.

All learners start at the same moment. Each logs in, starts a server, opens JupyterLab, starts a
kernel and runs the setup cell; a learner is *ready* when the cell prints "Ready.". Then all run
lesson 1's live cells; the last learner starts each cell within five seconds of the first.
"""

import ast
import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp

from hub.class_test.lag import LagError, Pacing, lateness, streamed
from hub.class_test.learner import Learner, LearnerError, Run
from hub.class_test.measurements import Measurements, Usage, memory_now
from hub.class_test.temporary_hub import COURSE, Hub, cores, memory_free, temporary_hub
from tools.lab import LESSON_1
from tools.programs import ROOT, Advice, Progress, say, stop_on_signals, this_command

MB_EACH = 250  # measured total memory of one learner's server, kernel and simulator
MB_SHARED = 300  # memory for the hub, the proxy and this command
PATIENCE = 300.0  # time limit for getting a class ready, and for running each cell, in seconds
SPREAD_SECONDS = 5.0  # the time over which the learners' start times for a cell are spread
LIVE = ("await race(", "await live.run(")  # code that occurs in the lesson's live cells
# evaluated in a learner's kernel: fields of the last streamed reply's log entry
LOG = (
    "[(r.received, r.planned_ttft, r.planned_gap, r.tokens_sent, r.ended) "
    "for r in simulator().requests() if r.stream][-1]"
)


def cells(notebook: Path) -> tuple[str, list[tuple[str, str]]]:
    """Return a lesson's setup cell, and the names and code of its live cells."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in code]
    setup = ["".join(it["source"]) for it in code if "setup" in it["metadata"].get("tags", [])]
    live = [source for source in sources if any(part in source for part in LIVE)]
    if len(setup) != 1 or len(live) != len(LIVE):
        raise Advice(
            f"{notebook.name} no longer has one setup cell, and one cell for each of "
            f"{', '.join(LIVE)}: change hub/class_test/schedule.py to match."
        )
    race, text = live
    return setup[0], [("race", race), ("live text", text)]


def check_memory(learners: int, free: float) -> None:
    """Raise Advice if the class needs more than `free` MB of memory."""
    needed = MB_SHARED + learners * MB_EACH
    if needed > free:
        fits = int((free - MB_SHARED) // MB_EACH)
        remedy = f"try --learners {fits}, or" if fits > 0 else "end other programs, or"
        raise Advice(
            f"{learners} learners need about {needed / 1000:.1f} GB of memory, and "
            f"{free / 1000:.1f} GB are free: {remedy} use a machine with more."
        )


async def together(
    learners: list[Learner],
    doing: str,
    act: Callable[[Learner], Awaitable[None]],
    measured: Measurements,
) -> list[Learner]:
    """Run a step for all learners concurrently; return those who succeeded.

    A learner who fails is left out of later steps; `measured` records the reason.
    """
    succeeded: list[Learner] = []
    failed_before = len(measured.failures)

    async def one(learner: Learner) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await act(learner)
        except TimeoutError:
            measured.failures.append(f"{learner.name}, {doing}: not done after {PATIENCE:.0f} s")
        except (LearnerError, LagError, aiohttp.ClientError) as error:
            measured.failures.append(f"{learner.name}, {doing}: {error}")
        else:
            succeeded.append(learner)
        failed = len(measured.failures) - failed_before
        more = f", {failed} failed" if failed else ""
        progress.text = f"{doing}: {len(succeeded)} of {len(learners)}{more}"

    with Progress(f"{doing}: 0 of {len(learners)}") as progress:
        await asyncio.gather(*map(one, learners))
    return succeeded


async def run_class(hub: Hub, names: list[str]) -> Measurements:
    setup, streaming = cells(ROOT / LESSON_1)
    measured = Measurements(len(names), cores())
    learners = [Learner(name, hub.address, hub.password) for name in names]
    present = learners
    try:
        measured.usages.append(Usage.now(hub.processes()))
        start = time.monotonic()

        async def get_ready(learner: Learner) -> None:
            for stage, step in (
                ("login", learner.log_in),
                ("server", learner.start_server),
                ("page", learner.open_page),
                ("kernel", partial(learner.open_kernel, f"{COURSE}/{LESSON_1}")),
                ("setup cell", partial(set_up, learner, setup)),
            ):
                await step()
                measured.stages.setdefault(stage, []).append(time.monotonic() - start)

        present = await together(present, "getting ready", get_ready, measured)
        measured.usages.append(Usage.now(hub.processes()))
        for name, code in streaming:
            present = await stream(present, name, code, measured)
        measured.usages.append(Usage.now(hub.processes()))
        measured.memory = memory_now(hub.processes())
    finally:
        await asyncio.gather(*(learner.close() for learner in learners))
    return measured


async def stream(
    learners: list[Learner], name: str, code: str, measured: Measurements
) -> list[Learner]:
    """Run a live cell for all learners, and measure its lag."""
    ran: dict[Learner, Run] = {}
    delays = random.Random(name)

    async def watch(learner: Learner) -> None:
        # real learners don't start simultaneously
        await asyncio.sleep(delays.uniform(0, SPREAD_SECONDS))
        ran[learner] = await learner.run(code)

    async def measure(learner: Learner) -> None:
        await read_lag(learner, ran[learner], name, measured)

    present = await together(learners, f"streaming: {name}", watch, measured)
    return await together(present, f"comparing: {name}", measure, measured)


async def set_up(learner: Learner, code: str) -> None:
    """Run the setup cell, which must print "Ready."."""
    ran = await learner.run(code)
    if "Ready." not in ran.printed():
        raise LearnerError(f"the setup cell did not print Ready, but: {ran.printed()[:200]!r}")


async def read_lag(learner: Learner, ran: Run, name: str, measured: Measurements) -> None:
    """Record how late text arrived at the page, relative to the simulator's planned pacing."""
    received, ttft, gap, tokens, ended = ast.literal_eval(await learner.value(LOG))
    if ended != "finished":
        raise LagError(f"the reply did not finish: {ended}")
    late = lateness(streamed(ran.messages()), Pacing(received, ttft, gap, tokens))
    measured.late.setdefault(name, []).extend(late)


def main() -> int:
    """Run the `class` command; JupyterHub must be installed."""
    stop_on_signals()
    gc.disable()  # a pause in this process would count as lag for every learner
    count = int(sys.argv[1])
    check_memory(count, memory_free())
    cells(ROOT / LESSON_1)  # fails early if the lesson lacks a cell that the class will run
    names = [f"learner-{number:02d}" for number in range(1, count + 1)]
    say(f"A class of {count} on {cores()} cores, with {memory_free() / 1000:.1f} GB free.")
    with (
        tempfile.TemporaryDirectory(prefix="course-class-", ignore_cleanup_errors=True) as place,
        temporary_hub(Path(place), names) as hub,
    ):
        measured = asyncio.run(run_class(hub, names))
    say("\n" + measured.report())
    if not measured.failures and not measured.passed:
        say(
            "\nA limit was exceeded: this class is more than the machine can handle, or something "
            "else is running on it. To test half the class, run "
            f"{this_command('class', '--learners', str(max(1, count // 2)))}."
        )
    return 0 if measured.passed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Advice as advice:
        sys.stdout.flush()
        print(f"\n{advice}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nStopped; the hub and everything it started have ended.", file=sys.stderr)
        sys.exit(130)
