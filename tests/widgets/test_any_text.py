"""Every widget accepts any string, and joins the halves of a character split across pieces.

The `wire` fixture encodes each message strictly, as a kernel does; `capsys` does so for the output.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from utils.timing import Piece, Recording
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


class Loud(str):
    """A subclass of `str` whose own methods must not be used."""

    __slots__ = ()

    def __str__(self):
        return "no"

    def encode(self, *_):
        raise ValueError("no")


ODD = {
    "first half": "Hi \ud83d",
    "second half": "\ude00 there",
    "both, apart": "\ud83d\ude00",
    "backwards": "\ude00\ud83d",
    "NUL": "a\x00b",
    "control": "".join(map(chr, range(32))) + "\x7f\x85",
    "ANSI": "\x1b[31mred\x1b[0m",
    "bidi": "\u202eevil\u202c \u2066x",
    "marks": "e" + "\u0301" * 50,
    "family": "👩‍👩‍👧‍👦",
    "separators": "a\u2028b\u2029c",
    "not a character": "\uffff\ufdd0\U0010ffff\ufeff",
    "huge": "word " * 200_000,
    "subclass": Loud("loud \ud83d"),
}
SAID = {
    "first half": "Hi �",
    "second half": "� there",
    "both, apart": "😀",
    "backwards": "��",
    "subclass": "loud �",
}
odd = pytest.mark.parametrize("kind", ODD)


async def stream(*items):
    for item in items:
        yield item


def live(text):
    return LiveText(text).show([text])


def markdown(text):
    return LiveMarkdown(text).show([text])


def chunks(text):
    piece = {"index": 0, "name": text, "args": text, "id": text}
    carrying = {"finish_reason": text}
    item = {"content": text, "tool_call_chunks": [piece], "response_metadata": carrying}
    return ChunkTable(text).show([text, item])


def card(text):
    value = {text: text, "nested": [{text: [text]}]}
    return JsonCard(text, [text]).show([value, value])


def timeline(text):
    events = EventTimeline(text)
    events.add(text, text, text)
    events.flush()
    print(events.summary())


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
    figures = LatencyBadge(text, first=text)
    with figures.running():
        figures.words(text)
    figures.show(Recording(text, (Piece(0.1, text),), e2e=0.2))


def failing(text):
    def reply():
        yield text
        raise ValueError(text)

    with pytest.raises(ValueError):  # noqa: PT011
        LiveText(text).show(reply())


USES: dict[str, Callable[[Any], object]] = {
    use.__name__: use
    for use in (
        live, markdown, chunks, card, timeline, status, progress, prediction, badge, failing,
    )
}  # fmt: skip


@odd
@pytest.mark.parametrize("use", USES)
def test_a_widget_takes_any_string_and_prints_what_can_be_encoded(use, kind, wire, capsys):
    USES[use](ODD[kind])
    capsys.readouterr()[0].encode()


@odd
async def test_a_race_takes_any_string(kind, wire, capsys):
    text = ODD[kind]
    recordings = await race({text: lambda: stream(text)})
    assert recordings[text].text == SAID.get(kind, text)


@odd
async def test_a_chat_takes_any_string_and_sends_the_model_what_can_be_encoded(kind, wire, capsys):
    text, sent = ODD[kind], []

    def reply(history):
        sent.extend(history)
        return stream(Status(text, text), text)

    panel = ChatPanel(reply, title=text, system=text, explain=lambda error: text)
    turn = await panel.ask(f"why? {text}")
    await panel.ask("again")
    assert turn.reply == SAID.get(kind, text)
    json.dumps([message.content for message in sent], ensure_ascii=False).encode()
    panel.line().encode()


@odd
async def test_a_chats_error_takes_any_string(kind, wire, capsys):
    def reply(history):
        raise ValueError(ODD[kind])

    for explain in (None, str):
        turn = await ChatPanel(reply, explain=explain).ask("why?")
        turn.note.encode()


@odd
async def test_a_heart_takes_any_title(kind, wire, capsys):
    async with Heartbeat(ODD[kind]).show():
        pass


HALVES = ("Hi \ud83d", "\ude00 there", "\ud83d", "\ude00", "\ud83d")
WHOLE = "Hi 😀 there😀�"


def test_live_text_joins_halves_and_replaces_the_one_that_stays_alone(wire):
    text = LiveText("x")
    assert text.show(HALVES) == text.text == WHOLE
    assert "".join(wire.appended_to(text.children[1])) == WHOLE


def test_a_half_is_never_on_the_page(wire):
    text = LiveText("x", display=False)
    shown = []

    def reply():
        for piece in HALVES[:-1]:
            yield piece
            text._lane._throttle.flush()
            shown.append("".join(wire.appended_to(text.children[1])))

    text.show(reply())
    assert shown == ["Hi ", "Hi 😀 there", "Hi 😀 there", "Hi 😀 there😀"]


def test_a_half_does_not_reach_the_next_run(wire):
    text = LiveText("x", display=False)
    with pytest.raises(ValueError, match="cut"):
        text.show(_cut())
    assert text.text == "Hi �"
    assert text.show(["\ude00"]) == "�"


def _cut():
    yield "Hi \ud83d"
    raise ValueError("cut")


def test_markdown_joins_halves(wire):
    seen = []
    page = LiveMarkdown("x", repair=lambda text: seen.append(text) or text)
    assert page.show(HALVES) == WHOLE
    assert page._document.whole == [f"<p>{WHOLE}</p>\n"]
    assert all("\ud83d" not in text for text in seen)


async def test_a_race_joins_halves(wire, capsys):
    (recording,) = (await race({"a": lambda: stream(*HALVES)})).values()
    assert recording.text == WHOLE


async def test_a_chat_joins_halves_also_where_it_goes_on(wire, capsys):
    panel = ChatPanel(lambda history: stream(*HALVES))
    assert (await panel.ask("why?")).reply == WHOLE

    async def breaks():
        yield "Hi \ud83d"
        raise ValueError("cut")

    replies = iter([breaks(), stream("\ude00 there")])
    panel = ChatPanel(lambda history: next(replies))
    await panel.ask("why?")
    assert (await panel.go_on()).reply == "Hi �� there"


def test_a_card_holds_back_half_a_character_until_the_value_is_whole(wire):
    values = [{"name": "Hi \ud83d"}, {"name": "Hi 😀", "tags": ["a\ud83d"]}]
    shown = []
    person = JsonCard("x", ["name"], display=False)

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
def test_what_is_no_string_is_refused_in_a_sentence(make, value):
    with pytest.raises(TypeError, match=r"^The .+ must be a string, not .+\.$"):
        make(value)


async def test_a_question_that_is_no_string_is_refused_in_a_sentence(wire):
    with pytest.raises(TypeError, match="The question must be a string, not 5"):
        await ChatPanel(stream).ask(5)
