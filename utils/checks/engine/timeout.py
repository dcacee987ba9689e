"""Runs code with a time limit, without signals, so that it also works on Windows.

The code runs in a separate thread, with the caller's context, so that Jupyter shows its output
under the right cell. When time is up, an exception is raised in that thread. Code that can't be
stopped this way, such as a long call into C, is left running in a daemon thread.
"""

import contextvars
import ctypes
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

ANSWER_SECONDS = 5.0  # the time limit for one check, in seconds; correct answers take milliseconds
_STOPS = 20  # how many times to raise `OutOfTime`: code may swallow the exception or react slowly
_PATIENCE = 0.2  # seconds between attempts to stop the code
_POLL = 0.05  # the longest delay, in seconds, before an interrupt is noticed
_WINDOW = 0.25  # seconds over which to measure whether code is computing or waiting
# code counts as waiting if its processor time is at most this fraction of the window
_COMPUTES = 0.02
_LONGEST = 4  # the wall-clock limit of a call, as a multiple of its time limit


class OutOfTime(SystemExit):
    """Raised when the time limit is exceeded; its arguments are whether the code waited, and where.

    A `SystemExit`, since `except Exception` doesn't catch it and asyncio's event loop re-raises it.
    """


def within(seconds: float, work: Callable[[], T]) -> T:
    """Call `work`; return its result or raise its exception.

    The limit counts processor time while the code computes, and wall-clock time while it waits, so
    that a correct answer doesn't fail on a busy machine. Interrupting the caller, for example with
    Jupyter's ■ button, stops `work` too.

    Raises:
        OutOfTime: If `work` hasn't returned within the limit.
    """
    stdout, stderr = sys.stdout, sys.stderr
    run = _Run(work)
    try:
        return run.result(seconds)
    finally:
        run.release()
        # Code that was stopped or left running may have redirected stdout and stderr.
        sys.stdout, sys.stderr = stdout, stderr


class _Run(Generic[T]):
    """One call. Its thread lives until `release`, so that the thread's id isn't reused."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._released = threading.Event()
        self._value: list[T] = []
        self._error: BaseException | None = None
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._main,), name="check", daemon=True)

    def result(self, seconds: float) -> T:
        spent = 0.0  # seconds of the limit used so far
        begun, used = time.monotonic(), time.process_time()  # at the window's start
        latest, window = begun + _LONGEST * seconds, min(_WINDOW, seconds)
        try:
            self._thread.start()
            # Wait only briefly each time: on Windows, a long wait would block interrupts.
            while not self._done.wait(_POLL):
                now = time.monotonic()
                passed = now - begun
                if passed < window:
                    continue
                computed = time.process_time() - used  # all threads' time; may exceed `passed`
                waits = computed <= _COMPUTES * passed
                spent += passed if waits else min(computed, passed)
                begun, used = now, used + computed
                if spent >= seconds or now >= latest:
                    frame = sys._current_frames().get(self._thread.ident or 0)
                    raise OutOfTime(waits, traceback.extract_stack(frame))
        except BaseException:
            self._stop()
            raise
        if self._error is not None:
            raise self._error
        return self._value[0]

    def release(self) -> None:
        """Let the thread end. If it is stuck, don't wait for it."""
        self._released.set()
        if self._done.is_set():
            self._thread.join()

    def _main(self) -> None:
        try:
            try:
                self._value.append(self._work())
            except BaseException as error:  # `result` re-raises it in the calling thread
                self._error = error
            self._done.set()
            self._released.wait()
        except OutOfTime:  # raised just as the call was finishing
            self._done.set()
            self._released.wait()

    def _stop(self) -> None:
        ident = ctypes.c_ulong(self._thread.ident or 0)
        for _ in range(_STOPS):
            # Cancelling it later, with None, would make a debugger hang on Python 3.11.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(OutOfTime))
            if self._done.wait(_PATIENCE):
                return
