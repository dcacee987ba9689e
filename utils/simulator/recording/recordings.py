"""Recorded replies from real models: their file format and replay."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, InstanceOf, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from .. import errors
from ..model_request import ModelRequest
from ..pacing import Piece
from ..reply import Kind, Part, Reply, ReplyInfo, Usage

_FORMAT = "recorded replies of a chat model, version 2"
_Text = InstanceOf[str]  # unlike `str` in Pydantic, accepts a lone surrogate (half an emoji)
_Seconds = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class RecordingError(ValueError):
    """Raised for an unreadable or invalid recording; the message names the file and the reason."""


@dataclass(frozen=True)
class RecordedReply:
    """One recorded reply. Times are in seconds since the request was sent."""

    model: _Text
    prompt: _Text  # the last user message
    opening: _Seconds  # when the first event arrived
    parts: tuple[tuple[Kind, _Text], ...]  # each part's kind and, for a tool call, the tool's name
    pieces: tuple[tuple[_Seconds, _Count, _Text], ...]  # time, part index and text of each piece
    finish: _Text
    end: _Seconds
    # tokens in the prompt, in the reply (including reasoning), and in the reasoning alone
    usage: tuple[_Count, _Count, _Count]

    def __post_init__(self) -> None:
        """Check the constraints that the types can't express."""
        times = [self.opening, *(at for at, _, _ in self.pieces), self.end]
        if times != sorted(times):
            raise ValueError("its times are not in order")
        if any(part >= len(self.parts) for _, part, _ in self.pieces):
            raise ValueError("a piece belongs to no part")

    def reply(self, request: ModelRequest, info: ReplyInfo) -> Reply:
        """Return the recording as a reply to `request`."""
        # a piece with text counts as one token
        pieces = tuple(Piece(at, part, text, int(bool(text))) for at, part, text in self.pieces)
        parts = tuple(
            Part(kind, "".join(piece.text for piece in pieces if piece.part == index), tool)
            for index, (kind, tool) in enumerate(self.parts)
        )
        times = tuple(piece.at for piece in pieces)
        span = times[-1] - times[0] if times else 0.0
        return Reply(
            request=replace(request, shows_reasoning=True),  # hidden reasoning is never recorded
            info=info,
            parts=parts,
            pieces=pieces,
            finish=self.finish,
            usage=Usage(*self.usage),
            opening=self.opening,
            end=self.end,
            gap=span / max(1, len(times) - 1),
        )


def write(path: Path, replies: Iterable[RecordedReply]) -> None:
    """Write recorded replies to a file; if that fails, any existing file is left unchanged."""
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
        replies = TypeAdapter(tuple[RecordedReply, ...]).validate_python(document.get("replies"))
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RecordingError(f"{path} is damaged ({reason}). Record it again.") from error
    return replies


class Recordings:
    """Recorded replies, indexed by model and prompt."""

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
        """Return a model's recorded reply to a prompt, or None if there is no such recording.

        Raises:
            ApiError: 400 if `strict` is True and the model was recorded, but not with this prompt.
        """
        known = self._replies.get(model, {})
        if recorded := known.get(_normalized(request.prompt)):
            return recorded.reply(request, info)
        if not (known and self._strict):
            return None
        prompts = " · ".join(f"“{one.prompt[:80]}”" for one in known.values())
        raise errors.wrong_value("messages", f"recorded replies of {model} exist for: {prompts}")


def _normalized(prompt: str) -> str:
    return " ".join(prompt.split()).lower()
