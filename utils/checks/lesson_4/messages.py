"""What learners read about their answers to lesson 4's exercises."""

from functools import partial

from utils.checks.engine.clinic import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.wording import first_difference, joined, kind, shown
from utils.checks.lesson_4 import frame, shout, who_blocks

_EARLY = "A buffer keeps the early text too: look at when its first text came."
_LATE = "Look at when its first text came. What was done with the text until then?"
_FREE = "While the event loop is blocked, no other reader is served: look at whether others froze."
_CODE = {  # what the code of an endpoint with this diagnosis does
    "buffered": "reads the whole reply into a list, and only then sends it",
    "keeps generating": "leaves the reading to a task that fills a queue, and nothing cancels that "
    "task when the reader has left",
    "healthy": "sends each piece from an `async for` inside `aclosing`",
    "blocks the loop": "runs a plain `for` over `.stream()` in an `async def`",
}


def _wrong_about(s: who_blocks.Seen, why: str) -> str:
    return (
        f"{s.wrong} was run beside a heart: its longest pause was {s.pauses[s.wrong]:.1f} s. A "
        f"heart that keeps beating never pauses for more than {who_blocks.ALIVE} s. {why}"
    )


SHOUT: Messages[shout.Seen] = {
    "correct": lambda s: (
        f"Each of the {s.total} pieces was out, in capitals, before the next one was taken, and "
        "the event loop was never blocked. A lost connection and a cancellation came out too."
    ),
    "no text": lambda _: "The whole reply was read, but no text was yielded.",
    "unchanged": lambda s: f"The text came out unchanged: {shown(s.text[:30])}.",
    "yields the chunk's fields": lambda s: (
        f"What was yielded is the chunk with all its fields: {shown(s.text[:40])}. Which attribute "
        "holds the text?"
    ),
    "some capitals": lambda s: f"Only some of the text is in capitals: {shown(s.text[:40])}.",
    "yields text again": lambda s: (
        f"{len(s.text)} characters were yielded, but the reply has {len(s.capitals)}. Each item "
        "repeats the text before it."
    ),
    "loses white space": lambda s: (
        f"Only the white space is wrong{s.when}: {shown(repr(s.text))}. The pieces contain their "
        "own."
    ),
    "another text": lambda s: f"The text changed{s.when}. {first_difference(s.text, s.capitals)}",
}

WHO_BLOCKS: Messages[who_blocks.Seen] = {
    "correct": lambda _: "All six are right; each was run beside a beating heart.",
    "no dict": lambda s: (
        f"The answer is a dict with a snippet's letter as each key, not {kind(s.answer)}."
    ),
    "no such snippet": lambda s: (
        f"There is no snippet {joined(s.unknown, 'or')}; the snippets are A to F."
    ),
    "answer missing": lambda s: f"There is no answer yet for {joined(s.missing)}.",
    "not a bool": lambda s: (
        f"{s.odd[0]}: the answer is `True` or `False`, not {shown(repr(s.answer[s.odd[0]]))}."
    ),
    **{
        f"wrong about {name}": partial(_wrong_about, why=why)
        for name, why in {
            "A": "Time passes between its chunks. Who has the event loop then?",
            "B": "A plain `for` stays one inside a coroutine too. Where could it give control back "
            "while it waits for the next chunk?",
            "C": "The reply comes in one go. Does that say who has the event loop until then?",
            "D": "A task only decides when a coroutine runs. Is there an `await` in its body?",
            "E": "`invoke` blocks whatever it runs on. What does it run on here?",
            "F": "Chunks arrive while it sleeps. What is left to wait for when it asks for the "
            "next one?",
        }.items()
    },
}

FRAME: Messages[frame.Seen] = {
    "correct": lambda _: (
        "Every text came back whole, with line ends, quotes, backslashes and an emoji, and so did "
        "an empty one."
    ),
    "no data line": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}. No line of it begins with `data:`, "
        "so a page dispatches no event."
    ),
    "escaped line ends": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}. Each `\\\\n` at its end is a "
        "backslash and a letter, not a line end."
    ),
    "no blank line": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}. A page is still waiting for the rest "
        "of it. What ends a frame?"
    ),
    "several events": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and a page dispatches "
        f"{len(s.events)} events. What ends an event?"
    ),
    "another type": lambda s: (
        f"The event's type is {shown(s.events[0].type)}. A page that listens for messages doesn't "
        "receive it."
    ),
    "plain text": lambda s: (
        f"The data{s.when} is the string as it is. That isn't JSON, so `JSON.parse` fails. What "
        "turns a string into JSON?"
    ),
    "repr": lambda s: (
        f"The data{s.when} is {shown(s.data)}. That is how Python writes a string; JSON has other "
        "rules for quotes."
    ),
    "loses text": lambda s: (
        f"Only {shown(repr(s.data))} arrives{s.when}. A line end in the data ends the field."
    ),
    "not JSON": lambda s: (
        f"The data{s.when} is {shown(repr(s.data))}, which isn't JSON, so `JSON.parse` fails. What "
        "turns a string into JSON, whatever it contains?"
    ),
    "text in a container": lambda s: (
        f"The data{s.when} is {shown(s.data)}: {kind(s.value)} around the text. The exercise asks "
        "for the text itself."
    ),
    "JSON twice": lambda s: f"The data{s.when} is {shown(s.data)}: it was turned into JSON twice.",
    "another text": lambda s: (
        f"The data{s.when} is {shown(s.data)}, so a page gets {shown(repr(s.value))} back. What "
        "was lost or changed?"
    ),
    "leaves a rest": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and two of them in a row aren't two "
        "events. What comes after the blank line?"
    ),
}

DIAGNOSIS: Messages[Diagnosis] = {
    **clinic_messages(
        "endpoint",
        "",
        {
            "healthy for blocks the loop": "Its own reader is served well. What happened to the "
            "others meanwhile?",
            "healthy for keeps generating": "A reader who stays is served well. Look at what "
            "happened after one had left.",
            "healthy for buffered": _LATE,
            "blocks the loop for healthy": _FREE,
            "blocks the loop for keeps generating": _FREE,
            "blocks the loop for buffered": _FREE,
            "keeps generating for healthy": "Look at its last column: the model stopped when the "
            "reader left.",
            "keeps generating for blocks the loop": "Which of the two causes the other?",
            "keeps generating for buffered": _LATE,
            "buffered for healthy": _EARLY,
            "buffered for blocks the loop": "Look at its first text and at the others: they had to "
            "wait while it served one reader.",
            "buffered for keeps generating": _EARLY,
        },
        denied={
            "blocks the loop": "doesn't block the loop",
            "keeps generating": "doesn't keep generating",
            "keeps generating for blocks the loop": "does keep generating, but others froze too",
        },
    ),
    "correct": lambda s: (
        "All four, from their symptoms alone. "
        + " ".join(f"{name} {_CODE[what]}." for name, what in s.truth.items())
    ),
}
