"""What learners read about their answers to lesson 4's exercises."""

import json
from functools import partial

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


def _wrong_about(s: who_blocks.Seen, why: str) -> str:
    return (
        f"{s.wrong} was run beside a heart: its longest pause was {s.pauses[s.wrong]:.1f} s. A "
        f"heart that keeps beating never pauses for more than {who_blocks.ALIVE} s. {why}"
    )


def _limit(s: text_within.Seen) -> str:
    return (
        f"The limit was {s.limit:.1f} s, but `text_within` returned after {s.seconds:.1f} s{s.when}"
    )


_REQUEST = "`GET /chat?question=…`"


def _is(s: create_app.Seen, header: str) -> str:
    value = s.header(header)
    return f"is {shown(value)}" if value else "is missing"


def _detail(s: create_app.Seen) -> str:
    """What FastAPI says is missing."""
    try:
        *_, place, name = json.loads(s.body)["detail"][0]["loc"]
    except (ValueError, LookupError, TypeError):
        return "something"
    return f"{shown(name)} in the {place}"


def _after_failed(s: create_app.Seen) -> int:
    names = [event.type for event in s.events]
    return len(names) - names.index("failed") - 1


def _left(s: create_app.Seen) -> str:
    return "A response was over" if s.case.whole else s.case.when


def _who_reads_on(s: create_app.Seen) -> str:
    if s.tasks:
        return f"The task `{s.tasks[0]}` is still running. What cancels it?"
    if s.model and s.model.calls and s.model.calls[-1].method == "stream":
        return "A thread reads it. What could tell the thread that its reader has left?"
    return "What keeps the stream, and what closes it?"


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

CREATE_APP: Messages[create_app.Seen] = {
    "correct": lambda _: (
        "Each piece was sent before the next one was taken, `end` or `failed` closes the page's "
        "connection, two readers were served side by side, and the model stopped when its reader "
        "left."
    ),
    "an app": lambda _: (
        "The check needs the function itself, `create_app`, to make apps with models of its own. "
        "It was given an app."
    ),
    "not a function": lambda s: (
        f"The check needs the function itself: `create_app`. It was given {kind(s.given)}."
    ),
    "async def": lambda _: (
        "`create_app` is an `async def`, so calling it makes a coroutine, not an app. Which of the "
        "functions has to wait for something?"
    ),
    "yields": lambda _: (
        "There is a `yield` in `create_app` itself, so calling it makes a generator, not an app. "
        "Which function should yield?"
    ),
    "returns nothing": lambda _: "`create_app` returned `None`. Is there a `return app`?",
    "returns the wrong type": lambda s: (
        f"`create_app` returned {kind(s.app)}. The exercise asks for the app."
    ),
    "calls when made": lambda _: (
        "The model was called when the app was made, before any question had arrived. Which "
        "function runs once for each request?"
    ),
    "frame is missing": lambda _: (
        f"The endpoint uses `frame` of Exercise {number('4.frame')}, which doesn't exist in the "
        "notebook yet. Run the cell of that exercise with your answer, and then this one again."
    ),
    "frame isn't written": lambda _: (
        f"The endpoint uses `frame` of Exercise {number('4.frame')}, which isn't written yet. Run "
        "the cell of that exercise with your answer, and then this one again."
    ),
    "function as a stream": lambda _: (
        "The response was given a function, which it can't read. Calling the function makes the "
        "stream: are parentheses missing after its name?"
    ),
    "coroutine as a stream": lambda _: (
        "The response was given a coroutine, which it can't read. Is there a `yield` in the "
        "function that made it?"
    ),
    "stream as JSON": lambda _: (
        "The endpoint returns its stream as it is, and FastAPI can't turn that into JSON. Which "
        "response reads a stream and sends it piece by piece?"
    ),
    "chunk as a frame": lambda _: (
        "The stream yielded a whole object, such as a chunk, but a response sends only strings and "
        "bytes. What makes a frame of a chunk's text?"
    ),
    "headers in a string": lambda _: (
        "The response's `headers` should be a dict, with a header's name as each key. It was given "
        "something else."
    ),
    "another parameter": lambda s: (
        f"{_REQUEST} was answered with status 422: {_detail(s)} is missing. By what name does the "
        "endpoint take the question?"
    ),
    "another path": lambda _: (
        f"{_REQUEST} was answered with status 404. For which path is the endpoint?"
    ),
    "another method": lambda _: (
        f"{_REQUEST} was answered with status 405: the path exists, but not for `GET`."
    ),
    "another status": lambda s: (
        f"{_REQUEST} was answered with status {s.visit.status}. What in the endpoint sets it?"
    ),
    "closes before it is read": lambda _: (
        "The model's stream was closed before anything had read it: a block around `return` ends "
        "when `chat` returns, and only then does the response begin to read. Which function's "
        "block lasts as long as the reading?"
    ),
    "never calls the model": lambda s: (
        f"{_REQUEST} was answered with {shown(s.body) if s.body else 'nothing'}, and "
        "the model was never called. Is a `return` missing, or does nothing read the stream?"
    ),
    "stops early": lambda s: (
        f"The endpoint read only {s.reply.taken} of {count(s.total, 'piece')}{s.when}. What ends "
        "its loop so early?"
    ),
    "yields in the endpoint": lambda s: (
        "The endpoint itself yields, so FastAPI makes the response, whose content type "
        f"{_is(s, 'content-type')}. Put the `yield`s into a function of their own, and return a "
        "`StreamingResponse` that reads it."
    ),
    "another content type": lambda s: (
        f"The response's content type {_is(s, 'content-type')}. A page's `EventSource` reads only "
        "`text/event-stream`."
    ),
    "proxies may buffer": lambda s: (
        f"The header `X-Accel-Buffering` {_is(s, 'x-accel-buffering')}, so nginx in front of the "
        "server would buffer the text. What should it be?"
    ),
    "caches may keep": lambda s: (
        f"The header `Cache-Control` {_is(s, 'cache-control')}, so a proxy may keep what it passes "
        "on. What should it be?"
    ),
    "nothing sent": lambda _: (
        "The response is empty: status 200, and no byte after its headers. What keeps the `yield` "
        "from being reached?"
    ),
    "no events": lambda s: (
        f"{shown(repr(s.body), 90)} was sent, in which a page finds no event. What makes an event "
        "of a piece of text?"
    ),
    "frames run together": lambda s: (
        "Several frames arrived as one event, with the data "
        f"{shown(repr(max((e.data for e in s.events), key=len)))}. What ends a frame?"
    ),
    "text without a field": lambda s: (
        f"{shown(repr(s.body), 70)} was sent. A page skips {shown(s.bare)} and every other line "
        "that doesn't begin with a field's name. What makes an event of a piece of text?"
    ),
    "end as a message": lambda s: (
        f"The last event is a message with the data {shown(s.events[-1].data)}, which a page shows "
        "as part of the reply. What gives an event the name `end`?"
    ),
    "another event": lambda s: (
        f"An event named {shown(next(n for n in s.visit.names if n not in ('end', 'failed')))} was "
        "sent. The page listens only for messages, `end` and `failed`."
    ),
    "failed for a whole reply": lambda s: (
        f"The reply was complete{s.when}, and `failed` was sent all the same. Which `finally` or "
        "`else` does that?"
    ),
    "not JSON": lambda s: (
        f"The data of an event is {shown(repr(s.strange.data if s.strange else ''))}, which isn't "
        "JSON. Line breaks and spaces don't survive that."
    ),
    "text in a container": lambda s: (
        f"The data of an event is {shown(s.strange.data if s.strange else '')}. The exercise asks "
        "for the text itself, as `frame` sends it."
    ),
    "no text": lambda s: f"The events carry no text{s.when}, though the model wrote some.",
    "JSON twice": lambda s: f"The text was turned into JSON twice: {shown(s.got)}.",
    "loses white space": lambda s: (
        f"Only white space is missing{s.when}: a page shows {shown(repr(s.got))}. Is a piece that "
        "is a line break or a space skipped as if it were empty?"
    ),
    "another text": lambda s: (
        f"The events' texts, joined, aren't the reply{s.when}. "
        f"{first_difference(s.got, s.reply.text)}"
    ),
    "end without data": lambda _: (
        "`event: end` was sent, but a page never receives it. An event is dispatched if it has a "
        "`data` line, and a blank line after it."
    ),
    "no end": lambda s: (
        f"After the last text no event says that the reply is over{s.when}. When the connection "
        "closes, a page takes that for a fault and asks again."
    ),
    "text after the end": lambda s: (
        f"Event {1 + [e.type for e in s.events].index('end')} of {len(s.events)} is `end`. A page "
        "closes there and misses what follows. What sends it so early?"
    ),
    "several ends": lambda s: (
        f"The event `end` was sent {times(len(s.visit.names))}. Which line sends it again?"
    ),
    "mixes readers up": lambda s: (
        "One reader is served well, but of two at the same time one received "
        f"{shown(s.got) if s.got else 'nothing'} in place of {shown(s.reply.text)}. What do the "
        "two requests share?"
    ),
    "one reader after the other": lambda s: (
        f"Two readers asked at the same time, and one of them waited for the other: {s.took:.1f} s "
        f"in place of {s.lasts:.1f} s. What do the two requests share?"
    ),
    "waits between pieces": lambda s: (
        f"The model wrote its reply in {s.lasts:.1f} s, but the endpoint took {s.took:.1f} s to "
        "send it. What does it wait for between two pieces?"
    ),
    "collected first": lambda s: (
        f"The events are right, but the first was sent after all {s.total} pieces of the reply had "
        "arrived. Which line waits for the end?"
    ),
    "held back": lambda s: (
        f"At one point {count(s.reply.most_held, 'piece')} had arrived but not been sent. Each "
        "should be sent before the next one is taken."
    ),
    "hangs after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, and the endpoint never ended. What tells "
        "it that nothing more arrives?"
    ),
    "end after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, and `end` was sent all the same: a page "
        "takes half a reply for the whole. Which code sends it after an error?"
    ),
    "failure named error": lambda _: (
        "The failure was sent as an event named `error`. `EventSource` uses that name itself, for "
        "a lost connection. The exercise asks for `failed`."
    ),
    "failure as text": lambda s: (
        f"The model's connection was lost {s.case.when}, and a page shows "
        f"{shown(s.got[len(s.arrived) :])} as part of the reply. What gives an event a name?"
    ),
    "failure without data": lambda _: (
        "`event: failed` was sent, but a page never receives it. An event is dispatched if it has "
        "a `data` line, and a blank line after it."
    ),
    "no failure event": lambda s: (
        f"The model's connection was lost {s.case.when}, and no event named `failed` was sent. A "
        "page would connect again and send the question once more, which is paid for again. Where "
        "does the error arrive?"
    ),
    "another failure event": lambda s: (
        f"The failure was sent as an event named {shown(s.visit.names[0])}. The exercise asks for "
        "`failed`."
    ),
    "goes on after failed": lambda s: (
        f"After `failed` the endpoint sent {count(_after_failed(s), 'more event', 'was')}."
    ),
    "model goes on": lambda s: (
        f"{s.case.when}, and {count(s.generated_late, 'piece', 'was')} still generated after that, "
        f"and paid for. {_who_reads_on(s)}"
    ),
    "sends after that": lambda s: (
        f"{s.case.when}, and your code sent "
        f"{shown(repr(s.visit.late.decode(errors='replace')))} after that. Which `except` or "
        "`finally` does that?"
    ),
    "leaves a task": lambda s: (
        f"{_left(s)}, but the task `{s.tasks[0]}` was still running after that. What cancels it?"
    ),
    "left open": lambda s: (
        f"{_left(s)}, but the model's stream stayed open, so the model would go on. What keeps it, "
        "and what closes it?"
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
    "nothing yielded": lambda s: (
        f"{count(len(s.events), 'event')} arrived{s.when}, and nothing was yielded."
    ),
    "nothing at first": lambda s: (
        f"No event arrived for {stages.SILENCE:g} s, and nothing was yielded meanwhile: the first "
        f"`Thinking` came with event {s.taken[0]}. It should come before any event."
    ),
    "repeats a stage": lambda s: (
        f"{shown(s.repeated)} was yielded twice in a row{s.when}. What remembers the latest stage?"
    ),
    "another tool": lambda s: (
        f"The tool {shown(s.tool(s.number))} started, and {shown(s.stage)} was yielded{s.when}. "
        "Where does the tool's name come from?"
    ),
    "no tool's name": lambda s: (
        f"{shown(s.unknown)} was yielded{s.when}. What follows `Tool call: ` is the name of the "
        "tool that starts. Which part of the event has it?"
    ),
    "another stage": lambda s: (
        f"{shown(s.unknown)} was yielded{s.when}. The stages are `Thinking`, `Tool call: ` with a "
        "tool's name, and `Answer`, spelt like that."
    ),
    "collected first": lambda s: (
        f"All {len(s.items)} stages were yielded together, after event {s.taken[0]} of "
        f"{len(s.events)}{s.when}. A reader wants to see a stage while it lasts."
    ),
    "a stage too many": lambda s: (
        f"{shown(s.stage)} was yielded once more{s.when}, after event {s.number} of "
        f"{len(s.events)}. No stage begins there."
    ),
    "late": lambda s: (
        f"{shown(s.stage)} was yielded at event {s.number} ({shown(s.kind(s.number))}){s.when}. "
        f"It had begun {count(s.number - s.begins, 'event')} before."
    ),
    "before any event": lambda s: (
        f"{shown(s.stage)} was yielded before any event had arrived{s.when}. With which event does "
        "it begin?"
    ),
    "answers without text": lambda s: (
        f"{shown(s.stage)} was yielded at event {s.number}{s.when}. Its chunk has no text. "
        "What else can a chunk carry?"
    ),
    "early": lambda s: (
        f"{shown(s.stage)} was yielded at event {s.number} ({shown(s.kind(s.number))}){s.when}. "
        "With which event does it begin?"
    ),
    "misses a stage": lambda s: (
        f"{shown(s.right)} began with event {s.begins} ({shown(s.kind(s.begins))}){s.when}, and "
        f"wasn't yielded. The next one was {shown(s.stage)}."
    ),
    "misses the last stages": lambda s: (
        f"{shown(s.right)} began with event {s.begins} ({shown(s.kind(s.begins))}){s.when}, and "
        "wasn't yielded. What keeps it from being yielded?"
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
