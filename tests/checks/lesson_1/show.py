"""Exercise 1.1: each piece on the screen as it arrives."""

import asyncio
import contextlib
import sys
from contextlib import closing

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong
from utils.checks.engine.fake_model import FakeModel


@right("1.show")
def a_loop_and_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return "".join(pieces)


@right("1.show")
def adding_chunk_to_chunk(model, prompt):
    whole = None
    for chunk in model.stream(prompt):
        print(chunk.text, end="", flush=True)
        whole = chunk if whole is None else whole + chunk
    print()
    return whole.text


@right("1.show")
def a_chain_with_a_parser(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        print(piece, end="", flush=True)
    return text


@right("1.show")
def writing_to_stdout(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        if chunk.content:
            sys.stdout.write(chunk.content)
            sys.stdout.flush()
            text += chunk.content
    return text


@wrong("1.show", "invoke")
def invokes(model, prompt):
    text = model.invoke(prompt).text
    print(text, end="", flush=True)
    return text


@wrong("1.show", "collected first")
def collects_then_prints(model, prompt):
    pieces = [chunk.content for chunk in model.stream(prompt)]
    for piece in pieces:
        print(piece, end="", flush=True)
    return "".join(pieces)


@wrong("1.show", "held back", "1 of 43 pieces had arrived")
def prints_two_at_a_time(model, prompt):
    text, waiting = "", ""
    for number, chunk in enumerate(model.stream(prompt)):
        text += chunk.content
        waiting += chunk.content
        if number % 2:
            print(waiting, end="", flush=True)
            waiting = ""
    print(waiting, end="", flush=True)
    return text


@wrong("1.show", "prints chunks")
def prints_the_chunk(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk, end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "prints each piece on a line", "line break after each piece")
def prints_lines(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, flush=True)
        text += chunk.content
    return text


@wrong("1.show", "prints something between")
def prints_blanks_between(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end=" ", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "prints nothing")
def prints_nothing(model, prompt):
    return "".join(chunk.content for chunk in model.stream(prompt))


@wrong("1.show", "doesn't flush")
def does_not_flush(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="")
        text += chunk.content
    return text


@wrong("1.show", "doesn't flush")
def flushes_at_the_end(model, prompt):
    text = does_not_flush(model, prompt)
    sys.stdout.flush()
    return text


@wrong("1.show", "returns nothing")
def returns_nothing(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)


@wrong("1.show", "returns the wrong type")
def returns_a_list(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
    return pieces


@wrong("1.show", "returns a message")
def returns_a_message(model, prompt):
    whole = AIMessageChunk("")
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        whole += chunk
    return whole


@wrong("1.show", "returns part of the text")
def returns_the_last_piece(model, prompt):
    last = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        last = chunk.content or last
    return last


@wrong("1.show", "yields")
def yields(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        yield chunk.content


@wrong("1.show", "async def")
async def is_async(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content, end="", flush=True)


@wrong("1.show", "never calls the model")
def never_asks(model, prompt):
    print(prompt, end="", flush=True)
    return prompt


@wrong("1.show", "calls twice")
def asks_twice(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return "".join(chunk.content for chunk in model.stream(prompt))


@wrong("1.show", "calls twice")
def streams_then_invokes(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
    return model.invoke(prompt).content


@wrong("1.show", "stops at the first chunk")
def returns_inside_the_loop(model, prompt):
    pieces = []
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        pieces.append(chunk.content)
        return "".join(pieces)
    return ""


from_outside = FakeModel.of({})


@wrong("1.show", "never calls the model")
def asks_a_model_from_outside(model, prompt):
    return a_loop_and_a_list(from_outside, prompt)


collected = ["Text of an earlier call. "]


@wrong("1.show", "keeps text of an earlier call")
def collects_outside(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        collected.append(chunk.content)
    return "".join(collected)


@wrong("1.show", "returns another text")
def puts_the_prompt_before_it(model, prompt):
    return prompt + a_loop_and_a_list(model, prompt)


@wrong("1.show", "stops early")
def leaves_early(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        if chunk.content:
            return chunk.content
    return None


@wrong("1.show", "raises", r"AttributeError.*contents.*at the line `print\(chunk.contents")
def misspells(model, prompt):
    for chunk in model.stream(prompt):
        print(chunk.contents, end="", flush=True)


wrong("1.show", "not a function", "It was given a `str`")("a text")
wrong("1.show", "not a function")(None)


# --- Every documented way of calling a model ------------------------------------------------------


def shows(chunks):
    text = ""
    for chunk in chunks:
        print(chunk.content, end="", flush=True)
        text += chunk.content
    return text


@right("1.show")
def closes_the_stream(model, prompt):
    with closing(model.stream(prompt)) as chunks:
        return shows(chunks)


@right("1.show")
def sends_a_message(model, prompt):
    return shows(model.stream([HumanMessage(prompt)]))


@right("1.show")
def sends_a_pair(model, prompt):
    return shows(model.stream([("user", prompt)]))


@right("1.show")
def binds_settings(model, prompt):
    return shows(model.bind(temperature=0, stop=["END"]).stream(prompt))


@right("1.show")
def with_a_config(model, prompt):
    return shows(model.with_config(tags=["shown"]).stream(prompt, stream_usage=False))


@right("1.show")
def with_retries(model, prompt):
    return shows(model.with_retry().stream(prompt))


@right("1.show")
def asynchronously(model, prompt):
    async def main():
        text = ""
        async for chunk in model.astream(prompt):
            print(chunk.content, end="", flush=True)
            text += chunk.content
        return text

    return asyncio.run(main())


class Printer(BaseCallbackHandler):
    """Prints each token."""

    def on_llm_new_token(self, token, **_):
        print(token, end="", flush=True)


@right("1.show")
def by_a_handler(model, prompt):
    return model.invoke(prompt, {"callbacks": [Printer()]}, stream=True).text


@right("1.show")
def by_a_handler_of_generate(model, prompt):
    result = model.generate([[HumanMessage(prompt)]], callbacks=[Printer()], stream=True)
    return result.generations[0][0].text


@wrong("1.show", "invoke", "with `batch`")
def batches(model, prompt):
    (reply,) = model.batch([prompt])
    print(reply.text, end="", flush=True)
    return reply.text


@wrong("1.show", "invoke", "with `generate`")
def generates(model, prompt):
    text = model.generate([[HumanMessage(prompt)]]).generations[0][0].text
    print(text, end="", flush=True)
    return text


@wrong("1.show", "invoke", "with `ainvoke`")
def invokes_asynchronously(model, prompt):
    reply = asyncio.run(model.ainvoke(prompt))
    print(reply.text, end="", flush=True)
    return reply.text


# --- Calls whose result is left alone -------------------------------------------------------------


@wrong("1.show", "never read", r"with `\.stream")
def makes_a_stream_and_leaves_it(model, prompt):
    model.stream(prompt)
    return ""


@wrong("1.show", "never read", r"with `\.stream")
def returns_the_stream(model, prompt):
    return model.stream(prompt)


@wrong("1.show", "never read", r"with `\.astream")
def returns_the_async_stream(model, prompt):
    return model.astream(prompt)


@wrong("1.show", "raises", "async_generator")
def loops_over_the_async_stream(model, prompt):
    return shows(model.astream(prompt))


@wrong("1.show", "never awaited", "`ainvoke` made a coroutine")
def forgets_to_await(model, prompt):
    reply = model.ainvoke(prompt)
    print(reply.content, end="", flush=True)
    return reply.content


@wrong("1.show", "never awaited")
def returns_what_it_did_not_await(model, prompt):
    return model.ainvoke(prompt)


@wrong("1.show", "never awaited", "`is_async` made a coroutine")
def calls_a_coroutine_function(model, prompt):
    is_async(model, prompt)
    return a_loop_and_a_list(model, prompt)


@wrong("1.show", "unread generator")
def returns_a_generator_expression(model, prompt):
    return (letter for letter in prompt)


# --- The prompt, the model, and the model's settings ----------------------------------------------


@wrong("1.show", "another prompt", "was sent `Tell me a story`")
def ignores_the_prompt(model, prompt):
    return shows(model.stream("Tell me a story"))


@wrong("1.show", "another prompt")
def adds_to_the_prompt(model, prompt):
    return shows(model.stream(prompt + " Be brief."))


notebook_model = FakeListChatModel(responses=["Not asked for."])


@wrong("1.show", "another model", "called the notebook's `notebook_model`")
def calls_the_notebooks_model(model, prompt):
    return shows(notebook_model.stream(prompt))


@wrong("1.show", "another model")
def calls_the_notebooks_model_and_hides_it(model, prompt):
    with contextlib.suppress(Exception):
        notebook_model.invoke(prompt)
    return a_loop_and_a_list(model, prompt)


@wrong("1.show", "another model", "another `FakeListChatModel`")
def calls_a_model_of_its_own(model, prompt):
    return shows(FakeListChatModel(responses=["Mine."]).stream(prompt))


@wrong("1.show", "changes the model", "changed `streaming` on the model")
def switches_streaming_on(model, prompt):
    model.streaming = True
    return a_loop_and_a_list(model, prompt)


@wrong("1.show", "changes the model", "changed `callbacks`")
def leaves_a_handler_on_the_model(model, prompt):
    model.callbacks = [Printer()]
    return model.invoke(prompt, stream=True).text


@wrong("1.show", "changes the model")
def adds_a_tag_to_the_model(model, prompt):
    model.metadata["asked"] = prompt
    return a_loop_and_a_list(model, prompt)


# --- Errors ---------------------------------------------------------------------------------------


@wrong("1.show", "swallows the error", "ended as if the reply were complete")
def passes_over_an_error(model, prompt):
    text = ""
    try:
        for chunk in model.stream(prompt):
            print(chunk.content, end="", flush=True)
            text += chunk.content
    except Exception:
        pass
    return text


@wrong("1.show", "swallows the error")
def prints_an_error(model, prompt):
    try:
        return a_loop_and_a_list(model, prompt)
    except Exception as error:
        print(error)
        return ""


@wrong("1.show", "swallows the error", "`return` in a `finally`")
def returns_in_finally(model, prompt):
    text = ""
    try:
        for chunk in model.stream(prompt):
            print(chunk.content, end="", flush=True)
            text += chunk.content
    finally:
        return text  # noqa: B012 (the mistake)


@wrong("1.show", "swallows the error")
def suppresses_connection_errors(model, prompt):
    text = ""
    import openai

    with contextlib.suppress(openai.APIError):
        for chunk in model.stream(prompt):
            print(chunk.content, end="", flush=True)
            text += chunk.content
    return text


@right("1.show")
def raises_an_error_of_its_own(model, prompt):
    try:
        return a_loop_and_a_list(model, prompt)
    except Exception as error:
        raise RuntimeError("the reply is incomplete") from error


@wrong("1.show", "raises", "UnboundLocalError")
def slips_where_it_handles_an_error(model, prompt):
    try:
        whole = a_loop_and_a_list(model, prompt)
    except Exception:
        return whole
    return whole


@wrong("1.show", "raises", "for an empty reply")
def needs_text(model, prompt):
    text = a_loop_and_a_list(model, prompt)
    return text[0] + text[1:]


# --- White space, empty chunks, the end -----------------------------------------------------------


@wrong("1.show", "strips the text")
def strips_what_it_returns(model, prompt):
    return a_loop_and_a_list(model, prompt).strip()


@wrong("1.show", "strips the text")
def strips_the_end(model, prompt):
    return a_loop_and_a_list(model, prompt).rstrip()


@wrong("1.show", "prints without white space")
def prints_stripped_pieces(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content.strip(), end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "prints another text")
def prints_in_capitals(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content.upper(), end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "stops at the first chunk", "Does an empty chunk mean the end")
def stops_at_an_empty_chunk(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        if not chunk.content:
            break
        print(chunk.content, end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "never ends", "stopped after")
def never_returns(model, prompt):
    a_loop_and_a_list(model, prompt)
    while True:
        pass


@wrong("1.show", "drops the first chunk")
def takes_the_first_chunk_for_an_empty_one(model, prompt):
    chunks = model.stream(prompt)
    next(chunks)
    text = ""
    for chunk in chunks:
        print(chunk.content, end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "another prompt", "`' Why do rivers bend.*`, but the model was sent `'Why")
def strips_the_prompt(model, prompt):
    return a_loop_and_a_list(model, prompt.strip())


@wrong("1.show", "tries again", "called the model twice")
def tries_again_when_the_connection_is_lost(model, prompt):
    try:
        return a_loop_and_a_list(model, prompt)
    except Exception:
        return a_loop_and_a_list(model, prompt)


@wrong("1.show", "replaces the error", "`from None`")
def hides_the_cause(model, prompt):
    try:
        return a_loop_and_a_list(model, prompt)
    except Exception:
        raise RuntimeError("the reply is incomplete") from None


@wrong("1.show", "prints without white space", "differs")
def replaces_line_breaks(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content.replace("\n", " "), end="", flush=True)
        text += chunk.content
    return text


@wrong("1.show", "returns nothing", "`None` for an empty reply")
def returns_none_for_an_empty_reply(model, prompt):
    return a_loop_and_a_list(model, prompt) or None
