"""What learners read about their answers to lesson 4's exercises."""

from functools import partial

from utils.checks.engine.clinic import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.wording import count, first_difference, joined, kind, shown, times
from utils.checks.lesson_4 import ask_all, frame, shout, text_within, who_blocks

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


def _limit(s: text_within.Seen) -> str:
    return (
        f"The limit was {s.limit:.1f} s, but `text_within` returned after {s.seconds:.1f} s{s.when}"
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

ASK_ALL: Messages[ask_all.Seen] = {
    "correct": lambda _: (
        "Six replies in the order of their prompts: two at a time, one at a time and all together. "
        "When one of them failed, its error came out and the others were stopped."
    ),
    "result too early": lambda _: (
        "`result()` was called on a task that was still running. When have all tasks of a group "
        "ended: inside its block, or after it?"
    ),
    "returns a future": lambda s: (
        f"`ask_all` returned {kind(s.returned)}, which nothing has awaited. Is an `await` missing?"
    ),
    "awaitables in the list": lambda s: (
        f"The list contains {kind(s.texts[0])} in place of a string. What waits for its result?"
    ),
    "another loop": lambda s: (
        f"The limit is a `{s.foreign}` that was made outside of `ask_all`, for another event loop "
        "and with a number of its own. Where is `at_most` used?"
    ),
    "another prompt": lambda s: (
        f"The model was sent {shown(s.other_prompt)}, which isn't one of the prompts."
    ),
    "changes an argument": lambda s: (
        f"`ask_all` changed its argument `{s.changed[0]}`, which belongs to the caller. Can it "
        "work on a copy?"
    ),
    "errors in the list": lambda _: (
        "The connection of one reply was lost, and its error came back inside the list, not "
        "raised. What puts it there?"
    ),
    "swallows the error": lambda s: (
        f"The connection of one reply was lost, but nothing was raised, and {shown(s.returned)} "
        "came back. Which `except` keeps the error from the caller?"
    ),
    "others go on": lambda _: (
        "The connection of one reply was lost and its error came out, but other replies were still "
        "streaming after that, and they are paid for. A `TaskGroup` cancels them. What does here?"
    ),
    "returns too early": lambda s: (
        f"`ask_all` returned while {count(len(s.tasks), 'task')} of `{s.tasks[0]}` still had to "
        "finish. What waits for the end of all tasks?"
    ),
    "one prompt for another": lambda s: (
        f"{shown(s.sent_too_often)} was sent {times(s.sent[s.sent_too_often])}, and "
        f"{shown(s.never_sent)} never. Which prompt does each call get?"
    ),
    "not all prompts": lambda s: (
        f"{len(s.case.prompts)} prompts were given, but {shown(s.never_sent)}, for one, was never "
        "sent. Which prompts does your code go through?"
    ),
    "sends a prompt again": lambda s: (
        f"{shown(s.sent_too_often)} was sent {times(s.sent[s.sent_too_often])}, more often than it "
        "is in the list. Each request is paid for."
    ),
    "sends a repeated prompt once": lambda s: (
        f"{shown(s.case.prompts[-1])} is in the list twice but was sent once. Each place in the "
        "list gets a reply of its own."
    ),
    "stops early": lambda _: (
        "`ask_all` returned before one of the replies had come to its end. What ends a loop early, "
        "or doesn't wait for the rest?"
    ),
    "no limit": lambda s: (
        f"With `at_most={s.case.at_most}`, all {s.most} replies streamed at the same time. A limit "
        "needs one semaphore that all tasks share, and each must read its reply inside the block."
    ),
    "another limit": lambda s: (
        f"With `at_most={s.case.at_most}`, {s.most} replies streamed at the same time. Which "
        "number limits them?"
    ),
    "one after the other": lambda s: (
        f"With `at_most={s.case.at_most}` and {len(s.case.prompts)} prompts, one reply streamed "
        "after the other. Where does your code wait for each before it begins the next?"
    ),
    "too few": lambda s: (
        f"With `at_most={s.case.at_most}` and {len(s.case.prompts)} prompts, only {s.most} replies "
        "streamed at the same time. Which number limits them?"
    ),
    "messages in the list": lambda _: (
        "The list contains whole messages. The exercise asks for their texts."
    ),
    "lists in the list": lambda _: (
        "The list contains lists of pieces. The exercise asks for each reply's text as one string."
    ),
    "no strings": lambda s: (
        f"The list contains {kind(next(t for t in s.texts if not isinstance(t, str)))}. The "
        "exercise asks for strings."
    ),
    "one reply twice": lambda s: (
        f"{shown(s.case.prompts[-1])} is in the list twice, and the model worded its reply "
        "differently each time. Both places got the same one of them. What are the texts kept by?"
    ),
    "order of finishing": lambda s: (
        "All the replies came back, but not in the order of their prompts: the first is "
        f"{shown(s.texts[0], 40)}. Are they collected as they finish?"
    ),
    "another number": lambda s: (
        f"{count(len(s.texts), 'text')} came back for {len(s.right)} prompts."
    ),
    "loses white space": lambda s: (
        f"Text {s.wrong + 1} differs from its reply only in white space: "
        f"{shown(repr(s.texts[s.wrong]))}. Is any piece stripped or skipped?"
    ),
    "another text": lambda s: (
        f"Text {s.wrong + 1} isn't the reply to prompt {s.wrong + 1}. "
        f"{first_difference(s.texts[s.wrong], s.right[s.wrong])}"
    ),
    "place left free": lambda s: (
        f"With `at_most={s.case.at_most}`, a reply ended and its place stayed free for "
        f"{s.idle:.1f} s while other prompts waited. Does the next one wait for a whole "
        "batch?"
    ),
}

TEXT_WITHIN: Messages[text_within.Seen] = {
    "correct": lambda _: (
        "The whole text came back where it fits, and otherwise what had arrived: in mid-reply, in "
        "a stall, before the first text and before any chunk at all. The model stopped each time."
    ),
    "hides timeouts": lambda _: (
        "One thing more: a model can raise a `TimeoutError` of its own, which looks here as if the "
        "time were up. After `async with asyncio.timeout(…) as limit`, `limit.expired()` tells "
        "them apart."
    ),
    "timeout comes out": lambda s: (
        f"After {s.seconds:.1f} s a `TimeoutError` came out of `text_within`{s.when}, and the "
        f"{count(s.reply.taken, 'piece')} that had arrived got lost. It is raised where the block "
        "of `asyncio.timeout` ends: what catches it there?"
    ),
    "limit for each chunk": lambda s: (
        f"{_limit(s)}, which is {s.limit:.1f} s after the latest chunk. When does the limit begin?"
    ),
    "no limit": lambda s: f"{_limit(s)}, when the reply had come to its end. What limits it?",
    "clock between chunks": lambda s: (
        f"{_limit(s)}, when the next piece arrived after a silence. Between two chunks none of "
        "your code runs. What can interrupt the waiting itself?"
    ),
    "waits on": lambda s: (
        f"The reply was complete after {s.reply.lasts:.1f} s, but `text_within` returned after "
        f"{s.seconds:.1f} s. What did it wait for?"
    ),
    "another limit": lambda s: f"{_limit(s)}. Is `seconds` used as it is?",
    "waits for no task": lambda s: (
        f"{_limit(s)}, while its task `{s.tasks[0]}` was still running. What waits for it?"
    ),
    "shorter limit": lambda s: (
        f"{_limit(s)}, though more text was to arrive. Is `seconds` used as it is, and what ends "
        "the loop?"
    ),
    "keeps the last chunk": lambda s: (
        f"An empty string came back{s.when}, but {shown(s.in_time)} had arrived. The last chunk is "
        "empty. Does each chunk replace those before it?"
    ),
    "collected first": lambda s: (
        f"An empty string came back{s.when}, but {shown(s.in_time)} had arrived by then. Where is "
        "the text kept while it arrives?"
    ),
    "takes more": lambda s: (
        f"{shown(s.returned[len(s.in_time) :])} came back too{s.when}, but arrived after the "
        f"{s.limit:.2f} s that were allowed. Is `seconds` used as it is?"
    ),
    "loses the end": lambda s: (
        f"{shown(s.returned)} came back{s.when}, but {shown(s.in_time)} had arrived by then. Where "
        "is the rest kept when the time is up?"
    ),
    "loses white space": lambda s: (
        f"Only white space is missing{s.when}: {shown(repr(s.returned))}. Is any piece stripped or "
        "skipped?"
    ),
    "another text": lambda s: (
        f"What came back{s.when} isn't the text that had arrived. "
        f"{first_difference(s.returned, s.in_time)}"
    ),
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
