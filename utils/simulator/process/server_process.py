"""Starts, monitors, restarts and stops the simulator process, for `Simulator` in `client.py`.

The process itself runs `utils/simulator/__main__.py`.
"""

import atexit
import os
import threading

from .child_process import Child

HOST = "127.0.0.1"
KEY_VARIABLE = "SIMULATOR_KEY"  # environment variable with the key that clients must send
_READY_SECONDS = 30.0
_END_SECONDS = 3.0  # seconds that the process may take to exit before it is killed
_MAX_FAILURES = 5  # consecutive failed restarts before giving up


class SimulatorError(RuntimeError):
    """The simulator can't be started or reached; the message says what to do."""


class ServerProcess:
    """The simulator process, which exits when the process that started it exits.

    If the simulator exits earlier, a thread restarts it on the same port with the same key.
    """

    def __init__(self, speed: float, key: str) -> None:
        """Start the process without waiting for it to be ready.

        Raises:
            SimulatorError: If the process can't be started.
        """
        self.speed = speed
        self.api_key = key
        self._owner = os.getpid()
        self._changed = threading.Condition()  # guards the following attributes
        self._port = 0  # 0 until the first start has succeeded; a restart uses the same port
        self._ready = False
        self._failure: str | None = None  # why the process won't be restarted
        self._stopping = threading.Event()
        try:
            self._child = self._spawn()
        except OSError as error:
            raise SimulatorError(_cannot_start(str(error))) from None
        self._watchdog = threading.Thread(target=self._watch, name="simulator", daemon=True)
        self._watchdog.start()
        if hasattr(os, "register_at_fork"):  # missing on Windows, which can't fork
            os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.stop)

    @property
    def port(self) -> int:
        """The simulator's port; waits until the simulator is ready."""
        self.wait()
        return self._port

    @property
    def pid(self) -> int:
        """The process id; waits until the simulator is ready."""
        self.wait()
        return self._child.pid

    @property
    def over(self) -> bool:
        """Whether the process was stopped or couldn't be started. If so, it won't be restarted."""
        return self._stopping.is_set() or self._failure is not None

    def wait(self) -> None:
        """Wait until the simulator is ready for requests.

        Raises:
            SimulatorError: If the simulator was stopped, can't start, or isn't ready after 30 s.
        """
        with self._changed:
            decided = self._changed.wait_for(self._is_decided, _READY_SECONDS)
        if self._stopping.is_set():
            raise SimulatorError("This simulator was stopped. Call `start()` for a new one.")
        if self._failure is not None:
            raise SimulatorError(self._failure)
        if not decided:
            raise SimulatorError(
                f"The simulator was not ready after {_READY_SECONDS:.0f} s. Is this machine very "
                f"busy? Run the cell again. {self._child.last_output()}"
            )

    def stop(self) -> None:
        """Stop the simulator process; in a fork of the process that started it, do nothing."""
        if not self._owned():
            return
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
            child = self._child
        child.close_pipe()
        self._watchdog.join(_END_SECONDS)
        if self._watchdog.is_alive():
            child.end()
            self._watchdog.join(_END_SECONDS)
        atexit.unregister(self.stop)

    def _is_decided(self) -> bool:
        """Return whether waiting is over: the simulator is ready, or never will be."""
        # only the process that started the child can check whether it is running
        alive = not self._owned() or self._child.running
        return self.over or (self._ready and alive)

    def _owned(self) -> bool:
        return self._owner == os.getpid()

    def _forked(self) -> None:
        """In a forked child, close the pipe, so that the simulator exits when the parent does."""
        self._changed = threading.Condition()  # the inherited one may be locked forever
        self._child.close_pipe()

    def _spawn(self) -> Child:
        options = ["--host", HOST, "--port", str(self._port), "--speed", repr(self.speed)]
        return Child("utils.simulator", {KEY_VARIABLE: self.api_key}, ["--with-parent", *options])

    def _watch(self) -> None:
        """Restart the process whenever it exits, unless it was never ready or keeps failing."""
        failures = 0
        while True:
            was_ready, output = self._follow(self._child)
            failures = 0 if was_ready else failures + 1
            if not self._port or failures == _MAX_FAILURES:
                self._update(failure=_cannot_start(output))
                return
            if failures:
                self._stopping.wait(0.1 * 2**failures)  # seconds
            with self._changed:
                if self._stopping.is_set():
                    return
                try:
                    self._child = self._spawn()
                except OSError as error:
                    self._update(failure=_cannot_start(str(error)))
                    return

    def _follow(self, process: Child) -> tuple[bool, str]:
        """Wait until a process exits; return whether it was ever ready, and its last output."""
        port = process.port()
        if port is not None:
            self._update(port=port)
            process.wait_for_hangup()
        with self._changed:
            self._ready = False
        process.wait()
        return port is not None, process.last_output()

    def _update(self, port: int = 0, failure: str | None = None) -> None:
        """Record that the process is ready on a port, or why it won't be restarted."""
        with self._changed:
            self._port = port or self._port
            self._ready = bool(port)
            self._failure = failure
            self._changed.notify_all()


def _cannot_start(reason: str) -> str:
    return (
        f"The simulator could not start. `python3 course.py doctor` shows what is missing. {reason}"
    )
