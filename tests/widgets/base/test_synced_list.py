"""`SyncedList`: the messages it sends, and the state that a page gets on request.

A message contains its number (`seq`), the index of the first changed item (`at`), and the list from
that index on. If that item's text only grew, the message contains the added text and the old text's
length (`keep`). The fixture `wire` records the messages.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.widgets.base.synced_list import SyncedList


def test_items_are_sent_once_in_numbered_messages(wire):
    synced = SyncedList()
    synced.append("a")
    synced.append("b")
    synced.push()
    synced.append("c")
    synced.push()
    assert wire.contents_sent_by(synced) == [
        {"seq": 1, "at": 0, "items": ["a", "b"]},
        {"seq": 2, "at": 2, "items": ["c"]},
    ]


def test_an_unchanged_list_is_not_sent(wire):
    synced = SyncedList()
    synced.replace(["a"])
    synced.push()
    wire.messages.clear()
    synced.replace(["a"])
    synced.push()
    assert wire.messages == []


def test_a_late_page_gets_the_whole_list(wire):
    synced = SyncedList()
    synced.append("a")
    synced.push()
    state = synced.get_state()
    assert (state["items"], state["seq"]) == (["a"], 1)
    wire.messages.clear()
    synced._handle_custom_msg("whole list", [])
    (answer,) = wire.sent_by(synced)
    assert answer["state"] == {"items": ["a"], "seq": 1}
    synced.append("b")
    synced.repeat()
    assert wire.contents_sent_by(synced) == [{"seq": 1, "at": 0, "items": ["a"]}]


def grown(old, keep, item):
    """Append `item` to the first `keep` UTF-16 code units of `old`, as synced_list.js does."""
    if isinstance(item, str):
        return old.encode("utf-16-le")[: 2 * keep].decode("utf-16-le") + item
    return {**item, "value": grown(old["value"], keep, item["value"])}


def received(sent):
    """Return the list that synced_list.js would build from these messages."""
    page = []
    for message in sent:
        at, items = message["at"], message["items"]
        if "keep" in message:
            items = [grown(page[at], message["keep"], items[0]), *items[1:]]
        page = page[:at] + items
    return page


texts = st.text("ab👩é", max_size=4)
fields = st.builds(lambda text, state: {"value": text, "state": state}, texts, st.booleans())


@given(st.lists(st.lists(st.one_of(texts, fields, st.just({"value": ["a"]})), max_size=3)))
def test_a_page_that_follows_the_messages_has_the_same_list(steps):
    synced, sent = SyncedList(), []
    synced.send = sent.append
    for step in steps:
        if step and step[0] == "a":
            synced.append(step[0])
        else:
            synced.replace(step)
        synced.push()
        assert received(sent) == synced.whole
    assert [message["seq"] for message in sent] == list(range(1, len(sent) + 1))


@pytest.mark.parametrize("item", [lambda text: text, lambda text: {"value": text, "state": 1}])
def test_only_the_growth_of_an_item_is_sent(item):
    synced, sent = SyncedList(), []
    synced.send = sent.append
    for length in range(1, 1001):
        synced.replace(["before", item("x" * length), "after"])
        synced.push()
    assert received(sent) == synced.whole
    # If whole items were sent, messages would average 500 characters.
    assert sum(len(str(message["items"])) for message in sent) < 1000 * 60
