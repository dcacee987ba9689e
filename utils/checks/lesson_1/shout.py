"""Check for `shout`: build a chain that replies in capitals and still streams."""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda

from utils.checks.engine.exercise import Exercise, Mistakes
from utils.checks.engine.fake_model import FakeModel
from utils.checks.engine.mistakes import FIRST as SHARED
from utils.checks.engine.mistakes import TEXT
from utils.checks.engine.reply import Reply, chunk_of
from utils.checks.engine.run import REPLIES, Case, Run, from_yield
from utils.checks.engine.stream_runner import call


@dataclass(kw_only=True)
class Seen(Run):
    chain: Any
    early: int  # how many requests were sent while the chain was being built
    words_held: int  # the most characters ever held back; only an unfinished word may wait
    functions: Sequence[Any]  # the chain's functions that LangChain calls with the whole text


def _words_held(reply: Reply) -> int:
    most = out = 0
    going_in = ""
    for event in reply.log:  # text sent by the model and text yielded by the chain, in order
        if event.what == "out":
            out += len(event.text)
        else:
            # the text up to the end of the last complete word
            complete = re.match(r"(?s).*\S(?=\s)", going_in)
            if complete:
                most = max(most, complete.end() - out)
            going_in += event.text
    return most


def observe(answer: Any, case: Case) -> Seen:
    reply = case.reply()
    chain, early = None, 0

    def stream(model: FakeModel, prompt: str) -> Any:
        nonlocal chain, early
        chain = answer(model)
        early = len(model.readings)
        return chain.stream(prompt) if isinstance(chain, Runnable) else chain

    run = call("shout", stream, case, reply, case.model(reply), case.prompt, streams=True)
    lambdas = [s for s in getattr(chain, "steps", ()) if isinstance(s, RunnableLambda)]
    return Seen.of(
        run,
        answer=answer,
        expected=reply.text.upper(),
        chain=chain,
        early=early,
        words_held=_words_held(reply),
        functions=[step.func for step in lambdas if hasattr(step, "func")],
    )


FIRST: Mistakes[Seen] = {
    "not a function": SHARED["not a function"],
    "takes the stream for a piece": lambda s: (
        isinstance(s.error, AttributeError)
        and isinstance(s.error.obj, Iterator)
        and any(hasattr(piece, str(s.error.name)) for piece in ("", chunk_of()))
    ),
    "takes text for a chunk": lambda s: (
        isinstance(s.error, AttributeError)
        and isinstance(s.error.obj, str)
        and s.error.name in ("content", "text")
    ),
    "generator as a step": lambda s: (
        isinstance(s.error, TypeError) and "unsupported type: <class 'generator'>" in str(s.error)
    ),
    "calls the model itself": lambda s: s.early > 0,
    "returns a stream": lambda s: isinstance(s.chain, Iterator) and not from_yield(s.chain),
    "returns nothing": lambda s: s.chain is None and s.error is None,
    "yields": lambda s: from_yield(s.chain),
    "no chain": lambda s: (
        s.error is None and not isinstance(s.chain, Runnable) and not inspect.isawaitable(s.chain)
    ),
    "class as a step": lambda s: any(isinstance(each, type) for each in s.functions),
    "generator in a RunnableLambda": lambda s: any(map(inspect.isgeneratorfunction, s.functions)),
    "yields an iterator": lambda s: any(isinstance(item, Iterator) for item in s.items),
}
MISTAKES: Mistakes[Seen] = {
    "yields nothing": lambda s: bool(s.expected) and not s.items,
    "unchanged": lambda s: s.wrong_text and s.text == s.reply.text,
    "small letters": lambda s: s.wrong_text and s.text == s.reply.text.lower(),
    "some capitals": lambda s: s.wrong_text and s.text.upper() == s.expected,
    "loops over characters": lambda s: s.wrong_text and s.items == [s.expected[:1]],
    **TEXT,
    "one item": lambda s: s.total > 1 and sum(map(bool, s.items)) == 1,
    "collected first": lambda s: s.total > 1 and s.reply.most_held == s.total,
    "held back": lambda s: s.words_held > 0,
}

check = Exercise(
    observe,
    cases=(
        *REPLIES,
        Case(text="Die Straße führt über große Flüsse.", when="for a reply in German"),
    ),
    mistakes=MISTAKES,
    first=FIRST,
    opts_out={"left open": "LangChain itself reads on when a chain's stream is closed early"},
)
