"""Counts the messages that the kernel sends to the browser for prints, displays and widgets."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from IPython.core.getipython import get_ipython


@dataclass
class Traffic:
    """Messages and bytes sent so far; they are counted while the `traffic()` block runs."""

    messages: int = 0
    bytes: int = 0  # size of the messages as sent, envelopes included

    def __str__(self) -> str:
        size = f"{self.bytes / 1000:,.1f} kB" if self.bytes < 1e6 else f"{self.bytes / 1e6:,.1f} MB"
        return f"{self.messages:,} {'message' if self.messages == 1 else 'messages'} · {size}"


class _Tap:
    def __init__(self, send: Callable[..., None]) -> None:
        self.counts: list[Traffic] = []
        self.lock = Lock()  # messages come from several threads
        self._send = send

    def __call__(self, parts: Sequence[Any], *args: Any, **kwargs: Any) -> None:
        with self.lock:
            for count in self.counts:
                count.messages += 1
                count.bytes += sum(memoryview(part).nbytes for part in parts)
        self._send(parts, *args, **kwargs)


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Count what the kernel sends to the browser while the block runs.

        live = LiveText("Reply")  # outside: a new widget sends its script and style sheet
        display(live)
        with traffic() as sent:
            live.show(model.stream(prompt))
        print(sent.messages, sent.bytes)

    Blocks may be nested, or overlap in async code; each has its own count.

    Raises:
        RuntimeError: If no kernel is running.
    """
    # The IOPub thread sends all messages to browsers; they are already serialised and signed.
    outlet = getattr(getattr(get_ipython(), "kernel", None), "iopub_thread", None)
    if outlet is None:
        raise RuntimeError(
            "No kernel is running: `traffic()` counts what a notebook's kernel sends to the "
            "browser. Run it in a notebook's cell."
        )
    _flush_prints()
    if not isinstance(outlet.send_multipart, _Tap):
        outlet.send_multipart = _Tap(outlet.send_multipart)
    tap: _Tap = outlet.send_multipart
    count = Traffic()
    tap.counts.append(count)
    try:
        yield count
    finally:
        _flush_prints()  # the kernel buffers prints for a moment
        with tap.lock:
            tap.counts[:] = [other for other in tap.counts if other is not count]
        if not tap.counts:
            del outlet.send_multipart  # restores the class's method


def _flush_prints() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
