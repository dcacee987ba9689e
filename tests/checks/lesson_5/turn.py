"""Exercise 5.1's check: a turn that works passes; what doesn't is told apart."""

import asyncio
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import reduce
from operator import add

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong


@right("5.turn")
async def keeps_in_finally(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async with aclosing(model.astream(history)) as chunks:
            async for chunk in chunks:
                said += chunk.content
                yield chunk.content
    finally:
        history.append(AIMessage(said))


@right("5.turn")
async def without_aclosing(model, history, question):
    history += [HumanMessage(question)]
    pieces = []
    try:
        async for chunk in model.astream(history):
            if chunk.content:
                pieces.append(chunk.content)
                yield chunk.content
    finally:
        history.append(AIMessage("".join(pieces)))


@right("5.turn")
async def asks_a_copy(model, history, question):
    asked = HumanMessage(content=question)
    whole = None
    try:
        async for chunk in model.astream([*history, asked]):
            whole = chunk if whole is None else whole + chunk
            yield chunk.text
    finally:
        history.extend([asked, AIMessage(whole.text if whole else "")])


@right("5.turn")
async def of_a_chain(model, history, question):
    history.append(HumanMessage(question))
    history.append(AIMessage(""))
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
async def stores_what_there_is(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said += chunk.text
            yield chunk.text
    finally:
        if said:
            history.append(AIMessage(said))


@wrong("5.turn", "no message")
async def stores_the_sum_of_what_came(model, history, question):
    history.append(HumanMessage(question))
    total = None
    try:
        async for chunk in model.astream(list(history)):
            total = chunk if total is None else total + chunk
            yield chunk.text
    finally:
        history.append(AIMessage(total.text) if total else None)


@wrong("5.turn", "reply not stored")
async def stores_at_the_end(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    async for chunk in model.astream(history):
        said += chunk.content
        yield chunk.content
    history.append(AIMessage(said))


@wrong("5.turn", "lacks the end")
async def adds_after_the_yield(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            yield chunk.content
            said += chunk.content
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "reply not stored")
async def on_leaving_alone(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    except GeneratorExit:
        history.append(AIMessage(said))
        raise
    else:
        history.append(AIMessage(said))


@wrong("5.turn", "reply not stored")
async def on_stop_alone(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    except (GeneratorExit, asyncio.CancelledError):
        history.append(AIMessage(said))
        raise
    else:
        history.append(AIMessage(said))


@wrong("5.turn", "question not sent")
async def forgets_the_question(model, history, question):
    async for piece in stream_into(model, history, history):
        yield piece


async def stream_into(model, asked, history, add_question=None):
    said = ""
    if add_question:
        history.append(HumanMessage(add_question))
    try:
        async for chunk in model.astream(asked):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "question sent alone")
def asks_the_question_alone(model, history, question):
    return stream_into(model, question, history, question)


@wrong("5.turn", "question not sent")
def asks_before_it_is_there(model, history, question):
    return stream_into(model, list(history), history, question)


@wrong("5.turn", "question sent twice")
def asks_twice_over(model, history, question):
    asked = [*history, HumanMessage(question), HumanMessage(question)]
    return stream_into(model, asked, history, question)


@wrong("5.turn", "history unchanged")
async def a_new_list(model, history, question):
    history = [*history, HumanMessage(question)]
    async for piece in stream_into(model, history, history):
        yield piece


@wrong("5.turn", "several replies")
async def every_piece_a_message(model, history, question):
    history.append(HumanMessage(question))
    async for chunk in model.astream(list(history)):
        history.append(AIMessage(chunk.content))
        yield chunk.content


@wrong("5.turn", "several replies")
async def stores_it_twice(model, history, question):
    async for piece in stream_into(model, [*history, HumanMessage(question)], history, question):
        yield piece
    history.append(AIMessage("again"))


@wrong("5.turn", "no message")
async def stores_a_text(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(said)


@wrong("5.turn", "reply not stored")
async def stores_a_chunk(model, history, question):
    history.append(HumanMessage(question))
    chunks = []
    async for chunk in model.astream(list(history)):
        chunks.append(chunk)
        yield chunk.content
    history.append(reduce(add, chunks))


@wrong("5.turn", "reply stored as a question")
async def stores_it_as_the_readers(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(HumanMessage(said))


@wrong("5.turn", "swallows the error")
async def swallows(model, history, question):
    try:
        async for piece in stream_into(
            model, [*history, HumanMessage(question)], history, question
        ):
            yield piece
    except Exception:
        pass


@wrong("5.turn", "swallows the cancellation")
async def swallows_the_cancellation(model, history, question):
    asked = [*history, HumanMessage(question)]
    try:
        async for piece in stream_into(model, asked, history, question):
            yield piece
    except asyncio.CancelledError:
        return


@wrong("5.turn", "collected first")
async def collects(model, history, question):
    history.append(HumanMessage(question))
    pieces = [chunk.content async for chunk in model.astream(history)]
    history.append(AIMessage("".join(pieces)))
    for piece in pieces:
        yield piece


@wrong("5.turn", "held back")
async def one_behind(model, history, question):
    history.append(HumanMessage(question))
    said = held = ""
    try:
        async for chunk in model.astream(history):
            if held:
                yield held
            said, held = said + chunk.content, chunk.content
        yield held
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "yields messages")
async def yields_chunks(model, history, question):
    history.append(HumanMessage(question))
    async for chunk in model.astream(history):
        yield chunk


@wrong("5.turn", "yields text again")
async def yields_all_so_far(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    async for chunk in model.astream(history):
        said += chunk.content
        if chunk.content:
            yield said


@wrong("5.turn", "invoke")
async def awaits_the_whole(model, history, question):
    history.append(HumanMessage(question))
    reply = await model.ainvoke(history)
    history.append(reply)
    yield reply.content


@wrong("5.turn", "blocks the loop")
async def blocks(model, history, question):
    history.append(HumanMessage(question))
    for chunk in model.stream(history):
        yield chunk.content


@wrong("5.turn", "question sent alone")
async def returns_the_text(model, history, question):
    return "".join([chunk.content async for chunk in model.astream(question)])


@wrong("5.turn", "plain generator")
def plain(model, history, question):
    for chunk in model.stream(history):
        yield chunk.content


@wrong("5.turn", "never calls the model")
async def asks_nobody(model, history, question):
    history.append(HumanMessage(question))
    yield "Hello."


@wrong("5.turn", "question sent alone")
async def forgets_what_was_before(model, history, question):
    history[:] = [HumanMessage(question)]
    async for piece in stream_into(model, list(history), history):
        yield piece


@wrong("5.turn", "reply before the question")
async def reply_first(model, history, question):
    asked = [*history, HumanMessage(question)]
    try:
        async for piece in stream_into(model, asked, history):
            yield piece
    finally:
        history.append(HumanMessage(question))


@wrong("5.turn", "raises")
async def misspelt(model, history, question):
    history.append(HumanMesage(question))  # noqa: F821
    yield ""


@wrong("5.turn", "yields while closing")
async def goes_on_after_the_reader(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    async for chunk in model.astream(history):
        said += chunk.content
        try:
            yield chunk.content
        except GeneratorExit:
            yield "stopped"
    history.append(AIMessage(said))


@wrong("5.turn", "leaves a task")
async def fills_a_queue(model, history, question):
    history.append(HumanMessage(question))
    queue = asyncio.Queue()

    async def fill():
        async for chunk in model.astream(history[:-1]):
            queue.put_nowait(chunk.content)
        queue.put_nowait(None)

    kept.append(asyncio.create_task(fill()))
    history.append(AIMessage(""))
    while (piece := await queue.get()) is not None:
        history[-1] = AIMessage(history[-1].content + piece)
        yield piece


kept = []


def spoilt(before=None, after=None, asked=lambda messages: messages, piece=lambda text: text):
    """The right answer, but for what is asked, yielded, or done to the history around it."""

    async def turn(model, history, question):
        messages = asked([*history, HumanMessage(question)])
        if before:
            before(history)
        try:
            async for text in stream_into(model, messages, history, question):
                if (text := piece(text)) is not None:
                    yield text
        finally:
            if after:
                after(history)

    turn.__name__ = (before or after or asked).__name__
    return turn


def drops_the_oldest(history):
    del history[0]


def notes_the_question_again(history):
    history.append(HumanMessage("Why?"))


def says_more(history):
    history[-1] = AIMessage(history[-1].text + " (stopped)")


def says_more_before(history):
    history[-1] = AIMessage("(stopped) " + history[-1].text)


@wrong("5.turn", "reply empty")
async def the_last_piece_alone(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said = chunk.content
            yield chunk.content
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "reply sent with the question")
async def keeps_a_place_too_early(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for chunk in model.astream(history):
        history[-1].content += chunk.content
        yield chunk.content


@wrong("5.turn", "question stored as a reply")
async def changes_roles(model, history, question):
    said = ""
    try:
        async for chunk in model.astream([*history, HumanMessage(question)]):
            said += chunk.content
            yield chunk.content
    finally:
        history += [AIMessage(question), HumanMessage(said)]


@wrong("5.turn", "loses white space")
async def drops_spaces(model, history, question):
    async for text in stream_into(model, [*history, HumanMessage(question)], history, question):
        if text.strip():
            yield text


def says_otherwise(history):
    history[-1] = AIMessage("All was said.")


def in_reverse(messages):
    return [*messages[-2::-1], messages[-1]]


for mistake, how in (
    ("loses what was before", {"after": drops_the_oldest}),
    ("question stored twice", {"after": notes_the_question_again}),
    ("says more", {"after": says_more}),
    ("says more", {"after": says_more_before}),
    ("another reply stored", {"after": says_otherwise}),
    ("another conversation", {"asked": in_reverse}),
    ("another text", {"piece": str.upper}),
    ("yields the wrong type", {"piece": len}),
    ("another text", {"piece": lambda text: None if "e" in text else text}),
    ("yields nothing", {"piece": lambda text: None}),
    ("loses white space", {"piece": str.strip}),
):
    wrong("5.turn", mistake)(spoilt(**how))


@right("5.turn")
def a_plain_function_around_it(model, history, question):
    return keeps_in_finally(model=model, history=history, question=question)


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


right("5.turn")(Turn())


@asynccontextmanager
async def kept_in(history):
    said = []
    try:
        yield said
    finally:
        history.append(AIMessage("".join(said)))


@right("5.turn")
async def in_a_context_manager(model, history: list, question: str):
    history.append(HumanMessage(question))
    async with kept_in(history) as said, aclosing(model.astream(history[:])) as chunks:
        async for chunk in chunks:
            if text := chunk.text:
                said.append(text)
                yield text


@right("5.turn")
async def by_both_ways_out(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said = said + chunk.content
            yield chunk.content
    except BaseException:
        history.append(AIMessage(said))
        raise
    history.append(AIMessage(said))


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


@wrong("5.turn", "says more", "interrupted")
async def marks_what_was_stopped(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    except BaseException:
        history.append(AIMessage(said + " [interrupted]"))
        raise
    history.append(AIMessage(said))


@wrong("5.turn", "another reply stored")
async def strips_what_it_stores(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content.strip()
            yield chunk.content
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "question not stored")
async def stores_the_reply_alone(model, history, question):
    asked = [*history, HumanMessage(question)]
    async for piece in stream_into(model, asked, history):
        yield piece


@wrong("5.turn", "no message", "`dict`")
async def stores_a_dict(model, history, question):
    history.append({"role": "user", "content": question})
    async for piece in stream_into(model, [*history], history):
        yield piece


@wrong("5.turn", "swallows the cancellation")
async def returns_in_finally(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(AIMessage(said))
        return  # noqa: B012


@wrong("5.turn", "says more", "after the connection was lost contains .*, which was never")
async def shows_the_error(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    except Exception as error:
        said += f" ({error})"
        raise
    finally:
        history.append(AIMessage(said))


@wrong("5.turn", "another text")
async def yields_the_error(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            said += chunk.content
            yield chunk.content
    except Exception:
        yield "Sorry, the connection was lost."
        raise
    finally:
        history.append(AIMessage(said))


everything = []


@wrong("5.turn", "says more")
async def remembers_other_chats(model, history, question):
    history.append(HumanMessage(question))
    try:
        async for chunk in model.astream(history):
            everything.append(chunk.content)
            yield chunk.content
    finally:
        history.append(AIMessage("".join(everything)))


@wrong("5.turn", "changes the model")
async def sets_a_temperature(model, history, question):
    model.temperature = 0
    async for piece in stream_into(model, [*history, HumanMessage(question)], history, question):
        yield piece


@wrong("5.turn", "awaits to a stream")
async def returns_the_stream(model, history, question):
    return keeps_in_finally(model, history, question)


notebook_model = GenericFakeChatModel(messages=iter([]))


@wrong("5.turn", "another model", "`notebook_model`")
async def calls_the_notebooks_model(model, history, question):
    async for piece in stream_into(notebook_model, [HumanMessage(question)], history, question):
        yield piece


@wrong("5.turn", "never awaited")
async def forgets_to_await(model, history, question):
    reply = model.ainvoke([*history, HumanMessage(question)])
    yield reply.content


@wrong("5.turn", "nothing stored", "after its reader left")
async def stores_both_at_the_end(model, history, question):
    said = ""
    async for chunk in model.astream([*history, HumanMessage(question)]):
        said += chunk.content
        yield chunk.content
    history.extend([HumanMessage(question), AIMessage(said)])
