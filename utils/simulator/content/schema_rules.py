"""Rules of JSON schemas: bounds, merging and implied types."""

from __future__ import annotations

import math
from typing import Any

from ..json_values import Json


class SchemaError(ValueError):
    """A schema is invalid or too large, or no value fits it; the message says why."""


def _low(schema: Json) -> tuple[float, bool]:
    """Return the lower bound, and whether it is exclusive."""
    exclusive = schema.get("exclusiveMinimum")
    if exclusive is not None and exclusive >= schema.get("minimum", -math.inf):
        return exclusive, True
    return schema.get("minimum", -math.inf), False


def _high(schema: Json) -> tuple[float, bool]:
    exclusive = schema.get("exclusiveMaximum")
    if exclusive is not None and exclusive <= schema.get("maximum", math.inf):
        return exclusive, True
    return schema.get("maximum", math.inf), False


def within(value: float, schema: Json) -> bool:
    """Return whether a number satisfies a schema's bounds and `multipleOf`."""
    (low, low_out), (high, high_out) = _low(schema), _high(schema)
    if value < low or value > high or (low_out and value == low) or (high_out and value == high):
        return False
    step = schema.get("multipleOf")
    return not step or math.isclose(value / step, round(value / step), abs_tol=1e-9)


def in_bounds(schema: Json, whole: bool) -> float:
    """Return a simple number that satisfies a schema's bounds and `multipleOf`."""
    (low, low_out), (high, _) = _low(schema), _high(schema)
    step = schema.get("multipleOf") or (1 if whole else None)
    if math.isinf(low) and math.isinf(high):
        return step or 1
    if step:
        start = math.floor(high / step) if math.isinf(low) else math.ceil(low / step)
        candidates = [(start + change) * step for change in (0, 1, -1)]
        fitting = [value for value in candidates if within(value, schema)]
        if fitting:
            return int(fitting[0]) if whole else fitting[0]
        raise SchemaError("no number fits its bounds")
    if math.isinf(low):
        low, low_out = high - 2, True
    if math.isinf(high):
        high = low + 2
    value = (low + high) / 2 if low_out or not float(low).is_integer() else low
    if not within(value, schema):
        raise SchemaError("no number fits its bounds")
    return value


def merged_schemas(parts: list[Json]) -> Json:
    """Combine several schemas, all of which a value must match, into one schema."""
    whole: Json = {}
    properties: Json = {}
    required: Json = {}
    for part in parts:
        whole |= part
        properties |= part.get("properties") or {}
        required |= dict.fromkeys(part.get("required") or [])
    if properties:
        whole["properties"] = properties
    if required:
        whole["required"] = list(required)
    return whole


def is_null(schema: Any) -> bool:
    """Return whether a schema allows only null."""
    return isinstance(schema, dict) and schema.get("type") == "null"


def guessed_type(schema: Json) -> str:
    """Return the likely type for a schema that has no `type`."""
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if {"minimum", "maximum", "multipleOf"} & schema.keys() else "string"


def max_length(schema: Json) -> int:
    """Return the maximum length of a schema's strings; 100,000 by default."""
    return int(schema.get("maxLength", 100_000))


def fits_length(text: str, schema: Json) -> bool:
    """Return whether a string has an allowed length."""
    return int(schema.get("minLength", 0)) <= len(text) <= max_length(schema)
