"""Messages to learners about their answers in lesson 2: one for each mistake, and `correct`.

`s` records one run of an answer; `s.when` names the case, such as " for an empty reply".
"""

from utils.checks.engine.diagnosis import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.raised import described
from utils.checks.engine.wording import count, first_difference, joined, kind, shown, times
from utils.checks.lesson_2 import collector, handlers, report, spent, starts, stopwatch

_UNFILLED = (
    "The parameter `{}` of `on_llm_new_token` never receives the token: LangChain passes it by "
    "name. Under which name?"
)
_UNKNOWN = "LangChain never calls `{}`. How is the method named in the cells above?"
_NO_METHODS = "The handler has no method that LangChain calls. Which method receives each token?"
_SILENT = "The handler raised an exception, and only LangChain's log shows it: {}."
_TWICE = "A handler that is attached twice receives twice the tokens: compare the programs."
_RAISES = "A handler that raises leaves a warning for each token: look at its warnings."
_NO_TOKENS = "Without streaming, no tokens are pushed: look at how many tokens it received."

CLASS: Messages[handlers.HandlerRun] = {
    "not a class": lambda s: (
        f"The check needs the class itself: `{s.name}`, without parentheses. It was given "
        f"{kind(s.answer)}."
    ),
    "not a handler": lambda s: (
        f"`{s.answer.__name__}` doesn't inherit from `BaseCallbackHandler`, so LangChain can't "
        "call it."
    ),
    "yields in a method": lambda s: (
        f"There is a `yield` in `{s.generators[0]}`, so calling it makes a generator and runs none "
        "of its code."
    ),
    "no methods": _NO_METHODS,
    "unknown method": lambda s: _UNKNOWN.format(s.unknown[0]),
    "unfilled parameter": lambda s: _UNFILLED.format(s.misnamed),
    "call doesn't fit": lambda s: (
        f"LangChain's call doesn't fit a method's parameters: {shown(str(s.error), 120)}. Which "
        "arguments do the handlers above accept?"
    ),
    "fails silently": lambda s: _SILENT.format(shown(s.log[0], 160)),
}

ATTACHED: Messages[handlers.Attaching] = {
    "callbacks without a list": "`callbacks` takes a list, even for a single handler, and was "
    "given something else.",
    "config isn't a dict": "The handlers were passed as the call's `config`, which must be a dict. "
    "Which of its keys takes the handlers in the cells above?",
    "attaches a method": "A function was attached instead of a handler. LangChain needs the whole "
    "object.",
    "callbacks by keyword": "`callbacks=…` isn't a parameter of the call, so it went into the "
    "request as a setting. Where do handlers go in the call's `config`?",
    "attaches the class": lambda s: (
        f"The class itself was attached, so none of its methods is called. Make a handler: "
        f"`{s.classes[0].__name__}()`."
    ),
    "unfilled parameter": lambda s: _UNFILLED.format(s.misnamed),
    "fails silently": lambda s: _SILENT.format(shown(s.log[0], 160)),
    "unknown method": lambda s: _UNKNOWN.format(s.unknown[0]),
    "keeps an earlier count": lambda s: (
        f"The first call returned {s.returned}, the second {s.again}, which includes the first "
        "count. Does each call create its own handler, with its own count?"
    ),
    "attached twice": lambda s: (
        f"`{s.name}` returned {s.returned}, twice the right number. How often is the handler "
        "attached to a call?"
    ),
}

COLLECTOR: Messages[collector.Seen] = {
    **CLASS,
    "correct": "After each token `.text` held all the text that had arrived, even when the reply "
    "ended early.",
    "async method": "With `.stream()`, LangChain starts an event loop for each call of an `async "
    "def` method; a plain `def` needs none.",
    "shared text": lambda s: (
        f"A second collector, which received nothing, holds {shown(str(s.other), 40)}. What is "
        "kept on the class or in a global variable instead of on `self`?"
    ),
    "begins with text": lambda s: (
        f"A new collector's `.text` is {shown(repr(s.fresh))}. Before any text arrives, it should "
        'be `""`.'
    ),
    "no text at first": "A new collector has no `.text`, or it is `None`. Before any text arrives, "
    'it should be `""`. Which method runs when a collector is created?',
    "no text": lambda s: f"At the end of the reply the collector has no `.text`{s.when}.",
    "not a string": lambda s: f"`.text` is {kind(s.value)}{s.when}. It should be a string.",
    "cleared": lambda s: (
        f"`.text` held {shown(s.longest)}, and then it was empty again{s.when}. What empties it?"
    ),
    "still empty": lambda s: (
        f"{count(len(s.pieces), 'piece')} of text arrived{s.when}, but `.text` is still empty. "
        "Which line adds to `self.text`?"
    ),
    "last piece alone": lambda s: (
        f"`.text` never held more than one piece: {shown(s.longest)} at most. What happened to "
        "those before it?"
    ),
    "whole chunks": lambda s: (
        f"`.text` contains whole chunks: {shown(s.value)}. Which argument is only the text?"
    ),
    "loses repeated pieces": lambda s: (
        f"`.text` is {shown(repr(s.value))}, but the reply is {shown(repr(s.arrived))}. What "
        "leaves out a piece that equals an earlier one?"
    ),
    "adds the reply again": lambda s: (
        f"`.text` holds the reply twice{s.when}. Which method adds it once more?"
    ),
    "loses white space": lambda s: (
        f"Only the white space is wrong{s.when}: `.text` is {shown(repr(s.value))}."
    ),
    "not with invoke": lambda s: (
        "With `.stream()` the text is right. With `invoke` on a model with `streaming=True`, "
        f"`.text` is {shown(repr(s.value))}."
    ),
    "another text": lambda s: (
        f"`.text` differs from the reply{s.when}. {first_difference(s.value, s.arrived)}"
    ),
    "empty on the way": lambda s: (
        f"While {count(len(s.pieces), 'piece')} arrived, `.text` was empty; at the end it is "
        "right. Which method fills it?"
    ),
    "behind": lambda s: (
        f"`.text` is right at the end but late before that: when {shown(repr(s.late[0][0]))} had "
        f"arrived, it was {shown(repr(str(s.late[0][1] or '')))}."
    ),
}

STOPWATCH: Messages[stopwatch.Seen] = {
    **CLASS,
    "correct": lambda s: (
        f"It measured {s.value:.1f} s to the first text, although the handler was created long "
        "before the call, and an empty token arrived first."
    ),
    "another start": "For a chat model, LangChain calls `on_llm_start` only if there is no "
    "`on_chat_model_start`.",
    "has a value at first": lambda s: (
        f"A new handler's `.ttft` is {shown(repr(s.at_first))}. It should be `None` until the "
        "first text arrives."
    ),
    "measures without text": lambda s: (
        f"`.ttft` is {shown(s.value)}{s.when}. Without any text it stays `None`."
    ),
    "never measures": lambda s: (
        f"The reply is over, but `.ttft` is still `None`{s.when}. What sets it?"
    ),
    "not a number": lambda s: f"`.ttft` is {kind(s.odd)}. It should be a number of seconds.",
    "another clock": lambda s: (
        f"`.ttft` is {s.ttft:.1f} s, but `self.clock` wasn't called while the model ran. Which "
        "clock did you read?"
    ),
    "two clocks": lambda s: (
        f"`.ttft` is {s.ttft:.1f} s{s.when}. One of the two readings isn't from `self.clock`."
    ),
    "negative": lambda s: f"`.ttft` is {s.ttft:.1f} s{s.when}. Which reading came first?",
    "another unit": lambda s: f"`.ttft` is {s.ttft:.0f}{s.when}. The exercise asks for seconds.",
    "reading of the clock": lambda s: (
        f"`.ttft` is {s.ttft:.1f}{s.when}, a reading of the clock. How do two readings give the "
        "time between them?"
    ),
    "since it was made": lambda s: (
        f"`.ttft` is {s.ttft:.1f} s{s.when}, but the handler was made {stopwatch.IDLE:.0f} s "
        "before the model was called. When does yours start counting?"
    ),
    "chunk for text": lambda s: (
        f"`.ttft` was {s.ttft:.1f} s before any text arrived{s.when}. `chunk` is an object, and "
        "objects count as true even without text."
    ),
    "before the text": lambda s: (
        f"`.ttft` was {s.ttft:.1f} s before any text arrived{s.when}. Which tokens have no text?"
    ),
    "measured later": lambda s: (
        f"When the first text arrived, `.ttft` was still `None`{s.when}. Later it was "
        f"{s.value:.1f} s. What sets it?"
    ),
    "forgets it": lambda s: (
        f"`.ttft` was {s.then:.1f} s when the first text arrived, but `None` at the end{s.when}. "
        "What resets it?"
    ),
    "measures again": lambda s: (
        f"`.ttft` was {s.then:.4g} s when the first text arrived, but {s.value:.4g} s at the end"
        f"{s.when}. What changes it?"
    ),
    "another time": lambda s: (
        f"`.ttft` is {s.ttft:.1f} s{s.when}, but the first text arrived after {s.first:.1f} s. "
        "When does your handler start counting?"
    ),
    "rounded": lambda s: (
        f"`.ttft` is {s.ttft} s{s.when}, but the first text arrived after {s.first:.4f} s. What "
        "rounds it?"
    ),
}


def _reported(s: report.Seen) -> str:
    return f"`.reports` is {shown(s.value)}{s.when}"


def _tokens(s: report.Seen) -> str:
    return joined([str(number) for number in s.right])


REPORT: Messages[report.Seen] = {
    **CLASS,
    "correct": lambda s: (
        f"It reported {_tokens(s)} tokens for two interleaved runs, and the right numbers for runs "
        "in threads. It reported no run that failed or was closed early, and kept no counts."
    ),
    "no list": lambda s: f"`.reports` is {kind(s.value)}. The exercise asks for a list.",
    "shared reports": lambda s: (
        f"A second handler, which received nothing, has the reports {shown(s.other)}. What is "
        "kept on the class or in a global variable instead of on `self`?"
    ),
    "no numbers": lambda s: (
        f"`.reports` should contain only numbers, but one entry is {kind(s.odd[0])}."
    ),
    "reports an unfinished run": lambda s: (
        f"{_reported(s)}. Only a run that ends without an error is reported."
    ),
    "skips a run without tokens": lambda s: f"{_reported(s)}. That run ended too, with 0 tokens.",
    "reports nothing": lambda s: (
        f"`.reports` is empty{s.when}. Does the method that is called at the end append to it?"
    ),
    "loses a report": lambda s: (
        f"{_reported(s)}, but {count(len(s.right), 'run')} ended, with {_tokens(s)} tokens. Does "
        "each of them add a report, and is each one kept?"
    ),
    "skips empty tokens": lambda s: (
        f"{_reported(s)}: some tokens aren't counted. There were {_tokens(s)}, including empty "
        "ones and white space."
    ),
    "counts characters": lambda s: (
        f"{_reported(s)}: those are characters. The runs had {_tokens(s)} tokens."
    ),
    "another order": lambda s: (
        f"The numbers are right, but not their order{s.when}. The run that ended first had "
        f"{s.right[0]} tokens, and the first report is {s.got[0]}."
    ),
    "loses another run": lambda s: (
        f"{_reported(s)}. The other run ended with {s.right[0]} tokens. Whose count should be "
        "removed when a run fails?"
    ),
    "mixes threads": lambda s: f"{_reported(s)}. The runs had {_tokens(s)} tokens.",
    "resets another run": lambda s: (
        f"The first report is right, but the other run had {s.right[1]} tokens, and {s.got[1]} "
        "were reported. Whose count may change when a run starts or ends?"
    ),
    "begins elsewhere": lambda s: (
        f"{_reported(s)}, but the runs had {_tokens(s)} tokens. Each is off by "
        f"{abs(next(iter(s.off)))}. Where does the count begin?"
    ),
    "counts for another run": lambda s: (
        f"{_reported(s)}, but the runs had {_tokens(s)} tokens. The sum is right, so tokens are "
        "counted for the wrong run. Which argument tells you a token's run?"
    ),
    "mixes runs": lambda s: (
        f"{_reported(s)}, but the runs had {_tokens(s)} tokens. Does each token add 1 to the count "
        "of the run it belongs to, and does `on_llm_end` report the count of the run that ended?"
    ),
    "another number": lambda s: f"{_reported(s)}. That run had {count(s.right[0], 'token')}.",
    "keeps a run": lambda s: (
        f"The reports are right, but `{s.kept[0]}` has grown{s.when}. "
        + (
            _UNKNOWN.format(s.unknown[0])
            if s.unknown
            else "On a server it would grow without limit."
        )
    ),
}

SPACES_HEARD: Messages[handlers.Attaching] = {
    **ATTACHED,
    "correct": lambda s: f"{s.right} spaces, counted by the handler, token by token.",
    "a class": lambda s: (
        f"The check needs the function `spaces_heard`, not the class `{s.answer.__name__}`."
    ),
    "invoke": lambda s: (
        f"`spaces_heard` called the model with `{s.method}`, which pushes no tokens here, so a "
        "handler receives none. Which cell above showed that?"
        if s.method
        else "`spaces_heard` turned streaming off, so the model pushes no tokens. Which setting "
        "does that?"
    ),
    "no handler": lambda s: (
        f"`spaces_heard` returned {s.returned}, but no handler was attached to the call. How is "
        "one attached?"
    ),
    "counts the finished reply": "The spaces in the finished reply were counted. Which method "
    "receives each token?",
    "counts the reply": "The spaces in the reply were counted. The exercise asks for those in the "
    "tokens that `on_llm_new_token` receives.",
    "no methods": _NO_METHODS,
    "counted twice": lambda s: (
        f"`spaces_heard` returned {s.returned}, but the tokens contain {count(s.right, 'space')}. "
        "What counts them a second time?"
    ),
    "another number": lambda s: (
        f"The tokens contain {count(s.right, 'space')}{s.when}, but {s.returned} was returned. "
        'Does every `" "` in a token add 1, and nothing else?'
    ),
    "counts other white space": lambda s: (
        f"The tokens contain {count(s.right, 'space')}, but {s.returned} was returned: that "
        'includes other white space, such as line breaks. Only `" "` counts.'
    ),
    "counts tokens": lambda s: (
        f"The tokens contain {count(s.right, 'space')}, but {s.returned} was returned: that is the "
        "number of tokens. A token may have several spaces, or none."
    ),
}


def _bill(s: spent.Seen) -> str:
    return (
        f"The provider counted {s.right} output tokens for {count(len(s.case.prompts), 'reply')}, "
        f"but `spent` returned {s.returned}{s.when}"
    )


SPENT: Messages[spent.Seen] = {
    **ATTACHED,
    "correct": "The sum is right for four replies from two models, for a single reply, and for an "
    "empty list.",
    "from the chunks": "You read the usage in the loop. A handler counts it without one, for "
    "`invoke` too.",
    "one model's name": lambda s: (
        f"{described(s.error)} Each model has an entry in `usage_metadata` under its own name."
    ),
    "last chunk": lambda s: (
        f"{described(s.error)} In the last chunk of a stream `usage_metadata` is `None`: the usage "
        "is in the chunk before it."
    ),
    "chunk without usage": lambda s: (
        f"{described(s.error)} Most chunks carry no usage: their `usage_metadata` is `None`."
    ),
    "another prompt": lambda s: (
        f"The model was sent {shown(repr(s.other_prompt))}, which isn't one of the prompts. Is "
        "each prompt sent by itself?"
    ),
    "one conversation": "Several prompts were sent in one request, as one conversation. Each "
    "prompt needs its own request.",
    "leaves a stream unread": lambda s: (
        f"The stream for {shown(s.never_sent)} was never read. No request is sent until something "
        "reads it."
    ),
    "first prompt alone": lambda s: (
        f"Of {len(s.case.prompts)} prompts, only {shown(s.readings[0].messages[-1].text)} was "
        "sent. What ends the loop over the prompts?"
    ),
    "skips a prompt": lambda s: f"The prompt {shown(s.never_sent)} was never sent.",
    "another number of requests": lambda s: (
        f"The prompt {shown(s.miscounted)} is in the list "
        f"{times(s.case.prompts.count(s.miscounted))}, but was sent "
        f"{times(s.replies[s.miscounted].requests)}."
    ),
    "leaves a reply early": lambda s: (
        f"The reply to {shown(s.unfinished)} wasn't read to its end. The usage arrives after the "
        "text."
    ),
    "usage switched off": "The call switched the usage off, so the provider sent none. What does "
    "`stream_usage` do?",
    "prompt tokens too": lambda s: f"{_bill(s)}: that includes the tokens of the prompts.",
    "prompt tokens": lambda s: f"{_bill(s)}: those are the tokens of the prompts.",
    "repeated prompt once": lambda s: (
        f"{_bill(s)}: a repeated prompt is counted only once. Under which key?"
    ),
    "adds sums up": lambda s: (
        f"{_bill(s)}. The handler's numbers are already sums. What is added again with each reply?"
    ),
    "last reply alone": lambda s: f"{_bill(s)}: that is only the last reply.",
    "first reply alone": lambda s: f"{_bill(s)}: that is only the first reply.",
    "one model alone": lambda s: f"{_bill(s)}: those are the tokens of only one of the two models.",
    "counted twice": lambda s: (
        f"{_bill(s)}: twice the right number. What counts each reply a second time?"
    ),
    "counts chunks with text": lambda s: (
        f"{_bill(s)}: that is the number of chunks with text. A chunk isn't a token."
    ),
    "counts chunks": lambda s: f"{_bill(s)}: that is the number of chunks. A chunk isn't a token.",
    "reads no entry": lambda s: (
        f"{_bill(s)}. The handler has entries for {joined([f'`{each}`' for each in s.entries])}. "
        "Which of them does the sum read?"
    ),
    "no usage": lambda s: f"{_bill(s)}. Is a handler attached? Which chunk has the usage?",
    "another number": lambda s: (
        f"{_bill(s)}. Does the sum include each reply's `output_tokens` exactly once?"
    ),
}

STARTS: Messages[starts.Seen] = {
    "correct": "All four cases are right. The check ran each of them.",
    "no dict": lambda s: (
        f"The answer should be a dict with the case numbers as keys, not {kind(s.answer)}."
    ),
    "strings as keys": lambda s: (
        f"The keys are numbers, but {shown(repr(s.strings[0]))} is a string."
    ),
    "no such case": lambda s: (
        f"There is no case {joined(s.unknown, 'or')}; the cases are 1 to {max(starts.CASES)}."
    ),
    "another form": lambda s: (
        f'Case {s.misshapen} should look like `{{"A": …, "B": …}}`, with two numbers.'
    ),
    "number missing": lambda s: f"There is no number yet for {joined(s.missing)}.",
    "not a number": lambda s: (
        f"Case {s.odd_case}: a number of starts is a whole number, not {kind(s.odd)}."
    ),
    "not in the row": lambda s: (
        f"Case {s.wrong_case}: that row doesn't name `{s.handler}`. What would call it?"
    ),
    "one place for another": lambda s: (
        f"Case {s.wrong_case}: `{s.handler}` does receive the start. Does one place replace "
        "another, and do the handlers of a chain's call reach its model?"
    ),
    "once for each place": lambda s: (
        f"Case {s.wrong_case}: `{s.handler}` doesn't count {s.number}. It is one object in "
        f"{s.places} places. What did one object count in the cells above, in the constructor and "
        "the call, and in the chain's `with_config` and the call?"
    ),
    "another number": lambda s: (
        f"Case {s.wrong_case}: `{s.handler}` doesn't count {s.number}. It is in one place, and the "
        "chain calls its model once."
    ),
}

DIAGNOSIS = clinic_messages(
    "program",
    "All four are right, from the tokens received and the warnings logged.",
    {  # each key is "WRONG LABEL for CORRECT LABEL"
        "healthy for not streaming": "The reply is the same without streaming: look at how many "
        "tokens its handler received.",
        "healthy for attached twice": "The reply is the same in all programs: compare how many "
        "tokens their handlers received.",
        "healthy for fails silently": "Look at how many tokens it received, and at its warnings.",
        "not streaming for healthy": _NO_TOKENS,
        "not streaming for attached twice": _NO_TOKENS,
        "not streaming for fails silently": "It counted no tokens, but LangChain logged "
        "warnings. Can a handler cause a warning if no token reaches it?",
        "attached twice for healthy": _TWICE,
        "attached twice for not streaming": _TWICE,
        "attached twice for fails silently": _TWICE,
        "fails silently for healthy": _RAISES,
        "fails silently for attached twice": _RAISES,
        "fails silently for not streaming": _RAISES,
    },
    denied={"not streaming": "does stream", "fails silently": "doesn't fail silently"},
)
