"""An event loop that uses virtual time and stops endless runs; see `virtual_time`."""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import anyio.to_thread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 100.0  # virtual time at the start of a run, in seconds
VIRTUAL_SECONDS = 600.0  # virtual seconds after which a run counts as infinite
SOON = 0.02  # the longest delay, in virtual seconds, that counts as immediate

_POLL = 0.05  # interval, in real seconds, at which a waiting loop or thread checks whether to stop
_IDLE = 0.5  # real seconds of idling (nothing to run or wait for) after which a run is stopped
_BUSY = 2000  # consecutive busy iterations (with something to run) after which time advances anyway
_TICK = 0.01  # virtual seconds by which each additional busy iteration advances time
_CLEANUP = 5.0  # virtual seconds allowed for remaining tasks to finish after a run


class NeverEnds(SystemExit):
    """Raised to stop code that waits for something that never happens, or runs forever.

    A `SystemExit`, since `except Exception` doesn't catch it and asyncio's event loop re-raises it.
    """


WAITS = (
    "Your code waits for something that never happens: nothing more arrives, and nothing else "
    "wakes it."
)
GOES_ON = "Your code never finished: after ten minutes on the model's clock it was still running."


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when `_Selector` finds nothing to run."""

    def __init__(self, in_thread: Callable[["VirtualLoop"], object] = lambda _: None) -> None:
        """Create a loop whose worker threads each begin by calling `in_thread` with the loop."""
        super().__init__(_Selector(self))
        self.blocked = 0.0  # how long synchronous code blocked the loop, in virtual seconds
        self.spun = False  # whether code ran over and over instead of waiting; see `_BUSY`
        self._now, self._until = BEGIN, BEGIN + VIRTUAL_SECONDS
        self._own_thread = threading.get_ident()  # the id of the loop's thread
        self._jobs = 0  # how many functions are running in the loop's own threads
        self._limiter: anyio.CapacityLimiter | None = None  # counts anyio's busy threads
        self._asleep = 0  # how many functions, in the loop's or anyio's threads, are in `pause`
        self._rounds = 0  # consecutive busy iterations; see `_BUSY`
        self._idle = 0.0  # consecutive idle seconds; see `_IDLE`
        self._over = False  # whether the run is over and threads must stop
        self._threads = ThreadPoolExecutor(8, "check", initializer=in_thread, initargs=(self,))
        # ignore errors that asyncio would log, such as exceptions in tasks that were never awaited
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `main` to completion, then cancel remaining tasks and close async generators."""

        async def with_limiter() -> T:
            self._limiter = anyio.to_thread.current_default_thread_limiter()  # needs a running loop
            return await main()

        try:
            return self.run_until_complete(with_limiter())
        finally:
            self._finish()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func` in a thread; the clock stops until `func` returns or calls `pause`."""
        # popped by the job, so that an idle thread keeps no reference to `func` or its stream
        work: list[Callable[[], T]] = [partial(func, *args)]
        job = (executor or self._threads).submit(lambda: work.pop()())
        future = asyncio.wrap_future(job, loop=self)
        self._jobs += 1
        # called after `wrap_future`'s callback, so the future has its result before time advances
        job.add_done_callback(self._job_done)
        return future

    def pause(self, seconds: float, too_long: str = GOES_ON) -> None:
        """Let virtual time pass in synchronous code; on the loop's thread, this blocks the loop.

        On the loop's thread, a run that takes too long is stopped with the message `too_long`. On
        other threads, `NeverEnds` is raised once the run is over.
        """
        if self.on_its_thread():
            self.blocked += seconds
            self.jump(seconds, too_long)
            return
        woken = threading.Event()
        with suppress(RuntimeError):  # the loop is closed
            self.call_soon_threadsafe(self._fall_asleep, seconds, woken)
        while not woken.wait(_POLL):
            if self._over:
                raise NeverEnds(WAITS)

    def on_its_thread(self) -> bool:
        """Whether the calling code runs on the loop's thread, where waiting blocks the loop."""
        return threading.get_ident() == self._own_thread

    def jump(self, seconds: float, too_long: str = GOES_ON) -> None:
        """Advance the clock; if the run takes too long, stop it with the message `too_long`."""
        self._now += seconds
        self._rounds, self._idle = 0, 0.0
        if self._now > self._until:
            raise NeverEnds(too_long)

    def busy(self) -> None:
        """Count a busy iteration; after `_BUSY` of them, advance time to end infinite polling."""
        self._rounds += 1
        if self._rounds > _BUSY:
            self._now += _TICK
            self.spun = True
        if self._now > self._until:
            raise NeverEnds(GOES_ON)

    def threads_working(self) -> bool:
        """Whether any thread is working and not waiting in `pause`; if so, time can't advance."""
        pooled = self._limiter.borrowed_tokens if self._limiter else 0
        return self._jobs + pooled > self._asleep

    def idle(self, seconds: float) -> None:
        """Add real seconds to the idle time; stop the run once idle time exceeds `_IDLE`."""
        self._idle += seconds
        if self._idle > _IDLE:
            raise NeverEnds(WAITS)

    def _fall_asleep(self, seconds: float, woken: threading.Event) -> None:
        self._asleep += 1
        self.call_later(seconds, self._wake, woken)

    def _wake(self, woken: threading.Event) -> None:
        self._asleep -= 1
        woken.set()

    def _job_done(self, _: object) -> None:
        def count() -> None:
            self._jobs -= 1

        with suppress(RuntimeError):  # the loop is closed
            self.call_soon_threadsafe(count)

    def _finish(self) -> None:
        self._over = True  # stops threads that are in `pause`
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()

        async def end_tasks() -> None:
            await asyncio.gather(*left, return_exceptions=True)

        for clean_up in (end_tasks, self.shutdown_asyncgens):
            self._until = self._now + _CLEANUP
            with suppress(NeverEnds):
                self.run_until_complete(clean_up())
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.close()


class _Selector(selectors.DefaultSelector):
    """A selector that advances the loop's clock instead of waiting for a timer."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return ready events, such as wake-ups from threads; `timeout` is in virtual seconds."""
        found = super().select(0)
        threads = self._loop.threads_working()
        if timeout is not None and timeout <= 0:  # a callback can run
            self._loop.busy()
        elif not found and (threads or timeout is None):  # threads are running, or no timer is set
            found = super().select(_POLL)
            if not found and not threads:
                self._loop.idle(_POLL)
        elif not found and timeout is not None:  # nothing can run until the next timer
            self._loop.jump(timeout)
        return found
