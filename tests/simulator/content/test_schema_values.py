"""JSON replies match the schema in the request and contain values from the prompt."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from utils.simulator.api.chat_completions import parse
from utils.simulator.content.answer import answer
from utils.simulator.errors import ApiError

JOHN = "Extract the person: John Smith, 42, john@example.com, likes climbing, chess and jazz."
STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def obj(required=None, **properties):
    """Return the schema of an object; by default, all its fields are required."""
    required = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": required}


def array(items):
    return {"type": "array", "items": items}


PERSON = obj(
    name=STRING, age=INTEGER, email={"anyOf": [STRING, {"type": "null"}]}, tags=array(STRING)
) | {"additionalProperties": False}
TREE = obj(name=STRING, children=array({"$ref": "#/$defs/tree"}))
PRODUCT = obj(
    ["name", "price", "stock", "colour", "in_stock"],
    name=STRING,
    price={"type": "number"},
    stock=INTEGER,
    colour={"enum": ["red", "green", "blue"]},
    in_stock={"type": "boolean"},
    description=STRING,
)


def reply(prompt, schema=None, system="", form=None):
    """Return the reply, decoded if it is JSON; `form` is the request's `response_format`."""
    messages = [{"role": "user", "content": prompt}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    if schema is not None:
        form = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}}
    extra = {"response_format": form} if form else {}
    (part,) = answer(parse({"model": "sim", "messages": messages, **extra}))
    return json.loads(part.text) if part.json else part.text


@pytest.mark.parametrize(
    ("prompt", "name", "age"),
    [
        ("My name is Ada and I am 36 years old.", "Ada", 36),
        ("Grace Hopper, aged 85, was an admiral.", "Grace Hopper", 85),
        ("name: Zoë Washburne\nage: 31", "Zoë Washburne", 31),
        ("Alan Turing is a 41-year-old mathematician.", "Alan Turing", 41),
        ("Extract the person: mary jones, 42", "mary jones", 42),
    ],
)
def test_people_are_found_however_they_are_described(prompt, name, age):
    assert reply(prompt, PERSON) == {"name": name, "age": age, "email": None, "tags": []}


def test_a_table_row_is_filled_from_the_prompt():
    row = reply("Make a product row: Trail lamp, green, 39.90 EUR, 12 in stock.", PRODUCT)
    found = {"name": "Trail lamp", "price": 39.9, "stock": 12, "colour": "green", "in_stock": True}
    assert row == found
    absent = reply("Make a product row: Wool blanket, 24.50 EUR, not in stock.", PRODUCT)
    assert absent["in_stock"] is False


def test_several_people_become_several_items():
    found = reply("Ann Lee is 30 and Bob Ray is 25.", obj(people=array(PERSON)))["people"]
    people = [(person["name"], person["age"]) for person in found]
    assert people == [("Ann Lee", 30), ("Bob Ray", 25)]


def test_only_required_fields_are_made_up():
    invented = reply("Invent a product.", PRODUCT)
    Draft202012Validator(PRODUCT).validate(invented)
    assert "description" not in invented


INSTRUCTIONS = f"Reply as JSON that conforms to this JSON schema:\n```\n{json.dumps(PERSON)}\n```"


@pytest.mark.parametrize(
    ("prompt", "system"),
    [
        (f"{JOHN}\n{INSTRUCTIONS}", ""),
        (JOHN, INSTRUCTIONS),
        (f"{JOHN} Answer as JSON with the keys name, age (an integer), email and tags.", ""),
        (JOHN, "Return JSON with keys `name`, `age`, `email` and `tags`."),
        (JOHN, 'Answer with JSON like {"name": "A", "age": 1, "email": "a@b.c", "tags": ["x"]}'),
    ],
)
def test_json_that_messages_describe_needs_no_response_format(prompt, system):
    tags = ["climbing", "chess", "jazz"]
    person = {"name": "John Smith", "age": 42, "email": "john@example.com", "tags": tags}
    assert reply(prompt, system=system) == person == reply(JOHN, PERSON)


@pytest.mark.parametrize(
    "schema",  # as pydantic describes a recursive model and a union
    [{"$defs": {"tree": TREE}, "$ref": "#/$defs/tree"},
     {"$defs": {"tree": TREE}, "anyOf": [{"$ref": "#/$defs/tree"}]}],
)  # fmt: skip
def test_a_schema_in_a_prompt_may_begin_with_a_reference(schema):
    found = reply(f"Answer as JSON that conforms to this schema: {json.dumps(schema)}")
    Draft202012Validator(schema).validate(found)


def test_json_mode_without_keys_returns_an_object():
    found = reply("Answer in JSON: why is the sky blue?", form={"type": "json_object"})
    assert isinstance(found, dict)


def test_a_prompt_that_only_mentions_json_gets_prose():
    assert isinstance(reply("What is JSON good for?"), str)


NAMES = st.sampled_from(
    ["name", "age", "tags", "city", "price", "in_stock", "x", "created_at", "ü"]
)
TEXTS = st.sampled_from([JOHN, "Invent one.", "Weather in Paris for 3 days at 12:30 on 2026-05-17"])


@st.composite
def bounded(draw):
    """Generate a schema for a number, with bounds that at least one integer satisfies."""
    low, width = draw(st.integers(-50, 50)), draw(st.integers(0, 60))
    bounds = {
        "minimum": low,
        "maximum": low + width,
        "exclusiveMinimum": low - 1,
        "exclusiveMaximum": low + width + 1,
        "multipleOf": 1,
    }
    kind = draw(st.sampled_from(["integer", "number"]))
    return {"type": kind} | {key: bounds[key] for key in draw(st.sets(st.sampled_from([*bounds])))}


SCALARS = st.one_of(
    bounded(),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20),
        st.integers(0, 40),
    ),
    st.sampled_from(["email", "date", "date-time", "uri", "uuid", "time"]).map(
        lambda form: {"type": "string", "format": form}
    ),
    st.lists(st.text(max_size=5) | st.integers() | st.none(), min_size=1).map(
        lambda values: {"enum": values}
    ),
    (st.text(max_size=5) | st.integers() | st.booleans()).map(lambda value: {"const": value}),
    st.sampled_from([{"type": kind} for kind in ("boolean", "null", ["string", "null"])]),
    st.sampled_from([{"$ref": "#/$defs/person"}, {"$ref": "#/$defs/tree"}]),
)


@st.composite
def objects(draw, inner):
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    required = [name for name in sorted(properties) if draw(st.booleans())]
    return obj(required, **properties) | {"additionalProperties": draw(st.booleans())}


@st.composite
def arrays(draw, inner):
    low, more = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    return array(draw(inner)) | {"minItems": low, "maxItems": low + more}


def nested(inner):
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda any_of: {"anyOf": any_of})
    return objects(inner) | arrays(inner) | unions


@settings(max_examples=300)
@given(nested(st.recursive(SCALARS, nested, max_leaves=8)), TEXTS)
def test_a_reply_fits_its_schema(schema, prompt):
    whole = schema | {"$defs": {"person": PERSON, "tree": TREE}}
    Draft202012Validator(whole).validate(reply(prompt, whole))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "town"}, "not a type"),
        ({"$ref": "#/$defs/nothing"}, "doesn.t exist"),
        ({"$ref": "#"}, "circles"),
        (obj(a={"$ref": "#"}), "too deep"),
        (obj(**{name: {"$ref": "#"} for name in "abcdefgh"}), "too large"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number"),
        ({"type": "object", "properties": []}, "not a valid JSON schema"),
        ({"enum": []}, "enum"),
    ],
)
def test_a_schema_that_no_value_fits_is_rejected(schema, words):
    with pytest.raises(ApiError, match=words) as refused:
        reply("Invent one.", schema)
    assert (refused.value.status, refused.value.param) == (400, "response_format")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "properties", "items", "anyOf", "enum", "required", "$ref",
                         "allOf", "minimum", "maxItems", "object", "array", "x"]),
        inner | st.sampled_from(["object", "array", "string", "integer"]),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "allOf"]), JUNK))
@example({"allOf": [{"$ref": "#"}]})
@example({"type": "object", "properties": {"x": {"allOf": [{"$ref": "#/properties/x"}] * 2}}})
def test_an_invalid_schema_never_crashes_the_server(schema):
    with suppress(ApiError):  # any other exception is a bug
        reply("Invent one.", schema)


@pytest.mark.parametrize(
    ("described", "keys"),
    [
        ("a JSON with 'setup' and 'punchline' keys", ["setup", "punchline"]),
        ("JSON with \u201csetup\u201d, \u201cpunchline\u201d fields", ["setup", "punchline"]),
        ("JSON with `setup` as key", ["setup"]),
        ("JSON: keys 'first name', 'last-name' (a string) and `age`",
         ["first name", "last-name", "age"]),
        ("JSON with '名前' and '年齢' keys", ["名前", "年齢"]),
        ("JSON containing 'setup' and 'punchline'", ["setup", "punchline"]),
        ("JSON with the fields setup, punchline", ["setup", "punchline"]),
        ("JSON with these fields: `setup`, then `rating` (an int), and then `punchline`",
         ["setup", "rating", "punchline"]),
    ],
)  # fmt: skip
def test_keys_are_found_however_they_are_listed(described, keys):
    assert list(reply(f"Tell me a joke about cats. Return {described}.")) == keys


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Create a customer named '你好啊集团' (Hello Group), a technology company.", "你好啊集团"),
        ("Create the customer \u201cمحمد علي\u201d.", "محمد علي"),
        ("Create a customer named «Ёлка и Чай».", "Ёлка и Чай"),
        ("Create a customer called 「株式会社光」.", "株式会社光"),
        ("Create a customer named 'acme & söhne'.", "acme & söhne"),
        ("Create a customer named Ольга.", "Ольга"),
    ],
)
def test_a_name_in_any_script_is_found(prompt, name):
    assert reply(prompt, obj(customer_name=STRING)) == {"customer_name": name}


@pytest.mark.parametrize("required", [[], None])
@pytest.mark.parametrize("default", [{}, {"default": []}])
def test_an_optional_list_is_made_up_if_nothing_is_required(required, default):
    schema = obj(steps=array(STRING) | default) | {"required": required}
    assert reply("Plan my day.", schema)["steps"]


def test_an_optional_list_is_filled_from_the_prompt():
    schema = obj([], cities=array(STRING))
    found = reply("What's the weather in Paris, in Rome and in Oslo?", schema)
    assert found == {"cities": ["Paris", "Rome", "Oslo"]}


def test_optional_fields_that_have_a_default_are_omitted():
    schema = obj(
        [],
        query=STRING,
        limit=INTEGER | {"default": 10},
        state={"enum": ["open", "closed"]},
        exact={"type": "boolean"},
        page={"anyOf": [INTEGER, {"type": "null"}]},
    )
    assert reply("Search for lighthouses", schema) == {"query": "Search for lighthouses"}


def test_a_long_list_in_the_prompt_does_not_make_the_schema_too_large():
    schema = obj([], people=array(obj([], name=STRING, age=INTEGER)))
    found = reply("Ada King, 3\nBob Ross, 4\n" * 3000, schema)["people"]
    assert found[:2] == [{"name": "Ada King", "age": 3}, {"name": "Bob Ross", "age": 4}]
