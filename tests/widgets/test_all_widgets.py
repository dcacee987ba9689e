"""Properties of all widgets: reprs are short, messages are few, and any string can be shown.

The fixture `wire` records the messages sent to the page. Text that can't be encoded makes a test
fail: `wire` encodes messages, and the tests encode printed output.
"""

import asyncio
import json
import re

import pytest

from tests.test_unicode import Shout
from tests.widgets.doubles import stream
from utils.widgets import (
    ChatPanel,
    Choice,
    ChunkTable,
    EventTimeline,
    Heartbeat,
    JsonCard,
    LatencyBadge,
    LiveMarkdown,
    LiveText,
    Prediction,
    Progress,
    Status,
    StatusLine,
    race,
)
from utils.widgets.base.theme import WIDGETS
from utils.widgets.race.widget import Race

WORDS = ["token "] * 1000


@pytest.mark.parametrize(
    ("make", "plain"),
    [
        (lambda: ChatPanel(print), "ChatPanel()"),
        (lambda: ChatPanel(print, title="A"), "ChatPanel('A')"),
        (lambda: ChunkTable("A"), "ChunkTable('A')"),
        (lambda: EventTimeline("A"), "EventTimeline('A')"),
        (lambda: Heartbeat("A"), "Heartbeat('A')"),
        (lambda: JsonCard("A", ["name"]), "JsonCard('A')"),
        (LatencyBadge, "LatencyBadge()"),
        (lambda: LiveMarkdown("A"), "LiveMarkdown('A')"),
        (lambda: LiveText("A"), "LiveText('A')"),
        (lambda: Progress(3, "A"), "Progress(3, 'A')"),
        (lambda: Race({"A": print, "B": print}), "Race('A', 'B')"),
        (lambda: StatusLine("A", "B"), "StatusLine('A', 'B')"),
    ],
)
def test_stored_outputs_contain_a_short_repr(make, plain):
    assert repr(make()) == plain


def count_in_timeline():
    timeline = EventTimeline()
    for number in range(1000):
        timeline.add("token", number)
    timeline.flush()


def change_status():
    status = StatusLine()
    for number in range(1000):
        status.to("Tool call", f"row {number}")
    status.done()


@pytest.mark.parametrize(
    "use",
    [
        lambda: ChunkTable().show(WORDS),
        lambda: JsonCard().show([{"name": "John"}] * 1000),
        lambda: LiveMarkdown().show(WORDS),
        lambda: LiveText().show(WORDS),
        lambda: list(Progress(1000).over(WORDS)),
        lambda: asyncio.run(ChatPanel(lambda history: stream(*WORDS)).ask("Why?")),
        change_status,
        count_in_timeline,
    ],
)
def test_a_thousand_quick_updates_take_few_messages(wire, use):
    use()
    assert 1 < len(wire.messages) < 60


def test_only_sanitized_blocks_are_set_as_html():
    setters = [path.name for path in WIDGETS.rglob("*.js") if "innerHTML" in path.read_text()]
    assert setters == ["blocks.js"]


ODD = {  # a "half" is one of the two surrogates that make up an emoji
    "first half": "Hi \ud83d",
    "second half": "\ude00 there",
    "both, apart": "\ud83d\ude00",
    "backwards": "\ude00\ud83d",
    "control": "".join(map(chr, range(32))) + "\x7f\x85 \x1b[31mred\x1b[0m \u202eevil\u202c",
    "not a character": "\uffff\ufdd0\U0010ffff\ufeff a\u2028b\u2029c",
    "huge": "word " * 200_000,
    "subclass": Shout("loud \ud83d"),  # a string whose methods must not be called
}
SHOWN = {  # the text shown for strings that a widget changes
    "first half": "Hi �",
    "second half": "� there",
    "both, apart": "😀",
    "backwards": "��",
    "subclass": "loud �",
}
odd_strings = pytest.mark.parametrize("kind", ODD)

# Each function below passes `text` to a widget wherever the widget accepts a string.


def live(text):
    return LiveText(text).show([text])


def markdown(text):
    return LiveMarkdown(text).show([text])


def chunks(text):
    piece = {"index": 0, "name": text, "args": text, "id": text}
    metadata = {"finish_reason": text}
    item = {"content": text, "tool_call_chunks": [piece], "response_metadata": metadata}
    return ChunkTable(text).show([text, item])


def card(text):
    value = {text: text, "nested": [{text: [text]}]}
    return JsonCard(text, [text]).show([value, value])


def timeline(text):
    events = EventTimeline(text)
    events.add(text, text, text)
    events.flush()


def status(text):
    line = StatusLine(text, "Answer").show()
    line.to(text, text)
    line.fail(text)


def progress(text):
    for _ in Progress(2, text).over([1, 2]):
        pass
    bar = Progress(2, text).show()
    bar.advance()
    bar.fail(text)


def prediction(text):
    asked = Prediction(text, [Choice(text, text, right=True), Choice("b", "c")])
    print(repr(asked))
    asked.chosen = 0
    asked.lock()
    asked.reveal()


def badge(text):
    latency = LatencyBadge(text, first=text)
    latency.start()
    latency.words(text)
    latency.finish()


def failing(text):
    def reply():
        yield text
        raise ValueError(text)

    with pytest.raises(ValueError):  # noqa: PT011
        LiveText(text).show(reply())


USES = [live, markdown, chunks, card, timeline, status, progress, prediction, badge, failing]


@odd_strings
@pytest.mark.parametrize("use", USES)
def test_a_widget_accepts_any_string(use, kind, capsys):
    use(ODD[kind])
    capsys.readouterr()[0].encode()


@odd_strings
async def test_a_race_accepts_any_string(kind, capsys):
    text = ODD[kind]
    recordings = await race({text: lambda: stream(text)})
    assert recordings[text].text == SHOWN.get(kind, text)


def raising(text):
    def reply(history):
        raise ValueError(text)

    return reply


@odd_strings
async def test_a_chat_accepts_any_string(kind, capsys):
    text, sent = ODD[kind], []

    def reply(history):
        sent.extend(history)
        return stream(Status(text, text), text)

    async with Heartbeat(text).show():
        panel = ChatPanel(reply, title=text, system=text)
        turn = await panel.ask(f"why? {text}")
        await panel.ask("again")
    assert turn.reply == SHOWN.get(kind, text)
    for explain in (None, str):
        failed = await ChatPanel(raising(text), explain=explain).ask("why?")
        failed.note.encode()
    json.dumps([message.content for message in sent], ensure_ascii=False).encode()
    panel.line().encode()


# Pieces that split two emoji into halves and end with a lone half; widgets should show `WHOLE`.
HALVES = ("Hi \ud83d", "\ude00 there", "\ud83d", "\ude00", "\ud83d")
WHOLE = "Hi 😀 there😀�"


@pytest.mark.parametrize("view", [LiveText, LiveMarkdown])
def test_halves_of_a_character_are_joined_before_they_are_sent(view):
    text = view("x")
    shown = []

    def reply():
        for piece in HALVES:
            yield piece
            text._lane._throttle.flush()
            shown.append(re.sub(r"<p>|</p>\n", "", "".join(text._lane.panel.whole)).strip())

    assert text.show(reply()) == text.text == WHOLE
    assert shown == ["Hi", "Hi 😀 there", "Hi 😀 there", "Hi 😀 there😀", "Hi 😀 there😀"]
    assert WHOLE in "".join(text._lane.panel.whole), "a lone half is replaced"


def test_half_a_character_is_not_kept_for_the_next_run():
    def breaks():
        yield "Hi \ud83d"
        raise ValueError("cut")

    text = LiveText("x")
    with pytest.raises(ValueError, match="cut"):
        text.show(breaks())
    assert text.text == "Hi �"
    assert text.show(["\ude00"]) == "�"


async def test_a_chat_joins_halves_but_not_across_a_continuation(capsys):
    panel = ChatPanel(lambda history: stream(*HALVES))
    assert (await panel.ask("why?")).reply == WHOLE

    async def breaks():
        yield "Hi \ud83d"
        raise ValueError("cut")

    replies = iter([breaks(), stream("\ude00 there")])
    panel = ChatPanel(lambda history: next(replies))
    await panel.ask("why?")
    assert (await panel.go_on()).reply == "Hi �� there"


def test_a_card_delays_half_a_character_until_the_value_is_complete():
    values = [{"name": "Hi \ud83d"}, {"name": "Hi 😀", "tags": ["a\ud83d"]}]
    shown = []
    person = JsonCard("x", ["name"])

    def reply():
        for value in values:
            yield value
            shown.append(json.dumps(person._card.whole, ensure_ascii=False))

    assert person.show(reply()) == values[-1]
    assert '"Hi "' in shown[0]
    assert '"Hi 😀"' in shown[1]
    assert '["a"]' in shown[1]
    assert "a�" in json.dumps(person._card.get_state("items"), ensure_ascii=False)


@pytest.mark.parametrize("value", [None, 5, b"x"], ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        LiveText,
        LiveMarkdown,
        ChunkTable,
        JsonCard,
        EventTimeline,
        Heartbeat,
        LatencyBadge,
        StatusLine,
        lambda value: JsonCard("x", [value]),
        lambda value: LatencyBadge("x", first=value),
        lambda value: Progress(3, value),
        lambda value: Progress(3).fail(value),
        lambda value: StatusLine("a").to("a", value),
        lambda value: StatusLine("a").fail(value),
        lambda value: ChatPanel(stream, title=value),
        lambda value: ChatPanel(stream, system=value),
        lambda value: Prediction(value, [Choice("a", "b", right=True), Choice("b", "c")]),
        lambda value: Prediction("q", [Choice(value, "b", right=True), Choice("b", "c")]),
    ],
)
def test_other_types_are_refused(make, value):
    with pytest.raises(TypeError, match=r"^The .+ must be a string, not .+\.$"):
        make(value)


async def test_a_question_of_another_type_is_refused():
    with pytest.raises(TypeError, match="The question must be a string, not 5"):
        await ChatPanel(stream).ask(5)
