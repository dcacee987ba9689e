"""What learners read about their answers to lesson 5's exercises."""

from utils.checks.engine.clinic import Diagnosis, clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.student_code import told
from utils.checks.engine.wording import count, first_difference, joined, kind, listed, shown, times
from utils.checks.lesson_5 import (
    answer,
    caption,
    first_that_answers,
    seam,
    steady,
    support,
    text_until,
    ticket,
    turn,
    watched,
)
from utils.checks.lesson_5.given import BEFORE, LONG, SECONDS
from utils.lesson_source import number

_LENGTH = "Compare the length of what it showed with the length of the whole reply."
_BEGINNINGS = "How often does the beginning of the reply appear in what it showed?"
_NO_FINISH = "Look at its finish reason: did the model ever report that it had finished?"
_FINISHED = "Look at its finish reason: the model did report that it had finished."


def _caption(s: caption.Seen) -> str:
    return f"Your caption{s.when} is {shown(s.returned)}."


def _seam(s: seam.Seen) -> str:
    return f"The result{s.when} is {shown(repr(s.returned), 80)}."


TURN: Messages[turn.Seen] = {
    "correct": lambda _: (
        "Each piece was out before the next was taken, and the history holds what was yielded "
        "after a whole reply, a reader who left, a cancellation and a lost connection."
    ),
    "reply sent with the question": lambda _: (
        "The last message that the model was sent isn't the question but an `AIMessage`. Is the "
        "reply's message in `history` before the model is called?"
    ),
    "question not sent": lambda s: (
        f"The question isn't among the {count(len(s.sent), 'message')} that the model was sent. "
        "When is it added, and to which list?"
    ),
    "question sent twice": lambda _: "The model was sent the question twice.",
    "question sent alone": lambda _: (
        "The model was sent only the question. It remembers nothing: where are the messages from "
        "before?"
    ),
    "another conversation": lambda s: (
        f"The model was sent {count(len(s.sent), 'message')}, of which the last is "
        f"{shown(s.sent_texts[-1])}. It should be sent the messages from before, in order, and "
        "then the question."
    ),
    "yields text again": lambda s: (
        f"{len(s.text)} characters were yielded, but the reply has {len(s.reply.text)}. Does each "
        "item repeat the text before it?"
    ),
    "loses white space": lambda s: (
        f"Only white space is missing from what was yielded: {shown(repr(s.text))}. The pieces "
        "contain their own spaces."
    ),
    "yields nothing": lambda _: "The reply was read, but none of its text was yielded.",
    "another text": lambda s: (
        f"What was yielded isn't the reply's text. {first_difference(s.text, s.reply.text)}"
    ),
    "loses what was before": lambda s: (
        f"The messages that were in `history` before the turn have changed{s.when}."
    ),
    "nothing stored": lambda s: (
        f"Neither the question nor the reply is in `history`{s.when}. Where are they stored, and "
        "when do those lines run?"
    ),
    "history unchanged": lambda s: (
        f"Nothing was added to `history`{s.when}. An assignment such as `history = [*history, …]` "
        "makes a new list, which the caller never sees."
    ),
    "no message": lambda s: (
        f"`turn` added {kind(s.odd[0])} to `history`{s.when}. The exercise asks for a "
        "`HumanMessage` and an `AIMessage`."
    ),
    "question stored as a reply": lambda _: (
        "The question is in `history` as an `AIMessage`, as if the model had written it."
    ),
    "reply stored as a question": lambda _: (
        "The reply is in `history` as a `HumanMessage`, as if the reader had written it."
    ),
    "question not stored": lambda s: f"The question isn't in `history`{s.when}.",
    "question stored twice": lambda s: (
        f"`turn` added {len(s.questions)} messages of the reader to `history`{s.when}, but there "
        "was one question."
    ),
    "several replies": lambda s: (
        f"`turn` added {len(s.replies)} replies to `history`{s.when}, but there was one question."
    ),
    "reply not stored": lambda s: (
        f"{shown(s.text, 40)} was yielded, but no reply is in `history`{s.when}. Where is it "
        "stored, and when does that line run?"
    ),
    "reply before the question": lambda _: "In `history` the reply comes before its question.",
    "reply empty": lambda s: (
        f"{shown(s.text, 40)} was yielded, but the reply in `history` is empty{s.when}."
    ),
    "lacks the end": lambda s: (
        f"{shown(s.text, 40)} was yielded, but the reply in `history`{s.when} lacks its "
        f"end, {shown(repr(s.missing))}. Is a piece stored before or after it is yielded?"
    ),
    "says more": lambda s: (
        f"The reply in `history`{s.when} contains {shown(repr(s.extra))}, which was never yielded."
    ),
    "another reply stored": lambda s: (
        f"{shown(s.text, 40)} was yielded, but the reply in `history`{s.when} is "
        f"{shown(s.stored, 40)}."
    ),
}

CAPTION: Messages[caption.Seen] = {
    "correct": lambda _: (
        "A known total, an unknown one, the very beginning and the end: each caption says what is "
        "known and no more."
    ),
    "shows None": lambda s: f"{_caption(s)} A total of `None` means that the total is unknown.",
    "invents a total": lambda s: (
        f"{_caption(s)} The total is unknown, so nothing can be said about what is left."
    ),
    "estimates at the start": lambda s: (
        f"{_caption(s)} Nothing is done yet, so there is no pace to estimate from."
    ),
    "unknown at the start": lambda s: (
        f"{_caption(s)} Nothing is done yet, but the total is known. Which form shows both?"
    ),
    "takes 0 for unknown": lambda s: (
        f"{_caption(s)} A total of 0 is known; only `None` is unknown. Does your `if` treat them "
        "alike?"
    ),
    "percentage": lambda s: (
        f"{_caption(s)} The exercise asks for one of three forms, and none has a percentage."
    ),
    "no estimate at the end": lambda s: (
        f"{_caption(s)} The exercise asks for the estimate up to the end, where it is 0 s."
    ),
    "whole job": lambda s: (
        f"{_caption(s)} That is what the whole job takes, and {s.case.seconds:g} s of it have "
        "already passed."
    ),
    "time gone by": lambda s: f"{_caption(s)} That is the time that has passed, not what is left.",
    "items left": lambda s: (
        f"{_caption(s)} {s.left} is how many items are left. How many seconds do they take?"
    ),
    "rounded pace": lambda s: (
        f"{_caption(s)} The estimate is off because the seconds for one item were rounded first. "
        "Where should the rounding come?"
    ),
    "another estimate": lambda s: (
        f"{_caption(s)} {s.case.done} took {s.case.seconds:g} s. How long do the {s.left} that are "
        "left take at this pace?"
    ),
    "fractions": lambda s: f"{_caption(s)} The exercise asks for whole seconds.",
    "one too many": lambda s: (
        f"{_caption(s)} That is one too many. Are seconds rounded up, or rounded before they are "
        "multiplied?"
    ),
    "one too few": lambda s: (
        f"{_caption(s)} That is one too few. Are the seconds cut off instead of rounded?"
    ),
    "spacing": lambda s: (
        f"{_caption(s)} Only the spaces are wrong. {first_difference(s.returned, s.case.right)}"
    ),
    "other words": lambda s: (
        f"{_caption(s)} The numbers are right, but the wording isn't the exercise's. "
        f"{first_difference(s.returned, s.case.right)}"
    ),
    "another form": lambda s: f"{_caption(s)} Which of the exercise's three forms fits here?",
}

TEXT_UNTIL: Messages[text_until.Seen] = {
    "correct": lambda _: (
        "Stop ends the waiting at any moment, also in a silence, and the stream is closed. Without "
        "Stop the whole text comes back."
    ),
    "ends by a cancellation": lambda s: (
        f"`text_until` ended with a `CancelledError`{s.when}. Awaiting a task that was cancelled "
        "raises one."
    ),
    "error in a group": lambda s: (
        f"The connection was lost, and {kind(s.error)} came out with the error inside. An `except` "
        "for that error doesn't catch a group. The exercise asks for the error itself."
    ),
    "never calls the model": lambda _: "`text_until` never called the model that it was given.",
    "never read": lambda s: (
        f"`text_until` made a stream with `.{s.unread}(…)` and never read it. No request is sent "
        "until something reads it."
    ),
    "stops at the end": lambda s: (
        f"`text_until` returned {s.late:.1f} s late{s.when}: only when the reply had ended. What "
        "ends the reading?"
    ),
    "stops at the next piece": lambda s: (
        f"`text_until` returned {s.late:.1f} s late{s.when}: only when the next piece had arrived. "
        "What else can it wait for meanwhile?"
    ),
    "stops late": lambda s: (
        f"`text_until` returned {s.late:.2f} s late{s.when}. Does it look for Stop only now and "
        "then?"
    ),
    "waits for Stop": lambda s: (
        f"The reply had ended after {s.reply.lasts:.1f} s, but `text_until` returned only after "
        f"{s.seconds:.1f} s, when Stop was pressed. Which of the two does it wait for?"
    ),
    "stops early": lambda s: (
        f"Stop wasn't pressed, but `text_until` returned {shown(repr(s.returned), 40)} after "
        f"{s.seconds:.1f} s, before the reply had ended. Does a time limit close the stream?"
    ),
    "returns no text": lambda _: (
        "The reply was read to its end, but `text_until` returned `''`. Where is the text added?"
    ),
    "loses the text": lambda s: (
        f"`''` came back{s.when}, but {shown(repr(s.due), 40)} had arrived. Where is the text when "
        "the reading is cancelled?"
    ),
    "lacks the end": lambda s: (
        f"{shown(repr(s.returned), 40)} came back{s.when}, but {shown(repr(s.due), 40)} had "
        "arrived."
    ),
    "loses white space": lambda s: (
        f"Only white space is missing: {shown(repr(s.returned))}. The pieces contain their own "
        "spaces."
    ),
    "another text": lambda s: (
        f"What came back isn't the reply's text. {first_difference(s.returned, s.due)}"
    ),
    "leaves a task": lambda s: (
        f"`text_until` was over, but its task `{s.others[0]}` was still running{s.when}. What "
        "cancels it or waits for it?"
    ),
    "still waits for Stop": lambda _: (
        "The reply had ended and `text_until` returned, but its task with `stop.wait()` was still "
        "waiting for Stop. What cancels it?"
    ),
}

WATCHED: Messages[watched.Seen] = {
    "correct": lambda _: (
        f"Each chunk gets its own {SECONDS:g} s, the reader's time doesn't count, and the "
        "stream is closed however it ends."
    ),
    "hides timeouts": lambda _: (
        "One thing to improve: a `TimeoutError` that the stream itself raises becomes a `Stalled`. "
        "The `expired()` of `asyncio.timeout` says whose it was."
    ),
    "yields an awaitable": lambda s: (
        f"`watched` yields {kind(s.items[0])}, which still has to be awaited. Is an `await` "
        "missing?"
    ),
    "no exception": lambda s: (
        f"Your `Stalled` is {kind(s.error)} that isn't an `Exception`, so no `except Exception` "
        "catches it. What should the class inherit from?"
    ),
    "yields the stall": lambda _: "`watched` yields a `Stalled`. Should it be raised?",
    "cancels its reader": lambda s: (
        f"The reader takes {s.case.pause:g} s for each chunk, and the time limit cancelled the "
        "reader's task. Is the `yield` inside the limit?"
    ),
    "counts the reader's time": lambda s: (
        f"The reader takes {s.case.pause:g} s for each chunk, and {kind(s.error)} was raised, "
        "though the stream was never silent for long. When does your clock start?"
    ),
    "takes an error for a stall": lambda _: (
        "The stream failed with an error of its own, the lost connection, and a `Stalled` came "
        "out. Which errors does your `except` catch?"
    ),
    "takes the end for a stall": lambda _: (
        "All chunks arrived and the stream ended, but `Stalled` was raised. What does `anext` "
        "raise at the end of a stream?"
    ),
    "timeout comes out": lambda s: (
        f"A `TimeoutError` came out after {s.seconds:.1f} s. The exercise asks for "
        "`Stalled`, after a silence."
    ),
    "limit for the whole stream": lambda s: (
        f"No silence was longer than {watched.LONGEST:g} s, but `Stalled` was raised "
        f"{s.seconds:.1f} s after the beginning. Does each chunk get a time limit of its own?"
    ),
    "shorter limit": lambda s: (
        f"`Stalled` was raised after {s.seconds:.1f} s{s.when}, when no silence had lasted the "
        f"{SECONDS:g} seconds that were given. How is `seconds` used?"
    ),
    "clock between chunks": lambda s: (
        f"`Stalled` came {s.late:.1f} s too late, after the next chunk had arrived{s.when}. What "
        "can interrupt the waiting itself?"
    ),
    "longer limit": lambda s: (
        f"`Stalled` came {s.late:.1f} s too late{s.when}. The limit was {SECONDS:g} s."
    ),
    "waits on": lambda s: (
        f"The limit was {SECONDS:g} s, but `watched` waited for {LONG:g} s{s.when} and "
        "went on. What raises `Stalled`?"
    ),
    "ends quietly": lambda s: (
        f"`watched` ended as if the stream were complete{s.when}. How does its reader learn that "
        "chunks are missing?"
    ),
    "stops early": lambda s: (
        f"`watched` stopped after {count(len(s.items), 'chunk')}, though the stream was never "
        "silent for too long. What ends its loop?"
    ),
    "yields nothing": lambda _: "The stream was read, but `watched` yielded nothing.",
    "drops empty chunks": lambda s: (
        f"{count(len(s.chunks), 'chunk')} came, and {len(s.items)} were passed on. One without "
        "text counts too: it may hold the finish reason."
    ),
    "changes the chunks": lambda _: (
        "What `watched` yields aren't the chunks that came. Pass on each as it is."
    ),
    "drops chunks": lambda s: (
        f"{count(len(s.chunks), 'chunk')} came, and only {len(s.items)} were passed on{s.when}."
    ),
    "repeats chunks": lambda s: (
        f"{count(len(s.chunks), 'chunk')} came, but {len(s.items)} were passed on{s.when}."
    ),
}

FIRST_THAT_ANSWERS: Messages[first_that_answers.Seen] = {
    "correct": lambda _: (
        "A model that fails before any text is followed by the next; after text the error comes "
        "out, and no text is shown twice."
    ),
    "an earlier error": lambda s: (
        f"Every model failed, and the error that came out is an earlier one's: {shown(s.error)}. "
        "The exercise asks for the last one's."
    ),
    "takes a repeated model for the last": lambda _: (
        "One model was in the list twice. It failed once, and its error came out. How does your "
        "code know which place is the last?"
    ),
    "takes an empty chunk for text": lambda s: (
        f"A model failed after an empty chunk, and its error came out: {shown(s.error)}. No text "
        "had been yielded, so the next model should be called."
    ),
    "not every exception": lambda s: (
        f"A model failed before any text with {shown(s.error)}, which came out. The exercise asks "
        "for the next model after any `Exception`."
    ),
    "gives up too early": lambda s: (
        f"The error of model {s.calls} came out{s.when}, though another model was left to call."
    ),
    "replaces the error": lambda s: (
        f"{shown(s.error)} came out{s.when}. The exercise asks for the model's own error, which "
        f"is {shown(s.reply.error)}."
    ),
    "another prompt": lambda s: (
        f"The prompt was {shown(s.case.prompt)}, but a model was sent {shown(s.other_prompts[0])}."
    ),
    "never calls the model": lambda _: "None of the models was called.",
    "a second reply after text": lambda s: (
        f"{shown(s.due)} had been yielded when the connection was lost. Then another reply began: "
        f"{shown(s.text[len(s.due) :], 40)}."
    ),
    "another model after text": lambda s: (
        f"{shown(s.due)} had been yielded when the connection was lost, and then another model was "
        "called. Its reply can't continue that text."
    ),
    "limits the time": lambda _: (
        "A model was silent for a while, and its stream was closed. Only an exception of the "
        "model's counts as a failure here; a limit on silences comes later."
    ),
    "another model after a cancellation": lambda _: (
        "The task was cancelled, and then another model was called. Which `except` takes a "
        "cancellation for a failure?"
    ),
    "no text taken for a failure": lambda _: (
        "The first model's reply ended without an error and without text, and then another model "
        "was called. The exercise counts that as an answer."
    ),
    "all models": lambda s: (
        f"One more model was called than there was a reason for{s.when}, and each request is paid "
        "for. What ends the loop after a reply?"
    ),
    "same model again": lambda s: (
        f"A model that had failed was called a second time{s.when}. The exercise asks for the next "
        "in the list."
    ),
    "never gets that far": lambda s: (
        f"The stream ended without text or an error{s.when}. {count(s.calls, 'model', 'was')} "
        "called, though another was left. Does each place in the list get its turn?"
    ),
    "swallows the last error": lambda s: (
        f"No text came and no error{s.when}. Which lines run when the last model fails?"
    ),
    "swallows the error": lambda s: (
        f"{shown(s.due)} had been yielded when the connection was lost, and the stream ended as if "
        "the reply were complete."
    ),
    "adds text": lambda s: (
        f"{shown(repr(s.text[len(s.due) :]))} was yielded{s.when}, which no model wrote."
    ),
    "yields text again": lambda s: (
        f"{len(s.text)} characters were yielded, but the reply has {len(s.reply.text)}. Does each "
        "item repeat the text before it?"
    ),
    "loses white space": lambda s: (
        f"Only white space is missing from what was yielded: {shown(repr(s.text))}. A piece of "
        "white space is text, too."
    ),
    "yields nothing": lambda s: f"The model's text arrived, but none was yielded{s.when}.",
    "another text": lambda s: (
        f"What was yielded isn't the model's text{s.when}. {first_difference(s.text, s.due)}"
    ),
    "left open": lambda s: (
        f"A model's stream was left open{s.when}, so the model goes on generating. What closes it?"
    ),
}

SEAM: Messages[seam.Seen] = {
    "correct": lambda _: (
        "Pairs without an overlap, with one character, a word, several lines and all of it, and "
        "empty strings: each was joined without a repetition or a loss."
    ),
    "loses the first string": lambda s: (
        f"{_seam(s)} The first string is gone. Does a slice count from the end? With an overlap of "
        "0, `partial[:-0]` is empty."
    ),
    "white space": lambda s: (
        f"{_seam(s)} Only white space was lost or added. Spaces and line ends belong to the "
        "strings."
    ),
    "changes the first string": lambda s: (
        f"{_seam(s)} The result should begin with all of `partial`, unchanged."
    ),
    "repeats a character": lambda s: (
        f"{_seam(s)} {shown(repr(s.overlap))} is there twice. An overlap of one character counts "
        "too."
    ),
    "repeats all of the first": lambda s: (
        f"{_seam(s)} `more` begins with all of `partial`, and that is there twice. Which overlaps "
        "does your code try?"
    ),
    "repeats all of the second": lambda s: (
        f"{_seam(s)} `partial` ends with all of `more`, and that is there twice. Does a slice "
        "count from the end? `more[-0:]` is all of `more`."
    ),
    "repeats the overlap": lambda s: (
        f"{_seam(s)} {shown(repr(s.overlap))} ends `partial` and begins `more`, and is there twice."
    ),
    "repeats a part": lambda s: (
        f"{_seam(s)} It still repeats something: the longest overlap is {shown(repr(s.overlap))}."
    ),
    "found elsewhere": lambda s: (
        f"{_seam(s)} {shown(repr(s.missing))} is missing from `more`. It occurs in `partial`, but "
        "not at its end."
    ),
    "loses text without an overlap": lambda s: (
        f"{_seam(s)} `more` doesn't begin with the end of `partial`, but part of it was lost."
    ),
    "loses more than the overlap": lambda s: (
        f"{_seam(s)} More of `more` is missing than the overlap, {shown(repr(s.overlap))}."
    ),
}

DIAGNOSIS: Messages[Diagnosis] = clinic_messages(
    "program",
    "All four, from their lengths, requests and finish reasons.",
    {
        "healthy for doubled": _BEGINNINGS,
        "healthy for lost": _LENGTH,
        "healthy for cut off": _NO_FINISH,
        "doubled for healthy": f"It sent two requests, but did it show two replies? {_BEGINNINGS}",
        "doubled for lost": f"It sent two requests, but did it show two replies? {_LENGTH}",
        "doubled for cut off": "How many requests did it send?",
        "lost for healthy": _LENGTH,
        "lost for doubled": _LENGTH,
        "lost for cut off": "Did it send a second request? And what is its finish reason?",
        "cut off for healthy": _FINISHED,
        "cut off for doubled": _FINISHED,
        "cut off for lost": f"{_FINISHED} So what is missing isn't the end.",
    },
    denied={
        "doubled": "shows nothing twice",
        "lost": "didn't join two replies and lose a part",
        "cut off": "wasn't cut off",
    },
)

# --- The capstone ---------------------------------------------------------------------------------


def _unfinished_watched(_: object) -> str:
    return (
        "`steady` calls `watched`, and the notebook's own doesn't pass Exercise "
        f"{number('5.watched')}. Run the capstone's first cell again, which imports the course's."
    )


ANSWER: Messages[answer.Seen] = {
    "correct": lambda _: (
        "Each stage is shown before it begins, each chunk as it arrives, and tools run only when "
        "the model finished calling them."
    ),
    "calls twice": lambda s: (
        f"`answer` called the model {times(s.reply.requests)}, though its first reply called no "
        "tool. What ends your loop?"
    ),
    "yields nothing": lambda _: "`answer` ended without yielding anything.",
    "yields a stage's name": lambda s: (
        f"`answer` yields the string {shown(str(s.odd))}. The exercise asks for a `Status`."
    ),
    "yields strings": lambda s: (
        f"`answer` yields strings, such as {shown(repr(s.odd))}. The exercise asks for the chunk "
        "itself, whose finish reason the panel needs."
    ),
    "yields the wrong type": lambda s: (
        f"`answer` yields {kind(s.odd)}. The exercise asks for `Status` objects and chunks."
    ),
    "blank screen": lambda s: (
        f"The first item is {kind(s.items[0])}, after {s.at[0]:.1f} s. What does the screen show "
        "until then?"
    ),
    "begins with another stage": lambda s: (
        f"The first stage is named {shown(s.stages[0])}. The exercise names it `Thinking`."
    ),
    "first status late": lambda s: (
        f"The first status came after {s.at[0]:.1f} s. It says that a stage begins, so it should "
        "come before the stage does."
    ),
    "without tools": lambda _: (
        "The model was called without tools, so it can't know that there are any. Which of the two "
        "models has them?"
    ),
    "another conversation": lambda s: (
        f"`messages` holds {count(len(BEFORE), 'message')}, but the model was sent "
        f"{shown(' | '.join(m.text for m in s.readings[0].messages))}."
    ),
    "runs an unfinished call": lambda s: (
        f"The finish reason was {shown(repr(s.case.finish))}, but {shown(s.ran[0].name)} ran with "
        f"{shown(repr(s.ran[0].argument))}. Only `tool_calls` says that the call is complete and "
        "meant to run."
    ),
    "runs a tool without a call": lambda s: (
        f"The model called no tool, but {shown(s.ran[0].name)} ran. What decides that a tool runs?"
    ),
    "tools never run": lambda _: (
        "The model called a tool, but none ran. Which chunk has the finish reason, and which have "
        "the calls?"
    ),
    "second call never runs": lambda _: (
        "After the first tool's result the model called another, which never ran. Is there a loop, "
        "and does each reply get a sum of its own?"
    ),
    "another call": lambda s: (
        f"The model called {shown(joined([f'{n}({a})' for n, a in s.called]))}, but what ran was "
        f"{shown(joined([f'{n}({a})' for n, a in s.executed]))}."
    ),
    "another status of a tool": lambda s: (
        f"A tool ran, and its stage is named {shown(s.other_stages[0])}. The exercise names it "
        "`Tool call`."
    ),
    "no status of a tool": lambda _: (
        "A tool ran, but no `Status` named `Tool call` was yielded. What does the screen show "
        "meanwhile?"
    ),
    "status without the tool": lambda _: (
        "The `Status` of a tool call doesn't contain the tool's name. Which argument is it?"
    ),
    "fewer statuses than tools": lambda s: (
        f"{count(len(s.ran), 'tool')} ran, but a `Tool call` status was yielded "
        f"{times(len(s.details))}. Each tool needs its own."
    ),
    "status of another tool": lambda s: (
        f"{joined([shown(ran.name) for ran in s.ran])} ran, but the statuses of tool calls name "
        f"{shown(joined(s.details))}."
    ),
    "status after the tool began": lambda s: (
        f"The status of {shown(s.late_tool[0])} came {s.late_tool[1]:.1f} s after the tool had "
        "begun. What does the screen show until then?"
    ),
    "never called again": lambda s: (
        f"{count(len(s.ran), 'tool')} ran, but the model was called only {times(len(s.readings))}, "
        "so it never received the last result. How often may it call a tool?"
    ),
    "loses the conversation": lambda _: (
        "In its second request the model was sent only what is new. It remembers nothing: where is "
        "the conversation from before?"
    ),
    "adds nothing": lambda _: (
        "The second request repeats the first: it has neither the model's own message nor the "
        "tool's result."
    ),
    "adds no call": lambda _: (
        "The second request lacks the model's own message with the tool call. A provider rejects a "
        "result without its call."
    ),
    "adds no tool message": lambda s: (
        f"The second request has the call but no `ToolMessage` with the result; it ends with "
        f"{kind(s.added[-1])}. What does a tool return that is given the whole call?"
    ),
    "adds its message twice": lambda s: (
        f"The second request has {len(s.own)} messages of the model for one reply. The sum of the "
        "chunks is one message."
    ),
    "result before the call": lambda _: (
        "In the second request the tool's result comes before the message that calls the tool."
    ),
    "loses a call": lambda s: (
        f"The model made {count(len(s.case.calls[0]), 'call')}, but its message in the second "
        f"request has {len(s.ids)}."
    ),
    "another id": lambda s: (
        f"The calls have the ids {shown(joined(s.ids))}, but the results have the `tool_call_id` "
        f"{shown(joined(s.result_ids))}. Each result names its call."
    ),
    "loses the result": lambda s: (
        f"The tool's message in the second request is {shown(s.results[0].text or ' ')}, which "
        "isn't what the tool returned."
    ),
    "thinks too rarely": lambda s: (
        f"The model was called {times(len(s.readings))}, but `Thinking` was shown "
        f"{times(len(s.times('Thinking')))}. It belongs before each call."
    ),
    "thinks late": lambda s: (
        f"`Thinking` was shown {s.late_thought:.1f} s after the model had been called. It should "
        "come before the waiting begins."
    ),
    "yields no text": lambda _: (
        "`answer` yielded none of the model's text. Are the chunks passed on?"
    ),
    "yields the sum": lambda _: (
        "`answer` yields the sum of the chunks, which repeats what came before. Which variable "
        "holds what is new?"
    ),
    "loses the last reply": lambda _: (
        "The tool ran, but the model's reply to its result never came out."
    ),
    "another text": lambda s: (
        f"The text isn't what the model wrote{s.when}. {first_difference(s.text, s.whole_text)}"
    ),
    "no finish reason": lambda _: (
        "The model gave a finish reason, but no chunk that was yielded has one. Which chunks "
        "aren't passed on?"
    ),
    "held back": lambda s: (
        f"A piece of text came out {s.late_text:.1f} s after it had arrived{s.when}. Can it be "
        "passed on before you know whether tools are wanted?"
    ),
}

TICKET: Messages[ticket.Seen] = {
    "correct": lambda _: (
        "The fields come as they are known, then a validated `Ticket`, and none if the reply was "
        "truncated, lost or invalid."
    ),
    "reads no JSON yet": lambda s: (
        "The first chunk is empty, so there was no JSON to read yet: "
        f"{shown(f'{type(s.error).__name__}: {s.error}')}. What has to be true before you read it?"
    ),
    "structured output": lambda _: (
        "The model was called for structured output, which comes as a tool call or parsed by the "
        "server. This one writes its JSON as text, as `request` says."
    ),
    "conversation missing": lambda s: (
        f"The model was sent {shown(s.sent)}, which lacks the conversation {shown(ticket.SAID)}."
    ),
    "wants no JSON": lambda _: (
        "The model was sent the conversation but never told to make a ticket in JSON. What is "
        "`request` for?"
    ),
    "yields nothing": lambda s: f"`ticket` ended without yielding anything{s.when}.",
    "ticket of an unfinished reply": lambda s: (
        f"A `Ticket` was yielded{s.when}: {shown(str(s.tickets[0]), 90)}. What tells you that the "
        "model finished?"
    ),
    "ticket of an invalid reply": lambda s: (
        f"A `Ticket` was yielded{s.when}: {shown(str(s.tickets[0]), 90)}. What validates its "
        "fields?"
    ),
    "ends quietly": lambda s: (
        f"`ticket` ended without an error{s.when}. How would its reader know that there is no "
        "ticket?"
    ),
    "ticket too early": lambda s: (
        f"A `Ticket` was yielded after {s.first_ticket_at:.1f} s, but the reply ended after "
        f"{s.reply.lasts:.1f} s. Can it be validated before?"
    ),
    "no dicts": lambda s: (
        f"`ticket` yields {kind(s.odd)}, {shown(repr(s.odd))}. Before the end the exercise asks "
        "for dicts."
    ),
    "invents a value": lambda s: (
        f"`ticket` yields {shown(repr(s.invented), 90)}, but the reply says something else."
    ),
    "fields at the end only": lambda s: (
        f"`{s.late_field}` was known after {s.due(s.late_field):.1f} s of {s.reply.lasts:.1f} s, "
        "but no dict contains it before the end. Where is the `yield`?"
    ),
    "field late": lambda s: (
        f"`{s.late_field}` was known after {s.due(s.late_field):.1f} s, but first yielded after "
        f"{s.shown_at(s.late_field):.1f} s."
    ),
    "no ticket at the end": lambda s: (
        f"The last item is {kind(s.items[-1])}. The exercise asks for a `Ticket`."
    ),
    "two tickets": lambda s: (
        f"{len(s.tickets)} tickets were yielded for one conversation. Only the last item is one."
    ),
    "another ticket": lambda s: (
        f"The ticket is {shown(str(s.tickets[0]), 90)}, but the reply says "
        f"{shown(s.case.text, 90)}."
    ),
}

STEADY: Messages[steady.Seen] = {
    "correct": lambda _: (
        "A failure or a silence before any text or tool call makes room for the next source. After "
        "it the error is raised, and what was shown stays."
    ),
    "unfinished watched": _unfinished_watched,
    "calls no source": lambda _: (
        "No source was called. A source is a function: the stream is what calling it returns."
    ),
    "attribute of a status": lambda s: (
        f"A `Status` has no `{getattr(s.error, 'name', '')}`; chunks do. "
        f"{told(s.error) if s.error else ''}"
    ),
    "calls twice": lambda s: (
        f"`steady` read the source that answers {times(s.reply.requests)}{s.when}. Each reading "
        "sends a request."
    ),
    "no long silence": lambda s: (
        f"No silence was as long as {SECONDS:g} s{s.when}, but `{type(s.error).__name__}` came out "
        f"after {s.seconds:.1f} s. Does each piece have its own time, without the reader's?"
    ),
    "calls the next after a tool": lambda s: (
        f"The next source was called{s.when}. It may run the same tool again. What does "
        "`committed` say of each piece so far?"
    ),
    "calls the next after text": lambda s: (
        f"The next source was called{s.when}, so its reply follows half of another. What decides "
        "whether the error is raised?"
    ),
    "calls the next without need": lambda s: (
        f"{count(s.called, 'source', 'was')} called{s.when or ', though the first answers'}. A "
        "source that ends without an error has answered."
    ),
    "never calls the next": lambda s: (
        f"The next source was never called{s.when}, though nothing had come that may not happen "
        "twice. What ends your loop?"
    ),
    "doesn't try again": lambda s: (
        f"The second turn never came{s.when}. How does your code know which source is the last?"
    ),
    "tries the failed one again": lambda s: (
        f"The source was called {times(max(source.made for source in s.sources))}{s.when}. The "
        "next in the list is to be called."
    ),
    "fails all the same": lambda s: (
        f"`{type(s.error).__name__}` came out{s.when}, although the next source was called."
    ),
    "waits for a silent source": lambda s: (
        f"`steady` waited until it spoke again{s.when}. A silence counts as a failure after "
        f"{SECONDS:g} s, whatever came before."
    ),
    "ends quietly": lambda s: (
        f"`steady` ended without an error{s.when}. How would the panel know that the reply isn't "
        "complete?"
    ),
    "another error": lambda s: (
        f"The error that came out{s.when} is {shown(repr(s.error))}. The last source's is "
        f"{shown(repr(s.reply.error))}."
    ),
    "waits too long": lambda s: (
        f"The next source was called after a silence of {s.waited:.1f} s; `seconds` was "
        f"{SECONDS:g}. What measures the silence?"
    ),
    "waits too briefly": lambda s: (
        f"The next source was called after a silence of only {s.waited:.1f} s; `seconds` was "
        f"{SECONDS:g}. What measures the silence?"
    ),
    "yields strings": lambda _: (
        "`steady` yields strings where chunks came. The panel needs each piece itself."
    ),
    "yields something else": lambda s: (
        f"`steady` yields {kind(s.foreign_item)} that no source sent{s.when}. Pass on the pieces "
        "themselves."
    ),
    "leaves a piece out": lambda s: (
        f"{shown(repr(getattr(s.missing, 'content', s.missing)))} came from a source but wasn't "
        f"passed on{s.when}. Which pieces does your code skip?"
    ),
    "yields a piece again": lambda s: (
        f"{shown(repr(getattr(s.repeated, 'content', s.repeated)))} was passed on more often than "
        f"it came{s.when}."
    ),
    "another order": lambda s: f"The pieces were passed on in another order{s.when}.",
    "held back": lambda s: (
        f"A piece was passed on {s.late:.1f} s after it had come{s.when}. What does it wait for?"
    ),
}

SUPPORT: Messages[support.Seen] = {
    "correct": lambda s: (
        "It survived a tool call, Stop, a refusal, a silence, a break in mid-reply and the loss of "
        "both models. A status is shown immediately, the first text after "
        f"{s.first_text_at:.1f} s, and the reader waits {s.wait:.1f} s in all: as long as the "
        "model itself needs."
    ),
    "not a function": lambda s: (
        f"The check needs the function `support` itself. It was given {kind(s.panel.support)}."
    ),
    "step missing": lambda s: (
        f"`support` uses `{s.lacking}`, which the notebook doesn't have yet. Run the cell of "
        f"Exercise {number(support.STEPS[s.lacking][1])} again, and those of the steps before it."
    ),
    "step not done": lambda s: (
        f"Step {support.STEPS[s.unwritten][0]} isn't done yet: Exercise "
        f"{number(support.STEPS[s.unwritten][1])}."
    ),
    "unfinished watched": _unfinished_watched,
    "returns no function": lambda s: (
        f"`support` returned {kind(s.panel.reply)}. A panel needs a function that it can call with "
        "the history of each turn."
    ),
    "streams for sources": lambda _: (
        "A source was called, but it is a stream already. `steady` needs functions without "
        "arguments, which make the stream when they are called."
    ),
    "calls twice": lambda s: (
        f"The same request was sent {times(s.reply.requests)}{s.when}, and each is paid for. "
        f"{s.steps}"
    ),
    "changes an argument": lambda s: (
        f"`reply` changed its argument `{s.changed[0]}`{s.when}, which belongs to the panel. "
        f"{s.steps}"
    ),
    "no long silence": lambda s: (
        f"No silence was as long as `seconds`, {SECONDS:g} s, but `{type(s.error).__name__}` came "
        f"out{s.when}. Does all of `seconds` get to where a silence is measured? {s.steps}"
    ),
    "calls the second model first": lambda _: (
        "The second model was called, but never the first. Are they in order? And when does the "
        "code of a source look up its model?"
    ),
    "calls neither model": lambda _: (
        "Neither of the two models was called. What calls the sources, and reads their streams?"
    ),
    "calls the second model without need": lambda s: (
        f"The second model was called{s.when or ', though the first answers'}. {s.steps}"
    ),
    "sits through the silence": lambda s: (
        f"The first model was silent for {LONG:g} s, and the second was never called. Does "
        f"`seconds`, {SECONDS:g} s, get to where a silence is measured? {s.steps}"
    ),
    "never calls the second model": lambda s: (
        f"The second model was never called{s.when}. {s.steps}"
    ),
    "other tools": lambda s: (
        f"`support` was given the tools {listed(support.OFFERED)}, but the model was called with "
        f"{listed(s.tools_offered)}. Where does that list come from?"
    ),
    "another history": lambda s: (
        f"The model wasn't sent the history of its turn{s.when}. Is something kept from an earlier "
        f"one? {s.steps}"
    ),
    "no status": lambda s: (
        f"No `Status` was yielded{s.when}, so the screen stays blank until the first text. "
        f"{s.steps}"
    ),
    "blank screen": lambda s: (
        f"The screen was blank for {s.first_status_at:.1f} s{s.when}, until the first `Status`. "
        f"{s.steps}"
    ),
    "tools never run": lambda s: f"The model called a tool, but none ran. {s.steps}",
    "other stages": lambda s: (
        f"The model called a tool, but the stages that were shown are {listed(s.stages)}. {s.steps}"
    ),
    "ends quietly": lambda s: (
        f"The stream ended without an error{s.when}. How would the panel know? {s.steps}"
    ),
    "fails all the same": lambda s: (
        f"`{type(s.error).__name__}` came out{s.when}, though a model answered. {s.steps}"
    ),
    "another text": lambda s: (
        f"The text is {shown(s.text or ' ')}{s.when}. It should be {shown(s.case.right or ' ')}. "
        f"{s.steps}"
    ),
    "waits too long": lambda s: (
        f"The second model was called after a silence of {s.after_silence:.1f} s; `seconds` was "
        f"{SECONDS:g}. What measures the silence? {s.steps}"
    ),
    "waits too briefly": lambda s: (
        f"The second model was called after a silence of only {s.after_silence:.1f} s; `seconds` "
        f"was {SECONDS:g}. Does all of it get to where a silence is measured? {s.steps}"
    ),
    "over budget": lambda s: (
        f"The reader waits {s.wait:.1f} s in all, but the model needs only {s.own_ttft:.1f} s for "
        f"its first text. What holds text back? {s.steps}"
    ),
}
