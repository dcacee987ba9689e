"""What learners read about their answers to lesson 3's exercises."""

from utils.checks.engine.clinic import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.run import Run
from utils.checks.engine.wording import count, first_difference, joined, kind, shown
from utils.checks.lesson_3 import closed, coalesce, given, values
from utils.checks.lesson_3.coalesce import SECONDS
from utils.checks.lesson_3.whole import lost
from utils.lesson_source import number

_UNREAD: Messages[Run] = {
    "never reads the stream": lambda s: (
        f"`{s.name}` took nothing from its stream. Does it loop over another one, or over nothing?"
    ),
}
_NEEDS_WHOLE: Messages[Run] = {
    "needs whole": lambda s: (
        f"`{s.name}` calls `whole`, and Exercise {number('3.whole')} isn't done. Run its "
        "cell with your answer in it, and then this one again."
    ),
}

WHOLE: Messages[given.Seen] = {
    **_UNREAD,
    "correct": lambda _: (
        "One chunk with the whole text, the usage, the finish reason and both tool calls; and "
        "`None` for an empty stream."
    ),
    "adds a message": lambda _: (
        "`whole` returned a `ChatPromptTemplate`: that is what a message and a chunk add up to. "
        "What did you start with?"
    ),
    "something from nothing": lambda s: (
        f"For an empty stream `whole` returned {kind(s.returned)}; the exercise asks for `None`."
    ),
    "leaves chunks": lambda s: (
        f"Only {s.read_chunks} of {len(s.chunks)} chunks were read{s.when}. What ends the loop?"
    ),
    "one chunk of many": lambda s: (
        f"`whole` returned one of the {len(s.chunks)} chunks, not their sum."
    ),
    "loses more than text": lambda s: (
        f"The sum lacks the reply's {joined(lost(s))}{s.when}. Was every chunk added, unchanged?"
    ),
}

CALLS: Messages[given.Seen] = {
    **_UNREAD,
    **_NEEDS_WHOLE,
    "correct": lambda _: (
        "Both calls of the finished reply, and none of the replies that were truncated or stopped."
    ),
    "before the reason": lambda s: (
        f"`calls` returned {shown(repr(s.returned), 90)} after {s.read_chunks} of "
        f"{len(s.chunks)} chunks. Until the finish reason arrives, calls are provisional."
    ),
    "misses the calls": lambda s: (
        f"A reply with {count(len(s.whole.tool_calls), 'tool call')} and the finish reason "
        "`tool_calls` gave an empty list. From which chunk is each taken, and what is the reason "
        "compared with?"
    ),
    "no tool calls": lambda s: (
        f"The list holds something that is no tool call: {shown(repr(s.returned[0]), 90)}. "
        "`tool_calls` of the sum is a list already."
    ),
    "pieces of calls": lambda s: (
        "The list holds pieces of calls, whose `args` are strings, such as "
        f"{shown(repr(s.returned[0]['args']))}. Which attribute of the sum has them as a dict?"
    ),
    "calls of another ending": lambda s: (
        f"`calls` returned {shown(repr(s.returned), 90)}{s.when}. Only `tool_calls` means that the "
        "model finished its calls; others may be truncated, and would be executed."
    ),
    "changes calls": lambda s: (
        f"The sum has {count(len(s.whole.tool_calls), 'call')}, and `calls` returned "
        f"{len(s.returned)}{s.when}: {shown(repr(s.returned), 90)}. Return its `tool_calls` as "
        "they are."
    ),
}

TO_STORE: Messages[given.Seen] = {
    **_UNREAD,
    **_NEEDS_WHOLE,
    "correct": lambda _: (
        "The complete reply was returned; every other one was refused, with its finish reason "
        "named."
    ),
    "refuses a complete reply": lambda s: (
        f"A complete reply, with the finish reason `stop`, was refused{s.when}: "
        f"{shown(s.error, 90)}. Which of its chunks has the reason, and what is it compared with?"
    ),
    "raises another error": lambda s: (
        f"`{type(s.error).__name__}` was raised{s.when}. The exercise asks for a `ValueError`."
    ),
    "replaces the error": lambda s: (
        f"The connection was lost, and {shown(s.error)} was raised. Let the exception itself "
        "propagate, or raise a `ValueError` from it."
    ),
    "doesn't name the reason": lambda s: (
        f"`ValueError` was raised with the message {shown(repr(str(s.error)), 90)}{s.when}. It "
        "should name the finish reason."
    ),
    "doesn't say that there is none": lambda s: (
        f"`ValueError` was raised with the message {shown(repr(str(s.error)), 90)}{s.when}. It "
        "should say that there is no finish reason."
    ),
    "stores an incomplete reply": lambda s: (
        f"`to_store` returned {shown(repr(s.returned))}{s.when}. Only `stop` counts as complete. "
        "For anything else the exercise asks for a `ValueError`, which no caller can overlook."
    ),
}

COALESCE: Messages[coalesce.Seen] = {
    **_UNREAD,
    "correct": lambda _: (
        f"The first piece immediately, then at most one string every {SECONDS} s, with all that "
        "had arrived, and the rest at the end."
    ),
    "collected first": lambda s: (
        f"All {s.total} pieces had arrived before the first string was passed on{s.when}. Which "
        "line reads the whole stream?"
    ),
    "waits": lambda s: (
        f"`coalesce` itself waited for {s.waited:.2f} s{s.when}, which delays the stream. It only "
        "has to look at the clock when a piece arrives."
    ),
    "never looks at the clock": lambda _: (
        "`coalesce` never called the `clock` that it was given. How else can it know the time?"
    ),
    "loses pieces": lambda s: (
        f"Pieces are lost{s.when}, such as {shown(s.missing)}. Is each one added to the waiting "
        "text?"
    ),
    "another text": lambda s: f"The text changed{s.when}. {first_difference(s.text, s.reply.text)}",
    "empty string": lambda s: (
        f"An empty string was passed on{s.when}. Was any text waiting at that point?"
    ),
    "first piece late": lambda s: (
        f"The first piece with text wasn't passed on immediately{s.when}. Does it wait for time to "
        "pass, or for another piece?"
    ),
    "debounces": lambda s: (
        f"Time seems to be counted from the piece before{s.when}, so a steady stream waits for a "
        "pause. Count from when something was last passed on."
    ),
    "too soon": lambda s: (
        f"{shown(s.odd[0].text)} was passed on less than {SECONDS} s after what was passed on "
        f"before{s.when}. When is the time remembered, and is it compared with `seconds`?"
    ),
    "too late": lambda s: (
        f"At least {SECONDS} s had gone by, and {shown(s.odd[1].text)} wasn't passed on{s.when}. "
        "Which time is compared with the clock?"
    ),
    "not all of it": lambda s: (
        f"{shown(s.odd[1].text)} had arrived, but {shown(s.odd[0].text)} was passed on{s.when}. "
        "All that has arrived should go."
    ),
}


def _repair(s: closed.Seen) -> str:
    """The text that was given and the one that came back, as Python to copy."""
    what = f"{s.case.when[:1].upper()}{s.case.when[1:]}"
    return f"{what}, {shown(repr(s.given), 700)} became {shown(repr(s.returned), 700)}."


CLOSED: Messages[closed.Seen] = {
    "correct": lambda _: "A reply with two code blocks, as it looks after each of its characters.",
    "escapes HTML": lambda s: (
        f"{_repair(s)} `closed` returns Markdown, and whatever shows it escapes it."
    ),
    "keeps half a fence": lambda s: (
        f"{_repair(s)} The last line may become a fence, and is still there."
    ),
    "fence without an open block": lambda s: (
        f"{_repair(s)} A fence was added, though no block is open. Which lines did you count?"
    ),
    "fence in mid-line": lambda s: f"{_repair(s)} The new fence isn't on a line of its own.",
    "leaves the block open": lambda s: (
        f"{_repair(s)} The block is still open. Which lines did you count, and which one closes it?"
    ),
    "changes the rest": lambda s: (
        f"{_repair(s)} All but the fence should stay. What changed the rest?"
    ),
}


def _value(s: values.Seen) -> str:
    return f"Your value {s.at + 1} is {shown(repr(s.given))}"


VALUES: Messages[values.Seen] = {
    "correct": lambda s: f"All {len(s.yielded)}, as the parser has just yielded them.",
    "no list": lambda s: f"The answer is a list of values, not {kind(s.answer)}.",
    "repeats a value": lambda s: (
        f"{_value(s)}, the same as the one before it. A value that hasn't changed isn't yielded "
        "again."
    ),
    "too many values": lambda s: (
        f"The parser yields {len(s.yielded)} values, and you have {len(s.answer)}. The first "
        f"{len(s.yielded)} are right."
    ),
    "too few values": lambda s: (
        f"So far all is right, but the parser yields more than {count(len(s.answer), 'value')}."
    ),
    "no dict": lambda s: f"{_value(s)}. Each value is a dict, at first a partial one.",
    "unknown key": lambda s: f"{_value(s)}. Which piece has the key {shown(s.unknown)}?",
    "begins too late": lambda s: (
        f"{_value(s)}. What did the parser above yield when it only had the beginning of a key?"
    ),
    "key without a value": lambda s: (
        f"{_value(s)}: one of its keys has no value yet. Look at `admin` above."
    ),
    "another value": lambda s: (
        f"{_value(s)}. How much of `{s.key}` has arrived at that point, and is it a string or a "
        "number?"
    ),
}

_SAYS_SO = "Look at its finish reason: does it say so?"
_ONLY_ONE = "Look at its finish reason, and at the section on replies that stop."
_STOPPED = "Look at its finish reason: did the model stop, or was it stopped?"
_GIVEN = "It has a finish reason. Which one?"

DIAGNOSIS = clinic_messages(
    "reply",
    "All four, from the finish reason and not from the looks of the text.",
    {
        "complete for limit": _SAYS_SO,
        "complete for filtered": _SAYS_SO,
        "complete for broken off": "Does anything say so? Look at its finish reason.",
        "limit for complete": _STOPPED,
        "limit for filtered": _ONLY_ONE,
        "limit for broken off": "A model that reaches a limit says so. Look for a finish reason.",
        "filtered for complete": _STOPPED,
        "filtered for limit": _ONLY_ONE,
        "filtered for broken off": "A filter that stops a reply says so. Look for a finish reason.",
        "broken off for complete": _GIVEN,
        "broken off for limit": _GIVEN,
        "broken off for filtered": _GIVEN,
    },
    denied={
        "limit": "didn't reach a limit",
        "filtered": "wasn't filtered",
        "broken off": "wasn't broken off",
    },
)
