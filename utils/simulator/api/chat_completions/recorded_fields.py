"""Merges the extra fields of recorded chunks, for replies that aren't streamed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...json_values import Json
from ...pacing import Piece

_REPEATED = ("id", "type", "role", "format", "index")  # string fields that aren't concatenated


@dataclass(frozen=True)
class RecordedFields:
    """The extra fields of a whole reply: of the object, its choice, message and tool calls."""

    chunk: Json
    choice: Json
    delta: Json
    calls: dict[int, Json]


def collect(pieces: Iterable[Piece]) -> RecordedFields:
    """Return the merged extra fields of a recorded reply's pieces."""
    whole: Json = {}
    choices: list[Json] = [{"logprobs": None}]
    deltas: list[Json] = []
    calls: dict[int, list[Json]] = {}
    for piece in pieces:
        chunk = dict(piece.recorded or {})
        (choice,) = _first_object(chunk.pop("choices", None)) or [{}]
        fields = choice.get("delta")
        delta = dict(fields) if isinstance(fields, dict) else {}
        calls.setdefault(piece.part, []).extend(_first_object(delta.pop("tool_calls", None)))
        delta.pop("content", None)  # the text is already in the message
        whole |= chunk
        choices.append({name: value for name, value in choice.items() if name != "delta"})
        deltas.append(delta)
    joined = {part: _joined_objects(fields) for part, fields in calls.items()}
    return RecordedFields(whole, _joined_objects(choices), _joined_objects(deltas), joined)


def _first_object(value: Any) -> list[Json]:
    return value[:1] if isinstance(value, list) and value and isinstance(value[0], dict) else []


def _joined_objects(objects: list[Json]) -> Json:
    """Join the fields of successive chunks, as a client does."""
    fields: dict[str, list[Any]] = {}
    for one in objects:
        for name, value in one.items():
            fields.setdefault(name, []).extend([] if value is None else [value])
    return {name: _joined(values, name) for name, values in fields.items()}


def _joined(values: list[Any], name: str) -> Any:
    for kind in (str, list, dict):
        if values and all(isinstance(value, kind) for value in values):
            if kind is dict:
                return _joined_objects(values)
            if kind is list:
                return [item for value in values for item in value]
            return values[-1] if name in _REPEATED else "".join(values)
    return values[-1] if values else None
