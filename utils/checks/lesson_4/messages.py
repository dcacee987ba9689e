"""Messages to learners about their answers in lesson 4: one for each mistake, and `correct`.

`s` records one run of an answer; `s.when` names the case, such as " for an empty reply".
"""

from utils.checks.engine.asgi_client import Visit
from utils.checks.engine.diagnosis import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.run import Run
from utils.checks.engine.wording import count, first_difference, joined, kind, shown, times
from utils.checks.lesson_4 import ask_all, create_app, frame, rejoin, text_within, who_blocks
from utils.lesson_source import number

_EARLY = "A buffer delays the early text too. How long was its TTFT?"
_LATE = "Compare its TTFT with its E2E latency. What happened to the text until then?"
_FREE = "While the event loop is blocked, no other client is served. Were health checks answered?"
_CODE = {  # for each diagnosis, how the endpoint's code works
    "buffered": "reads the whole reply into a list before it sends any of it",
    "keeps generating": "reads the reply in a background task that nothing cancels when the client "
    "disconnects",
    "healthy": "sends each piece from an `async for` inside `aclosing`",
    "blocks the loop": "runs a plain `for` over `.stream()` in an `async def`",
}

_REQUEST = "`GET /chat?question=…`"
_SENT = {  # each error's cause and a hint, keyed by part of the error's message
    "'function' object": "The response got a function. Are parentheses missing after its name?",
    "'coroutine' object": "The response got a coroutine. Is a `yield` missing in the function?",
    "'async_generator' object": "The response got an async generator. Which response class sends "
    "what it yields, piece by piece?",
    "'encode'": "A response sends only strings and bytes. What turns a chunk's text into a frame?",
    "'items'": "`headers` must be a dict with the headers' names as its keys.",
}
_WHY = {  # why each header matters
    "Content-Type": "`EventSource` reads only `text/event-stream`. Does the endpoint return a "
    "`StreamingResponse` with a media type?",
    "X-Accel-Buffering": "With any value but `no`, nginx in front of the server buffers the text.",
    "Cache-Control": "Without `no-cache`, a proxy may store the response.",
}
_BLOCKS = {  # the hint for each snippet
    "A": "Time passes between its chunks. Can the event loop run other tasks then?",
    "B": "A plain `for` blocks inside a coroutine too. Where could it give up control while it "
    "waits for the next chunk?",
    "C": "The reply arrives in one go. Does the event loop have to wait until then?",
    "D": "A task only decides when a coroutine runs. Is there an `await` in the coroutine's body?",
    "E": "`invoke` blocks the thread it runs in. Which thread is that here?",
    "F": "Chunks arrive while it sleeps. Does `async for` have to wait for the next one?",
}


def _limit(s: text_within.Seen) -> str:
    took = f"{s.seconds:.2f} s{s.when}"
    return f"The limit was {s.case.seconds:.2f} s, but `text_within` returned after {took}"


def _data(s: frame.Seen) -> str:
    return f"The data{s.when} is {shown(repr(s.events[0].data))}"


def _response(visit: Visit) -> str:
    body = f": {shown(visit.shown_body, 90)}" if visit.body else " and an empty body"
    return f"status {visit.status}{body}"


def _without_data(name: str) -> str:
    return (
        f"`event: {name}` was sent, but a page never receives it. A blank line ends an event, "
        "which is dispatched only if it has a `data` line before that."
    )


def _rejoined(s: rejoin.Seen) -> str:
    before, after, right = s.reader.wrong_rejoin(s.expected)
    return (
        f"A reader who had received {shown(repr(before))} came back and received "
        f"{shown(repr(after))} instead of {shown(repr(right))}"
    )


def _refused(s: rejoin.Seen) -> str:
    reader, visit = rejoin.refused(s)[0]
    whom = (
        f"with `Last-Event-ID: {reader.last_id}`" if reader.last_id else "without `Last-Event-ID`"
    )
    later = " after the reply's end" if reader is s.readers[-1] else ""
    return f"A reader {whom} received {_response(visit)}{later}"


def _repeated_id(s: rejoin.Seen) -> str:
    return shown(next(filter(None, (reader.same_id() for reader in s.readers))))


def _accepts(what: str, visit: Visit) -> str:
    if what in rejoin.LOST:
        asked, right = f"`/replies/{what}`, a reply that doesn't exist,", "404"
    else:
        asked = f"A request with `Last-Event-ID: {what}`, which no event had,"
        right = "from 400 to 499"
    return (
        f"{asked} received status {visit.status} instead of {right}. What "
        "raises an `HTTPException` for it before the response begins?"
    )


SHOUT: Messages[Run] = {
    "correct": lambda s: (
        f"Each of the {s.total} pieces was yielded, in capitals, before the next one was taken, "
        "and the event loop was never blocked. A lost connection and a cancellation propagated."
    ),
    "not in capitals": lambda s: f"The text isn't all in capitals: {shown(s.output[:40])}.",
}

WHO_BLOCKS: Messages[who_blocks.Seen] = {
    **clinic_messages("snippet", "All six are right: each snippet ran beside a beating heart.", {}),
    "no dict": lambda s: (
        f"The answer should be a dict with the snippets' letters as its keys, not {kind(s.answer)}."
    ),
    "diagnosis missing": lambda s: f"There is no answer yet for {joined(s.missing)}.",
    "no such diagnosis": lambda s: (
        f"{s.odd[0]}: the answer should be `True` or `False`, not "
        f"{shown(repr(s.answer[s.odd[0]]))}."
    ),
    "wrong": lambda s: (
        f"While {s.wrong} ran, the heart's longest pause was {s.pauses[s.wrong]:.1f} s. A heart "
        f"that keeps beating never pauses for more than {who_blocks.ALIVE} s. "
        f"{_BLOCKS[s.wrong]}"
    ),
}

ASK_ALL: Messages[ask_all.Seen] = {
    "correct": "The texts are in the order of their prompts, with replies two at a time, one at a "
    "time and all together. When one of them failed, its error propagated and no other was left "
    "running.",
    "swallows the error": lambda s: (
        "The connection of one reply was lost, but `ask_all` raised nothing and returned "
        f"{shown(s.returned)}. What keeps the error from the caller?"
    ),
    "result too early": "`result()` was called on a task that was still running. What waits for "
    "all tasks before that? After the block of a `TaskGroup`, they have finished; inside it, they "
    "may not have.",
    "tries again": lambda s: (
        f"The connection of one reply was lost, and `ask_all` sent its prompt "
        f"{times(s.reply.requests)}. The error should propagate. What repeats the call?"
    ),
    "returns its tasks": "`ask_all` returned a list of tasks. A finished task isn't its text: "
    "which method of a task returns that?",
    "returns what isn't awaited": lambda s: (
        f"`ask_all` returned {shown(s.returned)}, which nothing has awaited. Is an `await` missing?"
    ),
    "another loop": lambda s: (
        f"The limit is a `{s.foreign}` made outside `ask_all`: it belongs to another event loop "
        "and has its own number. Where is `at_most` used?"
    ),
    "another prompt": lambda s: (
        f"The model was sent {shown(s.other_prompt)}, which isn't one of the prompts."
    ),
    "other replies go on": "The connection of one reply was lost and its error propagated, but "
    "other replies were still streaming after that, and you pay for them. A `TaskGroup` cancels "
    "its own tasks, but not a thread. What cancels them here?",
    "returns too early": lambda s: (
        f"`ask_all` returned while {count(len(s.tasks), 'task', 'was')} still running "
        f"(`{s.tasks[0]}`). What waits until all tasks have finished?"
    ),
    "drops a repetition": lambda s: (
        f"{shown(s.miscounted)} is in the list {times(s.case.prompts.count(s.miscounted))}, but "
        "was sent once. Its replies may differ. What drops the repetition?"
    ),
    "sends other prompts": lambda s: (
        f"{shown(s.miscounted)} is in the list {times(s.case.prompts.count(s.miscounted))}, but "
        f"{count(s.replies[s.miscounted].requests, 'request')} contained it. Which prompt does "
        "each call get?"
    ),
    "stops early": "`ask_all` returned before one of the replies had ended. Which loop stops "
    "early, or doesn't wait for the rest?",
    "over the limit": lambda s: (
        f"With `at_most={s.case.at_most}`, {count(s.peak, 'reply')} streamed at the same time. "
        "Is there one semaphore of the size `at_most`, which all tasks share, and is each reply "
        "read inside its block?"
    ),
    "reads in threads": "`ask_all` reads replies in separate threads. Nothing can cancel a thread, "
    "so its reply would continue after a failure. Which method reads the model on the event loop?",
    "under the limit": lambda s: (
        f"With `at_most={s.case.at_most}` and {count(len(s.case.prompts), 'prompt')}, only "
        f"{count(s.peak, 'reply')} streamed at the same time. What makes the next one wait?"
    ),
    "no strings": lambda s: (
        f"The list contains {kind(next(t for t in s.texts if not isinstance(t, str)))}. The "
        "exercise asks for the text of each reply, as one string."
    ),
    "one reply twice": lambda s: (
        f"{shown(s.case.prompts[-1])} is in the list twice, and the model replied differently each "
        "time, but the result has the same text twice. Are the texts stored by prompt?"
    ),
    "order of finishing": lambda s: (
        "All texts were returned, but not in the order of their prompts: the first is "
        f"{shown(s.texts[0], 40)}. Are they collected as they finish?"
    ),
    "wrong number of replies": lambda s: (
        f"`ask_all` returned {count(len(s.texts), 'item')} for {count(len(s.right), 'prompt')}."
    ),
    "changes white space": lambda s: (
        f"Item {s.wrong + 1} differs from its reply only in white space: "
        f"{shown(repr(s.texts[s.wrong]))}. Is any piece stripped or skipped?"
    ),
    "an empty text": lambda s: (
        f"Item {s.wrong + 1} is an empty string, like the last chunk of a reply. Does each chunk "
        "add to the text?"
    ),
    "another text": lambda s: (
        f"Item {s.wrong + 1} isn't the reply to prompt {s.wrong + 1}. "
        f"{first_difference(s.texts[s.wrong], s.right[s.wrong])}"
    ),
    "idle while prompts wait": lambda s: (
        f"With `at_most={s.case.at_most}`, a reply ended and its place stayed free for "
        f"{s.idle:.2f} s, although other prompts were waiting. Does the next one wait for a whole "
        "batch, or does your code check for a free place at intervals?"
    ),
}

TEXT_WITHIN: Messages[text_within.Seen] = {
    "correct": "`text_within` returned the whole text if it arrived in time, and otherwise what "
    "had arrived: in mid-reply, in a stall, before the first text and before any chunk. The model "
    "stopped each time.",
    "hides timeouts": "One more thing: a model can raise a `TimeoutError` of its own, and your "
    "code hides it. After `async with asyncio.timeout(…) as limit`, `limit.expired()` tells you "
    "whose it is.",
    "timeout propagates": lambda s: (
        f"After {s.seconds:.1f} s, `text_within` raised a `TimeoutError`{s.when} instead of "
        "returning what had arrived. The error is raised where the block of `asyncio.timeout` "
        "ends. What catches it there?"
    ),
    "waits on": lambda s: (
        f"The reply was complete after {s.reply.lasts:.2f} s, but `text_within` returned after "
        f"{s.seconds:.2f} s. What did it wait for, or does it check only now and then?"
    ),
    "limit for each chunk": lambda s: (
        f"{_limit(s)}, which is {s.case.seconds:.1f} s after the last chunk. When does that time "
        "start?"
    ),
    "clock between chunks": lambda s: (
        f"{_limit(s)}, when the next piece arrived after a silence. During a silence, none of your "
        "code runs. What can interrupt the waiting itself?"
    ),
    "too late": lambda s: (
        f"{_limit(s)}. When does the time in your code begin, what interrupts the waiting at the "
        "limit, and is `seconds` unchanged?"
    ),
    "too early": lambda s: (
        f"{_limit(s)}, although more text would have arrived in time. What ends the loop early, "
        "and is `seconds` unchanged?"
    ),
    "no text": lambda s: (
        f"`text_within` returned an empty string{s.when}, but {shown(s.expected)} had arrived by "
        "then. Where do you keep the text, and does each chunk add to it?"
    ),
}

FRAME: Messages[frame.Seen] = {
    "correct": "A page gets every text back unchanged: line breaks, quotes, backslashes, an emoji, "
    "even an empty string.",
    "no event": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and a page dispatches no event for "
        "it. Does a line begin with `data:`, and what ends the frame?"
    ),
    "several events": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, and a page dispatches "
        f"{len(s.events)} events. What ends an event?"
    ),
    "another type": lambda s: (
        f"The event's type is {shown(s.events[0].type)}, so a page that listens for messages "
        "doesn't receive it. What sets the type?"
    ),
    "not JSON": lambda s: (
        f"{_data(s)}, which isn't JSON, so `JSON.parse` fails. "
        + (
            "Only lines that begin with `data:` belong to it."
            if "\n" in s.returned.strip()
            else "What turns a string into JSON, whatever it contains?"
        )
    ),
    "JSON of something else": lambda s: (
        f"{_data(s)}, so a page gets {shown(repr(s.value))} back. The exercise asks for the string "
        "itself, unchanged."
    ),
    "changes the next frame": lambda s: (
        f"The frame{s.when} is {shown(repr(s.returned), 90)}, but two of them in a row don't give "
        "the same event twice. What comes after the blank line?"
    ),
}

CREATE_APP: Messages[create_app.Seen] = {
    "correct": "Each piece was sent before the next one was taken, and `end` or `failed` was the "
    "last event. Two clients were served concurrently, and the model stopped when its client "
    "disconnected.",
    "by FastAPI's class": "One more thing: `EventSourceResponse` doesn't close the generator if a "
    "client disconnects while a piece waits to be sent.",
    "needs frame": lambda _: (
        f"The endpoint uses `frame` of Exercise {number('4.frame')}, which isn't written yet in "
        "this notebook. Run the cell of that exercise with your answer, then run this cell again."
    ),
    "misuses the response": lambda s: (
        f"The response raised {shown(create_app.misuse(s), 90)}. "
        + next(cause for error, cause in _SENT.items() if error in create_app.misuse(s))
    ),
    "another status": lambda s: (
        f"{_REQUEST} returned status {s.visit.status}: {shown(s.visit.shown_body, 120)}. Which "
        "path, method and parameter does the endpoint have?"
    ),
    "never calls the model": lambda s: (
        f"{_REQUEST} returned {shown(s.visit.shown_body, 90)}, and the model was never called. "
        "Does the endpoint return a `StreamingResponse` that reads the model's stream?"
    ),
    "closes before it is read": "The model's stream was closed before anything read it. A block "
    "around `return` ends when `chat` returns, and the response starts to read only after that. "
    "Which function runs while the stream is read?",
    "sends other questions": "The model was sent the question of another request too. The exercise "
    "asks for the question alone. What do two requests share?",
    "mixes readers up": lambda s: (
        "One client at a time is served correctly, but with two at the same time, one received "
        f"{shown(repr(s.output))} instead of {shown(repr(s.expected))}. What do the two requests "
        "share?"
    ),
    "another header": lambda s: (
        f"The response's header `{s.wrong_header}` is "
        f"{shown(repr(s.header)) if s.header else 'missing'}. "
        f"{_WHY[s.wrong_header]}"
    ),
    "end as a message": lambda s: (
        f"The last event is a message with the data {shown(s.visit.events[-1].data)}, which a page "
        "shows as part of the reply. What gives an event the name `end`?"
    ),
    "another event": lambda s: (
        f"An event named {shown(next(n for n in s.visit.names if n != 'end'))} was sent{s.when}. "
        "For a complete reply, a page expects only messages and then one `end`."
    ),
    "not a JSON string": lambda s: (
        f"The data of an event is {shown(repr(s.no_string))}, which isn't a JSON string. `frame` "
        "turns text into one, and ends the event with a blank line."
    ),
    "text outside of the data": lambda s: (
        f"A page finds no text in the response{s.when}: {shown(repr(s.visit.shown_body), 90)}. "
        "What turns a piece of text into an event?"
    ),
    "event without data": lambda s: _without_data(s.visit.undispatched),
    "no end": lambda s: (
        f"After the last text, no event marks the end of the reply{s.when}. When the connection "
        "closes, a page assumes that it dropped, and sends the question again."
    ),
    "goes on after the end": lambda s: (
        f"Event {s.last + 1} of {len(s.visit.events)} is `{s.visit.events[s.last].type}`. A page "
        "closes its connection there and misses what follows. What sends the rest?"
    ),
    "one reader after the other": lambda s: (
        f"Two clients sent a request at the same time, and one waited for the other: {s.took:.1f} "
        f"s instead of {s.lasts:.1f} s. What do the two requests share?"
    ),
    "waits between pieces": lambda s: (
        f"The model wrote its reply in {s.lasts:.1f} s, but the endpoint took {s.took:.1f} s to "
        "send it. What does it wait for between two pieces?"
    ),
    "failed without a failure": lambda s: (
        f"`failed` was sent{s.when}, but the model's connection wasn't lost. Which line sends it? "
        "An `except` also catches errors in your own code. If you remove it, this check shows them."
    ),
    "sent late": lambda s: (
        f"A piece was sent {s.reply.most_late:.2f} s after it had arrived. Does the endpoint check "
        "for new pieces at intervals, instead of awaiting the next one?"
    ),
    "hangs after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, and the response never ended. What is it "
        "still waiting for?"
    ),
    "end after a failure": lambda s: (
        f"The model's connection was lost {s.case.when}, but `end` was still sent, so a page takes "
        "half a reply for the whole. Which code sends it after an error?"
    ),
    "failure as text": lambda s: (
        f"The model's connection was lost {s.case.when}, and a page shows "
        f"{shown(s.output[len(s.arrived) :])} as part of the reply. What gives an event a name?"
    ),
    "no failure event": lambda s: (
        f"The model's connection was lost {s.case.when}, and no event named `failed` was sent. A "
        "page would reconnect and send the question again, and you would pay again. Where in your "
        "code is the error raised?"
    ),
    "another failure event": lambda s: (
        f"The failure was sent as an event named {shown(s.visit.names[0])}. The exercise asks for "
        "`failed`; `EventSource` uses `error` itself."
    ),
    "model goes on": lambda s: (
        f"{count(s.generated_late, 'piece', 'was')} still generated {s.case.when}, and you pay "
        "for that. Which task or thread keeps reading, and what stops it?"
    ),
    "sends afterwards": lambda s: (
        f"Your code sent {shown(repr(s.visit.late.decode(errors='replace')))} {s.case.when}. Which "
        "`except` or `finally` does that?"
    ),
}

_READ, _STOP = "`GET /replies/{key}`", "`POST /replies/{key}/stop`"

REJOIN: Messages[rejoin.Seen] = {
    "correct": "Readers who left and came back missed nothing and received nothing twice, and so "
    "did two readers of the same reply. The model received one request, and only Stop stopped it.",
    "asks for event 0": "`event(0)` was called, but a `Reply` counts its events from 1. Which "
    "number comes after `last_event_id`?",
    "held back": lambda s: (
        f"At one point {count(s.reply.most_held, 'piece', 'was')} in the reply's events but not "
        "sent. What does the reader wait for?"
    ),
    "begins no reply": lambda s: (
        f"`POST /chat` returned {_response(s.begun)} instead of a key. Those lines were given: "
        "which of them changed?"
    ),
    "stops early": lambda s: (
        f"The model generated only {s.reply.taken} of {count(s.total, 'piece')}{s.when}, although "
        "no Stop was sent. What cancels the task when a reader leaves?"
    ),
    "calls twice": lambda s: (
        f"The model received {count(s.reply.requests, 'request')} for one reply{s.when}, and you "
        "pay for each. Which endpoint calls it again?"
    ),
    "refuses a reader": lambda s: (
        f"{_refused(s)}. The reply exists, even while it has no event. What refuses the reader, "
        "or forgets the reply?"
    ),
    "another status": lambda s: (
        f"{_READ} returned {_response(s.refusals[0])}{s.when}. Which path, method and parameters "
        "does the endpoint have, and how does it read the header?"
    ),
    "no event stream": lambda s: (
        f"The response has the media type {shown(s.media_type)}. `EventSource` reads only "
        "`text/event-stream`."
    ),
    "not a JSON string": lambda s: (
        f"The data of an event is {shown(repr(s.no_string))}, which isn't a JSON string. What "
        "turns text into one?"
    ),
    "no id": lambda s: (
        f"An event has no `id`{s.when}. Without it, a page that reconnects can't say which event "
        "it received last."
    ),
    "first id isn't 1": lambda s: (
        f"The first event that a reader received has the id {shown(s.first_id)}. Events "
        "are counted from 1. Which event do you send first, and with which number?"
    ),
    "same id twice": lambda s: (
        f"A reader received two events with the id {_repeated_id(s)}{s.when}. An id is the "
        "event's number in the whole reply. Where does your counting start on a new connection?"
    ),
    "ignores the id": lambda s: (
        f"{_rejoined(s)}. That is the reply from its beginning. Where does the endpoint read the "
        "header `Last-Event-ID`, and use its number?"
    ),
    "repeats events": lambda s: (
        f"{_rejoined(s)}. That text had been received before. Which event comes first when "
        "`Last-Event-ID` is 4?"
    ),
    "loses events": lambda s: (
        f"{_rejoined(s)}. Which events does a new connection skip, and does it also receive those "
        "that were added before it began?"
    ),
    "no blank line": lambda s: (
        f"The response is {shown(s.readers[0].visits[0].shown_body, 90)}, and a page dispatches no "
        "event for it. What ends an event?"
    ),
    "event without data": lambda s: _without_data(
        next(v.undispatched for r in s.readers for v in r.visits if v.undispatched)
    ),
    "no text": lambda s: (
        f"A page received no text{s.when}, with "
        f"{_response(s.readers[0].visits[0])}. Which event's data does it show, if any?"
    ),
    "another text later": lambda s: (
        f"A page that was loaded after the reply's end received {shown(repr(s.output))} "
        f"instead of {shown(repr(s.expected))}. Where does a reader without `Last-Event-ID` begin, "
        "and does its loop run when the reply is over?"
    ),
    "readers share state": lambda s: (
        f"Of two readers of the same reply, one received {shown(repr(s.output))} instead of "
        f"{shown(repr(s.expected))}. What do they share, apart from the list of events?"
    ),
    "no Stop": lambda s: (
        f"{_STOP} returned {_response(s.stops[0])}. Which path and method does the endpoint have?"
    ),
    "Stop refused": lambda s: (
        f"{_STOP} returned {_response(next(v for v in s.stops if rejoin.fails(v)))}. It may arrive "
        "more than once, and after the end."
    ),
    "goes on after Stop": lambda s: (
        f"After Stop, the model still generated {count(s.reply.taken - s.kept, 'piece')}, and you "
        "pay for that. What cancels the reply's task?"
    ),
    "stops another reply": "The app had two replies, and Stop for one of them also cut off the "
    "other. Which task does the endpoint cancel?",
    "ends twice": "The reply has another event after its `end` or `failed`. `write` adds that one. "
    "What else adds an event?",
    "ends early": lambda s: (
        "A response ended after "
        f"{count(len(rejoin.ends_early(s)[0].events), 'event')}, but the "
        "reply wasn't over. What waits for the next event?"
    ),
    "no event name": lambda s: (
        f"The events have no line `event:`{s.when}, so a page takes each for a `message`, the last "
        "one too. Which three lines does an event have?"
    ),
    "waits between events": lambda s: (
        "A page that was loaded after the reply's end had to wait "
        f"{s.late:.1f} s for events that had all been added. What waits "
        "between two of them?"
    ),
    "sent late": lambda s: (
        f"An event was sent {s.reply.most_late:.2f} s after it was added. Does your code check for "
        "new events at intervals, instead of awaiting the next one?"
    ),
    "no end": lambda s: (
        f"The last event that a reader received is {shown(s.last)}{s.when}. The reply's own last "
        "event tells a page that it may close its connection. Which condition skips it?"
    ),
    "never ends for a reader": lambda s: (
        f"A reader received the last event, but the response never ended{s.when}. What does it "
        "still wait for?"
    ),
    "accepts a bad request": lambda s: _accepts(*rejoin.accepted(s)[0]),
}

DIAGNOSIS: Messages[Diagnosis] = {
    **clinic_messages(
        "endpoint",
        "",  # replaced below
        {  # each key is "WRONG LABEL for CORRECT LABEL"
            "healthy for blocks the loop": "Its own client is served correctly. What happened to "
            "the health checks in the meantime?",
            "healthy for keeps generating": "A client that stays is served correctly. What "
            "happened after one disconnected?",
            "healthy for buffered": _LATE,
            "blocks the loop for healthy": _FREE,
            "blocks the loop for keeps generating": _FREE,
            "blocks the loop for buffered": _FREE,
            "keeps generating for healthy": "Tokens were never generated: the model stopped when "
            "its client disconnected.",
            "keeps generating for blocks the loop": "Which of the two causes the other?",
            "keeps generating for buffered": _LATE,
            "buffered for healthy": _EARLY,
            "buffered for blocks the loop": "Its TTFT was short. What happened to the health "
            "checks?",
            "buffered for keeps generating": _EARLY,
        },
        denied={
            "blocks the loop": "doesn't block the loop",
            "keeps generating": "doesn't keep generating",
            "keeps generating for blocks the loop": "does keep generating, but no health "
            "check was answered either",
        },
    ),
    "correct": lambda s: (
        "All four are right, from the measurements alone. "
        + " ".join(f"{name} {_CODE[what]}." for name, what in s.truth.items())
    ),
}
