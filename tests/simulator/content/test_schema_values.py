"""JSON replies match the request's schema, and contain values from the prompt."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from utils.simulator.api.chat_completions import parse
from utils.simulator.content.answer import answer
from utils.simulator.errors import ApiError

JOHN = "Extract the person: John Smith, 42, john@example.com, likes climbing, chess and jazz."
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "email": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "age", "email", "tags"],
    "additionalProperties": False,
}
PRODUCT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "price": {"type": "number"},
        "stock": {"type": "integer"},
        "colour": {"enum": ["red", "green", "blue"]},
        "in_stock": {"type": "boolean"},
        "description": {"type": "string"},
    },
    "required": ["name", "price", "stock", "colour", "in_stock"],
}


def reply(prompt: str, schema: dict[str, Any] | None = None, system: str = "") -> Any:
    messages = [{"role": "user", "content": prompt}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    body: dict[str, Any] = {"model": "sim", "messages": messages}
    if schema is not None:
        form = {"name": "thing", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    (part,) = answer(parse(body))
    return json.loads(part.text) if part.json else part.text


def test_a_person_is_extracted() -> None:
    assert reply(JOHN, PERSON) == {
        "name": "John Smith",
        "age": 42,
        "email": "john@example.com",
        "tags": ["climbing", "chess", "jazz"],
    }


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
def test_people_are_found_however_they_are_described(prompt: str, name: str, age: int) -> None:
    found = reply(prompt, PERSON)
    assert (found["name"], found["age"], found["tags"]) == (name, age, [])
    assert found["email"] is None


def test_a_table_row_is_filled_from_the_prompt() -> None:
    row = reply("Make a product row: Trail lamp, green, 39.90 EUR, 12 in stock.", PRODUCT)
    assert row == {
        "name": "Trail lamp",
        "price": 39.9,
        "stock": 12,
        "colour": "green",
        "in_stock": True,
    }


def test_what_is_not_in_stock_is_false() -> None:
    row = reply("Make a product row: Wool blanket, 24.50 EUR, not in stock.", PRODUCT)
    assert row["in_stock"] is False


def test_several_people_become_several_items() -> None:
    people = {
        "type": "object",
        "properties": {"people": {"type": "array", "items": PERSON}},
        "required": ["people"],
    }
    found = reply("Ann Lee is 30 and Bob Ray is 25.", people)["people"]
    assert [(person["name"], person["age"]) for person in found] == [
        ("Ann Lee", 30),
        ("Bob Ray", 25),
    ]


def test_what_the_prompt_does_not_say_is_made_up_where_it_must_be_there() -> None:
    invented = reply("Invent a product.", PRODUCT)
    Draft202012Validator(PRODUCT).validate(invented)
    assert "description" not in invented


INSTRUCTIONS = (
    "Reply as JSON that conforms to the JSON schema below.\n```\n" + json.dumps(PERSON) + "\n```"
)


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
def test_json_that_the_messages_describe_needs_no_response_format(prompt: str, system: str) -> None:
    assert reply(prompt, system=system) == reply(JOHN, PERSON)


def test_json_mode_without_any_keys_still_gives_an_object() -> None:
    body = {
        "model": "sim",
        "messages": [{"role": "user", "content": "Answer in JSON: why is the sky blue?"}],
        "response_format": {"type": "json_object"},
    }
    (part,) = answer(parse(body))
    assert isinstance(json.loads(part.text), dict)


def test_prose_that_only_mentions_json_stays_prose() -> None:
    assert isinstance(reply("What is JSON good for?"), str)


NAMES = st.sampled_from(
    ["name", "age", "tags", "city", "price", "in_stock", "x", "created_at", "ü"]
)
TEXTS = st.sampled_from([JOHN, "Invent one.", "Weather in Paris for 3 days at 12:30 on 2026-05-17"])


def bounded(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    low = st.integers(-50, 50)
    return st.builds(
        lambda a, width, bounds: {"type": kind}
        | {key: {"minimum": a, "maximum": a + width, "exclusiveMinimum": a - 1,
                 "exclusiveMaximum": a + width + 1, "multipleOf": 1}[key] for key in bounds},
        low,
        st.integers(0, 60),
        st.sets(st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                 "multipleOf"])),
    )  # fmt: skip


SCALARS = st.one_of(
    bounded("integer"),
    bounded("number"),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20),
        st.integers(0, 40),
    ),
    st.sampled_from(["email", "date", "date-time", "uri", "uuid", "time"]).map(
        lambda form: {"type": "string", "format": form}
    ),
    st.lists(st.text(max_size=5) | st.integers() | st.none(), min_size=1).map(
        lambda e: {"enum": e}
    ),
    (st.text(max_size=5) | st.integers() | st.booleans()).map(lambda c: {"const": c}),
    st.just({"type": ["string", "null"]}),
    st.just({"$ref": "#/$defs/person"}),
    st.just({"$ref": "#/$defs/tree"}),
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(NAMES, inner, max_size=4).flatmap(
        lambda properties: st.builds(
            lambda required, more: {
                "type": "object",
                "properties": properties,
                "required": sorted(required),
                "additionalProperties": more,
            },
            st.sets(st.sampled_from(sorted(properties))) if properties else st.just(set()),
            st.booleans(),
        )
    )
    arrays = st.builds(
        lambda items, low, more: {
            "type": "array",
            "items": items,
            "minItems": low,
            "maxItems": low + more,
        },
        inner,
        st.integers(0, 4),
        st.integers(0, 4),
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda any_of: {"anyOf": any_of})
    return objects | arrays | unions


DEFS = {
    "person": PERSON,
    "tree": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
        "required": ["name", "children"],
    },
}


@settings(max_examples=300, deadline=None)
@given(nested(st.recursive(SCALARS, nested, max_leaves=8)), TEXTS)
def test_the_reply_fits_any_schema(schema: dict[str, Any], prompt: str) -> None:
    whole = schema | {"$defs": DEFS}
    Draft202012Validator(whole).validate(reply(prompt, whole))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "town"}, "not a type"),
        ({"$ref": "#/$defs/nothing"}, "doesn.t exist"),
        ({"$ref": "#"}, "circles"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "deep"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number"),
        ({"type": "object", "properties": []}, "not a valid JSON schema"),
        ({"enum": []}, "enum"),
    ],
)
def test_a_schema_that_nothing_can_fit_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiError, match=words) as refused:
        reply("Invent one.", schema)
    assert (refused.value.status, refused.value.param) == (400, "response_format")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "properties", "items", "anyOf", "enum", "required", "$ref",
                         "allOf", "minimum", "maxItems", "minLength", "object", "array", "x"]),
        inner | st.sampled_from(["object", "array", "string", "integer"]),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "allOf"]), JUNK))
def test_a_schema_that_is_junk_is_refused_or_answered(schema: dict[str, Any]) -> None:
    with suppress(ApiError):  # any other exception would be a bug in the server
        reply("Invent one.", schema)


@pytest.mark.parametrize(
    ("described", "keys"),
    [
        ("a JSON with 'setup' and 'punchline' keys", ["setup", "punchline"]),
        ('JSON with "setup" and "punchline" keys and nothing else', ["setup", "punchline"]),
        ("JSON with \u201csetup\u201d, \u201cpunchline\u201d fields", ["setup", "punchline"]),
        ("JSON with `setup` as key", ["setup"]),
        ("JSON: keys 'first name', 'last-name' (a string) and `age`",
         ["first name", "last-name", "age"]),
        ("JSON with the keys 'größe' and 'farbe'", ["größe", "farbe"]),
        ("JSON with '名前' and '年齢' keys", ["名前", "年齢"]),
        ("JSON containing 'setup' and 'punchline'", ["setup", "punchline"]),
        ("JSON with the fields setup, punchline", ["setup", "punchline"]),
    ],
)  # fmt: skip
def test_keys_are_found_however_they_are_listed(described: str, keys: list[str]) -> None:
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
def test_a_name_of_any_script_is_found(prompt: str, name: str) -> None:
    schema = {"type": "object", "properties": {"customer_name": {"type": "string"}},
              "required": ["customer_name"]}  # fmt: skip
    assert reply(prompt, schema) == {"customer_name": name}


@pytest.mark.parametrize("required", [[], None])
@pytest.mark.parametrize("default", [{}, {"default": []}])
def test_a_list_is_given_though_nothing_is_required(
    required: list[str] | None, default: dict[str, Any]
) -> None:
    steps = {"type": "array", "items": {"type": "string"}} | default
    schema = {"type": "object", "properties": {"steps": steps}, "required": required}
    assert reply("Plan my day.", schema)["steps"]


def test_a_list_is_filled_from_the_prompt_though_nothing_is_required() -> None:
    cities = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"cities": cities}, "required": []}
    found = reply("What's the weather in Paris, in Rome and in Oslo?", schema)
    assert found == {"cities": ["Paris", "Rome", "Oslo"]}


def test_what_has_a_default_is_left_out_if_nothing_is_required() -> None:
    schema = {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "limit": {"type": "integer", "default": 10},
            "state": {"enum": ["open", "closed"]},
            "exact": {"type": "boolean"},
            "page": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
    }
    assert reply("Search for lighthouses", schema) == {"query": "Search for lighthouses"}


@pytest.mark.parametrize("digits", [20, 300, 400, 5000])
def test_numbers_of_any_length_are_no_fault_of_the_schema(digits: int) -> None:
    number = "7" * digits
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    found = reply(f"The number is {number}.", schema)["n"]
    assert (found == int(number)) if digits <= 300 else isinstance(found, int)


def test_a_list_of_many_things_in_the_prompt_does_not_make_the_schema_too_large() -> None:
    item = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    }
    schema = {"type": "object", "properties": {"people": {"type": "array", "items": item}}}
    assert reply("Ada King, 3\nBob Ross, 4\n" * 3000, schema)["people"][:2] == [
        {"name": "Ada King", "age": 3},
        {"name": "Bob Ross", "age": 4},
    ]
