"""Safe parsing and encoding of the JSON in requests and responses."""

import json
from typing import Any

from . import errors

Json = dict[str, Any]
_MAX_DEPTH = 100
# created once, since `json.dumps` would create an encoder on each call
_encode = json.JSONEncoder(ensure_ascii=False).encode


def parse_object(raw: bytes) -> Json:
    """Return the JSON object in `raw`.

    Raises:
        ApiError: 400 if `raw` isn't a JSON object, is nested too deeply, or contains a lone
            surrogate.
    """
    try:
        body = json.loads(raw)
        if b"\\ud" in raw.lower():  # perhaps an escaped surrogate, such as \ud83d
            _encode(body).encode()  # raises `UnicodeEncodeError` for a lone surrogate
    except (ValueError, RecursionError):
        raise errors.unreadable() from None
    if not isinstance(body, dict) or not is_shallow(body):
        raise errors.unreadable()
    return body


def is_shallow(value: object) -> bool:
    """Return whether `value` is shallow enough to be traversed recursively."""
    level = [value]  # the values at the current depth
    for _ in range(_MAX_DEPTH):
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


def to_json(value: object) -> bytes:
    """Return `value` as JSON in UTF-8; escape lone surrogates, which UTF-8 can't encode."""
    return _encode(value).encode("utf-8", "backslashreplace")
