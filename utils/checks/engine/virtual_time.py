"""Virtual time for a learner's code, synchronous or on an event loop, without real waiting.

    with clock(answer):                # synchronous code
        answer(model, prompt)
        now()                          # virtual seconds; starts at 100

    run(lambda: answer(model, prompt), answer)     # a coroutine, on its own loop

The loop's clock stands still while anything can run, and jumps to the next timer when nothing can,
so timeouts and stalls are exact, and the same on every machine. The clock waits for threads of
`to_thread` and of a web server's pool, except while they are in `pause`.

`time.sleep`, `time.monotonic`, `time.perf_counter` and `time.time` follow the same clock, but only
for the learner's code, even if it imported them by name. `time.sleep` in a coroutine blocks the
loop, as in real life; `blocked()` returns for how many seconds.
"""

import asyncio
import inspect
import selectors
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import anyio.to_thread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 100.0  # the clock when a run begins, in seconds
LIMIT = 600.0  # virtual seconds that a run may take
SOON = 0.02  # virtual seconds in which everything that is due now gets done

_HEARING = 0.05  # real seconds until a waiting loop notices that it should stop
_SILENCE = 0.5  # real seconds of inactivity, with nothing to wait for, until a run is ended
_BUSY = 2000  # consecutive busy rounds of the loop after which time advances anyway
_TICK = 0.01  # virtual seconds that each such round takes
_LAST_WORDS = 5.0  # virtual seconds for tasks to end after a run


class NeverEnds(BaseException):  # so that `except Exception` in the learner's code doesn't catch it
    """The learner's code waits for something that never happens, or runs forever."""


class _Stop(SystemExit):
    """Ends whatever runs on a loop; asyncio lets a `SystemExit` through."""


_WAITS = (
    "Your code waits for something that never happens: nothing more arrives, and nothing else "
    "wakes it."
)
_GOES_ON = "Your code never finished: after ten minutes on the model's clock it was still running."
_SLEEPS_ON = (
    "Your code never finished: after ten minutes on the model's clock it was still running, and "
    "`time.sleep` blocked the event loop. What it waits for can't run meanwhile."
)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing can run.

    Attributes:
        blocked: Seconds for which synchronous code blocked the loop.
        unheard: Errors in tasks that weren't awaited, as asyncio reports them.
    """

    def __init__(self) -> None:
        self._selector_of_time = _Selector(self)
        super().__init__(self._selector_of_time)
        self.blocked = 0.0
        self.unheard: list[dict[str, Any]] = []
        self._now, self._until = BEGIN, BEGIN + LIMIT
        self._home = threading.get_ident()
        self._jobs = self._asleep = self._rounds = 0
        self._silent = 0.0
        self._over = False
        self._limiter: anyio.CapacityLimiter | None = None
        self._threads = ThreadPoolExecutor(8, "check", initializer=_CLOCK.set, initargs=(self,))
        self.set_exception_handler(lambda _, context: self.unheard.append(context))

    def time(self) -> float:
        """The virtual clock, in seconds."""
        return self._now

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `main` to its end, and then end everything that it left running."""

        async def counted() -> T:
            self.count_threads()
            return await main()

        try:
            return self.run_until_complete(counted())
        finally:
            self._finish()

    def count_threads(self) -> None:
        """Make the clock wait for anyio's threads too; call this from a coroutine."""
        self._limiter = anyio.to_thread.current_default_thread_limiter()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Like any loop's, but counted: the clock stands still while a thread is working."""
        # removed when it runs, so that an idle thread doesn't keep a stream open
        work: list[Callable[[], T]] = [partial(func, *args)]
        job = (executor or self._threads).submit(lambda: work.pop()())
        future = asyncio.wrap_future(job, loop=self)
        self._jobs += 1
        # called after the result is set: `wrap_future` registered first
        job.add_done_callback(self._job_done)
        return future

    def pause(self, seconds: float, too_long: str = _GOES_ON) -> None:
        """Let time pass in synchronous code; on the loop's own thread, this blocks the loop.

        Args:
            seconds: How long.
            too_long: The message if the run takes too long, on the loop's thread.

        Raises:
            SystemExit: If the run is over, or takes too long.
        """
        if threading.get_ident() == self._home:
            self.blocked += seconds
            self.jump(seconds, too_long)
            return
        woken = threading.Event()
        self._tell(self._doze, seconds, woken)
        while not woken.wait(_HEARING):
            if self._over:
                raise _Stop

    def on_its_thread(self) -> bool:
        """Whether the calling code runs on the loop's thread, and so blocks the loop."""
        return threading.get_ident() == self._home

    def jump(self, seconds: float, too_long: str = _GOES_ON) -> None:
        """Advance the clock."""
        self._now += seconds
        self._rounds, self._silent = 0, 0.0
        if self._now > self._until:
            raise _Stop(too_long)

    def busy(self) -> None:
        """Count a busy round; a loop that polls without a pause takes time, too."""
        self._rounds += 1
        if self._rounds > _BUSY:
            self._now += _TICK
        if self._now > self._until:
            raise _Stop(_GOES_ON)

    def threads_at_work(self) -> bool:
        """Whether a thread may still deliver something before time advances."""
        pooled = self._limiter.borrowed_tokens if self._limiter else 0
        return self._jobs + pooled > self._asleep

    def silent(self, seconds: float) -> None:
        """Record that for this many real seconds there was nothing to do or to wait for."""
        self._silent += seconds
        if self._silent > _SILENCE:
            raise _Stop(_WAITS)

    def _doze(self, seconds: float, woken: threading.Event) -> None:
        self._asleep += 1
        self.call_later(seconds, self._wake, woken)

    def _wake(self, woken: threading.Event) -> None:
        self._asleep -= 1
        woken.set()

    def _job_done(self, _: object) -> None:
        with suppress(_Stop):
            self._tell(self._one_job_less)

    def _one_job_less(self) -> None:
        self._jobs -= 1

    def _tell(self, what: Callable[..., None], *args: Any) -> None:
        try:
            self.call_soon_threadsafe(what, *args)
        except RuntimeError:  # the loop is closed
            raise _Stop from None

    def _finish(self) -> None:
        self._over = True  # ends threads that are in `pause`
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()

        async def tasks_end() -> None:
            await asyncio.gather(*left, return_exceptions=True)

        for last_words in (tasks_end, self.shutdown_asyncgens):
            self._until = self._now + _LAST_WORDS
            with suppress(_Stop):
                self.run_until_complete(last_words())
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.close()


class _Selector(selectors.DefaultSelector):
    """The loop's selector, which advances the clock instead of waiting for a timer."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return events from threads; `timeout` is in virtual seconds."""
        found = super().select(0)
        if timeout is not None and timeout <= 0:
            self._loop.busy()
            return found
        if found:
            return found
        if self._loop.threads_at_work():
            return super().select(_HEARING)
        if timeout is None:
            found = super().select(_HEARING)
            if not found:
                self._loop.silent(_HEARING)
            return found
        self._loop.jump(timeout)
        return []


class Clock:
    """The virtual clock of synchronous code."""

    def __init__(self) -> None:
        self._now = BEGIN

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def pause(self, seconds: float, too_long: str = "") -> None:
        """Let time pass.

        Raises:
            SystemExit: If the run takes too long.
        """
        self._now += seconds
        if self._now > BEGIN + LIMIT:
            raise _Stop(too_long or _GOES_ON)


_CLOCK: ContextVar[VirtualLoop | Clock | None] = ContextVar("virtual_clock", default=None)


def run(main: Callable[[], Coroutine[Any, Any, T]], *learners: object) -> T:
    """Run a coroutine function on a new virtual loop in this thread, and return its result.

    Tasks and generators that it leaves behind are cancelled and closed afterwards.

    Args:
        main: Called without arguments, once.
        learners: The learner's functions or classes, so that what they imported from `time` by
            name follows the virtual clock.

    Raises:
        NeverEnds: If it waits for something that never happens, or takes more than `LIMIT` virtual
            seconds.
        Exception: Whatever `main` raises.
    """
    loop = VirtualLoop()
    with _following_clock(loop, learners):
        return loop.run(main)


@contextmanager
def clock(*learners: object) -> Iterator[Clock]:
    """Give synchronous code its own virtual clock; `learners` as for `run`.

    Raises:
        NeverEnds: If the code takes more than `LIMIT` virtual seconds.
    """
    made = Clock()
    with _following_clock(made, learners):
        yield made


@contextmanager
def _following_clock(made: VirtualLoop | Clock, learners: tuple[object, ...]) -> Iterator[None]:
    token = _CLOCK.set(made)
    try:
        with _time_follows(learners):
            yield
    except _Stop as stop:
        raise NeverEnds(str(stop) or _WAITS) from None
    finally:
        _CLOCK.reset(token)


def now() -> float:
    """Return the virtual time in seconds; the real time if there is no virtual clock."""
    made = _CLOCK.get()
    return made.time() if made else _REAL["monotonic"]()


def pause(seconds: float) -> None:
    """Let virtual time pass in synchronous code, as a model called without `await` does.

    On a loop's own thread, this blocks the loop. Without a virtual clock, it does nothing.
    """
    made = _CLOCK.get()
    if made:
        made.pause(seconds)


async def sleep(seconds: float) -> None:
    """Like `asyncio.sleep`, but takes no real time, even on a loop made by the learner."""
    made = _CLOCK.get()
    if isinstance(made, Clock):
        made.pause(seconds)
        seconds = 0
    await asyncio.sleep(seconds)


def blocks_the_loop() -> bool:
    """Whether this synchronous code runs on a loop's own thread, where it blocks the loop."""
    loop = _CLOCK.get()
    return isinstance(loop, VirtualLoop) and loop.on_its_thread()


def blocked() -> float:
    """Return for how many virtual seconds synchronous code has blocked the loop so far."""
    loop = _CLOCK.get()
    return loop.blocked if isinstance(loop, VirtualLoop) else 0.0


async def soon() -> None:
    """Let everything happen that is due now, such as the closing of a generator."""
    await asyncio.sleep(SOON)


# --- The module `time` as the learner's code sees it ----------------------------------------------

_REAL: dict[str, Callable[..., Any]] = {
    name: getattr(time, name) for name in ("sleep", "monotonic", "perf_counter", "time")
}


def _following(name: str) -> Callable[..., Any]:
    """Return a version of a `time` function that reads the virtual clock if there is one."""
    real = _REAL[name]

    def sleep(seconds: float) -> None:
        made = _CLOCK.get()
        if made is None:
            real(seconds)
        else:
            made.pause(seconds, _SLEEPS_ON)

    def reading() -> float:
        made = _CLOCK.get()
        shown: float = made.time() if made else real()
        return shown

    return sleep if name == "sleep" else reading


_FOLLOWING = {name: _following(name) for name in _REAL}


@contextmanager
def _time_follows(learners: tuple[object, ...]) -> Iterator[None]:
    """Replace the functions of `time`, in the module and among the learner's names."""
    put: list[Callable[[], None]] = []
    places = [vars(time), *_namespaces(learners)]
    for names in places:
        for name, value in list(names.items()):
            for real_name, real in _REAL.items():
                if value is real:
                    names[name] = _FOLLOWING[real_name]
                    put.append(partial(names.__setitem__, name, real))
    try:
        yield
    finally:
        for put_back in put:
            put_back()


def _namespaces(learners: tuple[object, ...]) -> list[dict[str, Any]]:
    """Return the global namespaces of functions and of the functions in classes, each once."""
    found: dict[int, dict[str, Any]] = {}
    for learner in learners:
        for part in (learner, *vars(learner).values()) if isinstance(learner, type) else (learner,):
            names = getattr(inspect.unwrap(part), "__globals__", None)
            if isinstance(names, dict) and not _is_librarys(names):
                found[id(names)] = names
    return list(found.values())


def _is_librarys(names: dict[str, Any]) -> bool:
    """Whether these are the names of a library's module, such as asyncio."""
    module = str(names.get("__name__", "")).partition(".")[0]
    return module in sys.stdlib_module_names and module != "__main__"
