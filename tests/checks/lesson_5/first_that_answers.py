"""One whole reply from the first model that answers, and other ways to fall back."""

import asyncio
from contextlib import aclosing, suppress

from langchain_core.output_parsers import StrOutputParser
from openai import OpenAIError

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import notebook_model

kept = []


def passed_on(error, number, models, *, shown):
    """Raise after text, and the last one's."""
    if shown or number == len(models):
        raise error


def in_turn(
    *,
    caught=Exception,
    text=bool,
    piece=lambda text: [text],
    limit=None,
    failed=passed_on,
    answered=lambda shown: True,
    stream=lambda model, prompt: model.astream(prompt),
    attempts=1,
    at_last=lambda errors: None,
):
    """The right answer, or one with some parts replaced."""

    async def first_that_answers(models, prompt):
        errors = []
        each = [model for model in models for _ in range(attempts)]
        for number, model in enumerate(each, start=1):
            shown = False
            try:
                async with asyncio.timeout(limit):
                    async for chunk in stream(model, prompt):
                        shown = shown or text(chunk.content)
                        for part in piece(chunk.content):
                            yield part
                if answered(shown):
                    return
            except caught as error:
                errors.append(error)
                failed(error, number, each, shown=shown)
        at_last(errors)

    return first_that_answers


def last_is(same):
    """Raise after text, or if `same(models, number)` takes it for the last model."""

    def failed(error, number, models, *, shown):
        if shown or same(models, number - 1):
            raise error

    return failed


def raised(make):
    """Raise what is made of all errors."""

    def at_last(errors):
        raise make(errors)

    return at_last


def after_text(error, number, models, *, shown):
    if shown:
        raise error


def with_a_cause(errors):
    error = RuntimeError("no model answered")
    error.__cause__ = errors[-1]
    return error


right("5.first_that_answers")(in_turn())
right("5.first_that_answers")(in_turn(failed=after_text, at_last=raised(lambda errors: errors[-1])))


@right("5.first_that_answers")
async def calls_itself(models, prompt):
    first, *others = models
    shown = False
    try:
        async for text in (first | StrOutputParser()).astream(prompt):
            shown = shown or bool(text)
            yield text
    except Exception:
        if shown or not others:
            raise
    else:
        return
    async for text in calls_itself(others, prompt):
        yield text


@right("5.first_that_answers")
async def with_a_retry(models, prompt):
    for number, model in enumerate(models, start=1):
        begun = False
        try:
            chain = model.with_retry(stop_after_attempt=2) | StrOutputParser()
            async for text in chain.astream(prompt):
                begun = begun or bool(text)
                yield text
            return
        except Exception:
            if begun or number == len(models):
                raise


async def begun(model, prompt):
    """The first piece of text of a model's stream, and the stream."""
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


class Fallback:
    async def __call__(self, models, prompt, **config):
        rest = iter(models)
        model = next(rest)
        while model is not None:
            following, shown = next(rest, None), 0
            try:
                async for chunk in model.astream(input=prompt, config=config):
                    shown += len(chunk.content)
                    yield chunk.content
                following = None
            except Exception:
                if shown or following is None:
                    raise
            model = following


right("5.first_that_answers")(Fallback())


@right("5.first_that_answers")
def a_plain_function_around_it(models, prompt):
    return in_turn()(list(models), prompt)


for mistake, how in (
    ("another prompt", {"stream": lambda model, prompt: model.astream(f"{prompt} Be brief.")}),
    ("calls the next without need", {"answered": lambda shown: False}),
    ("calls the next without need", {"answered": lambda shown: shown}),
    ("calls the next without need", {"caught": BaseException}),
    ("calls the next without need", {"limit": 4.9}),
    ("calls the next too late", {"text": lambda text: False}),
    ("never calls the next", {"text": lambda text: True}),
    ("never calls the next", {"caught": OpenAIError}),
    ("never calls the next", {"caught": ()}),
    ("never calls the next", {"failed": last_is(lambda models, at: models[at] is models[-1])}),
    ("calls one again", {"attempts": 2}),
    ("ends quietly", {"failed": after_text}),
    ("ends quietly", {"failed": last_is(lambda m, at: m.index(m[at]) == len(m) - 1)}),
    ("another error", {"failed": after_text, "at_last": raised(lambda errors: errors[0])}),
    ("another error", {"failed": after_text, "at_last": raised(with_a_cause)}),
    (
        "another error",
        {"failed": after_text, "at_last": raised(lambda errors: ExceptionGroup("all", errors))},
    ),
    ("changes white space", {"piece": lambda text: [text.strip()]}),
    ("changes white space", {"piece": lambda text: [text] * bool(text.strip())}),
    ("another text", {"piece": lambda text: [text.upper()]}),
    ("no text", {"piece": lambda text: []}),
    ("yields the wrong type", {"piece": lambda text: [len(text)]}),
    ("left open", {"stream": lambda model, p: kept.append(model.astream(p)) or kept[-1]}),
    ("another model", {"stream": lambda model, prompt: notebook_model.astream(prompt)}),
):
    wrong("5.first_that_answers", mistake)(in_turn(**how))


@wrong("5.first_that_answers", "ends quietly")
async def swallows_after_text(models, prompt):
    said = ""
    try:
        async for text in in_turn()(models, prompt):
            said += text
            yield text
    except Exception:
        if not said:
            raise


@wrong("5.first_that_answers", "never calls the next", "after its empty first chunk")
async def langchains_own(models, prompt):
    chain = models[0].with_fallbacks(models[1:])
    async for chunk in chain.astream(prompt):
        yield chunk.content


@wrong("5.first_that_answers", "never calls the next", "three models failed")
async def the_second_alone(models, prompt):
    async for text in in_turn()(models[:2], prompt):
        yield text


@wrong("5.first_that_answers", "never calls the next", "in the list twice")
async def each_model_once(models, prompt):
    once = [model for at, model in enumerate(models) if model not in models[:at]]
    async for text in in_turn()(once, prompt):
        yield text


@wrong("5.first_that_answers", "adds text")
async def adds_a_notice(models, prompt):
    shown = False
    try:
        async for text in in_turn()(models, prompt):
            shown = True
            yield text
    except Exception:
        if shown:
            yield " (interrupted)"
        raise


@wrong("5.first_that_answers", "repeats text")
async def yields_all_so_far(models, prompt):
    said = ""
    async for text in in_turn()(models, prompt):
        said += text
        yield said


@wrong("5.first_that_answers", "not in order")
async def the_last_first(models, prompt):
    async for text in in_turn()(models[::-1], prompt):
        yield text


@wrong("5.first_that_answers", "calls none")
async def calls_none(models, prompt):
    yield ""


@wrong("5.first_that_answers", "changes an argument", "`models`")
async def takes_models_out(models, prompt):
    while models:
        model, shown = models.pop(0), False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or not models:
                raise
