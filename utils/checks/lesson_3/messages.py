"""Messages to learners about their answers in lesson 3: one for each mistake, and `correct`.

`s` records one run of an answer; `s.when` names the case, such as " for an empty stream".
"""

from collections.abc import Mapping

from utils.checks.engine.diagnosis import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.run import Run
from utils.checks.engine.wording import count, differ_at, first_difference, joined, kind, shown
from utils.checks.lesson_3 import closed, coalesce, given, values
from utils.checks.lesson_3.whole import wrong_fields
from utils.lesson_source import number

_UNREAD: Messages[Run] = {
    "never reads the stream": lambda s: (
        f"`{s.name}` read nothing from its stream. What does it loop over?"
    )
}
_NEEDS_WHOLE: Messages[Run] = {
    "needs whole": lambda s: (
        f"`{s.name}` calls `whole`, but Exercise {number('3.whole')} has no answer yet. Write it, "
        "run its cell, and then run this one again."
    )
}

WHOLE: Messages[given.Seen] = {
    **_UNREAD,
    "correct": "One chunk with the whole text, the usage, the finish reason and both tool calls; "
    "and `None` for an empty stream.",
    "adds a message": "`whole` returned a `ChatPromptTemplate`, which is the sum of a message and "
    "a chunk. What is the first value of your sum?",
    "value for an empty stream": lambda s: (
        f"For an empty stream `whole` returned {kind(s.returned)}; the exercise asks for `None`."
    ),
    "doesn't read all chunks": lambda s: (
        f"`whole` read only {s.read_chunks} of {len(s.chunks)} chunks{s.when}. What ends the loop?"
    ),
    "returns one of the chunks": lambda s: (
        f"`whole` returned one of the {len(s.chunks)} chunks, not their sum."
    ),
    "loses another field": lambda s: (
        f"The sum doesn't have the reply's {joined(wrong_fields(s), 'or')}{s.when}. Was every "
        "chunk added once, unchanged?"
    ),
}


def _args(s: given.Seen) -> str:
    """Quote the `args` of the returned calls, and anything else in the list as it is."""
    args = [each.get("args", each) if isinstance(each, Mapping) else each for each in s.returned]
    return shown(repr(args), 90)


CALLS: Messages[given.Seen] = {
    **_UNREAD,
    **_NEEDS_WHOLE,
    "correct": "Both calls of the finished reply, and none from truncated or stopped replies.",
    "before the finish reason": lambda s: (
        f"`calls` returned calls with the `args` {_args(s)} after {s.read_chunks} of "
        f"{len(s.chunks)} chunks. Until the finish reason arrives, calls are provisional."
    ),
    "returns no calls": lambda s: (
        f"A reply with text, {count(len(s.chunk_sum.tool_calls), 'tool call')} and the finish "
        "reason `tool_calls` gave an empty list. Which chunk do you take the calls from? Where in "
        "the sum is the finish reason, and what do you compare it with?"
    ),
    "refuses calls": lambda s: (
        f"`calls` returned an empty list{s.when}, although the finish reason is `tool_calls`. "
        "Which condition excludes these calls?"
    ),
    "no tool calls": lambda s: (
        f"The list contains something that isn't a tool call: {shown(repr(s.returned[0]), 90)}. "
        "The sum's `tool_calls` is already a list."
    ),
    "pieces of calls": lambda s: (
        "The `args` of the calls that were returned are strings, such as "
        f"{shown(repr(s.returned[0]['args']))}. Which attribute of the sum has `args` as a dict?"
    ),
    "calls despite the reason": lambda s: (
        f"`calls` returned calls with the `args` {_args(s)}{s.when}. In this exercise, only the "
        "finish reason `tool_calls` counts."
    ),
    "changes a call": lambda s: (
        "The first wrong call in the list is "
        f"{shown(repr(s.returned[differ_at(s.returned, s.chunk_sum.tool_calls)]), 130)}{s.when}. "
        "Return the sum's `tool_calls` unchanged, in the same order."
    ),
    "another number of calls": lambda s: (
        f"The sum has {count(len(s.chunk_sum.tool_calls), 'call')}, and `calls` returned "
        f"{len(s.returned)}{s.when}, with the `args` {_args(s)}. Return the sum's `tool_calls` "
        "unchanged."
    ),
}

TO_STORE: Messages[given.Seen] = {
    **_UNREAD,
    **_NEEDS_WHOLE,
    "correct": "Every complete reply was returned. For every other one, `ValueError` named the "
    "finish reason, if there was one.",
    "takes content": "One more thing: with the Responses API, `.content` is a list. `.text` is a "
    "string with both APIs.",
    "refuses a complete reply": lambda s: (
        f"{shown(s.error, 90)} was raised{s.when}, although the finish reason is `stop`. Where do "
        "you read the finish reason, and which condition refuses the reply?"
    ),
    "raises another error": lambda s: (
        f"`{type(s.error).__name__}` was raised{s.when}. The exercise asks for a `ValueError`."
    ),
    "replaces the error": lambda s: (
        f"The connection was lost, and {shown(s.error)} was raised. Let the original exception "
        "propagate, or raise a `ValueError` from it."
    ),
    "doesn't name the reason": lambda s: (
        f"`ValueError` was raised with the message {shown(repr(str(s.error)), 90)}{s.when}. It "
        "should name the finish reason."
    ),
    "doesn't mention a missing reason": lambda s: (
        f"`ValueError` was raised with the message {shown(repr(str(s.error)), 90)}{s.when}. It "
        "should say that there is no finish reason; the word `None` is enough."
    ),
    "stores an incomplete reply": lambda s: (
        f"`to_store` returned {shown(repr(s.returned))}{s.when}. Only `stop` counts as complete. "
        "For any other reply, raise a `ValueError`."
    ),
}

COALESCE: Messages[coalesce.Seen] = {
    **_UNREAD,
    "correct": "The first piece was yielded immediately, then the waiting text at most once every "
    "`seconds`, and the remaining text at the end.",
    "collected first": lambda s: (
        f"All {s.total} pieces had arrived before the first string was yielded{s.when}. Which "
        "line reads the whole stream?"
    ),
    "waits": lambda s: (
        f"`coalesce` waited for {s.slept:.2f} s{s.when}, which delays the stream. Don't sleep: "
        "call `clock()` when a piece arrives."
    ),
    "never looks at the clock": "`coalesce` never called its argument `clock`. How else can it "
    "know the time?",
    "loses pieces": lambda s: (
        f"Text was lost{s.when}, such as {shown(s.missing)}. Do you add every piece to the waiting "
        "text?"
    ),
    "another text": lambda s: f"The text changed{s.when}. {first_difference(s.text, s.reply.text)}",
    "empty string": lambda s: (
        f"An empty string was yielded{s.when}. Was any text waiting at that point?"
    ),
    "first piece late": lambda s: (
        f"The first non-empty piece wasn't yielded immediately{s.when}. Does it wait for time to "
        "pass, or for another piece?"
    ),
    "debounces": lambda s: (
        f"The time seems to be measured from the previous piece{s.when}, so in a steady stream the "
        "text waits for a pause. Measure from the last `yield`."
    ),
    "too soon": lambda s: (
        f"{shown(s.wrong.text)} was yielded less than {s.case.seconds} s after the last "
        f"`yield`{s.when}. When do you store the time, and do you compare the difference with "
        "`seconds`?"
    ),
    "longer than the interval": lambda s: (
        f"{shown(s.wanted.text)} arrived exactly {s.case.seconds} s after the last "
        f"`yield`{s.when}, and wasn't yielded. “At least” includes that. Which comparison do you "
        "use?"
    ),
    "skips white space": lambda s: (
        f"At least {s.case.seconds} s had passed, but {shown(repr(s.wanted.text))} wasn't "
        f"yielded{s.when}. Which condition treats white space as if no text were waiting?"
    ),
    "too late": lambda s: (
        f"At least {s.case.seconds} s had passed, but {shown(s.wanted.text)} wasn't "
        f"yielded{s.when}. Which time do you subtract from `clock()`, and what do you compare the "
        "difference with?"
    ),
    "not all waiting text": lambda s: (
        f"{shown(s.wanted.text)} had arrived, but {shown(s.wrong.text)} was yielded{s.when}. "
        "Yield all the waiting text."
    ),
}


def _result(s: closed.Seen) -> str:
    """Return a sentence that contains the input and the returned text as Python literals."""
    what = f"{s.case.when[:1].upper()}{s.case.when[1:]}"
    same = s.returned == s.case.text
    became = "was returned unchanged" if same else f"became {shown(repr(s.returned), 700)}"
    return f"{what}, {shown(repr(s.case.text), 700)} {became}."


CLOSED: Messages[closed.Seen] = {
    "correct": "Your function was right for a reply with two code blocks, after each of its "
    "characters.",
    "escapes HTML": lambda s: (
        f"{_result(s)} `closed` returns Markdown, so don't escape it: the widget that shows the "
        "Markdown does that."
    ),
    "keeps half a fence": lambda s: f"{_result(s)} The last line may become a fence. Leave it out.",
    "fence without an open block": lambda s: (
        f"{_result(s)} `closed` added a fence, but no block is open. Which lines did you count?"
    ),
    "fence in mid-line": lambda s: f"{_result(s)} The new fence isn't on a separate line.",
    "leaves the block open": lambda s: (
        f"{_result(s)} The block is still open. Which lines did you count, and what closes "
        "the block?"
    ),
    "changes the rest": lambda s: (
        f"{_result(s)} Apart from a line of three backticks, nothing should change. What in your "
        "code changes more?"
    ),
}


def _value(s: values.Seen) -> str:
    return f"Your value {s.at + 1} is {shown(repr(s.given))}"


VALUES: Messages[values.Seen] = {
    "correct": lambda s: f"The parser yielded the same {len(s.yielded)} values.",
    "no list": lambda s: f"The answer should be a list of values, not {kind(s.answer)}.",
    "repeats a value": lambda s: (
        f"{_value(s)}, the same as the one before it. The parser doesn't yield an unchanged value "
        "again."
    ),
    "too many values": lambda s: (
        f"Your first {len(s.yielded)} values are right. You have {len(s.answer)}, but the parser "
        f"yields only {len(s.yielded)}."
    ),
    "no values": lambda s: f"Your list is empty, but the parser yields {len(s.yielded)} values.",
    "too few values": lambda s: (
        f"Your list is right so far, but the parser yields more than "
        f"{count(len(s.answer), 'value')}."
    ),
    "no dict": lambda s: f"{_value(s)}. Each value is a dict, at first a partial one.",
    "unknown key": lambda s: f"{_value(s)}. Which piece has the key {shown(s.unknown)}?",
    "begins too late": lambda s: (
        f"{_value(s)}. What did the parser above yield when only part of a key had arrived?"
    ),
    "key without a value": lambda s: (
        f"{_value(s)}: one of its keys has no value yet. Look at `admin` above."
    ),
    "only what is new": lambda s: (
        f"{_value(s)}, but `{s.key}` was complete before. Does the parser yield all of the object "
        "so far, or only what is new?"
    ),
    "another value": lambda s: (
        f"{_value(s)}. How much of `{s.key}` has arrived at that point? Is it a string or a number?"
    ),
}

_INCOMPLETE = "Look at the replies that it stored: was each of them complete?"
_REASONS = "Compare the finish reasons of the replies that it stored with those of the others."
_WORDS = "Look at how the replies end that it stored, and those that it didn't."
_SILENCE = "None of the replies raised an exception. Did it store them all?"

DIAGNOSIS = clinic_messages(
    "program",
    "All four are right, from what each program stored.",
    {  # each key is "WRONG LABEL for CORRECT LABEL"
        "healthy for any reason": _INCOMPLETE,
        "healthy for judges the text": _INCOMPLETE,
        "healthy for no exception": _INCOMPLETE,
        "any reason for healthy": "It stored no reply with `length`, which is a finish reason.",
        "any reason for judges the text": _REASONS,
        "any reason for no exception": _REASONS,
        "judges the text for healthy": _WORDS,
        "judges the text for any reason": _WORDS,
        "judges the text for no exception": _WORDS,
        "no exception for healthy": _SILENCE,
        "no exception for any reason": _SILENCE,
        "no exception for judges the text": _SILENCE,
    },
    denied={
        "any reason": "doesn't go by whether there is a finish reason",
        "judges the text": "doesn't judge the text",
        "no exception": "doesn't store everything that raises no exception",
    },
)
