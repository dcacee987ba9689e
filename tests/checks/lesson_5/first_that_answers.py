"""Exercise 5.5's check: one whole reply from the first that answers; what isn't is told apart."""

import asyncio
from contextlib import aclosing, suppress

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from openai import OpenAIError

from tests.checks.answers import right, wrong


@right("5.first_that_answers")
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


@right("5.first_that_answers")
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


@right("5.first_that_answers")
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


@wrong("5.first_that_answers", "a second reply after text")
async def again_after_text(models, prompt):
    for model in models:
        try:
            async for chunk in model.astream(prompt):
                yield chunk.content
            return
        except Exception:
            if model is models[-1]:
                raise


@wrong("5.first_that_answers", "collected first")
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


@wrong("5.first_that_answers", "swallows the last error")
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


@wrong("5.first_that_answers", "swallows the error")
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


@wrong("5.first_that_answers", "takes an empty chunk for text")
async def langchains_own(models, prompt):
    chain = models[0].with_fallbacks(models[1:])
    async for chunk in chain.astream(prompt):
        yield chunk.content


@wrong("5.first_that_answers", "takes an empty chunk for text")
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


@wrong("5.first_that_answers", "all models")
async def asks_all(models, prompt):
    streams = [model.astream(prompt) for model in models]
    firsts = await asyncio.gather(*(anext(stream) for stream in streams), return_exceptions=True)
    for first, stream in zip(firsts, streams, strict=True):
        if not isinstance(first, Exception):
            async for chunk in stream:
                yield chunk.content
            return


@wrong("5.first_that_answers", "takes a repeated model for the last")
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


@wrong("5.first_that_answers", "gives up too early")
async def raises_what_it_should_not(models, prompt):
    for model in models:
        try:
            async for chunk in model.astream(prompt):
                yield chunk.content
            return
        except BaseException as error:
            if isinstance(error, Exception):
                raise


@wrong("5.first_that_answers", "gives up too early")
async def the_first_alone(models, prompt):
    async for chunk in models[0].astream(prompt):
        yield chunk.content


@wrong("5.first_that_answers", "gives up too early")
async def the_second_alone(models, prompt):
    async for text in until_something_is_shown(models[:2], prompt):
        yield text


@wrong("5.first_that_answers", "same model again")
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


@wrong("5.first_that_answers", "replaces the error")
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


@wrong("5.first_that_answers", "an earlier error")
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


@wrong("5.first_that_answers", "all models")
async def every_reply(models, prompt):
    for model in models:
        async for chunk in model.astream(prompt):
            yield chunk.content


@wrong("5.first_that_answers", "loses white space")
async def takes_a_space_for_nothing(models, prompt):
    async for text in until_something_is_shown(models, prompt):
        if text.strip():
            yield text


@wrong("5.first_that_answers", "yields messages")
async def whole_chunks(models, prompt):
    async for chunk in models[0].astream(prompt):
        yield chunk


@wrong("5.first_that_answers", "never gets that far")
async def gives_up(models, prompt):
    try:
        async for chunk in models[0].astream(prompt):
            yield chunk.content
    except Exception:
        return


@wrong("5.first_that_answers", "adds text")
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


@wrong("5.first_that_answers", "stops early")
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


@wrong("5.first_that_answers", "no text taken for a failure")
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


@wrong("5.first_that_answers", "raises")
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


@wrong("5.first_that_answers", "takes a repeated model for the last")
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


@wrong("5.first_that_answers", "swallows the last error")
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


@wrong("5.first_that_answers", "never gets that far")
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


@wrong("5.first_that_answers", "invoke")
async def by_invoke(models, prompt):
    for model in models:
        try:
            yield (await model.ainvoke(prompt)).content
            return
        except Exception:
            continue


def in_turn(except_=Exception, text=bool, limit=None, piece=lambda text: text):
    """The right answer, but for what it catches, takes for text and yields, and a time limit."""

    async def first_that_answers(models, prompt):
        for number, model in enumerate(models, start=1):
            shown = False
            try:
                async with asyncio.timeout(limit), aclosing(model.astream(prompt)) as chunks:
                    async for chunk in chunks:
                        shown = shown or text(chunk.content)
                        if (each := piece(chunk.content)) is not None:
                            yield each
                return
            except except_:
                if shown or number == len(models):
                    raise

    return first_that_answers


right("5.first_that_answers")(in_turn())
wrong("5.first_that_answers", "not every exception", "isn't JSON")(in_turn(except_=OpenAIError))
wrong("5.first_that_answers", "another model after a cancellation")(in_turn(except_=BaseException))
wrong("5.first_that_answers", "limits the time")(in_turn(limit=4.9))
wrong("5.first_that_answers", "a second reply after text")(in_turn(text=lambda text: False))
wrong("5.first_that_answers", "loses white space")(in_turn(piece=str.strip))
wrong("5.first_that_answers", "another text")(in_turn(piece=str.upper))
wrong("5.first_that_answers", "yields nothing")(in_turn(piece=lambda text: None))
wrong("5.first_that_answers", "yields the wrong type")(in_turn(piece=len))


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


@right("5.first_that_answers")
async def keeps_all_errors(models, prompt):
    errors = []
    for model in models:
        said = []
        try:
            async with aclosing(model.astream(prompt)) as chunks:
                async for chunk in chunks:
                    match chunk.text:
                        case "":
                            pass
                        case text:
                            said.append(text)
                            yield text
        except Exception as error:
            errors.append(error)
            if said:
                raise
        else:
            break
    else:
        raise errors[-1]


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
    return counts_the_models(list(models), prompt)


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


@wrong("5.first_that_answers", "replaces the error", "was lost")
async def a_group_of_errors(models, prompt):
    errors = []
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception as error:
            if shown:
                raise
            errors.append(error)
    raise ExceptionGroup("no model answered", errors)


@wrong("5.first_that_answers", "replaces the error")
async def an_error_with_a_cause(models, prompt):
    failed = None
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception as error:
            if shown:
                raise
            failed = error
    raise RuntimeError("no model answered") from failed


@wrong("5.first_that_answers", "another model after text")
async def calls_the_next_in_advance(models, prompt):
    for number, model in enumerate(models, start=1):
        shown = False
        try:
            async for chunk in model.astream(prompt):
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            following = models[number].astream(prompt) if number < len(models) else None
            if following and shown:
                await anext(following)
            if shown or not following:
                raise


@wrong("5.first_that_answers", "yields text again")
async def yields_all_so_far(models, prompt):
    said = ""
    async for text in counts_the_models(models, prompt):
        said += text
        yield said


@wrong("5.first_that_answers", "never calls the model")
async def calls_nobody(models, prompt):
    yield ""


@wrong("5.first_that_answers", "another prompt")
async def adds_to_the_prompt(models, prompt):
    async for text in counts_the_models(models, f"{prompt} Be brief."):
        yield text


kept = []


@wrong("5.first_that_answers", "left open")
async def keeps_its_streams(models, prompt):
    for number, model in enumerate(models, start=1):
        shown = False
        try:
            kept.append(model.astream(prompt))
            async for chunk in kept[-1]:
                shown = shown or bool(chunk.content)
                yield chunk.content
            return
        except Exception:
            if shown or number == len(models):
                raise


notebook_model = GenericFakeChatModel(messages=iter([]))


@wrong("5.first_that_answers", "another model", "`notebook_model`")
async def calls_the_notebooks_model(models, prompt):
    for _ in models:
        async for chunk in notebook_model.astream(prompt):
            yield chunk.content


@wrong("5.first_that_answers", "awaits to a stream")
async def returns_the_stream(models, prompt):
    return counts_the_models(models, prompt)


@wrong("5.first_that_answers", "returns a collection")
async def returns_a_list(models, prompt):
    return [text async for text in counts_the_models(models, prompt)]
