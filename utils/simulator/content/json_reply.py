"""JSON replies, for requests whose format field or messages ask for JSON."""

import json
import re
from contextlib import suppress
from typing import Any

from ..json_values import Json, is_shallow
from ..model_request import ModelRequest
from . import extract
from .schema_rules import SchemaError
from .schema_values import fill

_TYPES = {
    "integer": ("age", "year", "quantity", "count", "stock", "number", "servings", "minutes"),
    "number": ("price", "cost", "amount", "rating", "score", "temperature", "total", "weight"),
    "boolean": ("is", "has", "in", "available"),
}
_LABEL = r"\b(?:keys?|fields?|properties|columns?|attributes)\b"
_IN_QUOTES = rf"(?:{extract.QUOTED}|`([^`\n]+)`|\*\*([^*\n]+)\*\*)"
_REMARK = r"(?:\s?\([^)\n]{0,200}\))?"  # a remark after a key, as in: `age` (an integer)
_NEXT = r"(?:,\s{0,9}(?:and\s)?(?:then\s)?|\sand\s)"  # separator between two keys
_ITEM = rf"(?:{_IN_QUOTES}|([^\W\d]\w*)){_REMARK}"
_QUOTED_ITEM = rf"{_IN_QUOTES}{_REMARK}"
# Three ways to list keys: `"name" and "age" as keys`; `keys: name, age and city`; or at least two
# quoted keys after a common word, as in `with "name" and "age"`.
_BEFORE = rf"(?P<keys>{_QUOTED_ITEM}(?:{_NEXT}{_QUOTED_ITEM})*+)(?:\s(?:as\s)?(?P<label>{_LABEL}))?"
_AFTER = rf"{_LABEL}(?:\s(?:named|called|are|of))?[:\s]{{0,9}}(?P<keys>{_ITEM}(?:{_NEXT}{_ITEM})*)"
_ALONE = (
    r"\b(?:with|containing|having|including)\s"
    rf"(?P<keys>{_QUOTED_ITEM}(?:{_NEXT}{_QUOTED_ITEM})++)"
)
_SCHEMA_KEYS = {"properties", "$ref", "$defs"}  # any of these marks an object as a schema
_MOST_BRACES = 100  # maximum number of `{` to try as the beginning of an object


def text(request: ModelRequest) -> str | None:
    """Return the reply as JSON; None if it should be plain text."""
    schema = request.schema or described(request)
    if schema is None and not request.json:
        return None
    results = " ".join(turn.text for turn in request.turns if turn.role == "tool")
    # where the values come from
    source = _without_instructions(f"{request.prompt} {results}".strip())
    default = _default_schema(source[: extract.LONGEST])
    try:
        value = fill(schema or default, source).value
    except SchemaError:
        if request.schema is not None:
            raise
        value = fill(default, source).value  # ignore an invalid schema in a prompt
    return json.dumps(value, ensure_ascii=False)


def described(request: ModelRequest) -> Json | None:
    """Return the schema in a message, or one made from its example or list of keys; else None."""
    for turn in reversed(request.turns):
        if turn.role not in ("system", "user") or "json" not in turn.text.lower():
            continue
        if objects := _objects(turn.text):
            last, _start, _end = objects[-1]
            is_schema = not _SCHEMA_KEYS.isdisjoint(last)
            return last if is_schema else _schema_of_example(last)
        if listed := _listed(turn.text):
            items = re.finditer(rf"{_ITEM}(?:{_NEXT}|$)", listed["keys"])
            # in each match, all groups are None except the one that contains the key
            return _schema_with_keys(["".join(filter(None, item.groups())) for item in items])
    return None


def _listed(text: str) -> re.Match[str] | None:
    """Match a list of keys next to a word like "keys" or, failing that, after one like "with"."""
    for match in re.finditer(_BEFORE, text, re.IGNORECASE):
        if match["label"]:
            return match
    return re.search(_AFTER, text, re.IGNORECASE) or re.search(_ALONE, text, re.IGNORECASE)


def _schema_with_keys(names: list[str]) -> Json:
    return {
        "type": "object",
        "properties": {name: _schema_by_name(name) for name in names},
        "required": names,
    }


def _schema_by_name(name: str) -> Json:
    words = extract.words(name)
    for kind, known in _TYPES.items():
        telling = words[-1:]
        if kind == "boolean":
            # the first word counts, too, as in `is_new` or `has_stock`
            telling = words[:1] + words[-1:]
        if not set(telling).isdisjoint(known):
            return {"type": kind}
    several = name.lower().endswith("s") and not name.lower().endswith(("ss", "us", "address"))
    return {"type": "array", "items": {"type": "string"}} if several else {"type": "string"}


def _objects(text: str) -> list[tuple[Json, int, int]]:
    """Return the JSON objects in the text, with their start and end indexes."""
    decoder = json.JSONDecoder()
    found: list[tuple[Json, int, int]] = []
    at = text.find("{")
    for _ in range(_MOST_BRACES):
        if at < 0:
            break
        value, end = None, at + 1
        with suppress(ValueError, RecursionError):
            value, end = decoder.raw_decode(text, at)
        if isinstance(value, dict) and value and is_shallow(value):
            found.append((value, at, end))
        at = text.find("{", end)
    return found


def _schema_of_example(example: Any) -> Json:
    if isinstance(example, dict):
        return {
            "type": "object",
            "properties": {name: _schema_of_example(value) for name, value in example.items()},
            "required": list(example),
        }
    if isinstance(example, list):
        return {"type": "array", "items": _schema_of_example(example[0] if example else "")}
    types = {bool: "boolean", int: "integer", float: "number"}
    return {"type": types.get(type(example), "string")}


def _without_instructions(text: str) -> str:
    """Return a prompt without its JSON objects and its list of keys."""
    if "json" not in text.lower():
        return text
    for _, start, end in reversed(_objects(text)):
        text = text[:start] + text[end:]
    listed = _listed(text)
    return text[: listed.start()] + text[listed.end() :] if listed else text


def _default_schema(text: str) -> Json:
    if not (extract.people(text) and extract.numbers(text)):
        return _schema_with_keys(["question", "answer"])
    return _schema_with_keys(["name", "age", "email"] if extract.emails(text) else ["name", "age"])
