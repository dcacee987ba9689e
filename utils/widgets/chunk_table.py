"""`ChunkTable`: the chunks of a stream under the microscope, a row for each, as they arrive.

A chunk is read by its shape, so that anything shaped like LangChain's will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from utils.timing import Recording, content_of
from utils.widgets.pane import STOPPED, Panel
from utils.widgets.reading import Source
from utils.widgets.sheet import Sheet, script
from utils.widgets.style import stylesheet
from utils.widgets.viewer import Viewer

_SHOWN = 400  # characters of a cell that go to the page

Row = dict[str, str]


class ChunkTable(Viewer):
    """A row for each chunk: when it came, its text, and whatever else it carries.

        chunks = ChunkTable("One reply").show(model.stream("Name a river."))
        chunks = await ChunkTable("One reply").run(model.astream("Name a river."))

    A column appears with the first chunk that has something for it. Chunks that carry neither text
    nor reasoning nor a tool call are labelled as empty.
    """

    def __init__(
        self,
        title: str = "",
        *,
        stop: bool = True,
        display: bool = True,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out an empty table.

        Args:
            title: Shown above the table.
            stop: Whether `run` offers a Stop button.
            display: Whether it shows itself; False where it stands inside another widget.
            clock: Seconds from any fixed point; for tests.
        """
        self._rows = Rows(label=f"Chunks of {title}" if title else "Chunks")
        super().__init__(title, self._rows, stop=stop, display=display, clock=clock)

    @property
    def chunks(self) -> list[Any]:
        """The chunks so far, as the stream gave them."""
        return list(self._rows.chunks)

    async def run(self, source: Source) -> list[Any]:
        """Show an async stream until it ends or Stop is pressed, then print a count.

        Args:
            source: What `model.astream(…)` returns, or any async iterable.

        Returns:
            The chunks that arrived. Stop is not an error: see `.stopped`.

        Raises:
            RuntimeError: If this table is showing a stream already.
            Exception: Whatever the stream raises, after it has been shown as a sentence.
        """
        await self.aview(source)
        return self.chunks

    def show(self, stream: Iterable[object]) -> list[Any]:
        """Show a stream until it ends, then print a count; otherwise as `run`."""
        self.view(stream)
        return self.chunks

    def line(self) -> str:
        """Count: `35 chunks · 31 with text · 1 finish reason · 1 with usage`."""
        count = self._rows.count
        parts = [
            f"{len(self._rows.chunks)} chunk{'' if len(self._rows.chunks) == 1 else 's'}",
            f"{count('words')} with text",
            f"{count('reasoning')} with reasoning" if count("reasoning") else "",
            f"{count('tool')} with a tool call's piece" if count("tool") else "",
            _finishes(count("finish")),
            f"{count('usage') or 'none'} with usage",
            {"left": "stopped", "failed": "failed"}.get(
                self.recording.outcome if self.recording else "", ""
            ),
        ]
        return " · ".join(part for part in parts if part)


def _finishes(count: int) -> str:
    return f"{count or 'no'} finish reason{'s' if count > 1 else ''}"


class Rows(Sheet, Panel):
    """The table itself.

    Attributes:
        chunks: The stream's items so far.
    """

    _esm = script("chunk_table")
    _css = stylesheet("chunk_table")

    def __init__(self, label: str) -> None:
        super().__init__(label=label)
        self.chunks: list[object] = []
        self._carried: Counter[str] = Counter()

    def count(self, what: str) -> int:
        """How many chunks carry something: a column of `row_of`, or "words" for text not empty."""
        return self._carried[what]

    def clear(self) -> None:
        """Forget the last run and empty the table."""
        self.chunks, self._carried = [], Counter()
        self.become([])
        self.push()

    def take(self, item: object, at: float) -> str:
        """Add a row."""
        self.chunks.append(item)
        text = content_of(item)[0]
        row = row_of(item)
        self._carried.update(row.keys() | ({"words"} if text else set()))
        self.append({"at": f"{at:.3f}"} | {name: _cut(cell) for name, cell in row.items()})
        return text

    def end(self, recording: Recording) -> str:
        """Say what is left of a stopped reply, or that there was nothing."""
        if not self.chunks:
            return "No chunk arrived."
        return STOPPED if recording.outcome == "left" else ""


def row_of(item: object) -> Row:
    """What a chunk carries, as text for each column that it has something for.

    Args:
        item: A message chunk, a string, or a dict shaped like a message chunk; anything else is
            shown by its repr.

    Returns:
        Some of "text" (as a repr: spaces and newlines show), "reasoning", "tool" (index, name and
        arguments), "finish", "usage", and "empty", which tells that there is nothing to read.
    """
    if not isinstance(item, str) and _field(item, "content") is None:
        return {"text": repr(item)}
    text, reasoning = content_of(item)
    tool = " ".join(_piece(piece) for piece in _field(item, "tool_call_chunks") or ())
    metadata = _field(item, "response_metadata") or {}
    row = {
        "text": repr(text),
        "reasoning": repr(reasoning) if reasoning else "",
        "tool": tool,
        "finish": str(metadata.get("finish_reason") or ""),
        "usage": _tokens(_field(item, "usage_metadata") or {}),
        "empty": "" if text or reasoning or tool else "empty",
    }
    return {column: cell for column, cell in row.items() if cell}


def _piece(piece: Mapping[str, Any]) -> str:
    """A tool call's piece: its index tells which call it belongs to."""
    index, name, arguments = piece.get("index"), piece.get("name"), piece.get("args")
    parts = ["" if index is None else f"[{index}]", name, repr(arguments) if arguments else ""]
    return " ".join(part for part in parts if part)


def _tokens(usage: Mapping[str, Any]) -> str:
    known = {"in": usage.get("input_tokens"), "out": usage.get("output_tokens")}
    return " · ".join(f"{count} {way}" for way, count in known.items() if count is not None)


def _cut(cell: str) -> str:
    return cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}… ({len(cell):,} characters)"


def _field(item: object, name: str) -> Any:
    """A field of a message, or of a dict shaped like one."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
