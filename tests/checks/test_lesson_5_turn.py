"""Exercise 5.1's check: a turn that works passes; what doesn't is told apart."""

import asyncio
from contextlib import aclosing
from functools import reduce
from operator import add

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from tests.checks.verdict import by_name, right, with_reason, wrong


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


async def asks_a_copy(model, history, question):
    asked = HumanMessage(content=question)
    whole = None
    try:
        async for chunk in model.astream([*history, asked]):
            whole = chunk if whole is None else whole + chunk
            yield chunk.text
    finally:
        history.extend([asked, AIMessage(whole.text if whole else "")])


async def of_a_chain(model, history, question):
    history.append(HumanMessage(question))
    history.append(AIMessage(""))
    async for text in (model | StrOutputParser()).astream(history[:-1]):
        history[-1] = AIMessage(history[-1].content + text)
        yield text


async def stores_the_sum(model, history, question):
    history.append(HumanMessage(question))
    whole = AIMessageChunk("")
    try:
        async for chunk in model.astream(list(history)):
            whole += chunk
            yield chunk.text
    finally:
        history.append(whole)


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


@pytest.mark.parametrize(
    "turn",
    by_name(
        keeps_in_finally,
        without_aclosing,
        asks_a_copy,
        of_a_chain,
        stores_the_sum,
        stores_what_there_is,
    ),
)
def test_5_1_accepts(turn):
    right("5.1", turn)


async def stores_the_sum_of_what_came(model, history, question):
    history.append(HumanMessage(question))
    total = None
    try:
        async for chunk in model.astream(list(history)):
            total = chunk if total is None else total + chunk
            yield chunk.text
    finally:
        history.append(AIMessage(total.text) if total else None)


async def stores_at_the_end(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    async for chunk in model.astream(history):
        said += chunk.content
        yield chunk.content
    history.append(AIMessage(said))


async def adds_after_the_yield(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(history):
            yield chunk.content
            said += chunk.content
    finally:
        history.append(AIMessage(said))


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


def asks_the_question_alone(model, history, question):
    return stream_into(model, question, history, question)


def asks_before_it_is_there(model, history, question):
    return stream_into(model, list(history), history, question)


def asks_twice_over(model, history, question):
    asked = [*history, HumanMessage(question), HumanMessage(question)]
    return stream_into(model, asked, history, question)


async def a_new_list(model, history, question):
    history = [*history, HumanMessage(question)]
    async for piece in stream_into(model, history, history):
        yield piece


async def every_piece_a_message(model, history, question):
    history.append(HumanMessage(question))
    async for chunk in model.astream(list(history)):
        history.append(AIMessage(chunk.content))
        yield chunk.content


async def stores_it_twice(model, history, question):
    async for piece in stream_into(model, [*history, HumanMessage(question)], history, question):
        yield piece
    history.append(AIMessage("again"))


async def stores_a_text(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(said)


async def stores_a_chunk(model, history, question):
    history.append(HumanMessage(question))
    chunks = []
    async for chunk in model.astream(list(history)):
        chunks.append(chunk)
        yield chunk.content
    history.append(reduce(add, chunks))


async def stores_it_as_the_readers(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(HumanMessage(said))


async def swallows(model, history, question):
    try:
        async for piece in stream_into(
            model, [*history, HumanMessage(question)], history, question
        ):
            yield piece
    except Exception:
        pass


async def swallows_the_cancellation(model, history, question):
    asked = [*history, HumanMessage(question)]
    try:
        async for piece in stream_into(model, asked, history, question):
            yield piece
    except asyncio.CancelledError:
        return


async def collects(model, history, question):
    history.append(HumanMessage(question))
    pieces = [chunk.content async for chunk in model.astream(history)]
    history.append(AIMessage("".join(pieces)))
    for piece in pieces:
        yield piece


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


async def yields_chunks(model, history, question):
    history.append(HumanMessage(question))
    async for chunk in model.astream(history):
        yield chunk


async def yields_all_so_far(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    async for chunk in model.astream(history):
        said += chunk.content
        if chunk.content:
            yield said


async def awaits_the_whole(model, history, question):
    history.append(HumanMessage(question))
    reply = await model.ainvoke(history)
    history.append(reply)
    yield reply.content


async def blocks(model, history, question):
    history.append(HumanMessage(question))
    for chunk in model.stream(history):
        yield chunk.content


async def returns_the_text(model, history, question):
    return "".join([chunk.content async for chunk in model.astream(question)])


def plain(model, history, question):
    for chunk in model.stream(history):
        yield chunk.content


async def asks_nobody(model, history, question):
    history.append(HumanMessage(question))
    yield "Hello."


async def forgets_what_was_before(model, history, question):
    history[:] = [HumanMessage(question)]
    async for piece in stream_into(model, list(history), history):
        yield piece


async def reply_first(model, history, question):
    asked = [*history, HumanMessage(question)]
    try:
        async for piece in stream_into(model, asked, history):
            yield piece
    finally:
        history.append(HumanMessage(question))


async def misspelt(model, history, question):
    history.append(HumanMesage(question))  # noqa: F821
    yield ""


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


async def the_last_piece_alone(model, history, question):
    history.append(HumanMessage(question))
    said = ""
    try:
        async for chunk in model.astream(list(history)):
            said = chunk.content
            yield chunk.content
    finally:
        history.append(AIMessage(said))


async def keeps_a_place_too_early(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async for chunk in model.astream(history):
        history[-1].content += chunk.content
        yield chunk.content


async def changes_roles(model, history, question):
    said = ""
    try:
        async for chunk in model.astream([*history, HumanMessage(question)]):
            said += chunk.content
            yield chunk.content
    finally:
        history += [AIMessage(question), HumanMessage(said)]


async def drops_spaces(model, history, question):
    async for text in stream_into(model, [*history, HumanMessage(question)], history, question):
        if text.strip():
            yield text


def says_otherwise(history):
    history[-1] = AIMessage("All was said.")


def in_reverse(messages):
    return [*messages[-2::-1], messages[-1]]


WRONG_5_1 = (
    (stores_at_the_end, "left with 3 pieces, `history` has the question and no reply, though `The"),
    (adds_after_the_yield, "left with 3 pieces, .* lacks its end, .*When is a piece added"),
    (on_leaving_alone, "After a Stop while it waited for a piece, .*no reply"),
    (on_stop_alone, "After a lost connection, .*no reply"),
    (forgets_the_question, "question isn't among the 2 messages that the model saw"),
    (asks_before_it_is_there, "question isn't among the 2 messages"),
    (asks_the_question_alone, "the question alone, and nothing of what was said"),
    (asks_twice_over, "saw the question twice"),
    (a_new_list, "the list `history` is as it was"),
    (every_piece_a_message, r"`history` has \d+ replies to one question"),
    (stores_it_twice, "`history` has 2 replies to one question"),
    (stores_a_text, "`history` holds a `str`; the exercise asks for"),
    (stores_a_chunk, "left with 3 pieces, `history` has the question and no reply"),
    (stores_it_as_the_readers, "After a whole reply, the reply is stored as a `HumanMessage`"),
    (swallows, "lost in mid-reply, and `turn` ended as if the reply were complete"),
    (swallows_the_cancellation, "cancelled, it came back as if nothing had happened"),
    (collects, r"collected first: all \d+ pieces had come before `turn` yielded"),
    (one_behind, "holds text back: 1 piece was there and not yielded"),
    (yields_chunks, "`turn` yields chunks; the exercise asks for their text"),
    (yields_all_so_far, "Each piece holds all that came before"),
    (awaits_the_whole, "called with `ainvoke`, which returns when all"),
    (stores_the_sum_of_what_came, "lost before the first chunk, `history` holds .*None"),
    (blocks, "hold up the event loop"),
    (returns_the_text, "hands over a `str`, once, when all is over"),
    (plain, "is a plain generator"),
    (asks_nobody, "never asked the model that it was given"),
    (forgets_what_was_before, "the question alone, and nothing"),
    (reply_first, "the reply stands before its question"),
    (misspelt, "NameError: .*`history.append"),
    (goes_on_after_the_reader, "The reader left, and the stream went on"),
    (spoilt(after=drops_the_oldest), "What stood in `history` before is no longer there"),
    (spoilt(after=notes_the_question_again), "the question stands there twice in `history`"),
    (spoilt(after=says_more), "`history` says more than was shown: ` .stopped.` too"),
    (spoilt(after=says_more_before), "`history` says more than was shown: `.stopped. ` too"),
    (drops_spaces, "The text isn't that of the reply. It parts from the reply at"),
    (the_last_piece_alone, "was shown, and the reply in `history` is empty"),
    (keeps_a_place_too_early, "the model saw isn't the question but an `AIMessage`"),
    (changes_roles, "After a whole reply, the question is stored as an `AIMessage`"),
    (spoilt(after=says_otherwise), "was shown, and `history` says `All was said.`"),
    (spoilt(asked=in_reverse), "The model saw 3 messages, .*in order, and then the question"),
    (spoilt(piece=str.upper), "The text isn't that of the reply. It parts from the reply at"),
    (spoilt(piece=len), "yields an `int`; the exercise asks for text"),
    (spoilt(piece=lambda text: None if "you" in text else text), "The end of the reply is missing"),
    (fills_a_queue, "The reader has left, and the model goes on writing"),
)


@pytest.mark.parametrize(("turn", "said"), with_reason(*WRONG_5_1))
def test_5_1_says_what_is_wrong_with_code_that(turn, said):
    wrong("5.1", turn, said)
