"""Numbers that fit the bounds of a JSON schema."""

from __future__ import annotations

import math

from ..json_values import Json


class SchemaError(ValueError):
    """No value can be made for a schema; the message says why, for whoever wrote the schema."""


def _low(schema: Json) -> tuple[float, bool]:
    """Return the lower bound, and whether the bound itself is out."""
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
    """Return whether a number fits its schema."""
    (low, low_out), (high, high_out) = _low(schema), _high(schema)
    if value < low or value > high or (low_out and value == low) or (high_out and value == high):
        return False
    step = schema.get("multipleOf")
    return not step or math.isclose(value / step, round(value / step), abs_tol=1e-9)


def in_bounds(schema: Json, whole: bool) -> float:
    """Return the simplest number within the bounds.

    Raises:
        SchemaError: If there is none.
    """
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
