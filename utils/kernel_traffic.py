"""Counts the messages that the kernel sends to the browser for output, displays and widgets."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from IPython.core.getipython import get_ipython


@dataclass(eq=False)
class Traffic:
    """The numbers of messages and bytes sent so far in a `traffic()` block."""

    messages: int = 0
    bytes: int = 0  # total size of the messages, including their envelopes

    def __str__(self) -> str:
        size = f"{self.bytes / 1000:,.1f} kB" if self.bytes < 1e6 else f"{self.bytes / 1e6:,.1f} MB"
        return f"{self.messages:,} {'message' if self.messages == 1 else 'messages'} · {size}"


_counts: list[Traffic] = []  # one for each active `traffic()` block
_lock = Lock()  # guards the counts, since several threads send messages


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Count what the kernel sends to the browser during the `with` block.

        live = LiveText("Reply")  # outside: a new widget sends its script and style sheet
        display(live)
        with traffic() as sent:
            live.show(model.stream(prompt))
        print(sent.messages, sent.bytes)

    Blocks may be nested, or overlap in async code; each has its own count.

    Raises:
        RuntimeError: If no kernel is running.
    """
    # The IOPub thread sends the messages, already serialised and signed, to the browser.
    outlet = getattr(getattr(get_ipython(), "kernel", None), "iopub_thread", None)
    if outlet is None:
        raise RuntimeError(
            "No kernel is running: `traffic()` counts what a notebook's kernel sends to the "
            "browser. Run it in a notebook's cell."
        )
    _flush_prints()
    count = Traffic()
    with _lock:
        if not _counts:
            outlet.send_multipart = _counted(outlet.send_multipart)
        _counts.append(count)
    try:
        yield count
    finally:
        _flush_prints()  # so that printed output in the kernel's buffer is counted, too
        with _lock:
            _counts.remove(count)
            if not _counts:
                del outlet.send_multipart  # restores the original method


def _counted(send: Callable[..., None]) -> Callable[..., None]:
    """Return a version of `send` that also adds each message to all active counts."""

    def send_counted(parts: Sequence[Any], *args: Any, **kwargs: Any) -> None:
        with _lock:
            for count in _counts:
                count.messages += 1
                count.bytes += sum(memoryview(part).nbytes for part in parts)
        send(parts, *args, **kwargs)

    return send_counted


def _flush_prints() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
