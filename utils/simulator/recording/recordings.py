"""Recorded replies of real models: their file format and replay."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from .. import errors
from ..model_request import ModelRequest
from ..pacing import Piece, Plan
from ..reply import Kind, Part, Reply, ReplyInfo, Usage

_FORMAT = "recorded replies of a chat model, version 2"
_OBSOLETE = ("also", "counts", "left_out")  # fields that older files contain; they are ignored


class RecordingError(ValueError):
    """A recording can't be read or is invalid; the message names the file and the reason."""


@dataclass(frozen=True)
class RecordedReply:
    """One recorded reply. Times are seconds since the request was sent."""

    model: str
    prompt: str  # the last user message
    opening: float  # when the first event arrived
    parts: tuple[tuple[Kind, str], ...]  # each part's kind and, for a call, the tool's name
    pieces: tuple[tuple[float, int, str], ...]  # time, index of the part, and text of each piece
    finish: str  # the finish reason
    end: float  # when the reply ended
    usage: tuple[int, int, int]  # token counts: prompt, reply, reasoning in the reply

    def reply(self, request: ModelRequest, info: ReplyInfo) -> Reply:
        """Return the recording as a reply to `request`."""
        pieces = tuple(Piece(at, part, text, int(bool(text))) for at, part, text in self.pieces)
        parts = tuple(
            Part(kind, "".join(piece.text for piece in pieces if piece.part == index), tool)
            for index, (kind, tool) in enumerate(self.parts)
        )
        times = tuple(piece.at for piece in pieces)
        span = times[-1] - times[0] if times else 0.0
        return Reply(
            request=replace(request, shows_reasoning=True),  # reasoning is recorded only if shown
            info=info,
            parts=parts,
            pieces=pieces,
            finish=self.finish,
            usage=Usage(*self.usage),
            plan=Plan(self.opening, times, self.end),
            gap=span / max(1, len(times) - 1),
        )


def write(path: Path, replies: Iterable[RecordedReply]) -> None:
    """Write recorded replies to a file; if that fails, an existing file remains unchanged."""
    document = {"format": _FORMAT, "replies": [asdict(reply) for reply in replies]}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    new = path.with_name(f"{path.name}.part")
    # a lone surrogate becomes an escape, such as \ud83d
    new.write_bytes(text.encode("utf-8", "backslashreplace"))
    new.replace(path)


def read(path: Path) -> tuple[RecordedReply, ...]:
    """Read recorded replies.

    Raises:
        RecordingError: If the file can't be read or isn't a valid recording.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecordingError(f"Could not read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path} is not valid JSON ({error}). Record it again.") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise RecordingError(f"{path} has no recorded replies. Create such a file with `record`.")
    try:
        return tuple(_reply(**fields) for fields in document["replies"])
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise RecordingError(f"{path} is damaged ({error}). Record it again.") from error


def _reply(parts: Any, pieces: Any, usage: Any, **fields: Any) -> RecordedReply:
    prompt, completion, reasoning = usage
    reply = RecordedReply(
        parts=tuple((kind, tool) for kind, tool in parts),
        pieces=tuple((at, part, text) for at, part, text in pieces),
        usage=(prompt, completion, reasoning),
        **{name: value for name, value in fields.items() if name not in _OBSOLETE},
    )
    times = [reply.opening, *(at for at, _, _ in reply.pieces), reply.end]
    if not _all_of((int, float), times) or not all(map(isfinite, times)) or times != sorted(times):
        raise ValueError("times")
    texts = [reply.model, reply.prompt, reply.finish]
    texts += [tool for _, tool in reply.parts] + [text for _, _, text in reply.pieces]
    if not _all_of((str,), texts) or not reply.finish:
        raise ValueError("texts or finish reason")
    if not {kind for kind, _ in reply.parts} <= set(get_args(Kind)):
        raise ValueError("parts")
    places = [part for _, part, _ in reply.pieces]
    if not _all_of((int,), places) or not all(0 <= place < len(reply.parts) for place in places):
        raise ValueError("pieces")
    if not _all_of((int,), reply.usage) or min(reply.usage) < 0:
        raise ValueError("usage")
    return reply


def _all_of(kinds: tuple[type, ...], values: Iterable[object]) -> bool:
    return all(type(value) in kinds for value in values)


class Recordings:
    """Recorded replies, looked up by model and prompt."""

    def __init__(self, replies: Iterable[RecordedReply] = (), strict: bool = False) -> None:
        """Index the replies; if `strict`, a recorded model replies only to recorded prompts."""
        self._strict = strict
        self._replies: dict[str, dict[str, RecordedReply]] = {}
        for reply in replies:
            self._replies.setdefault(reply.model, {}).setdefault(_normalized(reply.prompt), reply)

    @property
    def models(self) -> list[str]:
        """The names of the recorded models."""
        return list(self._replies)

    @property
    def prompts(self) -> list[str]:
        """The recorded prompts of all models."""
        replies = (reply for known in self._replies.values() for reply in known.values())
        return list(dict.fromkeys(reply.prompt for reply in replies))

    def reply(self, request: ModelRequest, model: str, info: ReplyInfo) -> Reply | None:
        """Return a model's recorded reply to the request's prompt; None if there is none.

        Raises:
            ApiError: 400 if there is none, the model was recorded, and the recordings are strict.
        """
        known = self._replies.get(model, {})
        if recorded := known.get(_normalized(request.prompt)):
            return recorded.reply(request, info)
        if not (known and self._strict):
            return None
        prompts = " · ".join(f"“{one.prompt[:80]}”" for one in known.values())
        raise errors.wrong_value("messages", f"recorded replies of {model} exist for: {prompts}")


def _normalized(prompt: str) -> str:
    """Return a prompt in lower case with normalized whitespace."""
    return " ".join(prompt.split()).lower()
