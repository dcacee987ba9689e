"""Makes values that match a JSON schema, for JSON replies and tool arguments.

A value is extracted from the prompt or, failing that, made up. All types, enums, constants, bounds
on numbers and lengths, references, `anyOf`, `oneOf` and `allOf` are supported, but not `pattern`.
"""

from dataclasses import dataclass, field
from typing import Any

from ..json_values import Json
from . import extract, field_values
from .schema_rules import (
    SchemaError,
    fits_length,
    guessed_type,
    in_bounds,
    is_null,
    max_length,
    merged_schemas,
    within,
)

_MOST_NODES = 5000  # OpenAI's limit on the number of properties in a schema
_DEEPEST = 40  # maximum nesting depth, and maximum length of a chain of references
_MOST_ITEMS = 50  # maximum length of a list without `maxItems`
_SHALLOW = 2  # down to this depth, a made-up list contains at least one item
_DEEP = 5  # at greater depths, only required fields are filled


@dataclass(frozen=True)
class Value:
    """A value for a schema."""

    value: Any
    found: bool = False  # whether any part of the value was extracted from the prompt
    missing: bool = False  # whether the prompt lacks the value or, for an object, a required field


def fill(schema: Json, text: str, context: str = "") -> Value:
    """Return a value that matches `schema`, extracted from `text` where possible.

    `context` is a longer string that is also searched for enum values.

    Raises:
        SchemaError: If the schema is invalid, too large or infinitely recursive, or no value fits.
    """
    text, context = text[: extract.LONGEST], (context or text)[: extract.LONGEST]
    try:
        value = _Filler(schema, text, context).value(schema, "", 0)
        if value.found:
            return value
        # nothing was extracted, so make up lists and optional fields too
        return _Filler(schema, text, context, invents=True).value(schema, "", 0)
    except (TypeError, AttributeError, KeyError, IndexError, ValueError, OverflowError) as error:
        if isinstance(error, SchemaError):
            raise
        raise SchemaError(f"it is not a valid JSON schema ({error})") from error


@dataclass
class _Filler:
    """Finds a value for a schema and, recursively, for its subschemas."""

    root: Json  # the whole schema, in which references are looked up
    text: str
    context: str
    nodes: int = 0
    invents: bool = False  # whether to make up lists and optional fields
    used: set[str] = field(default_factory=set)  # numbers already used for a field

    def value(self, schema: Any, name: str, depth: int) -> Value:
        """Return a value for the field `name`, which is `depth` levels deep."""
        self._count(depth)
        if schema is True or schema == {}:
            return self._text({}, name)
        if not isinstance(schema, dict):
            raise SchemaError("a schema is an object")
        schema = self._resolved(schema)
        if "const" in schema:
            return Value(schema["const"])
        if "enum" in schema:
            return self._enum(schema)
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return self._any(schema, branches, name, depth)
        return self._typed(schema, name, depth)

    def _count(self, depth: int) -> None:
        """Count a node, and reject a schema that is too large or too deep."""
        self.nodes += 1
        if self.nodes > _MOST_NODES or depth > _DEEPEST:
            raise SchemaError("it is too large, too deep, or refers to itself without an end")

    def _resolved(self, schema: Json, depth: int = 0) -> Json:
        """Resolve references, and merge the schemas in `allOf` into one; `depth` counts nesting."""
        for _ in range(_DEEPEST):
            self._count(depth)
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = self._target(schema["$ref"]) | rest
            elif "allOf" in schema:
                parts = [self._resolved(part, depth + 1) for part in schema["allOf"]]
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                schema = merged_schemas([*parts, rest])
            else:
                return schema
        raise SchemaError("its references go in circles")

    def _target(self, reference: str) -> Json:
        target: Any = self.root
        try:
            for step in filter(None, reference.removeprefix("#").split("/")):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            return dict(target)
        except (KeyError, TypeError, ValueError):
            raise SchemaError(f"{reference!r} doesn't exist in the schema") from None

    def _enum(self, schema: Json) -> Value:
        choices = schema["enum"]
        if not isinstance(choices, list) or not choices:
            raise SchemaError("an enum is a non-empty list")
        for text in (self.text, self.context):
            if chosen := field_values.chosen(text, choices):
                return Value(chosen[0], found=True)
        if "default" in schema and schema["default"] in choices:
            return Value(schema["default"])
        return Value(choices[0], missing=None not in choices)  # null makes the field optional

    def _any(self, schema: Json, branches: list[Any], name: str, depth: int) -> Value:
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
        values = []
        may_be_null = any(map(is_null, branches))
        for branch in branches:
            full = branch
            if isinstance(branch, dict):
                full = merged_schemas([rest, self._resolved(branch)])
            if is_null(full):
                values.append(Value(None))
                continue
            if depth > _DEEP and may_be_null:
                continue
            value = self.value(full, name, depth + 1)
            if value.found:
                return value
            values.append(value)
        nulls = [value for value in values if value.value is None]
        return (nulls or values)[0]

    def _typed(self, schema: Json, name: str, depth: int) -> Value:
        kind = schema.get("type") or guessed_type(schema)
        if isinstance(kind, list):
            return self._any({}, [schema | {"type": one} for one in kind], name, depth)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, name, whole=kind == "integer")
        if kind == "boolean":
            found = field_values.boolean(self.text, name)
            default = schema.get("default")
            made_up = default if isinstance(default, bool) else True
            return Value(made_up, missing=True) if found is None else Value(found, found=True)
        if kind == "null":
            return Value(None)
        if kind == "string":
            return self._text(schema, name)
        raise SchemaError(f"{kind!r} is not a type")

    def _object(self, schema: Json, depth: int) -> Value:
        required = dict.fromkeys(schema.get("required") or [])
        made: Json = {}
        found = missing = False
        left_out: Json = {}  # optional fields whose values were made up
        for name, inner in schema.get("properties", {}).items():
            if name not in required and depth > _DEEP:
                continue
            value = self.value(inner, name, depth + 1)
            if name in required or value.found:
                made[name] = value.value
                found |= value.found
                missing |= value.missing and name in required
            elif _is_expected(inner):
                left_out[name] = value.value
        for name in required:
            if name not in made:
                made[name] = self.value({}, name, depth + 1).value
        if not made and self.invents:  # no field is required, and no value was found
            made, missing = left_out, True
        return Value(made, found, missing)

    def _array(self, schema: Json, name: str, depth: int) -> Value:
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", _MOST_ITEMS))
        items = schema.get("items", {})
        inner = self._resolved(items) if isinstance(items, dict) else {}
        prefix = [self.value(one, name, depth + 1) for one in schema.get("prefixItems", [])]
        values = prefix or self._items(inner, name, depth)
        made = [value.value for value in values]
        if not made and self.invents and depth <= _SHALLOW:
            least = max(least, 1)
        while len(made) < least:
            made.append(self.value(items, name, depth + 1).value)
        found = any(value.found for value in values)
        return Value(made[:most], found, missing=not found)

    def _items(self, inner: Json, name: str, depth: int) -> list[Value]:
        """Return items from the text or, if there are none and `invents` is True, made-up items."""
        kind = inner.get("type")
        if "enum" in inner:
            chosen = field_values.chosen(self.text, inner["enum"])
            return [Value(choice, found=True) for choice in chosen]
        if kind == "string":
            listed = field_values.listed(self.text, name) or field_values.plural(self.text, name)
            fitting = [item for item in listed if fits_length(item, inner)]
            if fitting:
                return [Value(item, found=True) for item in fitting]
            made_up = field_values.samples(name)[:3] if self.invents else []
            made_up = [item for item in made_up if isinstance(item, str)]
            return [Value(item) for item in made_up if fits_length(item, inner)]
        if kind == "object" and depth <= _DEEP:
            parts = field_values.records(self.text, list(inner.get("properties") or {}))
            if len(parts) > 1:
                fillers = [_Filler(self.root, part, part) for part in parts[:_MOST_ITEMS]]
                return [filler.value(inner, name, depth + 1) for filler in fillers]
            value = self.value(inner, name, depth + 1)
            return [value] if value.found or self.invents else []
        if kind in ("integer", "number"):
            return self._numbers(inner, name)
        return []

    def _numbers(self, inner: Json, name: str) -> list[Value]:
        values: list[Value] = []
        while len(values) < 20:
            value = self._number(inner, name, whole=inner["type"] == "integer")
            if not value.found:
                return values
            values.append(value)
        return values

    def _number(self, schema: Json, name: str, whole: bool) -> Value:
        for written in field_values.numbers(self.text, name):
            value = float(written) if "." in written else int(written)
            if written in self.used or not within(value, schema):
                continue
            if whole and value != int(value):
                continue
            self.used.add(written)
            return Value(int(value) if whole else value, found=True)
        for sample in [schema.get("default"), *field_values.samples(name)]:
            if isinstance(sample, bool) or not isinstance(sample, int | float):
                continue
            if within(sample, schema) and (not whole or float(sample).is_integer()):
                return Value(int(sample) if whole else sample, missing=True)
        return Value(in_bounds(schema, whole), missing=True)

    def _text(self, schema: Json, name: str) -> Value:
        form = schema.get("format", "")
        about = schema.get("description") or ""
        for said in field_values.strings(self.text, name, form, about):
            if fits_length(said, schema):
                return Value(said, found=True)
        preferred = (field_values.FORMATTED.get(form), schema.get("default"))
        made_up = field_values.made_up(self.text, name)
        for sample in (*preferred, *(schema.get("examples") or []), *made_up):
            if isinstance(sample, str) and fits_length(sample, schema):
                return Value(sample, missing=True)
        padded = field_values.plain(name).ljust(int(schema.get("minLength", 0)))
        return Value(padded[: max_length(schema)], missing=True)


def _is_expected(schema: Any) -> bool:
    """Return whether an optional field would usually be present."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind in ("string", "number", "integer", "object"):
        return "default" not in schema and "enum" not in schema
    return bool(kind == "array")
