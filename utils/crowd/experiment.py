"""Measures how well each style of endpoint serves many concurrent clients."""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from statistics import median

from IPython.display import display

from utils.crowd import clients as _clients
from utils.crowd.process import LoadError, server
from utils.crowd.rows import Row, Rows
from utils.formatting import counted
from utils.timing import Recording
from utils.widgets import LatencyBadge

STYLES = {
    "async def + .stream()": "/blocking",
    "def + .stream()": "/threads",
    "async def + .astream()": "/tasks",
}
_ONE_BY_ONE = "async def + .stream()"
_MOST_ONE_BY_ONE = 15  # maximum number of clients to serve one by one; each takes a second
_CHECK_EVERY = 0.02  # seconds to wait before each health check


async def experiment(
    clients: Sequence[int] = (1, 10, 40, 100), styles: Sequence[str] = tuple(STYLES)
) -> Rows:
    """Measure each combination of style and number of clients, one after another.

    All clients request the same reply from one server process at the same time. The reply takes
    one second, of which the first 0.8 s are silent. A style that serves clients one by one takes
    one second per client. Measurements that would take longer than 15 s are left out; the result
    includes a note about each.

    Raises:
        LoadError: If a style is unknown, the server can't start, or no client got a reply.
    """
    for style in styles:
        if style not in STYLES:
            known = ", ".join(f'"{name}"' for name in STYLES)
            raise LoadError(f'There is no style "{style}". Choose one of {known}.')
    points = [(style, count) for style in styles for count in clients]
    chosen = [(s, count) for s, count in points if s != _ONE_BY_ONE or count <= _MOST_ONE_BY_ONE]
    badge = LatencyBadge()
    display(badge)  # type: ignore[no-untyped-call]
    rows: list[Row] = []
    _show(badge, "starting the server …")
    async with server() as port:
        await _warm_up(port, styles)
        for number, (style, count) in enumerate(chosen, 1):
            where = f"{number} of {len(chosen)} · {style}, {counted(count, 'client')}"
            rows.append(await _measure(port, style, count, badge, where))
    _show(badge, f"measured {len(rows)} points", phase="done")
    left_out = [
        f"Left out: {style} with {counted(count, 'client')}. One after another they would take "
        f"{count} times as long as one."
        for style, count in points
        if (style, count) not in chosen
    ]
    return Rows(rows, left_out)


async def _measure(port: int, style: str, count: int, badge: LatencyBadge, where: str) -> Row:
    """Run `count` concurrent clients; on the badge, count those that have received text.

    `where` precedes the number on the badge.
    """
    reading = itertools.count()

    def show_count() -> None:
        _show(badge, f"{where}: {next(reading)} of {count} reading")

    show_count()  # shows 0, before any client has received text
    over = asyncio.Event()
    slowest = asyncio.create_task(_slowest_check(port, over))
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_clients.ask(port, STYLES[style], f"client {number}", show_count))
                for number in range(1, count + 1)
            ]
    finally:
        over.set()
    return _row(style, [task.result() for task in tasks], await slowest)


def _row(style: str, recordings: Sequence[Recording], health: float) -> Row:
    firsts = [recording.ttft for recording in recordings if recording.ttft is not None]
    if not firsts:
        raise LoadError(
            f"No client got a reply from {style}: {recordings[0].error}. Run the cell again."
        )
    start = min(recording.sent for recording in recordings)
    return Row(
        style=style,
        clients=len(recordings),
        ttft_median=median(firsts),
        ttft_worst=max(firsts),
        makespan=max(recording.sent + recording.e2e for recording in recordings) - start,
        failed=sum(recording.outcome != "finished" for recording in recordings),
        health=health,
    )


async def _slowest_check(port: int, over: asyncio.Event) -> float:
    """Send health checks until `over` is set; return how long the slowest took, in seconds."""
    longest = 0.0
    while not over.is_set():
        await asyncio.sleep(_CHECK_EVERY)
        longest = max(longest, await _clients.health(port))
    return longest


async def _warm_up(port: int, styles: Iterable[str]) -> None:
    """Send one request per style, since a process's first request is slower."""
    async with asyncio.TaskGroup() as group:
        for style in styles:
            group.create_task(_clients.ask(port, STYLES[style], "warm-up", lambda: None))


def _show(badge: LatencyBadge, text: str, phase: str = "streaming") -> None:
    with badge.hold_sync():  # sends both values in one message
        badge.phase, badge.text = phase, text
