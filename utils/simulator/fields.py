"""Reading fields of a request's JSON, each with the API's own error if it will not do."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from . import errors

Json = dict[str, Any]
_DEEPEST = 100  # levels


def read_json(raw: bytes) -> Json:
    """Return the JSON object in `raw`.

    Raises:
        ApiError: 400 if there is none.
    """
    try:
        body = json.loads(raw)
        if b"\\ud" in raw.lower():  # half a surrogate pair is no text: it has no UTF-8
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise errors.unreadable() from None
    if not isinstance(body, dict) or not is_shallow(body):
        raise errors.unreadable()
    return body


def is_shallow(value: object) -> bool:
    """Return whether nothing in `value` is nested so deep that it may break who walks it."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return True
        level = inner
    return False


def only(body: Json, known: Collection[str]) -> None:
    """Refuse a body with a field that the API does not have.

    Raises:
        ApiError: 400 that names the first such field.
    """
    for name in body:
        if name not in known:
            raise errors.unknown(name)


def boolean(body: Json, name: str, default: bool = False) -> bool:
    """Return a field that is true or false."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise errors.wrong_type(name, "a boolean")
    return value


def integer(body: Json, name: str, default: int | None) -> int | None:
    """Return a field that is a whole number."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.wrong_type(name, "an integer")
    return value


def number(body: Json, name: str, low: float, high: float) -> float | None:
    """Return a field that is a number within bounds."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise errors.wrong_type(name, "a number")
    if not low <= value <= high:
        raise errors.wrong_value(name, f"it must be from {low:g} to {high:g}")
    return float(value)


def needed_text(body: Json, name: str, where: str) -> str:
    """Return a field that must be there and be a string; `where` is its path in the request."""
    value = body.get(name)
    if value is None:
        raise errors.missing(where)
    if not isinstance(value, str):
        raise errors.wrong_type(where, "a string")
    return value


def object_of(value: object, where: str) -> Json:
    """Return `value`, which must be an object; `where` is its path in the request."""
    if not isinstance(value, dict):
        raise errors.wrong_type(where, "an object")
    return value


def items_of(value: object, where: str) -> list[Any]:
    """Return `value`, which must be an array; `where` is its path in the request."""
    if not isinstance(value, list):
        raise errors.wrong_type(where, "an array of objects")
    return value
