"""What learners read about their answers to lesson 4's exercises."""

from utils.checks.engine.clinic import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.wording import count, first_difference, joined, kind, shown, times
from utils.checks.lesson_4 import ask_all, create_app, frame, shout, stages, text_within, who_blocks
from utils.lesson_source import number

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


_REQUEST = "`GET /chat?question=…`"
_SENT = {  # how an error reads, and what it comes from
    "'function' object": "It was given a function. Are parentheses missing after its name?",
    "'coroutine' object": "It was given a coroutine. Is there a `yield` in the function?",
    "'async_generator' object": "It was given a stream. Which response sends it piece by piece?",
    "'encode'": "It sends only strings and bytes. What makes a frame of a chunk's text?",
    "'items'": "Its `headers` are a dict, with a header's name as each key.",
}
_WHY = {  # why a header matters
    "Content-Type": "`EventSource` reads only `text/event-stream`. Does the endpoint return a "
    "`StreamingResponse` with a media type?",
    "X-Accel-Buffering": "With any value but `no`, nginx in front of the server buffers the text.",
    "Cache-Control": "Without `no-cache` a proxy may keep what it passes on.",
}
_BLOCKS = {  # what to look at in a snippet
    "A": "Time passes between its chunks. What has the event loop then?",
    "B": "A plain `for` stays one inside a coroutine too. Where could it give control back while "
    "it waits for the next chunk?",
    "C": "The reply comes in one go. Does that say what has the event loop until then?",
    "D": "A task only decides when a coroutine runs. Is there an `await` in its body?",
    "E": "`invoke` blocks whatever it runs on. What does it run on here?",
    "F": "Chunks arrive while it sleeps. What is left to wait for when the next one is requested?",
}


def _limit(s: text_within.Seen) -> str:
    return (
        f"The limit was {s.limit:.1f} s, but `text_within` returned after {s.seconds:.1f} s{s.when}"
    )


def _data(s: frame.Seen) -> str:
    return f"The data{s.when} is {shown(repr(s.events[0].data))}"


def _cause(s: create_app.Seen) -> str:
    return next(cause for error, cause in _SENT.items() if error in str(s.error))


SHOUT: Messages[shout.Seen] = {
    "correct": lambda s: (
        f"Each of the {s.total} pieces was out, in capitals, before the next one was taken, and "
        "the event loop was never blocked. A lost connection and a cancellation came out too."
    ),
    "not in capitals": lambda s: f"The text isn't all in capitals: {shown(s.output[:40])}.",
}

WHO_BLOCKS: Messages[who_blocks.Seen] = {
    **clinic_messages("snippet", "All six are right; each was run beside a beating heart.", {}),
    "no dict": lambda s: (
        f"The answer is a dict with a snippet's letter as each key, not {kind(s.answer)}."
    ),
    "diagnosis missing": lambda s: f"There is no answer yet for {joined(s.missing)}.",
    "no such diagnosis": lambda s: (
        f"{s.odd[0]}: the answer is `True` or `False`, not {shown(repr(s.answer[s.odd[0]]))}."
    ),
    "wrong": lambda s: (
        f"{s.wrong} was run beside a heart: its longest pause was {s.pauses[s.wrong]:.1f} s. A "
        f"heart that keeps beating never pauses for more than {who_blocks.ALIVE} s. "
        f"{_BLOCKS[s.wrong]}"
    ),
}

ASK_ALL: Messages[ask_all.Seen] = {
    "correct": lambda _: (
        "Six replies in the order of their prompts: two at a time, one at a time and all together. "
        "When one of them failed, its error came out and the others were stopped."
    ),
    "swallows the error": lambda s: (
        f"The connection of one reply was lost, but nothing was raised, and {shown(s.returned)} "
        "came back. What keeps the error from the caller?"
    ),
    "result too early": lambda _: (
        "`result()` was called on a task that was still running. When have all tasks of a group "
        "ended: inside its block, or after it?"
    ),
    "returns what isn't awaited": lambda s: (
        f"`ask_all` returned {shown(s.returned)}, which nothing has awaited. Is an `await` missing?"
    ),
    "another loop": lambda s: (
        f"The limit is a `{s.foreign}` that was made outside of `ask_all`, for another event loop "
        "and with a number of its own. Where is `at_most` used?"
    ),
    "another prompt": lambda s: (
        f"The model was sent {shown(s.other_prompt)}, which isn't one of the prompts."
    ),
    "others go on": lambda _: (
        "The connection of one reply was lost and its error came out, but other replies were still "
        "streaming after that, and they are paid for. A `TaskGroup` cancels them. What does here?"
    ),
    "returns too early": lambda s: (
        f"`ask_all` returned while {count(len(s.tasks), 'task')} of `{s.tasks[0]}` still had to "
        "finish. What waits for the end of all tasks?"
    ),
    "sends other prompts": lambda s: (
        f"{shown(s.miscounted)} is in the list {times(s.case.prompts.count(s.miscounted))}, but "
        f"was sent {count(s.replies[s.miscounted].requests, 'time')}. Which prompt does each call "
        "get?"
    ),
    "stops early": lambda _: (
        "`ask_all` returned before one of the replies had come to its end. What ends a loop early, "
        "or doesn't wait for the rest?"
    ),
    "over the limit": lambda s: (
        f"With `at_most={s.case.at_most}`, {count(s.most, 'reply')} streamed at the same time. A "
        "limit needs one semaphore that all tasks share, and each reads its reply inside the block."
    ),
    "under the limit": lambda s: (
        f"With `at_most={s.case.at_most}` and {count(len(s.case.prompts), 'prompt')}, only "
        f"{count(s.most, 'reply')} streamed at the same time. What makes the next one wait?"
    ),
    "no strings": lambda s: (
        f"The list contains {kind(next(t for t in s.texts if not isinstance(t, str)))}. The "
        "exercise asks for the text of each reply, as one string."
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
    "changes white space": lambda s: (
        f"Text {s.wrong + 1} differs from its reply only in white space: "
        f"{shown(repr(s.texts[s.wrong]))}. Is any piece stripped or skipped?"
    ),
    "another text": lambda s: (
        f"Text {s.wrong + 1} isn't the reply to prompt {s.wrong + 1}. "
        f"{first_difference(s.texts[s.wrong], s.right[s.wrong])}"
    ),
    "place left free": lambda s: (
        f"With `at_most={s.case.at_most}`, a reply ended and its place stayed free for "
        f"{s.idle:.1f} s while other prompts waited. Does the next one wait for a whole batch?"
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
    "waits on": lambda s: (
        f"The reply was complete after {s.reply.lasts:.1f} s, but `text_within` returned after "
        f"{s.seconds:.1f} s. What did it wait for?"
    ),
    "limit for each chunk": lambda s: (
        f"{_limit(s)}, which is {s.limit:.1f} s after the latest chunk. When does the limit begin?"
    ),
    "clock between chunks": lambda s: (
        f"{_limit(s)}, when the next piece arrived after a silence. Between two chunks none of "
        "your code runs. What can interrupt the waiting itself?"
    ),
    "too late": lambda s: f"{_limit(s)}. What limits it, and is `seconds` used as it is?",
    "too early": lambda s: (
        f"{_limit(s)}, though more text was to arrive. What ends its loop, or doesn't wait for it?"
    ),
    "no text": lambda s: (
        f"An empty string came back{s.when}, but {shown(s.expected)} had arrived by then. Where is "
        "the text kept while it arrives, and does each chunk add to it?"
    ),
}

FRAME: Messages[frame.Seen] = {
    "correct": lambda _: (
        "Every text came back whole, with line ends, quotes, backslashes and an emoji, and so did "
        "an empty one."
    ),
    "no event": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, of which a page makes no event. Does "
        "a line begin with `data:`, and what ends the frame?"
    ),
    "several events": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and a page dispatches "
        f"{len(s.events)} events. What ends an event?"
    ),
    "another type": lambda s: (
        f"The event's type is {shown(s.events[0].type)}. A page that listens for messages doesn't "
        "receive it."
    ),
    "not JSON": lambda s: (
        f"{_data(s)}, which isn't JSON, so `JSON.parse` fails. What turns a string into JSON, "
        "whatever it contains?"
    ),
    "JSON of something else": lambda s: (
        f"{_data(s)}, so a page gets {shown(repr(s.value))} back. The exercise asks for the string "
        "itself, unchanged."
    ),
    "leaves a rest": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and two of them in a row aren't two "
        "events. What comes after the blank line?"
    ),
}

CREATE_APP: Messages[create_app.Seen] = {
    "correct": lambda _: (
        "Each piece was sent before the next one was taken, `end` or `failed` closes the page's "
        "connection, two readers were served side by side, and the model stopped when its reader "
        "left."
    ),
    "needs frame": lambda _: (
        f"The endpoint uses `frame` of Exercise {number('4.frame')}, which isn't written yet in "
        "this notebook. Run the cell of that exercise with your answer, and then this one again."
    ),
    "misuses the response": lambda s: f"The response raised {shown(str(s.error), 90)}. {_cause(s)}",
    "another status": lambda s: (
        f"{_REQUEST} was answered with status {s.visit.status}: {shown(s.body, 120)}. Which path, "
        "method and parameter does the endpoint have?"
    ),
    "closes before it is read": lambda _: (
        "The model's stream was closed before anything had read it: a block around `return` ends "
        "when `chat` returns, and only then does the response begin to read. Which function's "
        "block lasts as long as the reading?"
    ),
    "mixes readers up": lambda s: (
        "One reader is served well, but of two at the same time one received "
        f"{shown(repr(s.output))} in place of {shown(repr(s.expected))}. What do the two requests "
        "share?"
    ),
    "another header": lambda s: (
        f"The response's header `{s.wrong_header}` is {shown(repr(s.header(s.wrong_header)))}. "
        f"{_WHY[s.wrong_header]}"
    ),
    "no events": lambda s: (
        f"{shown(repr(s.body), 90)} was sent, in which a page finds no event. What makes an event "
        "of a piece of text?"
    ),
    "end as a message": lambda s: (
        f"The last event is a message with the data {shown(s.events[-1].data)}, which a page shows "
        "as part of the reply. What gives an event the name `end`?"
    ),
    "another event": lambda s: (
        f"An event named {shown(next(n for n in s.visit.names if n != 'end'))} was sent{s.when}, "
        "though the reply was complete. A page listens for messages and then for one `end`."
    ),
    "not a JSON string": lambda s: (
        f"The data of an event is {shown(repr(s.strange))}, which isn't a string as JSON. `frame` "
        "makes that of a text, and a blank line ends it."
    ),
    "text outside of the data": lambda s: (
        f"A page finds no text in what was sent{s.when}: {shown(repr(s.body), 90)}. What makes an "
        "event of a piece of text?"
    ),
    "event without data": lambda s: (
        f"`event: {s.undispatched}` was sent, but a page never receives it. An event is dispatched "
        "if it has a `data` line, and a blank line after it."
    ),
    "no end": lambda s: (
        f"After the last text no event says that the reply is over{s.when}. When the connection "
        "closes, a page takes that for a fault and asks again."
    ),
    "goes on after the end": lambda s: (
        f"Event {s.last + 1} of {len(s.events)} is `{s.events[s.last].type}`. A page closes there "
        "and misses what follows. What sends the rest?"
    ),
    "one reader after the other": lambda s: (
        f"Two readers asked at the same time, and one of them waited for the other: {s.took:.1f} s "
        f"in place of {s.lasts:.1f} s. What do the two requests share?"
    ),
    "waits between pieces": lambda s: (
        f"The model wrote its reply in {s.lasts:.1f} s, but the endpoint took {s.took:.1f} s to "
        "send it. What does it wait for between two pieces?"
    ),
    "hangs after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, and the endpoint never ended. What tells "
        "it that nothing more arrives?"
    ),
    "end after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, and `end` was sent all the same: a page "
        "takes half a reply for the whole. Which code sends it after an error?"
    ),
    "failure as text": lambda s: (
        f"The model's connection was lost {s.case.when}, and a page shows "
        f"{shown(s.output[len(s.arrived) :])} as part of the reply. What gives an event a name?"
    ),
    "no failure event": lambda s: (
        f"The model's connection was lost {s.case.when}, and no event named `failed` was sent. A "
        "page would connect again and send the question once more, which is paid for again. Where "
        "does the error arrive?"
    ),
    "another failure event": lambda s: (
        f"The failure was sent as an event named {shown(s.visit.names[0])}. The exercise asks for "
        "`failed`; `EventSource` uses `error` itself."
    ),
    "model goes on": lambda s: (
        f"{count(s.generated_late, 'piece', 'was')} still generated {s.case.when}, and paid for. "
        "Which task or thread reads on, and what stops it?"
    ),
    "sends after that": lambda s: (
        f"Your code sent {shown(repr(s.visit.late.decode(errors='replace')))} {s.case.when}. Which "
        "`except` or `finally` does that?"
    ),
}

STAGES: Messages[stages.Seen] = {
    "correct": lambda _: (
        "Each stage was yielded once, as soon as it began, and `Thinking` before any event: with "
        "no tool, with one, with several, and without any event at all."
    ),
    "stops early": lambda s: (
        f"`stages` read only {s.reply.taken} of {count(s.total, 'event')}{s.when}. What ends its "
        "loop so early?"
    ),
    "repeats a stage": lambda s: (
        f"{shown(s.repeated)} was yielded twice in a row{s.when}. What remembers the latest stage?"
    ),
    "another stage": lambda s: (
        f"{shown(s.unknown)} was yielded{s.when}. Its stages are "
        f"{joined(list(map(shown, dict(s.began))))}, spelt like that: a tool's name comes from its "
        "event."
    ),
    "collected first": lambda s: (
        f"All {len(s.items)} stages were yielded together, after event {s.taken[-1]} of "
        f"{len(s.events)}{s.when}. A reader wants to see a stage while it lasts."
    ),
    "nothing at first": lambda s: (
        f"No event arrived for {stages.SILENCE:g} s, and nothing was yielded meanwhile: the first "
        f"stage came with event {s.taken[0]}. `Thinking` should come before any event."
    ),
    "answers without text": lambda s: (
        f"`Answer` was yielded {s.place(s.differ[0][1])}{s.when}. Its chunk has no text. What else "
        "can a chunk carry?"
    ),
    "late": lambda s: (
        f"{shown(s.differ[0][0])} was yielded {s.place(s.differ[0][1])}{s.when}. It had begun "
        f"{s.place(s.differ[1][1])}."
    ),
    "misses a stage": lambda s: (
        f"{shown(s.differ[1][0])} began {s.place(s.differ[1][1])}{s.when}, and wasn't yielded. "
        "What keeps it from being yielded?"
    ),
    "a stage too many": lambda s: (
        f"{shown(s.differ[0][0])} was yielded {s.place(s.differ[0][1])}{s.when}, and doesn't begin "
        "there. With which event does it begin?"
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
