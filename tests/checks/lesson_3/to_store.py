"""Right and wrong answers to 3.to_store, which asks for the text of a complete reply."""

from tests.checks.answers import edits, right, wrong
from tests.checks.lesson_3.whole import whole
from utils.checks.engine.reply import Reply


class IncompleteError(ValueError):
    """An exception that a learner might define."""


@right("3.to_store")
def to_store(stream):
    pieces, reason = [], None
    for chunk in stream:
        pieces.append(chunk.content)
        reason = chunk.response_metadata.get("finish_reason", reason)
    text = "".join(pieces)
    if reason != "stop":
        raise ValueError(f"finish reason {reason}")
    return text


edit = edits("3.to_store", to_store)
IF = 'reason != "stop"'
SAID = 'f"finish reason {reason}"'

for said in (
    "f'finish_reason={reason!r}'",
    "f'ended by {[reason] if reason else []}'",
    "reason",
    "reason or 'The connection broke: finish reason missing'",
    "reason or 'the model didn\\'t say why it stopped'",
    "f'{reason}: {text}'",
    "f'ended by {reason}, not by stop'",
    "reason or 'The stream ended before any finish reason arrived.'",
    "reason or 'Nothing arrived.'",
    "reason or 'Finish reason unavailable'",
    "reason or 'no_finish_reason'",
    "f'finish reason {reason or \"N/A\"}'",
    "reason or 'MISSING_FINISH_REASON'",
    "reason or 'The reply ended w/o a finish reason.'",
):
    edit(None, {SAID: said})
edit(None, {"ValueError": "IncompleteError"})

LEAVES = "reason)\n        if reason: break\n    list(stream)\n"
edit(None, {"reason)\n": LEAVES})  # reads what follows the finish reason, such as the usage

edit("doesn't name the reason", {SAID: '"not complete"'})
NO_REASON = "doesn't mention a missing reason"
edit(NO_REASON, {SAID: 'reason or "incomplete reply"'})
edit(NO_REASON, {SAID: 'reason or "There is no text" if pieces else "half"'})

for reasons in ('"length"', 'None, "length"', 'None, "length", "content_filter", "tool_calls"'):
    edit("stores an incomplete reply", {IF: f"reason in ({reasons},)"})
edit("stores an incomplete reply", {IF: 'reason not in ("stop", "tool_calls")'}, "`tool_")
edit("raises another error", {"ValueError": "RuntimeError"}, "`RuntimeError` .* `ValueError`")
edit("refuses a complete reply", {IF: f"not text or {IF}"}, "for a reply without text")
edit("refuses a complete reply", {IF: 'reason is not str("stop")'})
edit(
    "another text",
    {"pieces.append": "pieces[-1:] == [chunk.text] or pieces.append"},
    "pieces repeat",
)
edit("strips the text", {"return text": "return text.strip()"})
edit("drops the first chunk", {"for chunk": "next(stream, None)\n    for chunk"})


@right("3.to_store", says="`ValueError` named the finish reason, if there was one.$")
def of_the_sum(stream):
    total = whole(stream)
    reason = total and total.response_metadata.get("finish_reason")
    if reason == "stop":
        return total.text
    raise ValueError(reason or "no finish reason at all")


of_sum = edits("3.to_store", of_the_sum)
of_sum(None, {".text": ".content"}, "`.content` is a list")
of_sum("raises", {"total and ": ""}, "for an empty stream")
of_sum("reads twice", {"    total =": "    list(stream)\n    total =", "total and ": ""})
STUB = {"def of_the_sum": "def whole(stream): ...\n\n\ndef of_the_sum"}
of_sum("needs whole", STUB, "Exercise 3.1 has no answer")


@wrong("3.to_store", "never reads the stream")
def reads_another_stream(stream):
    return to_store(Reply(["The heron flies."]).chunks())


@right("3.to_store")
def refuses_a_lost_reply(stream):
    try:
        return to_store(stream)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"The reply is not complete: {error}") from error


fails = edits("3.to_store", refuses_a_lost_reply)
fails("replaces the error", {"from error": "from None"}, "`ValueError")
