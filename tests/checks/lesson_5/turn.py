"""Turns of a chat that are in the history however they end."""

import asyncio
import sys
from contextlib import AsyncExitStack, aclosing
from operator import add

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import goes_on_with

everything = []


def asks(history, question):
    return [*history, HumanMessage(question)]


def stores_question(history, question):
    history.append(HumanMessage(question))


def stores_reply(history, said, error):
    history.append(AIMessage(said))


def built(
    *,
    asked=asks,
    begin=stores_question,
    grow=add,
    piece=lambda text: [text],
    end=stores_reply,
    caught=(),
):
    """The right answer, or one with some parts replaced."""

    async def turn(model, history, question):
        messages, said = asked(list(history), question), ""
        begin(history, question)
        try:
            async for chunk in model.astream(messages):
                said = grow(said, chunk.content)
                for text in piece(chunk.content):
                    yield text
        except caught:
            pass
        finally:
            end(history, said, sys.exc_info()[0])

    return turn


def stores_after(*errors):
    """Store the reply only if the turn ended with one of these errors, or None."""

    def end(history, said, error):
        if error in errors:
            history.append(AIMessage(said))

    return end


def stores(*messages):
    """Store these, made of the text."""
    return lambda history, said, error: history.extend(make(said) for make in messages)


keeps_in_finally = built()
right("5.turn")(keeps_in_finally)
right("5.turn")(built(end=lambda history, said, _: history.extend([AIMessage(said)] * bool(said))))


@right("5.turn")
async def of_a_chain(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for text in (model | StrOutputParser()).astream(history[:-1]):
        history[-1] = AIMessage(history[-1].content + text)
        yield text


@right("5.turn")
async def stores_the_sum(model, history, question):
    history.append(HumanMessage(question))
    whole = AIMessageChunk("")
    try:
        async for chunk in model.astream(list(history)):
            whole += chunk
            yield chunk.text
    finally:
        history.append(whole)


@right("5.turn")
async def with_anext(model, history, question):
    history.append(HumanMessage(question))
    chunks, said = model.astream(history, config={"tags": ["turn"]}), ""
    try:
        while (chunk := await anext(chunks, None)) is not None:
            said += str(chunk.content)
            yield str(chunk.content)
    finally:
        await chunks.aclose()
        history.append(AIMessage(said))


@right("5.turn")
async def grows_in_place(model, history, question):
    history += [HumanMessage(question)]
    stream = model.astream(list(history))
    reply = AIMessage("")
    history.append(reply)
    async with aclosing(stream):
        async for chunk in stream:
            reply.content += chunk.content
            yield chunk.content


class Turn:
    async def __call__(self, model, history, question, **options):
        history.append(HumanMessage(content=question))
        said = []
        async with AsyncExitStack() as stack:
            stack.callback(lambda: history.append(AIMessage(content="".join(said))))
            chunks = await stack.enter_async_context(aclosing(model.astream(input=history)))
            async for chunk in chunks:
                said += [chunk.text]
                yield said[-1]


@right("5.turn")
def a_plain_function_around_it(model, history, question):
    return keeps_in_finally(model=model, history=history, question=question)


right("5.turn")(Turn())


def marks(history, said, error):
    history.append(AIMessage(said + " [interrupted]" * (error is not None)))


def reply_first(history, said, error):
    history.insert(-1, AIMessage(said))


for mistake, how in (
    ("question not sent", {"asked": lambda history, question: history}),
    ("another conversation", {"asked": lambda history, question: question}),
    ("another conversation", {"asked": lambda history, question: asks(history[-2:], question)}),
    ("another conversation", {"asked": lambda h, question: asks(asks(h, question), question)}),
    ("another conversation", {"asked": lambda history, question: asks(history[::-1], question)}),
    ("repeats text", {"piece": lambda text: [everything.append(text) or "".join(everything)]}),
    ("changes white space", {"piece": lambda text: [text.strip()]}),
    ("no text", {"piece": lambda text: []}),
    ("another text", {"piece": lambda text: [text.upper()]}),
    ("another text", {"piece": lambda text: [text] * ("e" not in text)}),
    ("yields the wrong type", {"piece": lambda text: [len(text)]}),
    ("loses what was before", {"end": lambda history, said, _: history.pop(0)}),
    ("history unchanged", {"begin": lambda *_: None, "end": lambda *_: None}),
    ("no message", {"end": stores(str)}),
    ("no message", {"begin": lambda history, question: history.append({"role": "user"})}),
    ("other roles", {"end": stores(HumanMessage)}),
    ("other roles", {"begin": lambda history, question: history.append(AIMessage(question))}),
    ("question not stored", {"begin": lambda *_: None}),
    ("too many messages", {"end": stores(AIMessage, AIMessage)}),
    ("too many messages", {"end": stores(AIMessage, lambda _: HumanMessage("Why?"))}),
    ("reply not stored", {"end": stores_after(None)}),
    ("reply not stored", {"end": stores_after(None, GeneratorExit)}),
    ("reply not stored", {"end": stores_after(None, GeneratorExit, asyncio.CancelledError)}),
    ("reply before the question", {"end": reply_first}),
    ("says more", {"end": marks}),
    ("says more", {"end": stores(lambda said: AIMessage("(stopped) " + said))}),
    ("another reply stored", {"grow": lambda said, text: text}),
    ("another reply stored", {"grow": lambda said, text: said + text.strip()}),
    ("another reply stored", {"end": stores(lambda said: AIMessage(said.strip()))}),
    ("another reply stored", {"end": stores(lambda _: AIMessage("All was said."))}),
    ("swallows the error", {"caught": Exception}),
    ("swallows the cancellation", {"caught": asyncio.CancelledError}),
):
    wrong("5.turn", mistake)(built(**how))


@wrong("5.turn", "lacks the end", "before or after it is yielded")
async def adds_after_the_yield(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            yield chunk.content
            said += chunk.content
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "reply sent with the question")
async def keeps_a_place_too_early(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for chunk in model.astream(history):
        history[-1].content += chunk.content
        yield chunk.content


@wrong("5.turn", "history unchanged", "makes a new list")
async def a_new_list(model, history, question):
    async for piece in keeps_in_finally(model, [*history], question):
        yield piece


@wrong("5.turn", "nothing stored", "after its reader left")
async def stores_both_at_the_end(model, history, question):
    said = ""
    async for chunk in model.astream([*history, HumanMessage(question)]):
        said += chunk.content
        yield chunk.content
    history.extend([HumanMessage(question), AIMessage(said)])


@wrong("5.turn", "adds text")
async def yields_the_error(model, history, question):
    try:
        async for text in keeps_in_finally(model, history, question):
            yield text
    except Exception:
        yield "Sorry, the connection was lost."
        raise


@wrong("5.turn", "changes white space", "Only white space is wrong")
async def drops_spaces(model, history, question):
    async for text in keeps_in_finally(model, history, question):
        if text.strip():
            yield text


@wrong("5.turn", "yields while closing")
async def goes_on_after_the_reader(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for chunk in model.astream(history[:-1]):
        history[-1].content += chunk.content
        try:
            yield chunk.content
        except GeneratorExit:
            yield "stopped"


@wrong("5.turn", "leaves a task")
async def reads_on(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for chunk in goes_on_with(model.astream(history[:-1])):
        history[-1] = AIMessage(history[-1].content + chunk.content)
        yield chunk.content


@wrong("5.turn", "awaits to a stream")
async def returns_the_stream(model, history, question):
    return keeps_in_finally(model, history, question)
