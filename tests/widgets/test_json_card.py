"""`JsonCard`: a card that fills in as JSON arrives."""

import asyncio

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import JsonOutputParser
from pydantic import BaseModel

from tests.widgets.doubles import find
from utils.widgets import JsonCard, LatencyBadge
from utils.widgets.json_card.widget import Card, tree


class Person(BaseModel):
    name: str


def fields(card):
    """Return each field's name, state and value; `{"code": "4"}` is a value shown as code."""
    return [(row["name"], row["state"], row.get("value")) for row in find(card, Card).whole]


async def test_only_the_field_that_changed_last_is_still_arriving(tap):
    card = JsonCard("A person", ["name", "age"])
    assert fields(card) == [("name", "waiting", None), ("age", "waiting", None)]
    running = asyncio.create_task(card.run(tap))
    await tap.put({"name": "Jo"})
    assert fields(card) == [("name", "arriving", "Jo"), ("age", "waiting", None)]
    await tap.put({"name": "John", "age": 4})
    assert fields(card) == [("name", "arrived", "John"), ("age", "arriving", {"code": "4"})]
    last = {"name": "John", "age": 42}
    await tap.put(last)
    assert fields(card)[1] == ("age", "arriving", {"code": "42"})
    tap.end()
    assert await running is last
    assert fields(card) == [("name", "final", "John"), ("age", "final", {"code": "42"})]


def test_a_dict_may_be_changed_in_place():
    def growing():
        value = {}
        for name in ("a", "b"):
            value[name] = "x"
            yield value

    card = JsonCard()
    card.show(growing())
    assert [name for name, *_ in fields(card)] == ["a", "b"]


def test_unexpected_fields_are_added_until_the_next_stream():
    card = JsonCard(fields=["name"])
    card.show([{"city": "Oslo"}])
    assert fields(card) == [("name", "missing", None), ("city", "final", "Oslo")]
    card.show([{"name": "Ann"}])
    assert fields(card) == [("name", "final", "Ann")]


def test_the_printed_line_reports_when_each_field_arrived(clock, capsys):
    def timed():
        clock.now = 0.30
        yield {"name": ""}  # the field has started but is still empty
        clock.now = 0.42
        yield {"name": "J"}
        clock.now = 0.60
        yield {"name": "John", "age": 4}
        clock.now = 0.81

    card = JsonCard("A person", ["name", "age"], clock=clock)
    card.show(timed())
    assert capsys.readouterr().out.endswith("name 0.42 s · age 0.60 s · done 0.81 s\n")
    assert find(card, LatencyBadge).text == "first field 0.42 s · done 0.81 s"


def test_a_field_that_stays_empty_has_arrived(clock, capsys):
    def timed():
        clock.now = 0.3
        yield {"notes": []}

    card = JsonCard(fields=["notes"], clock=clock)
    card.show(timed())
    assert "notes 0.30 s" in capsys.readouterr().out


@pytest.mark.parametrize("items", [[], [None]])
def test_a_stream_without_a_value_is_reported(capsys, items):
    card = JsonCard(fields=["name"])
    assert card.show(items) is None
    assert find(card, Card).note == "The stream ended without a value: the reply held no JSON."
    assert "no field arrived · done" in capsys.readouterr().out
    assert find(card, LatencyBadge).text.startswith("no field · done")


def test_an_empty_object_is_a_value_without_a_field():
    card = JsonCard(fields=["name"])
    assert card.show([{}]) == {}
    assert "its last value is an empty object." in find(card, Card).note


def test_an_error_leaves_the_last_field_unfinished(capsys):
    def broken():
        yield {"name": "John", "age": 4}
        raise ConnectionError("The server left.")

    card = JsonCard(fields=["name", "age", "email"])
    with pytest.raises(ConnectionError):
        card.show(broken())
    assert [state for _, state, _ in fields(card)] == ["arrived", "unfinished", "missing"]
    assert "email did not arrive · failed" in capsys.readouterr().out
    assert card.value == {"name": "John", "age": 4}


def test_langchains_json_parser_fills_it_in():
    pieces = ['{"name": "Jo', 'hn", "age": 4', '2, "skills": ["a", "b', '"]}']
    card = JsonCard(fields=["name", "age"])
    value = card.show(JsonOutputParser().transform(iter(pieces)))
    assert value == {"name": "John", "age": 42, "skills": ["a", "b"]}
    assert [name for name, *_ in fields(card)] == ["name", "age", "skills"]


def test_a_pydantic_model_is_shown_by_its_fields():
    card = JsonCard()
    person = Person(name="John")
    assert card.show([person]) is person
    assert fields(card) == [("name", "final", "John")]


def test_a_reply_that_is_not_parsed_is_an_error(capsys):
    card = JsonCard(fields=["name"])
    with pytest.raises(TypeError, match=r"items are messages.* a parser missing"):
        card.show([AIMessageChunk('{"name": "John"}')])
    assert (card.recording.outcome, card.stopped) == ("failed", False)
    assert "failed" in capsys.readouterr().out


def test_a_string_is_not_a_list_of_field_names():
    with pytest.raises(TypeError, match="a list of names, not the string 'name'"):
        JsonCard(fields="name")


def test_a_value_without_fields_is_shown_too():
    card = JsonCard()
    assert card.show([["a"], ["a", "b"]]) == ["a", "b"]
    assert fields(card) == [("value", "final", {"list": ["a", "b"]})]


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        ("<b>", "<b>"),
        (True, {"code": "true"}),
        (None, {"code": "null"}),
        (4.0, {"code": "4.0"}),
        (2**70, {"code": str(2**70)}),
        ({"a": [1]}, {"fields": [["a", {"list": [{"code": "1"}]}]]}),
        (Person(name="Jo"), {"fields": [["name", "Jo"]]}),
        (b"x", "b'x'"),
    ],
)
def test_values_are_shown_as_json(value, drawn):
    assert tree(value) == drawn
