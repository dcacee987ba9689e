"""Messages to learners about the mistakes in `mistakes.py`, which all exercises share.

`s` is the `Run` with the mistake; `s.when` is a phrase such as " for an empty reply".
"""

from asyncio import CancelledError
from threading import get_ident

from utils.checks.engine.exercise import Messages
from utils.checks.engine.raised import described
from utils.checks.engine.run import Run
from utils.checks.engine.wording import count, first_difference, kind, shown, times


def _quoted(run: Run, prompt: str) -> str:
    """Return a prompt as code, in quotes if only white space around the sent prompt is wrong."""
    same = run.case.prompt.strip() == run.other_prompt.strip()
    return shown(repr(prompt) if same else prompt)


CANCELLED = "Awaiting a task that was cancelled, or calling its `result()`, raises one."


def _swallows(run: Run) -> str:
    """Ask what keeps the reply's error from propagating."""
    if run.asynchronous:
        return (
            "Which `except`, which `return` in a `finally`, or which task whose result is never "
            "read swallows the error?"
        )
    if any(each.failed and each.thread != get_ident() for each in run.reply.readings):
        return "The exception was raised in a thread. What passes it on from there?"
    return "Which `except`, or which `return` in a `finally`, swallows the error?"


def _after(run: Run) -> str:
    pieces = run.case.fails_after
    return f"after {count(pieces, 'piece')}" if pieces else "before the first piece"


SHARED: Messages[Run] = {
    "not a function": lambda s: (
        f"The check needs the function itself: `{s.name}`, without parentheses. It was given "
        f"{kind(s.answer)}."
    ),
    "another model": lambda s: (
        f"`{s.name}` was given "
        f"{'a model' if s.model else 'models' if s.models else 'no model'} but called "
        f"{s.other_model}. Where does that one come from?"
    ),
    "never awaited": lambda s: (
        f"Calling `{s.forgotten or s.unread}` made a coroutine that was never awaited, so it never "
        "ran. Is an `await` missing?"
    ),
    "yields while closing": lambda s: (
        f"`{s.name}` yielded another item while it was being closed. Which `finally` or `except` "
        "contains a `yield`?"
    ),
    "another loop": lambda s: (
        f"`{s.name}` awaits a `{s.foreign}` that was created outside of it and belongs to another "
        "event loop. Can it create its own?"
    ),
    "leaves a thread": lambda s: (
        f"`{s.name}` had ended, but a thread that it started was still reading{s.when}. What waits "
        "for the thread to end?"
    ),
    "raises": lambda s: (
        f"`{s.name}` ended with a `CancelledError`{s.when}, though nothing cancelled it from "
        f"outside. {CANCELLED}"
        if isinstance(s.error, CancelledError)
        else described(s.error, s.case.when)
    ),
    "never read": lambda s: (
        f"`{s.name}` made a stream with `.{s.unread}(…)` and never read it. No request is sent "
        "until something reads it."
    ),
    "async def": lambda s: (
        f"`{s.name}` is an `async def`, so calling it runs none of its code yet. This exercise "
        "asks for a plain `def`."
    ),
    "yields": lambda s: (
        f"There is a `yield` in `{s.name}`, so calling it makes a generator and runs none of its "
        f"code. The exercise asks for {s.wants.words}. Should that be a `return`?"
    ),
    "unread generator": lambda s: (
        f"`{s.name}` returned a generator that was never read, so none of its code has run. The "
        f"exercise asks for {s.wants.words}."
    ),
    "plain generator": lambda s: (
        f"`{s.name}` is a plain generator, which only `for` can read. The exercise asks for an "
        "`async def`, which doesn't block the event loop while it waits."
    ),
    "unread async generator": lambda s: (
        f"Calling `{s.name}` makes an async generator, which runs none of its code until it is "
        "read. The exercise asks for a coroutine: where should the `yield` be a `return`?"
    ),
    "makes a coroutine": lambda s: (
        f"Calling `{s.name}` makes a coroutine, and the stream is its result, so `async for … in "
        f"{s.name}(…)` fails. Should the `return` be a loop that yields?"
    ),
    "blocks the loop": lambda s: (
        f"`{s.name}` blocked the event loop for {s.blocked:.1f} s. Nothing else could run "
        "in that time. Which call in it waits without `await`?"
    ),
    "spins": lambda s: (
        f"While nothing happened, `{s.name}` ran a loop over and over, as with `sleep(0)`, which "
        "keeps a processor busy. What can it await instead?"
    ),
    "not awaitable": lambda s: (
        f"Calling `{s.name}` returned {kind(s.returned)}, which can't be awaited. Is it an "
        "`async def`?"
    ),
    "never calls the model": lambda s: (
        f"`{s.name}` never called the given model{s.when}. Does it call a different one, build a "
        "chain or generator that is never run, or return an earlier reply?"
    ),
    "another prompt": lambda s: (
        f"The prompt was {_quoted(s, s.case.prompt)}, but the model was sent "
        f"{_quoted(s, s.other_prompt)}."
    ),
    "calls twice": lambda s: (
        f"`{s.name}` called the model {times(s.reply.requests)} for one reply, and each call is "
        "paid for. "
        + (
            "The first reply already holds the whole text."
            if s.reply.readings[0].ended
            else "Which line repeats the call?"
        )
    ),
    "invoke": lambda s: (
        f"`{s.name}` called the model with `{s.method}`, which returns only when all "
        f"{count(s.total, 'piece', 'is')} written. Which method yields them as they arrive?"
        if s.method
        else f"`{s.name}` turned streaming off, so the whole reply arrived as one chunk. Which "
        "setting does that?"
    ),
    "changes an item": lambda s: (
        f"`{s.name}` changed {kind(s.items[0])} after yielding it, so a reader who kept it sees it "
        "change. Can each item be a new one?"
    ),
    "reads twice": lambda s: (
        f"`{s.name}` requested another item after its stream had ended. A stream can be read only "
        "once. Which line reads it again?"
    ),
    "reads ahead": lambda s: (
        f"`{s.name}` took {count(s.ahead, 'piece')} before anything read its result. A generator "
        "takes a piece only when the next item is requested."
    ),
    "returns a collection": lambda s: (
        f"`{s.name}` returned {kind(s.returned)}, and a function returns only once. "
        "What can pass on an item while the stream is still running?"
    ),
    "no yield": lambda s: (
        f"`{s.name}` returned `None`: it contains no `yield`, and it returns no stream."
    ),
    "not a stream": lambda s: (
        f"`{s.name}` returned {kind(s.returned)}. The exercise asks for something to loop over, "
        "item by item."
    ),
    "limits the reply": lambda s: (
        f"`{s.name}` set `{s.limited_by}`, which can truncate a reply. Why limit it?"
    ),
    "goes on": lambda s: (
        f"`{s.name}` was still yielding after {count(len(s.items), 'item')}. What ends its loop?"
    ),
    "stops at the first chunk": lambda s: (
        f"`{s.name}` stopped at the first {'chunk' if s.model else 'piece'}, which is empty; "
        f"{count(s.total, 'piece')} of text would have followed. What ends its loop?"
    ),
    "stops early": lambda s: (
        f"`{s.name}` read only {s.reply.taken} of {count(s.total, 'piece')}{s.when}. What ends "
        "its loop so early?"
    ),
    "returns nothing": lambda s: (
        f"`{s.name}` returned `None`{s.when}. The exercise asks for {s.wants.words}. Which "
        "`return` was reached, if any?"
    ),
    "prints": lambda s: (
        f"{shown(repr(s.stdout))} was printed but not {s.gave}{s.when}. Should the `print` be a "
        f"`{'yield' if s.streams else 'return'}`?"
    ),
    "returns a message": lambda s: (
        f"`{s.name}` returned {kind(s.returned)}. The exercise asks for its text."
    ),
    "returns the wrong type": lambda s: (
        f"`{s.name}` returned {kind(s.returned)}{s.when}. The exercise asks for {s.wants.words}."
    ),
    "yields messages": lambda s: (
        f"`{s.name}` yields {kind(next(i for i in s.items if not s.wants.fits(i)))}. The exercise "
        "asks for its text."
    ),
    "yields the wrong type": lambda s: (
        f"`{s.name}` yields {kind(next(i for i in s.items if not s.wants.fits(i)))}. Each item "
        f"should be {s.wants.words}."
    ),
    "collected first": lambda s: (
        f"The text is right, but it was collected first: all {s.total} pieces had been read before "
        "any came out. Which line waits for the end?"
    ),
    "held back": lambda s: (
        f"At one point {count(s.reply.most_held, 'piece')} had been read but not passed on. Each "
        "should be passed on before the next one is taken."
    ),
    "no text": lambda s: (
        f"The model sent text{s.when}, but `{s.name}` "
        + (
            "returned an empty string."
            if not s.streams
            else "yielded only empty items. A reply's first and last piece are often empty."
            if s.items
            else "yielded nothing."
        )
    ),
    "drops the first chunk": "The text of the first chunk is lost. That chunk is often empty, but "
    "not always.",
    "strips the text": lambda s: (
        f"Leading or trailing white space is wrong: `{s.name}` {s.gave} {shown(repr(s.output))} "
        f"instead of {shown(repr(s.expected))}."
    ),
    "changes white space": lambda s: (
        f"Only white space is wrong{s.when}. {first_difference(s.output, s.expected)}"
    ),
    "repeats text": lambda s: (
        f"`{s.name}` {s.gave} text twice{s.when}: {shown(repr(s.output))}. What repeats it?"
    ),
    "adds text": lambda s: (
        f"`{s.name}` {s.gave} more than the text{s.when}: {shown(repr(s.output))}. What adds it?"
    ),
    "loses the end": lambda s: (
        f"`{s.name}` {s.gave} only {count(len(s.output), 'character')} of {len(s.expected)}"
        f"{s.when}: {shown(repr(s.output))}. Where is the rest lost?"
    ),
    "loses the beginning": lambda s: (
        f"`{s.name}` {s.gave} only the end of the text{s.when}: {shown(repr(s.output))}."
    ),
    "another order": lambda s: (
        f"The text is in the wrong order{s.when}. {first_difference(s.output, s.expected)}"
    ),
    "another text": lambda s: (
        f"The text is wrong{s.when}. {first_difference(s.output, s.expected)}"
    ),
    "changes an argument": lambda s: (
        f"`{s.name}` changed its argument `{s.changed[0]}`, which belongs to the caller. Can it "
        "work on a copy?"
    ),
    "changes the model": lambda s: (
        f"`{s.name}` changed `{s.settings[0]}` on the model, which others use too. "
        + (
            "Which method streams without it?"
            if "streaming" in s.settings[0]
            else "Can you pass that setting to the call instead?"
        )
    ),
    "left open": lambda s: (
        f"`{s.name}` left the stream open{s.when}, so the model goes on generating. What keeps it "
        "open, and what should close it?"
    ),
    "leaves a task": lambda s: (
        f"`{s.name}` had ended, but its task `{s.tasks[0]}` was still running{s.when}. What "
        "cancels it or waits for it?"
    ),
    "cancels without waiting": lambda s: (
        f"`{s.name}` cancelled its task `{s.unawaited[0]}`, but ended before that task "
        f"did{s.when}. `cancel()` is only a request: what waits until the task has ended?"
    ),
    "swallows the error": lambda s: (
        f"The connection was lost {_after(s)}, but `{s.name}` ended as if the reply were "
        f"complete. {_swallows(s)}"
    ),
    "tries again": lambda s: (
        f"The connection was lost, and `{s.name}` called the model {times(s.reply.requests)}. The "
        "exercise asks for one call, whose exception propagates."
    ),
    "replaces the error": lambda s: (
        f"The connection was lost, and {shown(repr(s.error))} was raised instead. Let the "
        "original exception propagate."
    ),
    "reads on": lambda s: (
        f"The reader of `{s.name}` stopped early, but the stream was still read to its end, so "
        "the model generated the whole reply. What runs when a generator is closed?"
    ),
    "swallows the cancellation": lambda s: (
        f"The task that runs `{s.name}` was cancelled, and it ended as if nothing had happened. "
        "Which `except`, or `return` in a `finally`, swallows the `CancelledError`?"
    ),
    "replaces the cancellation": lambda s: (
        f"The task that runs `{s.name}` was cancelled, and {shown(s.error)} was raised "
        "instead of the `CancelledError`."
    ),
    "outlives the cancellation": lambda s: (
        f"The task that runs `{s.name}` was cancelled, and a minute later it was still running."
    ),
}
