"""Exercise 5.5's check: one whole reply from the first that answers; what isn't is told apart."""

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.output_parsers import StrOutputParser

from tests.checks.verdict import by_name, right, with_reason, wrong


async def until_something_is_shown(models, prompt):
    left = list(models)
    while left:
        shown = False
        try:
            async for chunk in left.pop(0).astream(prompt):
                if chunk.content:
                    shown = True
                    yield chunk.content
            return
        except Exception:
            if shown or not left:
                raise


async def keeps_the_error(models, prompt):
    failed = None
    for model in models:
        said = ""
        try:
            async with aclosing(model.astream(prompt)) as chunks:
                async for chunk in chunks:
                    said += chunk.content
                    yield chunk.content
            return
        except Exception as error:
            if said:
                raise
            failed = error
    raise failed


async def counts_the_models(models, prompt):
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


@pytest.mark.parametrize(
    "first_that_answers",
    by_name(until_something_is_shown, counts_the_models, keeps_the_error, calls_itself),
)
def test_5_5_accepts(first_that_answers):
    right("5.5", first_that_answers)


async def again_after_text(models, prompt):
    for model in models:
        try:
            async for chunk in model.astream(prompt):
                yield chunk.content
            return
        except Exception:
            if model is models[-1]:
                raise


async def to_be_safe(models, prompt):
    for model in models:
        try:
            pieces = [chunk.content async for chunk in model.astream(prompt)]
        except Exception:
            if model is models[-1]:
                raise
        else:
            for piece in pieces:
                yield piece
            return


async def swallows_the_last(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown:
                raise


async def swallows_after_text(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown:
                return
            if model is models[-1]:
                raise


async def langchains_own(models, prompt):
    chain = models[0].with_fallbacks(models[1:])
    async for chunk in chain.astream(prompt):
        yield chunk.content


async def counts_the_role(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = True
                yield chunk.content
            return
        except Exception:
            if shown or model is models[-1]:
                raise


async def asks_all(models, prompt):
    streams = [model.astream(prompt) for model in models]
    firsts = await asyncio.gather(*(anext(stream) for stream in streams), return_exceptions=True)
    for first, stream in zip(firsts, streams, strict=True):
        if not isinstance(first, Exception):
            async for chunk in stream:
                yield chunk.content
            return


async def catches_all(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except BaseException:
            if shown or model is models[-1]:
                raise


async def raises_what_it_should_not(models, prompt):
    for model in models:
        try:
            async for chunk in model.astream(prompt):
                yield chunk.content
            return
        except BaseException as error:
            if isinstance(error, Exception):
                raise


async def the_first_alone(models, prompt):
    async for chunk in models[0].astream(prompt):
        yield chunk.content


async def the_second_alone(models, prompt):
    async for text in until_something_is_shown(models[:2], prompt):
        yield text


async def the_same_again(models, prompt):
    for model in models:
        for attempt in range(2):
            shown = False
            try:
                async for chunk in model.astream(prompt):
                    shown = shown or bool(chunk.content)
                    yield chunk.content
                return
            except Exception:
                if shown or (attempt and model is models[-1]):
                    raise


async def an_error_of_its_own(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown:
                raise
    raise RuntimeError("Nobody answered.")


async def the_first_error(models, prompt):
    errors = []
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception as error:
            errors.append(error)
            if shown:
                raise
    raise errors[0]


async def every_reply(models, prompt):
    for model in models:
        async for chunk in model.astream(prompt):
            yield chunk.content


async def takes_a_space_for_nothing(models, prompt):
    async for text in until_something_is_shown(models, prompt):
        if text.strip():
            yield text


async def whole_chunks(models, prompt):
    async for chunk in models[0].astream(prompt):
        yield chunk


async def gives_up(models, prompt):
    try:
        async for chunk in models[0].astream(prompt):
            yield chunk.content
    except Exception:
        return


async def adds_a_notice(models, prompt):
    shown = False
    try:
        async for text in until_something_is_shown(models, prompt):
            shown = True
            yield text
    except Exception:
        if shown:
            yield " (interrupted)"
        raise


async def has_no_patience(models, prompt):
    for model in models:
        shown = False
        try:
            async with asyncio.timeout(3):
                async for chunk in model.astream(prompt):
                    shown = shown or bool(chunk.content)
                    yield chunk.content
            return
        except TimeoutError:
            return
        except Exception:
            if shown or model is models[-1]:
                raise


async def takes_no_text_for_a_failure(models, prompt):
    failed = None
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            if shown:
                return
        except Exception as error:
            if shown:
                raise
            failed = error
    if failed:
        raise failed


async def expects_a_text(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            failed = None
            break
        except Exception as error:
            failed = error
            if shown:
                break
    if failed or not shown:
        raise failed


async def the_last_by_itself(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or model is models[-1]:
                raise


async def the_last_by_its_place(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or models.index(model) == len(models) - 1:
                raise


async def each_model_once(models, prompt):
    tried = []
    for model in models:
        if any(model is each for each in tried):
            continue
        tried.append(model)
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or (len(tried) > 1 and model is models[-1]):
                raise


async def by_invoke(models, prompt):
    for model in models:
        try:
            yield (await model.ainvoke(prompt)).content
            return
        except Exception:
            continue


WRONG_5_5 = (
    (again_after_text, "had been shown, and then another reply began: `Foxes"),
    (to_be_safe, "collected first"),
    (swallows_the_last, "No model answered, and the stream ended without a word"),
    (swallows_after_text, "had been shown, and the stream ended as if the reply were complete"),
    (langchains_own, "failed after its empty first chunk, its error .`ConnectionLost`. came out"),
    (counts_the_role, "failed after its empty first chunk, its error .`ConnectionLost`. came out"),
    (asks_all, "The first model answers, and model 2 was asked all the same"),
    (catches_all, "task was cancelled while the first model was silent, and model 2 was asked"),
    (raises_what_it_should_not, "failed at once, its error .`ConnectionLost`. came out"),
    (
        the_first_alone,
        "failed at once, its error .`ConnectionLost`. came out, though another model",
    ),
    (
        the_second_alone,
        "When two models failed before a text, the second's error .`ConnectionLost`. came out",
    ),
    (the_same_again, "model 1 was asked twice; the exercise asks for the next"),
    (an_error_of_its_own, "RuntimeError: Nobody answered.*when no model answered"),
    (the_first_error, "the error that came out is .*the first one's.*the last model's was"),
    (every_reply, "The first model answers, and model 2 was asked all the same"),
    (takes_a_space_for_nothing, "The text isn't that of the reply. It parts from the reply at"),
    (whole_chunks, "yields chunks; the exercise asks for their text"),
    (gives_up, "failed at once, no other model was asked"),
    (adds_a_notice, "by the model, and the reader got `The .* .interrupted.`"),
    (has_no_patience, "ended by itself in a silence in which nobody had stopped it yet"),
    (by_invoke, "called with `ainvoke`"),
    (takes_no_text_for_a_failure, "without an error, and with no text, and model 2 was asked all"),
    (expects_a_text, "TypeError: .* when the first model ended without an error, and with no text"),
    (the_last_by_itself, "stood in the list twice.* failed once, and its error came out. How does"),
    (the_last_by_its_place, "twice.* failed both times, and the stream ended without an error"),
    (each_model_once, "twice.* It failed once, and nobody asked it again"),
)


@pytest.mark.parametrize(("first_that_answers", "said"), with_reason(*WRONG_5_5))
def test_5_5_says_what_is_wrong_with_code_that(first_that_answers, said):
    wrong("5.5", first_that_answers, said)
