"""What a JSON schema allows (bounds, merged schemas, implied types), for `schema_values`."""

import math
from typing import Any

from ..json_values import Json


class SchemaError(ValueError):
    """A schema is invalid or too large, or no value matches it; the message says why."""


def within(value: float, schema: Json) -> bool:
    """Return whether a number satisfies a schema's bounds and `multipleOf`."""
    step = schema.get("multipleOf")
    return (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
        and (not step or math.isclose(value / step, round(value / step), abs_tol=1e-9))
    )


def in_bounds(schema: Json, whole: bool) -> float:
    """Return a number, or an integer if `whole`, that fits a schema's bounds and `multipleOf`."""
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    step = schema.get("multipleOf") or 1
    edge = next((bound for bound in (low, high) if math.isfinite(bound)), step)
    nearest = round(edge / step) * step
    candidates = [nearest, nearest + step, nearest - step]
    if not whole and math.isfinite(low + high):
        candidates.append((low + high) / 2)
    for value in candidates:
        if within(value, schema):
            return int(value) if whole else value
    raise SchemaError("no number fits its bounds")


def merged_schemas(parts: list[Json]) -> Json:
    """Combine several schemas into one; a value must match all of them."""
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
    """Return the maximum string length that a schema allows; 100,000 by default."""
    return int(schema.get("maxLength", 100_000))


def fits_length(text: str, schema: Json) -> bool:
    """Return whether a schema allows strings as long as `text`."""
    return int(schema.get("minLength", 0)) <= len(text) <= max_length(schema)
