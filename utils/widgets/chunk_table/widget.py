"""`ChunkTable`: the chunks of a stream as table rows, added as they arrive.

Chunks are duck-typed: anything shaped like a LangChain chunk works. `StreamView` reads the stream
and passes each chunk to `Rows`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from utils.formatting import counted
from utils.timing import Recording, content_of
from utils.timing.chunks import field_of
from utils.widgets.base.panel import STOPPED, Panel
from utils.widgets.base.theme import script, stylesheet
from utils.widgets.stream_view.widget import StreamView

_LONGEST_CELL = 400  # characters; longer cells are truncated before they are sent to the page

Row = dict[str, str]  # the text of each cell, keyed by column


class ChunkTable(StreamView[list[Any]]):
    """A table with a row for each chunk: its arrival time, its text, and its other fields.

        chunks = ChunkTable("One reply").show(model.stream("Name a river."))
        chunks = await ChunkTable("One reply").run(model.astream("Name a river."))

    A column appears with the first chunk that has a value for it. Chunks without text,
    reasoning or a tool call are labelled as empty.
    """

    def __init__(self, title: str = "", **options: Any) -> None:
        """`options`, such as `clock`, are passed on to `StreamView`."""
        self._rows = Rows()
        super().__init__(title, self._rows, **options)

    @property
    def chunks(self) -> list[Any]:
        """The chunks so far, as the stream yielded them."""
        return list(self._rows.chunks)

    def _result(self) -> list[Any]:
        return self.chunks

    def line(self) -> str:
        """Return the counts: `35 chunks · 31 with text · 1 finish reason · 1 with usage`."""
        counts = self._rows.counts
        outcome = self.recording.outcome if self.recording else ""
        parts = [
            counted(len(self._rows.chunks), "chunk"),
            f"{counts['words']} with text",
            f"{counts['reasoning']} with reasoning" if counts["reasoning"] else "",
            f"{counts['tool']} with a tool call's piece" if counts["tool"] else "",
            counted(counts["finish"], "finish reason") if counts["finish"] else "no finish reason",
            f"{counts['usage'] or 'none'} with usage",
            {"left": "stopped", "failed": "failed"}.get(outcome, ""),
        ]
        return " · ".join(part for part in parts if part)


class Rows(Panel):
    """Panel with the table's rows."""

    _esm = script("chunk_table/chunk_table.js")
    _css = stylesheet("chunk_table/chunk_table.css")
    content = "Chunks"

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[object] = []
        # for each column, how many chunks have a value in it; "words" counts those with text
        self.counts: Counter[str] = Counter()

    def clear(self) -> None:
        """Discard the previous run's chunks, and empty the table."""
        self.chunks, self.counts = [], Counter()
        super().clear()

    def take(self, item: object, at: float) -> str:
        """Add a row for an item."""
        self.chunks.append(item)
        text = content_of(item)[0]
        row = row_of(item)
        self.counts.update([*row, "words"] if text else row.keys())
        self.append({"at": f"{at:.3f}"} | {name: _cut(cell) for name, cell in row.items()})
        return text

    def end(self, recording: Recording) -> str:
        """Describe a stopped or empty stream."""
        if not self.chunks:
            return "No chunk arrived."
        return STOPPED if recording.outcome == "left" else ""


def row_of(item: object) -> Row:
    """Return the row for a stream item: the non-empty cells, by column.

    Text is shown as a repr, to make spaces and newlines visible. An item that is neither a message
    chunk nor a string is shown as a repr, too.
    """
    if not isinstance(item, str) and field_of(item, "content") is None:
        return {"text": repr(item)}
    text, reasoning = content_of(item)
    tool = " ".join(_piece(piece) for piece in field_of(item, "tool_call_chunks") or ())
    metadata = field_of(item, "response_metadata") or {}
    row = {
        "text": repr(text),
        "reasoning": repr(reasoning) if reasoning else "",
        "tool": tool,
        "finish": str(metadata.get("finish_reason") or ""),
        "usage": _tokens(field_of(item, "usage_metadata") or {}),
        "empty": "" if text or reasoning or tool else "empty",
    }
    return {column: cell for column, cell in row.items() if cell}


def _piece(piece: Mapping[str, Any]) -> str:
    """Format a tool-call chunk; its index identifies the call."""
    index, name, arguments = piece.get("index"), piece.get("name"), piece.get("args")
    parts = ["" if index is None else f"[{index}]", name, repr(arguments) if arguments else ""]
    return " ".join(part for part in parts if part)


def _tokens(usage: Mapping[str, Any]) -> str:
    known = {"in": usage.get("input_tokens"), "out": usage.get("output_tokens")}
    return " · ".join(f"{count} {way}" for way, count in known.items() if count is not None)


def _cut(cell: str) -> str:
    if len(cell) <= _LONGEST_CELL:
        return cell
    return f"{cell[:_LONGEST_CELL]}… ({len(cell):,} characters)"
