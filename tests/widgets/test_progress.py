"""`Progress`: a bar, or only a count if the total is unknown."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.widgets import Progress


@given(st.integers(1, 500), st.lists(st.integers(0, 100), max_size=30))
def test_only_done_reaches_100_percent(total, steps):
    progress = Progress(total)
    for step in steps:
        progress.advance(step)
        assert progress.percent < 100
    progress.done()
    assert (progress.percent == 100) is (progress.count >= total)


def test_the_time_left_follows_from_the_pace_so_far(clock):
    progress = Progress(40, clock=clock)
    assert progress.left is None
    progress.advance(0)
    clock.now = 6.0
    progress.advance(10)
    assert (progress.percent, progress.view()["left"]) == (25, 18.0)


def test_without_a_total_there_is_neither_percentage_nor_estimate(clock):
    progress = Progress(label="Reply", clock=clock)
    progress.advance(0)
    clock.now = 3.2
    assert progress.line() == "Reply: so far 3.2 s"
    progress.advance()
    view = progress.view()
    assert (view["known"], view["percent"], view["left"]) == (False, None, None)
    assert (view["counted"], view["seconds"]) == ("1 so far", 3.2)


def test_more_items_than_expected_are_reported():
    progress = Progress(2)
    progress.advance(3)
    assert progress.view()["counted"] == "3 of 2, more than expected"
    assert (progress.percent, progress.left) == (99, None)
    nothing = Progress(0)
    nothing.done()
    assert nothing.line() == "0 of 0 · done 0.00 s"


def test_a_negative_total_is_refused():
    with pytest.raises(ValueError, match="None means unknown"):
        Progress(-1)


def test_over_yields_every_item_and_ends_the_run(capsys):
    progress = Progress(3, "Reading")
    seen = [(item, progress.count, progress.phase) for item in progress.over("abc")]
    assert seen == [("a", 0, "running"), ("b", 1, "running"), ("c", 2, "running")]
    assert (progress.count, progress.phase, progress.percent) == (3, "done", 100)
    _repr, line = capsys.readouterr().out.splitlines()
    assert line.startswith("Reading: 3 of 3 · done 0.")


def test_leaving_the_loop_stops_the_run_and_closes_the_source(capsys):
    closed = []

    def source():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    progress = Progress(10).show()
    items = source()
    for item in progress.over(items):
        if item == 3:
            break
    progress.done()
    assert (progress.phase, progress.count, closed) == ("stopped", 3, [True])
    assert len(capsys.readouterr().out.splitlines()) == 2, "it is shown once, and so is its end"


def test_an_exception_from_the_items_is_shown_and_propagates():
    def broken():
        yield 1
        raise ConnectionError("The server left.")

    progress = Progress()
    with pytest.raises(ConnectionError):
        list(progress.over(broken()))
    assert progress.view()["note"] == "ConnectionError: The server left."
    assert progress.phase == "failed"


async def test_aover_counts_async_items(tap):
    progress = Progress(label="Reply")

    async def read():
        return [item async for item in progress.aover(tap)]

    reading = asyncio.create_task(read())
    await tap.put("a")
    assert (progress.count, progress.phase) == (1, "running")
    tap.end()
    assert await reading == ["a"]
    assert (progress.phase, progress.view()["counted"], tap.closed) == ("done", "1", True)


async def test_a_cancelled_task_stops_the_run_and_closes_the_source(tap):
    progress = Progress()

    async def read():
        async for _ in progress.aover(tap):
            pass

    reading = asyncio.create_task(read())
    await tap.put("a")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (progress.phase, tap.closed) == ("stopped", True)


def test_the_first_ending_stops_the_clock_and_the_next_run_starts_at_zero(clock):
    progress = Progress(5, clock=clock)
    progress.advance(2)
    clock.now = 2.0
    progress.fail("The disk is full.")
    clock.now = 60.0
    progress.done()
    assert (progress.phase, progress.elapsed) == ("failed", 2.0)
    assert progress.view()["note"] == "The disk is full."
    progress.advance()
    assert (progress.count, progress.phase, progress.elapsed) == (1, "running", 0.0)
