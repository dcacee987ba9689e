"""Recorded replies of a real provider: the file that holds them, and replies made from it.

How they are recorded is `record`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from . import errors
from .ask import Ask
from .pacing import Piece, Plan
from .reply import Finish, Reply
from .says.answer import Kind, Part
from .wire import Head, Usage

_FORMAT = "recorded replies of a chat model, version 1"


class TraceError(ValueError):
    """A file holds no recorded replies; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Trace:
    """One reply as it arrived. Times are seconds since the request was sent.

    Attributes:
        model: The model's name.
        prompt: The last user message.
        opening: When the first event came.
        parts: The kind of each part ("thought", "text", "call") and, for a call, the tool's name.
        pieces: Time, index of the part, and text of each piece.
        finish: Why it ended.
        end: When it ended.
        usage: Tokens of the prompt, of the reply, and of reasoning in it.
    """

    model: str
    prompt: str
    opening: float
    parts: tuple[tuple[Kind, str], ...]
    pieces: tuple[tuple[float, int, str], ...]
    finish: Finish
    end: float
    usage: tuple[int, int, int]

    def reply(self, ask: Ask, head: Head) -> Reply:
        """Return the recording as a reply to `ask`."""
        pieces = tuple(Piece(at, part, text) for at, part, text in self.pieces)
        texts = [
            "".join(piece.text for piece in pieces if piece.part == index)
            for index in range(len(self.parts))
        ]
        times = tuple(piece.at for piece in pieces)
        span = times[-1] - times[0] if times else 0.0
        return Reply(
            ask=ask,
            head=head,
            parts=tuple(
                Part(kind, text, tool) for (kind, tool), text in zip(self.parts, texts, strict=True)
            ),
            pieces=pieces,
            finish=self.finish,
            usage=Usage(*self.usage),
            plan=Plan(self.opening, times, self.end),
            gap=span / max(1, len(times) - 1),
        )


def write(path: Path, traces: Iterable[Trace]) -> None:
    """Write recorded replies; nothing but what `Trace` holds goes into the file."""
    document = {"format": _FORMAT, "replies": [asdict(trace) for trace in traces]}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[Trace, ...]:
    """Read recorded replies.

    Raises:
        TraceError: If the file can't be read or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise TraceError(f"{path} is no JSON ({error}). Record it again.") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise TraceError(f"{path} holds no recorded replies. Make such a file by `record`.")
    try:
        return tuple(_trace(**fields) for fields in document["replies"])
    except (TypeError, ValueError, KeyError) as error:
        raise TraceError(f"{path} is damaged ({error}). Record it again.") from error


def _trace(parts: Any, pieces: Any, usage: Any, **fields: Any) -> Trace:
    trace = Trace(
        parts=tuple((kind, str(tool)) for kind, tool in parts),
        pieces=tuple((float(at), int(part), str(text)) for at, part, text in pieces),
        usage=tuple(map(int, usage)),  # type: ignore[arg-type]  # checked below
        **fields,
    )
    times = [trace.opening, *(at for at, _, _ in trace.pieces), trace.end]
    if times != sorted(times) or len(trace.usage) != 3 or trace.finish not in get_args(Finish):
        raise ValueError("times, usage or finish reason")
    known = {index for index, (kind, _) in enumerate(trace.parts) if kind in get_args(Kind)}
    if {part for _, part, _ in trace.pieces} - known:
        raise ValueError("parts")
    return trace


class Recordings:
    """Recorded replies, found by model and prompt."""

    def __init__(self, traces: Iterable[Trace] = (), strict: bool = False) -> None:
        """Hold recorded replies.

        Args:
            traces: The replies.
            strict: Refuse other prompts to a recorded model, which the simulator would answer.
        """
        self._traces = tuple(traces)
        self._strict = strict

    @property
    def models(self) -> list[str]:
        """The names of the models that were recorded."""
        return list(dict.fromkeys(trace.model for trace in self._traces))

    @property
    def prompts(self) -> list[str]:
        """The prompts that were recorded, of every model."""
        return list(dict.fromkeys(trace.prompt for trace in self._traces))

    def reply(self, ask: Ask, model: str, head: Head) -> Reply | None:
        """Return the recorded reply of a model to a prompt; None if there is none.

        Raises:
            ApiError: 400 if the model was recorded, but not with this prompt, which is refused.
        """
        known = [trace for trace in self._traces if trace.model == model]
        for trace in known:
            if _same(trace.prompt) == _same(ask.prompt):
                return trace.reply(ask, head)
        if not (known and self._strict):
            return None
        prompts = " · ".join(f"“{trace.prompt[:80]}”" for trace in known)
        raise errors.wrong_value(
            "messages", f"the replies of {model} that were recorded answer: {prompts}"
        )


def _same(prompt: str) -> str:
    """Return what two prompts that count as the same have in common."""
    return " ".join(prompt.split()).lower()
