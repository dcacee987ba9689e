"""Right and wrong answers to 5.first_that_answers, which asks for fallbacks before any text."""

import asyncio
from contextlib import aclosing, suppress

from langchain_core.output_parsers import StrOutputParser  # noqa: F401 (used in edits)
from openai import OpenAIError  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right, wrong
from utils.provider import chat_model

MODEL = chat_model("instant")


async def within(seconds, stream):
    async with asyncio.timeout(seconds):
        async for chunk in stream:
            yield chunk


@right("5.first_that_answers", says="around each stream you read closes it")
async def first_that_answers(models, prompt):
    for number, model in enumerate(models, start=1):
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or number == len(models):
                raise


edit = edits("5.first_that_answers", first_that_answers)
STREAM, SHOWN = "model.astream(prompt)", "bool(chunk.content)"
CATCH, LAST, RAISE = "except Exception:", "number == len(models)", "                raise"
START = "    {}\n    for".format  # inserts a line of code before the loop
NOTES = {
    "    for": START("errors = []"),
    CATCH: "except Exception as error:\n            errors.append(error)",
}

edit(None, {**NOTES, f"shown or {LAST}": "shown", RAISE: f"{RAISE}\n    raise errors[-1]"})
RETRIES = "(model.with_retry(stop_after_attempt=2) | StrOutputParser()).astream(prompt)"
edit(None, {STREAM: RETRIES, "chunk.content": "chunk"})
edit("another prompt", {"(prompt)": "(f'{prompt} Be brief.')"})
edit("limits the reply", {STREAM: "model.astream(prompt, max_tokens=500)"}, "`max_tokens`")
WHOLE = {f"async for chunk in {STREAM}": "for chunk in [await model.ainvoke(prompt)]"}
edit("invoke", WHOLE, "with `ainvoke`")
edit("another model", {STREAM: STREAM.replace("model", "MODEL")}, "was given models but called")
edit("calls none", {f"async for chunk in {STREAM}": "for chunk in ()"})
edit("not in order", {"(models, start": "(models[::-1], start"})
edit("calls the next without need", {"return": "if shown:\n                return"}, "A model that")
edit("goes on after a cancellation", {"except Exception": "except BaseException"})
edit("takes a silence for a failure", {STREAM: f"within(4.9, {STREAM})"}, "a silence isn't")
edit("calls the next too late", {SHOWN: "bool(chunk.content.strip())"}, "after white space")
edit("calls the next too late", {f"shown or {SHOWN}": SHOWN}, "an empty chunk")
edit("never calls the next", {"    for": START("models = models[:2]")}, "three models")
edit("never calls the next", {"except Exception": "except OpenAIError"})
DISTINCT = {"    for": START("models = [m for n, m in enumerate(models) if m not in models[:n]]")}
edit("never calls the next", DISTINCT, "in the list twice")
edit(
    "calls one again",
    {"    for": START("models = [m for m in models for _ in range(2)]")},
    "^A model that",
)
edit("ends quietly", {f"shown or {LAST}": "shown"})
edit("ends quietly", {LAST: "models.index(model) == len(models) - 1"})
edit("another error", {**NOTES, RAISE: f"{RAISE} RuntimeError('no model answered') from error"})
edit("changes an argument", {"    for": START("models[0].temperature = 2")}, "`models`")
edit("changes an argument", {"return": "models.clear()\n            return"}, "`models`")


async def begun(model, prompt):
    """Return the first piece of text from a model, and the rest of the stream."""
    chunks = model.astream(prompt)
    async for chunk in chunks:
        if chunk.text:
            return chunk.text, chunks
    return "", chunks


@right("5.first_that_answers")
async def begins_and_goes_on(models: list, prompt: str):
    *others, last = models
    for model in others:
        with suppress(Exception):
            first, chunks = await begun(model, prompt)
            break
    else:
        first, chunks = await begun(last, prompt)
    async with aclosing(chunks):
        if first:
            yield first
        async for chunk in chunks:
            yield chunk.text


@wrong("5.first_that_answers", "takes a chunk for text", says="after its empty first chunk")
async def langchains_own(models, prompt):
    chain = models[0].with_fallbacks(models[1:])
    async for chunk in chain.astream(prompt):
        yield chunk.content
