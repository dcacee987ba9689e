"""A list mirrored on the browser page; each message contains only the tail that changed."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import traitlets

from utils.widgets.base.course_widget import CourseWidget

Item = Any  # any JSON value


class SyncedList(CourseWidget):
    """Widget that mirrors a list of items on the page; subclasses define the items.

    A message contains the tail of the list, beginning with the first new or changed item. If that
    item is a string that grew, or an object whose `value` is such a string, only the added text is
    sent. A page that opens late, reloads or loses a message requests the whole list. `repeat` sends
    the list without a request, since a kernel that is busy running a cell can't answer requests.
    """

    # Never assigned, so never sent automatically; `to_json` runs when a page requests the state.
    items: traitlets.List[Item] = traitlets.List().tag(
        sync=True, to_json=lambda _, synced: synced.whole
    )
    # the number of the last message; a gap tells the page that a message was lost
    seq = traitlets.Int().tag(sync=True, to_json=lambda _, synced: synced.sent)

    def __init__(self, **traits: Any) -> None:
        self.sent = 0  # how many messages have been pushed
        self._list: list[Item] = []
        self._page_items: list[Item] = []  # the list as last pushed
        self._writing = Lock()  # guards the list: one thread may write while another pushes
        super().__init__(**traits)
        self.on_msg(self._on_request)

    @property
    def whole(self) -> list[Item]:
        """All items so far."""
        with self._writing:
            return list(self._list)

    def append(self, item: Item) -> None:
        """Add an item to the end of the list."""
        with self._writing:
            self._list.append(item)

    def replace(self, items: Sequence[Item]) -> None:
        """Replace the list."""
        with self._writing:
            self._list = list(items)

    def push(self) -> None:
        """Send the page all changes since the last push."""
        with self._writing:
            start = _same(self._page_items, self._list)
            if start == len(self._list) == len(self._page_items):
                return
            items = self._list[start:]
            kept = ""  # the part of the first changed item's text that the page already has
            if items and start < len(self._page_items):
                kept, items[0] = growth(self._page_items[start], items[0])
            self._page_items = list(self._list)
            self.sent += 1
            message = {"seq": self.sent, "at": start, "items": items}
            if kept:  # `keep` is in UTF-16 code units, like string lengths in JavaScript
                message["keep"] = len(kept.encode("utf-16-le", "surrogatepass")) // 2
        self.send(message)

    def repeat(self) -> None:
        """Resend everything pushed so far; a page that is up to date ignores the message."""
        with self._writing:
            message = {"seq": self.sent, "at": 0, "items": self._page_items}
        self.send(message)

    def _on_request(self, _: SyncedList, content: Any, __: list[bytes]) -> None:
        if content == "whole list":
            self.send_state(["items", "seq"])


def growth(old: Item, new: Item) -> tuple[str, Item]:
    """Split a new item into the leading text that it shares with the old item, and the rest."""
    match old, new:
        case str(before), str(now):
            kept = len(before) if now.startswith(before) else _same(before, now)
            return now[:kept], now[kept:]
        case {"value": str(before)}, {"value": str(now), **others}:
            kept = _same(before, now)
            return now[:kept], {**others, "value": now[kept:]}
    return "", new


def _same(old: Sequence[Item], new: Sequence[Item]) -> int:
    """Return how many leading items or characters `old` and `new` have in common."""
    pairs = enumerate(zip(old, new, strict=False))
    differ = (at for at, (a, b) in pairs if a is not b and a != b)
    return next(differ, min(len(old), len(new)))
