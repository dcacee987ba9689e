"""What learners read about their answers to lesson 3's exercises."""

from utils.checks.engine.clinic import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.run import Run
from utils.checks.engine.wording import count, first_difference, kind, shown
from utils.checks.lesson_3 import closed, coalesce, given, values
from utils.checks.lesson_3.coalesce import SECONDS
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


def _reason(seen: given.Seen) -> str:
    return shown(seen.returned.response_metadata.get("finish_reason"))


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
    "returns nothing": lambda s: (
        f"`whole` returned `None`{s.when}, though {count(len(s.chunks), 'chunk', 'was')} in the "
        "stream. Is a `return` missing?"
    ),
    "something from nothing": lambda s: (
        f"For an empty stream `whole` returned {kind(s.returned)}; the exercise asks for `None`."
    ),
    "returns the text": lambda _: (
        "`whole` returned the text alone. The exercise asks for one chunk, which also holds usage, "
        "finish reason and tool calls."
    ),
    "returns a message": lambda s: (
        f"`whole` returned {kind(s.returned)}, to which no further chunk can be added. The "
        "exercise asks for a chunk."
    ),
    "returns no chunk": lambda s: (
        f"`whole` returned {kind(s.returned)}{s.when}. The exercise asks for one chunk."
    ),
    "leaves chunks": lambda s: (
        f"Only {s.read_chunks} of {len(s.chunks)} chunks were read{s.when}. What ends the loop?"
    ),
    "one chunk of many": lambda s: (
        f"`whole` returned one of the {len(s.chunks)} chunks, not their sum."
    ),
    "another text": lambda s: (
        f"The text isn't the reply's. {first_difference(str(s.returned.content), s.reply.text)}"
    ),
    "loses the tool calls": lambda _: (
        "The sum lacks the tool calls. Were the chunks added, or only their text?"
    ),
    "loses usage and finish reason": lambda _: (
        "The text is right, but the usage and the finish reason are missing. Which chunks hold "
        "them, and were those added?"
    ),
    "loses the usage": lambda _: (
        "The text is right, but the usage is missing. Which chunk holds it, and was it added?"
    ),
    "drops the first chunk": lambda _: (
        "The text of the first chunk is lost. The first chunk is often empty, but not always."
    ),
    "loses the finish reason": lambda s: (
        f"The text is right, but the finish reason is {_reason(s)}, and the reply's is "
        f"{shown(s.finish)}. Which chunk holds it, and was it added?"
    ),
}

CALLS: Messages[given.Seen] = {
    **_UNREAD,
    **_NEEDS_WHOLE,
    "correct": lambda _: (
        "Both calls of the finished reply, and none of the replies that were truncated or stopped."
    ),
    "executes a tool": lambda _: (
        "A tool was executed, and failed. The exercise asks only for the calls: the caller of "
        "`calls` executes them."
    ),
    "returns nothing": lambda s: (
        f"`calls` returned `None`{s.when}. The exercise asks for a list, also for an empty one. Is "
        "a `return` missing?"
    ),
    "returns no list": lambda s: (
        f"`calls` returned {kind(s.returned)}{s.when}. The exercise asks for a list of calls."
    ),
    "list in a list": lambda s: (
        f"`calls` returned a list in a list: {shown(repr(s.returned), 90)}. `tool_calls` is a list "
        "already."
    ),
    "empty before the reason": lambda s: (
        f"`calls` returned an empty list after {s.read_chunks} of {len(s.chunks)} chunks. The "
        "finish reason arrives later. What ends the loop so early?"
    ),
    "calls before the end": lambda s: (
        f"`calls` returned {shown(repr(s.returned), 90)} after {s.read_chunks} of "
        f"{len(s.chunks)} chunks. Until the finish reason arrives, arguments are provisional."
    ),
    "looks for calls in one chunk": lambda _: (
        "`calls` returned an empty list when the chunk with the finish reason arrived. That chunk "
        "holds no calls; where are they complete?"
    ),
    "misses the reason": lambda _: (
        "A reply with 2 tool calls and the finish reason `tool_calls` gave an empty list. Which "
        "chunk did you take the reason from, and what did you compare it with?"
    ),
    "no tool calls": lambda s: (
        f"The list holds something that is no tool call: {shown(repr(s.returned[0]), 90)}."
    ),
    "pieces of calls": lambda s: (
        f"The list holds pieces of calls, whose `args` are strings, such as "
        f"{shown(repr(s.returned[0]['args']))}. A tool needs a dict: which attribute of the sum "
        "has it?"
    ),
    "calls of a truncated reply": lambda s: (
        f"`calls` returned {shown(repr(s.returned), 100)}{s.when}. The arguments may be cut off, "
        "and would be executed."
    ),
    "calls of a stopped reply": lambda s: (
        f"`calls` returned {shown(repr(s.returned), 100)}{s.when}. Only `tool_calls` means that "
        "the model finished its calls."
    ),
    "loses calls": lambda s: (
        f"The reply makes {len(s.whole.tool_calls)} calls, but `calls` returned "
        f"{len(s.returned)}{s.when}. Where is the rest lost?"
    ),
    "adds broken calls": lambda _: (
        "The list holds a call whose arguments aren't valid JSON, from `invalid_tool_calls`. It "
        "can't be executed."
    ),
    "changes calls": lambda s: (
        f"The calls were changed: {shown(repr(s.returned), 120)}. Return them as the sum has them."
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
    "drops the first chunk": lambda _: (
        "The text of the first chunk is lost. The first chunk is often empty, but not always."
    ),
    "empty message": lambda s: (
        f"`ValueError` was raised with an empty message{s.when}. The message should give the "
        "finish reason, or say that there is none."
    ),
    "doesn't name the reason": lambda s: (
        f"`ValueError` was raised with the message {shown(str(s.error), 90)}{s.when}. It should "
        "name the finish reason."
    ),
    "doesn't say that there is none": lambda s: (
        f"`ValueError` was raised with the message {shown(str(s.error), 90)}{s.when}. It should "
        "say that there is no finish reason."
    ),
    "returns the error": lambda s: (
        f"`to_store` returned {kind(s.returned)}{s.when}. It should be raised, as a caller may not "
        "look at what is returned."
    ),
    "returns nothing": lambda _: (
        "`to_store` returned `None` for a complete reply. Is a `return` missing?"
    ),
    "refuses by None": lambda s: (
        f"`to_store` returned `None`{s.when}. The exercise asks for a `ValueError`, which a caller "
        "can't overlook."
    ),
    "stores an empty stream": lambda s: (
        f"An empty stream gave {shown(repr(s.returned))}. Without a finish reason nothing is "
        "complete."
    ),
    "stores a truncated reply": lambda s: (
        f"`to_store` returned {shown(str(s.returned))}{s.when}, and it would be stored as complete."
    ),
    "stores another ending": lambda s: (
        f"The text was returned{s.when}, and would be stored. Only `stop` counts as complete."
    ),
    "returns no text": lambda s: (
        f"`to_store` returned {kind(s.returned)}. The exercise asks for the reply's text."
    ),
    "strips the text": lambda s: (
        f"White space at the start or end of a complete reply is missing: "
        f"{shown(repr(s.returned))}. The exercise asks for the text as it arrived."
    ),
    "another text": lambda s: (
        f"The text isn't the reply's. {first_difference(s.returned, s.reply.text)}"
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
    "passes on nothing": lambda s: f"Nothing was passed on{s.when}.",
    "loses the end": lambda s: (
        f"The end is lost{s.when}: {shown(s.reply.text[len(s.text) :])} was never passed on. What "
        "happens after the loop?"
    ),
    "repeats text": lambda s: (
        f"Text is repeated: {shown(s.items[0])}, then {shown(s.items[1])}. Where is the waiting "
        "text reset?"
    ),
    "loses pieces": lambda s: (
        f"Pieces are lost{s.when}, such as {shown(s.missing)}. Is each one added to the waiting "
        "text?"
    ),
    "loses white space": lambda s: (
        f"White space is lost{s.when}: {shown(repr(s.text))}. Are pieces stripped, or "
        "those of white space alone skipped?"
    ),
    "adds white space": lambda s: (
        f"White space is added{s.when}: {shown(repr(s.text))}. What are the pieces joined with?"
    ),
    "another text": lambda s: f"The text changed{s.when}. {first_difference(s.text, s.reply.text)}",
    "empty first piece": lambda s: (
        f"An empty string was passed on first{s.when}. Only a piece with text goes on immediately."
    ),
    "empty string": lambda s: (
        f"An empty string was passed on{s.when}, when nothing was waiting. It shows the reader "
        "nothing."
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
        f"{shown(s.got.text if s.got else '')} was passed on less than {SECONDS} s after "
        f"what was passed on before{s.when}. When is the time remembered, and is it compared with "
        "`seconds`?"
    ),
    "too late": lambda s: (
        f"At least {SECONDS} s had gone by, and {shown(s.wanted.text if s.wanted else '')} wasn't "
        f"passed on{s.when}. Which time is compared with the clock?"
    ),
    "not all of it": lambda s: (
        f"{shown(s.wanted.text if s.wanted else '')} had arrived, but "
        f"{shown(s.got.text if s.got else '')} was passed on{s.when}. All that has arrived "
        "should go."
    ),
}


def _repair(seen: closed.Seen) -> str:
    """The text that was given, whole, as Python to copy."""
    return f"{seen.case.when[:1].upper()}{seen.case.when[1:]}, {shown(repr(seen.given), 700)}"


def _came(seen: closed.Seen) -> str:
    return shown(repr(seen.returned), 700)


CLOSED: Messages[closed.Seen] = {
    "correct": lambda _: "A reply with two code blocks, as it looks after each of its characters.",
    "escapes HTML": lambda s: (
        f"{_repair(s)}: `<` or `&` was escaped. `closed` returns Markdown, and whatever shows it "
        "escapes it."
    ),
    "keeps half a fence": lambda s: (
        f"{_repair(s)}: the last line may become a fence, and is still there."
    ),
    "drops inline code": lambda s: (
        f"{_repair(s)}: the last line holds more than backticks, and is gone."
    ),
    "repairs what is whole": lambda s: (
        f"{_repair(s)}: nothing needs repair, but {_came(s)} was returned."
    ),
    "loses text": lambda s: f"{_repair(s)}: text is lost or changed in {_came(s)}.",
    "adds two fences": lambda s: f"{_repair(s)}: more than one fence was added.",
    "fence without an open block": lambda s: (
        f"{_repair(s)}: a fence was added, though no block is open. Which lines did you count?"
    ),
    "fence in mid-line": lambda s: (
        f"{_repair(s)}: in {_came(s)} the new fence isn't on a line of its own."
    ),
    "leaves the block open": lambda s: (
        f"{_repair(s)}: in {_came(s)} the block is still open. "
        + (
            "Which lines did you count?"
            if s.returned.strip() == s.kept.strip()
            else "Which line closes it?"
        )
    ),
    "changes blank lines": lambda s: (
        f"{_repair(s)}: {_came(s)} has other blank lines than the text."
    ),
    "another text": lambda s: f"{_repair(s)}: {_came(s)} was returned.",
}

VALUES: Messages[values.Seen] = {
    "correct": lambda s: f"All {len(s.yielded)}, as the parser has just yielded them.",
    "no list": lambda s: f"The answer is a list of values, not {kind(s.answer)}.",
    "empty list": lambda _: "There are no values yet.",
    "value missing": lambda s: f"Value {list(s.answer).index(...) + 1} is still missing.",
    "repeats a value": lambda s: (
        f"Your value {s.at + 1} is {shown(s.answer[s.at])}, the same as the one before it. A value "
        "that hasn't changed isn't yielded again."
    ),
    "no dict": lambda s: (
        f"Your value {s.at + 1} is {kind(s.given)}. Each value is a dict, at first a partial one."
    ),
    "unknown key": lambda s: (
        f"Your value {s.at + 1} has the key {shown(s.unknown)}: no piece does."
    ),
    "number as a string": lambda s: (
        f"In your value {s.at + 1}, `{s.quoted}` is a string, {shown(repr(s.given[s.quoted]))}. "
        "The JSON has a number there."
    ),
    "begins too late": lambda s: (
        f"Your value {s.at + 1} is {shown(s.given)}: "
        f"{count(s.earlier, 'value', 'is')} missing before it. What did the parser above "
        "yield when it only had the beginning of a key?"
    ),
    "no empty object": lambda s: (
        f"Your value {s.at + 1} is {shown(s.given)}. What did the parser above yield when it only "
        "had the beginning of a key?"
    ),
    "key without a value": lambda s: (
        f"Your value {s.at + 1} is {shown(s.given)}: one of its keys has no value yet. Look at "
        "`admin` above."
    ),
    "another string": lambda s: (
        f"Your value {s.at + 1} is {shown(s.given)}. How much of `{s.key}` has arrived at that "
        "point? Look at `Jo` and `John` above."
    ),
    "another number": lambda s: (
        f"Your value {s.at + 1} is {shown(s.given)}. How much of `{s.key}` has arrived at that "
        "point? Look at `age` above."
    ),
    "too many values": lambda s: (
        f"The parser yields {len(s.yielded)} values, and you have {len(s.answer)}. The first "
        f"{len(s.yielded)} are right."
    ),
    "too few values": lambda s: (
        f"So far all is right, but the parser yields more than {count(len(s.answer), 'value')}."
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
