"""Messages to learners about their answers in lesson 5: one for each mistake, and `correct`.

`s` records one run of an answer; `s.when` names the case, such as " for an empty reply".
"""

from utils.checks.engine.diagnosis import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.messages import CANCELLED
from utils.checks.engine.raised import described
from utils.checks.engine.run import Run, text_of
from utils.checks.engine.wording import count, first_difference, joined, kind, listed, shown, times
from utils.checks.lesson_5 import (
    agent_reply,
    agent_stages,
    answer,
    caption,
    first_that_answers,
    guarded_reply,
    seam,
    steady,
    support,
    text_until,
    ticket,
    turn,
    watched,
)
from utils.checks.lesson_5.given import LONG, SECONDS, stage_of
from utils.checks.lesson_5.seen import FallbackRun, PassingRun, StatusRun
from utils.lesson_source import number

_LENGTH = "Compare the length of what it showed with the length of the whole reply."
_BEGINNINGS = "How often does the beginning of the reply appear in what it showed?"
_NO_FINISH = "Look at its finish reason: did the model ever report that it had finished?"
_FINISHED = "Look at its finish reason: the model did report that it had finished."

_LEAVES_CLOSING: Messages[Run] = {
    "leaves closing to Python": "One thing to improve: if the reader stops early, a stream "
    "closes only when nothing refers to it. `aclosing` around each stream you read closes it "
    "immediately."
}

_PASSING: Messages[PassingRun] = {
    "yields something else": lambda s: (
        f"`{s.name}` yields {shown(repr(getattr(s.stray, 'content', s.stray)))}{s.when}, but that "
        "never arrived. Pass on each piece unchanged."
    ),
    "yields a piece again": lambda s: (
        f"{shown(repr(getattr(s.repeated, 'content', s.repeated)))} arrived once but was passed on "
        f"twice{s.when}."
    ),
    "leaves a piece out": lambda s: (
        f"{shown(repr(getattr(s.missing, 'content', s.missing)))} arrived but wasn't passed "
        f"on{s.when}. "
        + (
            "It was the last piece. What does your code do with it when the stream ends?"
            if s.missing is s.sent[-1][1]
            else "Which line skips it?"
            if text_of(s.missing)
            else "Pass on pieces without text, too."
        )
    ),
}


def _readers_time(s: watched.Seen | steady.Seen) -> str:
    return (
        f"The reader takes {s.case.pause:g} s for each chunk, and {kind(s.error)} was raised, "
        "although the stream was never silent for long. Is the `yield` inside your limit?"
    )


_FALLBACK: Messages[FallbackRun] = {
    "no long silence": lambda s: (
        f"`{type(s.error).__name__}` was raised after {s.seconds:.1f} s{s.when}, although no "
        f"silence lasted {s.case.limit:g} s. Does each piece get its own limit of `seconds`?"
    ),
    "calls none": lambda s: f"No {s.noun} was called.",
    "not in order": lambda s: (
        f"The second {s.noun} was called, but never the first. Which one does your code call "
        "first? A `lambda` made in a loop, if that is one, looks up its variable only when it is "
        "called."
    ),
    "calls the next too late": lambda s: (
        f"The next {s.noun} was called{s.when}. What you have yielded by then can't be "
        "taken back. What decides whether you raise the error?"
    ),
    "goes on after a cancellation": lambda s: (
        f"The next {s.noun} was called{s.when}. A `CancelledError` isn't an `Exception`, "
        "so only failures lead to the next. What does your `except` catch?"
    ),
    "calls the next without need": lambda s: (
        f"More {s.noun}s were called than needed{s.when or ', although the first answered'}. A "
        f"{s.noun} that ends without an error has answered, and each request costs money."
    ),
    "waits on": lambda s: (
        f"The next {s.noun} was never called{s.when}: your code waited for {LONG:g} s. "
        f"`seconds` was {s.case.limit:g}. What measures the silence?"
    ),
    "takes a chunk for text": lambda s: (
        f"The next {s.noun} was never called{s.when}, because your code treated an "
        "item without text as one that can't be taken back. Which items are text?"
    ),
    "never calls the next": lambda s: (
        f"The next {s.noun} was never called{s.when}. "
        + (
            f"{shown(type(s.error).__name__)} came out. What keeps your loop from continuing: its "
            "`except`, a condition, or its end?"
            if s.error
            else "What ends your loop?"
        )
    ),
    "calls one again": lambda s: (
        f"A {s.noun} that had failed was called again{s.when}. Call the next one in the list."
    ),
    "ends quietly": lambda s: (
        f"`{s.name}` ended without an error{s.when}. How does its reader learn that the reply "
        "isn't complete?"
    ),
    "fails anyway": lambda s: (
        f"`{type(s.error).__name__}` was raised{s.when}, although one of the {s.noun}s answers."
    ),
    "another error": lambda s: (
        f"The error that was raised{s.when} is a copy of {shown(s.error)}. Let the exception "
        "itself propagate: `raise` alone raises it again."
        if repr(s.error) == repr(s.reply.error)
        else f"The error that was raised{s.when} is {shown(s.error)}. Raise the error of the last "
        f"{s.noun} that was called instead: {shown(s.reply.error)}."
    ),
    "another limit": lambda s: (
        f"The next {s.noun} was called after a silence of {s.waited:.1f} s, but `seconds` was "
        f"{s.case.limit:g}. What measures the silence?"
    ),
}


def _blank(s: StatusRun) -> str:
    if all(stage_of(item) is None for item in s.items):
        return f"No `Status` was yielded{s.when}. Which line should yield it, or leaves it out?"
    return (
        f"The screen showed no `Status` for {s.blank:.1f} s{s.when}. What do you yield first, and "
        "what does it wait for?"
    )


def _stages(s: StatusRun) -> str:
    statuses = [shown(f"{i.stage} {i.detail}".strip()) for i in s.items if stage_of(i) is not None]
    return (
        f"The stages that were shown{s.when} are {joined(statuses) or 'none'}. Show `Thinking` "
        "before each call of the model, and `Tool call` with the tool's name before each tool."
    )


TURN: Messages[turn.Seen] = {
    **_LEAVES_CLOSING,
    "correct": "Each piece was yielded before the next was taken. The history contains what was "
    "yielded, even after an early stop, a cancellation or a lost connection.",
    "reply sent with the question": "The last message sent to the model is an `AIMessage`, not the "
    "question. Do you add the reply's message to `history` before you call the model?",
    "question not sent": lambda s: (
        f"The question is {shown(repr(s.case.prompt))}, but the model was sent "
        f"{shown(repr(s.sent[-1].text))}. What changes it?"
        if len(s.sent) > len(s.case.before) and s.sent[-1].type == "human"
        else f"The question isn't among the {count(len(s.sent), 'message')} sent to the model. "
        "When do you add it, and to which list?"
    ),
    "another conversation": lambda s: (
        f"The model was sent {count(len(s.sent), 'message')}. Send it all of `history` from before "
        "the turn, in order, and then the question once."
    ),
    "loses what was before": lambda s: f"The earlier messages in `history` have changed{s.when}.",
    "history unchanged": lambda s: (
        f"Nothing was added to `history`{s.when}. An assignment such as `history = [*history, …]` "
        "makes a new list, which the caller never sees."
    ),
    "nothing stored": lambda s: (
        f"Neither the question nor the reply is in `history`{s.when}. When do the lines that "
        "store them run?"
    ),
    "stores something else": lambda s: (
        f"`turn` added {kind(s.odd[0])} to `history`{s.when}. The exercise asks for a "
        "`HumanMessage` and an `AIMessage`."
    ),
    "other roles": lambda s: (
        f"`turn` added {joined([kind(entry) for entry in s.new])}{s.when}, but with the wrong "
        "text. The question is the `HumanMessage`, and the reply is the `AIMessage`."
    ),
    "question not stored": lambda s: f"The question isn't in `history`{s.when}.",
    "too many messages": lambda s: (
        f"`turn` added {len(s.new)} messages to `history`{s.when}. A turn has one question and one "
        "reply."
    ),
    "reply not stored": lambda s: (
        f"{shown(s.text, 40)} was yielded, but no reply is in `history`{s.when}. When does the "
        "line that stores it run?"
    ),
    "reply before the question": "In `history` the reply comes before its question.",
    "stores only the beginning": lambda s: (
        f"{shown(repr(s.text), 40)} was yielded, but the reply in `history`{s.when} is only "
        f"{shown(repr(s.reply_stored), 40)}. Is a piece stored before or after it is yielded?"
    ),
    "stores more than was yielded": lambda s: (
        f"The reply in `history`{s.when} contains {shown(repr(s.extra))}, which was never yielded."
    ),
    "another reply stored": lambda s: (
        f"{shown(repr(s.text), 40)} was yielded, but the reply in `history`{s.when} is "
        f"{shown(repr(s.reply_stored), 40)}. "
        + (
            "What strips it?"
            if s.reply_stored == s.text.strip()
            else "Is each piece added to those before it?"
        )
    ),
}


def _caption(s: caption.Seen) -> str:
    return f"Your caption{s.when} is {shown(s.returned)}."


CAPTION: Messages[caption.Seen] = {
    "correct": "A known total, an unknown one, the very beginning and the end: each caption says "
    "what is known and no more.",
    "shows None": lambda s: f"{_caption(s)} A total of `None` means that the total is unknown.",
    "invents a total": lambda s: (
        f"{_caption(s)} The total is unknown, so nothing can be said about what is left."
    ),
    "estimates at the start": lambda s: (
        f"{_caption(s)} Nothing is done yet, so there is no pace to estimate from."
    ),
    "takes 0 for unknown": lambda s: (
        f"{_caption(s)} The total is known: only `None` means unknown. Does your `if` treat 0 the "
        "same way?"
    ),
    "fractions": lambda s: f"{_caption(s)} The exercise asks for whole seconds.",
    "rounding": lambda s: (
        f"{_caption(s)} The rounding is wrong. Round the result only, to the nearest whole number."
    ),
    "other numbers": lambda s: (
        f"{_caption(s)} The numbers aren't those of the call: {s.case.done} done, a total of "
        f"{s.case.total}, {s.case.seconds:g} s. Which goes where?"
    ),
    "another estimate": lambda s: (
        f"{_caption(s)} {count(s.case.done, 'item')} took {s.case.seconds:g} s. How long do the "
        f"remaining {(s.case.total or 0) - s.case.done} take at this pace? Round only the result."
    ),
    "other words": lambda s: (
        f"{_caption(s)} The numbers are right, but the wording isn't the exercise's. "
        f"{first_difference(s.returned, s.case.right)}"
    ),
    "another form": lambda s: f"{_caption(s)} Which of the exercise's three forms fits here?",
}

TEXT_UNTIL: Messages[text_until.Seen] = {
    "correct": "Stop ends the wait at any moment, even during a silence, and the stream is closed. "
    "Without Stop, the whole text is returned.",
    "ends by a cancellation": lambda s: (
        f"`text_until` ended with a `CancelledError`{s.when}. {CANCELLED}"
    ),
    "error in a group": lambda s: (
        f"The connection was lost, and {kind(s.error)} was raised with the error inside. Raise "
        "the error itself."
    ),
    "waits for Stop": lambda s: (
        f"The reply had ended after {s.reply.lasts:.1f} s, but `text_until` returned only after "
        f"{s.seconds:.1f} s, when Stop was pressed. Which of the two does it wait for?"
    ),
    "stops at the first chunk": lambda s: (
        f"`text_until` returned after {s.seconds:.1f} s{s.when}, before any text, though Stop "
        f"wasn't pressed and {count(s.total, 'piece')} would have followed. What ends the waiting? "
        "A time limit that ends `anext` ends the stream, too."
    ),
    "misses an early Stop": lambda s: (
        f"Stop had been pressed before `text_until` was called, but it returned only after "
        f"{s.late:.1f} s. Does anything clear the event, or wait only for a later press?"
    ),
    "stops at the next piece": lambda s: (
        f"`text_until` returned {s.late:.1f} s late{s.when}: only when the next piece had "
        "arrived. What else can it wait for at the same time?"
    ),
    "stops late": lambda s: (
        f"`text_until` returned {s.late:.2f} s late{s.when}. Does it check for Stop only now "
        "and then, or wait for something else after it?"
    ),
}

WATCHED: Messages[watched.Seen] = {
    **_PASSING,
    "correct": "Each chunk gets its own limit, the reader's time doesn't count, and the "
    "stream is closed however it ends.",
    "hides timeouts": "One thing to improve: a `TimeoutError` that the stream itself raises "
    "becomes a `Stalled`. `expired()` of `asyncio.timeout` tells you whether your limit raised it.",
    "yields an awaitable": lambda s: (
        f"`watched` yields {kind(s.items[0])}, which still has to be awaited. Is an `await` "
        "missing?"
    ),
    "counts the reader's time": _readers_time,
    "no exception": lambda s: (
        f"Your `Stalled` is {kind(s.error)} that isn't an `Exception`, so no `except Exception` "
        "catches it. What should the class inherit from?"
    ),
    "takes an error for a stall": "The connection was lost, but `Stalled` was raised instead of "
    "the stream's own error. Which errors does your `except` catch, or which task keeps the error?",
    "takes the end for a stall": "All chunks arrived and the stream ended, but `Stalled` was "
    "raised. What does `anext` raise at the end of a stream?",
    "timeout propagates": lambda s: (
        f"A `TimeoutError` was raised after {s.seconds:.1f} s. The exercise asks for `Stalled`, "
        "and only after a silence."
    ),
    "limit for the whole stream": lambda s: (
        f"No silence was longer than {watched.LONGEST:g} s, but `Stalled` was raised "
        f"{s.seconds:.1f} s after the beginning. Does each chunk get its own time limit?"
    ),
    "shorter limit": lambda s: (
        f"`Stalled` was raised after {s.seconds:.1f} s{s.when}, before any silence had lasted "
        f"{s.case.limit:g} s. "
        + (
            "Does each chunk, even an empty one, start a limit of `seconds`?"
            if s.case.limit == SECONDS
            else "Where does your limit come from?"
        )
    ),
    "longer limit": lambda s: (
        f"`Stalled` was raised {s.too_late:.1f} s too late{s.when}. "
        + (
            f"The limit was {s.case.limit:g} s. What can interrupt the wait itself?"
            if s.case.limit == SECONDS
            else "Where does your limit come from?"
        )
    ),
    "waits on": lambda s: (
        f"The limit was {s.case.limit:g} s, but `watched` waited for {LONG:g} s{s.when} and "
        "went on. What raises `Stalled`?"
    ),
    "ends quietly": lambda s: (
        f"`watched` ended as if the stream were complete{s.when}. How does its reader learn that "
        "chunks are missing?"
    ),
    "closes what is still read": lambda s: (
        "A task was still waiting in `anext` when the stream was closed, which raised "
        f"{shown(s.error)}. What cancels that task and waits for it?"
    ),
    "yields nothing": "The stream was read, but `watched` yielded nothing.",
}

FIRST_THAT_ANSWERS: Messages[first_that_answers.Seen] = {
    **_FALLBACK,
    **_LEAVES_CLOSING,
    "correct": "If a model fails before any text, the next one is called. After text, the error "
    "propagates, and no text is shown twice.",
    "takes a silence for a failure": lambda s: (
        f"The next model was called{s.when}. In this exercise, a silence isn't a failure, however "
        "long it is. Which line limits it?"
    ),
    "another prompt": lambda s: (
        f"The prompt was {shown(s.case.prompt)}, but a model was sent {shown(s.other_prompts[0])}."
    ),
    "takes a chunk for text": lambda s: (
        f"The next model was never called{s.when}. `.with_fallbacks()` stops at the first chunk, "
        "and so does a flag that every chunk sets. Which chunks are text?"
    ),
}


def _seam(s: seam.Seen) -> str:
    return f"The result{s.when} is {shown(repr(s.returned), 80)}."


SEAM: Messages[seam.Seen] = {
    "correct": "No text was repeated or lost, whether the overlap was empty, one character, a "
    "word, several lines or a whole string.",
    "loses the first string": lambda s: (
        f"{_seam(s)} The first string is gone. What does your code keep of `partial` without an "
        "overlap? A slice such as `partial[:-0]` is empty."
    ),
    "white space": lambda s: (
        f"{_seam(s)} Only white space was lost or added. Spaces and line ends belong to the "
        "strings. What strips, adds or cuts one?"
    ),
    "changes the first string": lambda s: (
        f"{_seam(s)} The result should begin with all of `partial`, unchanged."
    ),
    "repeats the overlap": lambda s: (
        f"{_seam(s)} {shown(repr(s.case.overlap))} ends `partial` and begins `more`, so it "
        "should appear once. Which overlaps does your code try?"
    ),
    "repeats a part": lambda s: (
        f"{_seam(s)} Part of it is repeated: the longest overlap is {shown(repr(s.case.overlap))}."
    ),
    "found elsewhere": lambda s: (
        f"{_seam(s)} {shown(repr(s.missing))} is missing from `more`, though `partial` doesn't end "
        "with it. An overlap is both the end of `partial` and the beginning of `more`."
    ),
    "no overlap": lambda s: (
        f"{_seam(s)} `partial` doesn't end with any beginning of `more`, letter by letter, so all "
        "of `more` should follow."
    ),
    "loses text": lambda s: (
        f"{_seam(s)} It lacks more of `more` than the overlap, {shown(repr(s.case.overlap))}."
    ),
}

DIAGNOSIS: Messages[Diagnosis] = clinic_messages(
    "program",
    "All four are right, from their lengths, requests and finish reasons.",
    {  # each key is "WRONG LABEL for CORRECT LABEL"
        "healthy for doubled": _BEGINNINGS,
        "healthy for lost": _LENGTH,
        "healthy for truncated": _NO_FINISH,
        "doubled for healthy": f"It sent two requests, but did it show two replies? {_BEGINNINGS}",
        "doubled for lost": f"It sent two requests, but did it show two replies? {_LENGTH}",
        "doubled for truncated": "How many requests did it send?",
        "lost for healthy": _LENGTH,
        "lost for doubled": _LENGTH,
        "lost for truncated": "Did it send a second request? And what is its finish reason?",
        "truncated for healthy": _FINISHED,
        "truncated for doubled": _FINISHED,
        "truncated for lost": f"{_FINISHED} So the missing part isn't the end.",
    },
    denied={
        "doubled": "shows nothing twice",
        "lost": "didn't join two replies and lose a part",
        "truncated": "isn't a truncated reply",
    },
)

ANSWER: Messages[answer.Seen] = {
    "correct": "Each stage is shown before it begins, each chunk as it arrives, and tools run only "
    "after the model has finished calling them.",
    "calls twice": lambda s: (
        f"`answer` called the model {times(s.reply.requests)}, although its first reply called "
        "no tool. What ends your loop?"
    ),
    "other tools": "A request didn't offer the tools to the model, which can call only what it is "
    "offered. What does `model.bind_tools(tools)` return?",
    "another conversation": "A request doesn't begin with the conversation that `answer` was "
    "given. The model remembers nothing between requests.",
    "runs an unfinished call": lambda s: (
        f"The tool {shown(s.ran[0].name)} ran {s.case.when}. How do you know that the model "
        "has finished calling it?"
    ),
    "looks up half a call": lambda s: (
        f"{described(s.error, s.case.when)} A single chunk holds only a part of a call, often "
        "without the name. What holds the whole call?"
    ),
    "runs half a call": lambda s: (
        f"The tool {shown(s.ran[0].name)} ran with the argument {shown(repr(s.ran[0].argument))}"
        f"{s.when}, while the model was still writing it. How do you know that it has finished?"
    ),
    "runs one call of a reply": lambda s: (
        f"The model called {listed(s.due_calls)} in one reply, but your code ran only "
        f"{listed((ran.name, ran.argument) for ran in s.ran)}. Does it go over all `tool_calls` of "
        "the sum of the chunks?"
    ),
    "limits its calls": lambda s: (
        f"The model called a tool in {len(s.case.calls)} replies, but was called only "
        f"{times(len(s.readings))}. A limit has to allow at least five calls."
    ),
    "runs one reply's calls": lambda s: (
        f"The model's reply {len(s.readings)} called a tool, too, but your code didn't run it. "
        "Does every reply pass through the same loop, with its own sum?"
    ),
    "other calls": lambda s: (
        f"The model called {listed(s.due_calls)}, but your code ran "
        f"{listed((ran.name, ran.argument) for ran in s.ran)}{s.when}."
        + (
            " Do you read the calls and the finish reason from the sum of one request's chunks?"
            if len(s.ran) < len(s.due_calls)
            else ""
        )
    ),
    "never called again": lambda s: (
        f"{count(len(s.ran), 'tool')} ran{s.when}, but the model was called only "
        f"{times(len(s.readings))}, so it never received the last result. What ends your loop?"
    ),
    "result without its call": "The second request contains a tool's result as a `HumanMessage`, "
    "so the model can't tell which call it answers. What does `tool.ainvoke(call)` return for the "
    "whole call?",
    "adds other messages": lambda s: (
        f"The second request should add {joined([*map(shown, s.due_added)])} to the conversation, "
        f"but it adds {joined([*map(shown, s.added)]) or 'nothing'}."
    ),
    "loses the result": lambda s: (
        f"The tool's message in the second request is {shown(s.results[0] or ' ')}, which isn't "
        "what the tool returned."
    ),
    "blank screen": _blank,
    "other stages": _stages,
    "status late": lambda s: (
        f"A `Status` was yielded {answer.late_stage(s):.1f} s after its stage had begun{s.when}. "
        "What does the screen show until then?"
    ),
    "no finish reason": "The model sent a finish reason, but none of the chunks you yielded has "
    "it. Which chunks don't you pass on?",
    "held back": lambda s: (
        f"A piece of text was yielded {s.late_text:.1f} s after it had arrived{s.when}. Can you "
        "pass it on before you know whether the model calls a tool?"
    ),
    **_LEAVES_CLOSING,
}

TICKET: Messages[ticket.Seen] = {
    "correct": "The fields are yielded as they become known, then a validated `Ticket`. If the "
    "reply is truncated, lost or invalid, there is no ticket.",
    "structured output": "The model was called with a setting for structured output. Without it, "
    "this model writes its JSON as text, as `request` asks. Read that text.",
    "raises": lambda s: (
        described(s.error, s.case.when)
        + (
            " The reply is complete, with the finish reason `stop`, which isn't in the last chunk."
            if s.case.valid and not isinstance(s.error, NameError)
            else " Let the connection's own error propagate."
            if s.case.fails_after is not None
            else ""
        )
    ),
    "can't read it yet": lambda s: (
        f"{described(s.error, s.case.when)} The JSON was still being written. Do you read it from "
        "its beginning, with a parser for half of it?"
    ),
    "reads no JSON yet": lambda s: (
        "The first chunk is empty, so there was no JSON to read yet: "
        f"{shown(f'{type(s.error).__name__}: {s.error}')}. What must be true before you read it?"
    ),
    "conversation missing": lambda s: (
        f"The model was sent {shown(s.sent)}, which lacks the conversation {shown(ticket.SAID)}."
    ),
    "doesn't ask for JSON": "The model was sent the conversation but never told to make a ticket "
    "in JSON. What is `request` for?",
    "yields nothing": "`ticket` ended without yielding anything.",
    "ticket anyway": lambda s: (
        f"A `Ticket` was yielded{s.when}: {shown(str(s.tickets[0]), 90)}. What must be true "
        "before you make it?"
    ),
    "ends quietly": lambda s: (
        f"`ticket` ended without an error{s.when}. How does its reader learn that there is no "
        "ticket?"
    ),
    "ticket too early": lambda s: (
        f"{count(s.early_tickets, 'ticket', 'was')} yielded before the last item. Only a "
        "whole reply can be validated, so only the last item may be a `Ticket`."
    ),
    "fills in None": lambda s: (
        f"A dict has `{s.unknown}` as None before its value is known. Leave such a field out: a "
        "reader assumes that every field in the dict is known."
    ),
    "field too early": lambda s: (
        f"A dict has `{s.unwritten}` before the model has begun to write it. Leave such a field "
        "out: a reader assumes that every field in the dict is known."
    ),
    "invents a value": lambda s: (
        f"`ticket` yields {shown(repr(s.invented), 90)}, but the reply has another value."
    ),
    "drops a field": lambda s: (
        f"A dict lacks `{s.dropped}`, which the dict before it had. Each should contain all fields "
        "known so far."
    ),
    "field late": lambda s: (
        f"`{s.late_field}` was known after {s.due(s.late_field):.1f} s, but no dict contained it "
        f"before {s.shown_at(s.late_field):.1f} s. Can your parser read half-written JSON, and is "
        "the `yield` inside the loop?"
    ),
    "no ticket at the end": lambda s: (
        f"The last item is {kind(s.items[-1])}. The exercise asks for a `Ticket`."
    ),
    "another ticket": lambda s: (
        f"The ticket is {shown(str(s.tickets[0]), 90)}, but the reply says "
        f"{shown(s.case.text, 90)}."
    ),
}


def _part_given(seen: steady.Seen | support.Seen) -> str:
    name = seen.replaced[0]
    return (
        f"The course's `{name}` was used instead of yours, which doesn't pass Exercise "
        f"{number(f'5.{name}')} yet."
    )


STEADY: Messages[steady.Seen] = {
    **_FALLBACK,
    **_LEAVES_CLOSING,
    **_PASSING,
    "correct": "A failure or a silence before any text or tool call leads to the next source. "
    "After text or a tool call, the error is raised.",
    "part given": _part_given,
    "counts the reader's time": _readers_time,
    "calls none": "No source was called. A source is a function, and calling it returns the "
    "stream.",
    "held back": lambda s: (
        f"A piece was passed on {s.late:.1f} s after it had arrived. What delays it?"
    ),
}

SUPPORT: Messages[support.Seen] = {
    **_FALLBACK,
    "correct": lambda s: (
        "It handled a tool call, Stop, a refusal, a silence, a dropped connection and the failure "
        f"of both models. A status is shown immediately, and the reader waits {s.wait:.1f} s in "
        "all, which is within the budget."
    ),
    "part given": _part_given,
    "parts given": lambda s: (
        f"The course's {joined([f'`{name}`' for name in s.replaced])} were used instead of yours, "
        "which don't pass their own exercises yet."
    ),
    "second turn calls no model": lambda s: (
        f"No model was called{s.when}. `reply` runs once a turn: what was used up in the first?"
    ),
    "another history": lambda s: (
        f"The model wasn't sent the history of its turn{s.when}. Do you add something to it, leave "
        "something out, or keep something from an earlier turn?"
    ),
    "not a function": lambda s: (
        f"The check needs the function `support` itself. It was given {kind(s.panel.support)}."
    ),
    "returns no function": lambda s: (
        f"`support` returned {kind(s.panel.reply)}. A panel needs a function that it can call with "
        "the history of each turn."
    ),
    "no list of sources": lambda s: (
        f"{described(s.error, s.case.when)} `steady` needs a list of sources."
    ),
    "streams for sources": "A source was called, but it is a stream already. `steady` needs "
    "functions without arguments, which make the stream when they are called.",
    "coroutines for sources": "A source was called, but it returned a coroutine, not a stream. "
    "Which of your functions is an `async def` without a `yield`?",
    "calls twice": lambda s: (
        f"The same request was sent {times(s.reply.requests)}{s.when}, and each costs money."
    ),
    "changes an argument": lambda s: (
        f"`reply` changed `{s.changed[0]}`{s.when}, which belongs to the caller: a later turn "
        "needs it, too."
    ),
    "never calls the next": lambda s: (
        f"The second model was never called{s.when}. Is each model a source, and does `seconds` "
        "reach the code that measures the silence?"
    ),
    "other tools": lambda s: (
        f"A request didn't offer exactly `tools` to the model{s.when}. What passes them on?"
    ),
    "blank screen": _blank,
    "tools never run": "The model called a tool, but none ran.",
    "other stages": _stages,
    "over budget": lambda s: (
        f"The reader waits {s.wait:.1f} s in all, but the model needs only "
        f"{s.reply.arrives(0):.1f} s for its first text. What delays the text?"
    ),
}

AGENT_STAGES: Messages[agent_stages.Seen] = {
    "correct": "Each stage was yielded once, as soon as it began, and `Thinking` before any item: "
    "with no tool, with one, with several, and for a stream without items.",
    "stops early": lambda s: (
        f"`agent_stages` read only {s.reply.taken} of {count(s.total, 'item')}{s.when}. What ends "
        "its loop so early?"
    ),
    "repeats a stage": lambda s: (
        f"{shown(s.repeated)} was yielded twice in a row{s.when}. What remembers the last stage?"
    ),
    "another stage": lambda s: (
        f"{shown(repr(s.unknown))} was yielded{s.when}. The only right stages are "
        f"{joined(list(map(shown, dict(s.correct))))}. A tool's name comes from its call."
    ),
    "collected first": lambda s: (
        f"All {len(s.items)} stages were yielded together, after item {s.taken[-1]} of "
        f"{len(s.sent)}{s.when}. A reader wants to see a stage while it lasts."
    ),
    "nothing at first": lambda s: (
        f"No item arrived for {agent_stages.SILENCE:g} s, and nothing was yielded in that time: "
        f"the first stage came with item {s.taken[0]}. Yield `Thinking` before you read any item."
    ),
    "answers with a result": lambda s: (
        f"`Answer` was yielded {s.place(s.wrong.at)}{s.when}. That is a tool's result, which "
        "the model hasn't read yet. How does its type differ from the model's text?"
    ),
    "answers without text": lambda s: (
        f"`Answer` was yielded {s.place(s.wrong.at)}{s.when}. Its chunk has no text. What else "
        "can a chunk carry?"
    ),
    "names half a call": lambda s: (
        f"{shown(s.wrong.name)} was yielded {s.place(s.wrong.at)}{s.when}, while the call "
        "was still being written. Which mode yields it when it is complete?"
    ),
    "skips white space": lambda s: (
        f"`Answer` was yielded {s.place(s.wrong.at)}{s.when}, but it began "
        f"{s.place(s.due.at)}. The text there is white space, which counts as text."
    ),
    "late": lambda s: (
        f"{shown(s.wrong.name)} was yielded {s.place(s.wrong.at)}{s.when}, but it began "
        f"{s.place(s.due.at)}."
    ),
    "skips a call": lambda s: (
        f"{shown(s.wrong.name)} was yielded {s.place(s.wrong.at)}{s.when}, but "
        f"{shown(s.due.name)} comes before it in the same update. Do you yield all of its calls, "
        "in order?"
    ),
    "misses a stage": lambda s: (
        f"{shown(s.due.name)} began {s.place(s.due.at)}{s.when}, but wasn't yielded. "
        "Which condition skips it?"
    ),
    "a stage too many": lambda s: (
        f"{shown(s.wrong.name)} was yielded {s.place(s.wrong.at)}{s.when}, but doesn't begin "
        "there. Which item begins it?"
    ),
}

AGENT_REPLY: Messages[agent_reply.Seen] = {
    **_LEAVES_CLOSING,
    "correct": lambda s: (
        f"All {count(s.total, 'piece')} came out as they arrived, and nothing but the model's "
        "text: no question, and no tool's result."
    ),
    "invoke": lambda s: (
        f"The agent called its model without streaming{s.when}: nothing in its stream needs "
        "tokens, so the text exists only when the step is over. Which `stream_mode` yields what "
        "arrives within a step?"
    ),
    "blocks the loop": lambda s: (
        f"`agent.{s.blocking}` blocks the event loop until the model has sent something, so "
        "nothing else can run. Which method is made for `async def`?"
    ),
    "another model": lambda s: (
        f"Your code called {s.other_model} instead of the agent that it was given. Where does "
        "that one come from?"
    ),
    "never runs the agent": "The agent never called its model. Is its stream read anywhere?",
    "another conversation": lambda s: (
        f"The agent was given another conversation than `history`{s.when}. Its input is a dict "
        "with the list under `messages`."
    ),
    "echoes the history": lambda s: (
        f"{shown(repr(s.echo))} was yielded{s.when}. That message is in the history, and the "
        "reader wrote it or has seen it."
    ),
    "no text": lambda s: (
        f"The model sent text{s.when or ', and called no tool'}, but `agent_reply` yielded "
        "nothing. Which condition doesn't let its chunks through?"
    ),
    "ends before the last reply": "The agent calls its model again after a tool, but your code "
    "stopped reading before that. What ends its loop?",
    "shows a result": lambda s: (
        f"The text contains a tool's raw result{s.when}. How does the type of that message differ "
        "from the model's?"
    ),
    "held back": lambda s: (
        f"A piece was yielded {s.late:.1f} s after it had arrived{s.when}. What delays it?"
    ),
}

GUARDED_REPLY: Messages[guarded_reply.Seen] = {
    "correct": lambda s: (
        "Nothing forbidden was shown, nothing allowed was lost, and at most "
        f"{count(s.held, 'character', 'was')} held back. "
        "After `allowed` returned `False`, the stream was closed."
    ),
    "refuses allowed text": lambda s: (
        f"`Refused` was raised after {shown(repr(s.arrived))}{s.when}, which contains nothing "
        "forbidden. Which string did you pass to `allowed`, and when does it return `False`?"
    ),
    "raises": lambda s: (
        described(s.error, s.case.when)
        + (" When `allowed` returns `False`, the exercise asks for `Refused`." if s.no_at else "")
    ),
    "never checks": "`allowed` was never called. How else can your code know what is forbidden?",
    "checks too late": lambda s: (
        f"`allowed` was never called{s.when}. A forbidden phrase may be shorter than `longest`, "
        "too. What checks the text that you yield last?"
    ),
    "shows it once refused": lambda s: (
        f"`allowed` returned `False`{s.when}, and text of {shown(repr(s.phrase))} was yielded "
        "after that. Which line yields it?"
    ),
    "misses the phrase": lambda s: (
        f"{shown(repr(s.phrase))} was shown{s.when}, and `allowed` never returned `False`: no "
        "string passed to it contains the whole phrase. Which text do you pass to it, and how "
        "much of it do you hold back?"
    ),
    "shows it first": lambda s: (
        f"Text of {shown(repr(s.phrase))} was shown{s.when}, and only then did `allowed` return "
        "`False`. Yielded text can't be taken back: which comes first, the check or the `yield`?"
    ),
    "shows a part": lambda s: (
        f"`allowed` returned `False`{s.when}, but {count(s.leaked, 'character')} of "
        f"{shown(repr(s.phrase))} had been shown by then. How many characters must wait until you "
        "know how they continue?"
    ),
    "reads on once refused": lambda s: (
        f"`allowed` returned `False` after piece {s.no_at}{s.when}, but "
        f"{count(s.reply.taken, 'piece', 'was')} read. What ends the loop then?"
    ),
    "ends quietly": lambda s: (
        f"`guarded_reply` ended without an error{s.when}. How does its reader learn that the reply "
        "was refused?"
    ),
    "shows other text": lambda s: (
        f"{shown(repr(s.text))} was yielded{s.when}. Only the reply's own text may be shown, from "
        "its beginning to the phrase. What changes it, or adds to it?"
    ),
    "cuts at minus zero": lambda s: (
        f"{count(s.held, 'character', 'was')} held back{s.when}, although none needs to be. Do "
        "you cut with a negative index? `text[:-0]` is an empty string."
    ),
    "held back": lambda s: (
        f"At one point {count(s.held, 'character')} had arrived but not been yielded{s.when}. At "
        f"most `longest - 1` characters, here {s.case.longest - 1}, may be held back. Which text "
        "waits longer?"
    ),
}
