"""Lesson 5's checks: what works passes, however it is written; what doesn't is told apart."""

# ruff: noqa: ASYNC110, ASYNC251, B007, N818, PERF401, UP031 (learners write such code)

import asyncio
import time
from contextlib import aclosing
from difflib import SequenceMatcher
from functools import reduce
from operator import add

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import clinic, evaluate
from utils.checks.lesson_5 import CHECKS
from utils.patience import Stalled
from utils.patience import watched as the_courses_own

# --- 5.1 ------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "turn", by_name(keeps_in_finally, without_aclosing, asks_a_copy, of_a_chain)
)
def test_5_1_accepts(turn):
    right("5.1", turn)


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
    (stores_a_chunk, "`history` holds an `AIMessageChunk`; the exercise asks for"),
    (swallows, "lost in mid-reply, and `turn` ended as if the reply were complete"),
    (swallows_the_cancellation, "cancelled, it came back as if nothing had happened"),
    (collects, r"collected first: all \d+ pieces had come before `turn` yielded"),
    (one_behind, "holds text back: 1 piece was there and not yielded"),
    (yields_chunks, "yields an `AIMessageChunk`; the exercise asks for its text"),
    (yields_all_so_far, "Each piece holds all that came before"),
    (awaits_the_whole, "called with `invoke`, which returns when all"),
    (blocks, "hold up the event loop"),
    (returns_the_text, "hands over a `str`, once, when all is over"),
    (plain, "is a plain generator"),
    (asks_nobody, "never asked the model that it was given"),
    (forgets_what_was_before, "the question alone, and nothing"),
    (reply_first, "the reply stands before its question"),
    (misspelt, "NameError: .*`history.append"),
    (goes_on_after_the_reader, "The reader left, and the stream went on"),
    (spoilt(after=drops_the_oldest), "What stood in `history` before is no longer there"),
    (spoilt(after=notes_the_question_again), "the question stands there 2 times in `history`"),
    (spoilt(after=says_more), "`history` says more than was shown: ` .stopped.` too"),
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


# --- 5.2 ------------------------------------------------------------------------------------------


def by_the_pace(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds:.0f} s"
    if not done:
        return f"0 of {total}"
    left = seconds / done * (total - done)
    return f"{done} of {total}, about {left:.0f} s left"


def by_the_share(done, total, seconds):
    if total is None:
        return f"{done} so far, {round(seconds)} s"
    if done == 0:
        return f"{done} of {total}"
    return f"{done} of {total}, about {round(seconds * total / done - seconds)} s left"


def by_the_error(done, total, seconds):
    try:
        left = (total - done) * seconds / done
    except TypeError:
        return "%d so far, %.0f s" % (done, seconds)
    except ZeroDivisionError:
        return "0 of %d" % total
    return "%d of %d, about %.0f s left" % (done, total, left)


@pytest.mark.parametrize("caption", by_name(by_the_pace, by_the_share, by_the_error))
def test_5_2_accepts(caption):
    right("5.2", caption)


def always_percent(done, total, seconds):
    total = total or 100
    left = seconds / done * (total - done)
    return f"{100 * done / total:.0f} %, about {left:.0f} s left"


def promises(done, total, seconds):
    if total is None:
        return f"{done} of 100, about {seconds:.0f} s left"
    return by_the_pace(done, total, seconds)


def divides_by_nothing(done, total, seconds):
    if total is None:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


def promises_at_once(done, total, seconds):
    return by_the_pace(done, total, seconds) + (", about 0 s left" if total and not done else "")


def knows_every_total(done, total, seconds):
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


def the_whole_job(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * total:.0f} s left"


def what_has_gone(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds:.0f} s left"


def how_many_are_left(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {total - done} s left"


def upside_down(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {done / seconds * (total - done):.0f} s left"


def zero_is_unknown(done, total, seconds):
    return by_the_pace(done, total or None, seconds)


def with_decimals(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done)} s left"


def cuts_off(done, total, seconds):
    return by_the_pace(done, total, int(seconds))


def in_other_words(done, total, seconds):
    return by_the_pace(done, total, seconds).replace("about", "some")


def prints_it(done, total, seconds):
    print(by_the_pace(done, total, seconds))


def says_little(done, total, seconds):
    return "Wait." if total is None else by_the_pace(done, total, seconds)


async def async_caption(done, total, seconds):
    return by_the_pace(done, total, seconds)


WRONG_5_2 = (
    (always_percent, "none of them has a percentage"),
    (promises, "Nobody knows how much there is to come"),
    (divides_by_nothing, "ZeroDivisionError: .*when nothing is done yet"),
    (promises_at_once, "nothing can be said about what is left"),
    (knows_every_total, "TypeError: .*when nobody knows the total"),
    (the_whole_job, "16 s is what the whole job takes, and 4 s of it have gone by"),
    (what_has_gone, "4 s is what has gone by"),
    (how_many_are_left, "30 is how many are left"),
    (upside_down, "How long do the 30 that are left"),
    (zero_is_unknown, "A total of 0 is a known one"),
    (with_decimals, "exercise asks for whole seconds"),
    (cuts_off, "one off: are the seconds rounded"),
    (in_other_words, "The numbers are right, and the docstring words it differently"),
    (prints_it, "returns `None`. The caption is to be returned"),
    (says_little, "Which of the docstring's three forms fits"),
    (async_caption, "is an `async def`"),
)


@pytest.mark.parametrize(("caption", "said"), with_reason(*WRONG_5_2))
def test_5_2_says_what_is_wrong_with_code_that(caption, said):
    wrong("5.2", caption, said)


# --- 5.3 ------------------------------------------------------------------------------------------


def begin(stop, model, prompt):
    """What has been said so far, the task that reads on, and the one that waits for Stop."""
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    return said, asyncio.create_task(read()), asyncio.create_task(stop.wait())


async def first_of(reading, stopping):
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()


async def two_tasks(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    finally:
        reading.cancel()
        stopping.cancel()
    return "".join(said)


async def race_for_each_piece(stop, model, prompt):
    said = ""
    stopping = asyncio.create_task(stop.wait())
    async with aclosing(model.astream(prompt)) as chunks:
        try:
            while True:
                coming = asyncio.create_task(anext(chunks))
                try:
                    await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        return said
                    said += coming.result().content
                except StopAsyncIteration:
                    return said
                finally:
                    if not coming.done():
                        coming.cancel()
                        await asyncio.wait({coming})
        finally:
            stopping.cancel()


async def cancels_itself(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)

    async def end(task):
        await stop.wait()
        task.cancel()

    ending = asyncio.create_task(end(reading))
    try:
        await reading
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        ending.cancel()
        reading.cancel()
    return "".join(said)


async def polls(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    try:
        while not reading.done() and not stop.is_set():
            await asyncio.sleep(0.05)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
    return "".join(said)


async def in_a_group(stop, model, prompt):
    said = []

    async def read():
        async for chunk in model.astream(prompt):
            said.append(chunk.content)

    async def end(task):
        await stop.wait()
        task.cancel()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read())
        ending = group.create_task(end(reading))
        reading.add_done_callback(lambda _: ending.cancel())
    return "".join(said)


@pytest.mark.parametrize(
    "text_until", by_name(two_tasks, race_for_each_piece, cancels_itself, polls, in_a_group)
)
def test_5_3_accepts(text_until):
    right("5.3", text_until)


async def looks_between_chunks(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


async def drains(stop, model, prompt):
    said = ""
    async for chunk in model.astream(prompt):
        if not stop.is_set():
            said += chunk.content
    return said


async def leaves_the_reading_alone(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    return "".join(said)


async def not_when_cancelled(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await first_of(reading, stopping)
    stopping.cancel()
    reading.cancel()
    return "".join(said)


async def loses_what_came(stop, model, prompt):
    async def read():
        return "".join([chunk.content async for chunk in model.astream(prompt)])

    reading = asyncio.create_task(read())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return reading.result() if reading.done() else ""
    finally:
        reading.cancel()


async def returns_none(stop, model, prompt):
    await two_tasks(stop, model, prompt)


async def returns_a_list(stop, model, prompt):
    return [await two_tasks(stop, model, prompt)]


async def returns_a_chunk(stop, model, prompt):
    async for chunk in model.astream(prompt):
        if stop.is_set():
            break
    return chunk


async def swallows_errors(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    return "".join(said)


async def swallows_any_cancellation(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    stopping.add_done_callback(lambda _: reading.cancel())
    try:
        await reading
    except asyncio.CancelledError:
        reading.cancel()
    return "".join(said)


async def gives_up_in_silences(stop, model, prompt):
    said = ""
    chunks = model.astream(prompt)
    while not stop.is_set():
        try:
            said += (await asyncio.wait_for(anext(chunks), 0.7)).content
        except TimeoutError:
            continue
        except StopAsyncIteration:
            break
    return said


async def polls_seldom(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    while not reading.done() and not stop.is_set():
        await asyncio.sleep(3)
    if reading.done():
        reading.result()
    reading.cancel()
    return "".join(said)


async def polls_blocking(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    while not reading.done() and not stop.is_set():
        time.sleep(0.1)
    return "".join(said)


async def streams_blocking(stop, model, prompt):
    said = ""
    for chunk in model.stream(prompt):
        said += chunk.content
        if stop.is_set():
            break
    return said


async def yields_until(stop, model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


def at_once(stop, model, prompt):
    return ""


async def raises_on_stop(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    stopping.add_done_callback(lambda _: reading.cancel())
    await reading
    return "".join(said)


async def fails_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    if stop.is_set():
        raise InterruptedError(text)
    return text


async def nothing_on_stop(stop, model, prompt):
    text = await two_tasks(stop, model, prompt)
    return None if stop.is_set() else text


async def misspelt_too(stop, model, prompt):
    return await text_untill(stop, model, prompt)  # noqa: F821


async def finishes_when_cancelled(stop, model, prompt):
    said, reading, stopping = begin(stop, model, prompt)
    try:
        await first_of(reading, stopping)
    except asyncio.CancelledError:
        await asyncio.wait({reading})
        raise
    finally:
        reading.cancel()
    return "".join(said)


async def changes_the_cancellation(stop, model, prompt):
    try:
        return await two_tasks(stop, model, prompt)
    except asyncio.CancelledError:
        raise RuntimeError("stopped") from None


async def waits_for_stop(stop, model, prompt):
    said, reading, _ = begin(stop, model, prompt)
    await stop.wait()
    reading.cancel()
    return "".join(said)


WRONG_5_3 = (
    (
        looks_between_chunks,
        r"silence before the first piece, and it was heard 2\d.\d s later, when",
    ),
    (drains, r"heard \d+.\d s later, when the reply had ended"),
    (leaves_the_reading_alone, "came back; but the model goes on writing"),
    (not_when_cancelled, "was cancelled, as by Stop or the notebook's ■, and the stream is still"),
    (loses_what_came, "after some pieces. `'The .*` had come, and `''` came back"),
    (returns_none, "returns `None`; the exercise asks for the text"),
    (returns_a_list, "returns a `list` of pieces"),
    (returns_a_chunk, "returns an `AIMessageChunk`; the exercise asks for a text"),
    (swallows_errors, "connection was lost in mid-reply, and `.*` came back as if nothing"),
    (swallows_any_cancellation, "cancelled, it came back as if nothing had happened"),
    (gives_up_in_silences, "Nobody pressed Stop, and .* a silence of 30 s ended the reply"),
    (polls_seldom, r"heard 2.0 s later\.$"),
    (polls_blocking, "never let the event loop go"),
    (streams_blocking, "hold up the event loop"),
    (yields_until, "async generator"),
    (at_once, "can't be awaited"),
    (raises_on_stop, "CancelledError"),
    (fails_on_stop, "InterruptedError.*when Stop was pressed in the silence"),
    (nothing_on_stop, "and `None` came back; the exercise asks for the text so far"),
    (misspelt_too, "NameError: .*text_untill"),
    (finishes_when_cancelled, r"was cancelled, and \d+.\d+ s later it was still at work"),
    (changes_the_cancellation, "was cancelled, a `RuntimeError` came out in place"),
    (waits_for_stop, "waits for something that never comes"),
)


@pytest.mark.parametrize(("text_until", "said"), with_reason(*WRONG_5_3))
def test_5_3_says_what_is_wrong_with_code_that(text_until, said):
    wrong("5.3", text_until, said)


# --- 5.4 ------------------------------------------------------------------------------------------


async def waits_for_each(stream, seconds):
    try:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                break
            yield chunk
    except TimeoutError as error:
        raise Stalled from error
    finally:
        await stream.aclose()


async def a_task_for_each(stream, seconds):
    coming = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                raise Stalled
            if coming.result() is None:
                return
            yield coming.result()
    finally:
        if coming and not coming.done():
            coming.cancel()
            await asyncio.wait({coming})
        await stream.aclose()


async def a_class_of_its_own(stream, seconds):
    class Stalled(RuntimeError):
        pass

    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream, ...), seconds)
            except TimeoutError:
                raise Stalled("too long") from None
            if chunk is ...:
                return
            yield chunk


@pytest.mark.parametrize(
    "watched", by_name(the_courses_own, waits_for_each, a_task_for_each, a_class_of_its_own)
)
def test_5_4_accepts(watched):
    right("5.4", watched)


async def one_for_all(stream, seconds):
    try:
        async with aclosing(stream), asyncio.timeout(seconds):
            async for chunk in stream:
                yield chunk
    except TimeoutError:
        raise Stalled from None


async def counts_the_reader(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout(seconds):
                    yield await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Stalled from None


async def looks_at_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async with aclosing(stream):
        async for chunk in stream:
            if loop.time() - last > seconds:
                raise Stalled
            yield chunk
            last = loop.time()


async def not_before_the_first(stream, seconds):
    async with aclosing(stream):
        first = await anext(stream, None)
        if first is None:
            return
        yield first
        async for chunk in the_courses_own(stream, seconds):
            yield chunk


async def ends_quietly(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        return


async def lets_the_timeout_out(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                return
            yield chunk


async def leaves_it_open(stream, seconds):
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Stalled from None
        yield chunk


async def leaves_the_task(stream, seconds):
    while True:
        coming = asyncio.ensure_future(anext(stream, None))
        done, _ = await asyncio.wait({coming}, timeout=seconds)
        if not done:
            raise Stalled
        if coming.result() is None:
            return
        yield coming.result()


async def calls_all_errors_a_stall(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Exception:
        raise Stalled from None


async def swallows_the_loss(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except Stalled:
        raise
    except Exception:
        pass


async def collects_chunks(stream, seconds):
    chunks = [chunk async for chunk in the_courses_own(stream, seconds)]
    for chunk in chunks:
        yield chunk


async def forgets_the_end(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except TimeoutError:
                raise Stalled from None
            yield chunk


async def passes_texts(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.content


async def drops_the_empty(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        if chunk.content:
            yield chunk


async def returns_the_chunks(stream, seconds):
    return [chunk async for chunk in the_courses_own(stream, seconds)]


async def tries_again(stream, seconds):
    async with aclosing(stream):
        while True:
            coming = asyncio.ensure_future(anext(stream, None))
            while not coming.done():
                await asyncio.wait({coming}, timeout=seconds)
            if coming.result() is None:
                return
            yield coming.result()


async def watches_half_of_it(stream, seconds):
    async for chunk in the_courses_own(stream, seconds / 2):
        yield chunk


async def takes_double(stream, seconds):
    async for chunk in the_courses_own(stream, 2 * seconds):
        yield chunk


async def swallows_cancelling(stream, seconds):
    try:
        async for chunk in the_courses_own(stream, seconds):
            yield chunk
    except asyncio.CancelledError:
        return


async def counts_by_the_clock(stream, seconds):
    loop = asyncio.get_running_loop()
    last = loop.time()
    async for chunk in the_courses_own(stream, seconds):
        if loop.time() - last > seconds:
            raise Stalled
        last = loop.time()
        yield chunk


async def one_limit_and_no_word(stream, seconds):
    async with aclosing(stream), asyncio.timeout(seconds):
        async for chunk in stream:
            yield chunk


async def changes_chunks(stream, seconds):
    async for chunk in the_courses_own(stream, seconds):
        yield chunk.model_copy(update={"content": chunk.content.upper() + "!"})


async def yields_nothing(stream, seconds):
    async for _ in the_courses_own(stream, seconds):
        pass
    return
    yield


WRONG_5_4 = (
    (one_for_all, "`Stalled` was raised 2.0 s after the beginning. Does each piece"),
    (counts_the_reader, "cancelled the task that reads it.*reader's own time"),
    (looks_at_the_clock, "`Stalled` came after 30.0 s in place of 2. Is the clock"),
    (not_before_the_first, "silent before the first piece, and `watched` reads on"),
    (ends_quietly, "silent before the first piece, and `watched` ends, and it looks as if"),
    (lets_the_timeout_out, "`TimeoutError` comes out; the exercise asks for `Stalled`"),
    (leaves_it_open, "The reader has left, and the stream is still open"),
    (leaves_the_task, "`Stalled` is raised, and the stream is still open"),
    (calls_all_errors_a_stall, "error of its own, and a `Stalled` came out"),
    (swallows_the_loss, "error of its own, and nothing was raised"),
    (collects_chunks, r"holds back what comes: .* was yielded \d.\d s after it came"),
    (forgets_the_end, "RuntimeError: .*when the stream had ended"),
    (passes_texts, "yields a `str` where a chunk came"),
    (drops_the_empty, "5 chunks came, and 4 were passed on: one without text counts too"),
    (returns_the_chunks, "hands over a `list`, once"),
    (tries_again, "reads on as if all were well"),
    (watches_half_of_it, "`Stalled` was raised 1.0 s after the beginning"),
    (takes_double, r"`Stalled` came after 4.0 s in place of 2\.$"),
    (swallows_cancelling, "cancelled, it came back as if nothing"),
    (counts_by_the_clock, "the reader takes 5 s for each piece, and `Stalled` was raised"),
    (one_limit_and_no_word, "No silence is longer than 1.9 s, and `TimeoutError` came out after"),
    (changes_chunks, "5 chunks came, and what `watched` yields are 5 others"),
    (yields_nothing, "`watched` yields nothing"),
)


@pytest.mark.parametrize(("watched", "said"), with_reason(*WRONG_5_4))
def test_5_4_says_what_is_wrong_with_code_that(watched, said):
    wrong("5.4", watched, said)


# --- 5.5 ------------------------------------------------------------------------------------------


async def until_something_is_shown(models, prompt):
    for model in models:
        shown = False
        try:
            async for chunk in model.astream(prompt):
                if chunk.content:
                    shown = True
                    yield chunk.content
            return
        except Exception:
            if shown or model is models[-1]:
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
    "first_that_answers", by_name(until_something_is_shown, keeps_the_error, calls_itself)
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
    (langchains_own, "failed after its empty first chunk, its error came out"),
    (counts_the_role, "failed after its empty first chunk, its error came out"),
    (asks_all, "The first model answers, and model 2 was asked all the same"),
    (catches_all, "task was cancelled while the first model was silent, and model 2 was asked"),
    (raises_what_it_should_not, "failed at once, its error came out"),
    (the_first_alone, "failed at once, its error came out, though another model"),
    (the_same_again, "model 1 was asked 2 times; the exercise asks for the next"),
    (an_error_of_its_own, "RuntimeError: Nobody answered.*when no model answered"),
    (the_first_error, "the error that came out is .*the first one's.*the last model's was"),
    (every_reply, "The first model answers, and model 2 was asked all the same"),
    (whole_chunks, "yields an `AIMessageChunk`"),
    (gives_up, "failed at once, no other model was asked"),
    (adds_a_notice, "by the model, and the reader got `The .* .interrupted.`"),
    (has_no_patience, "ended by itself in a silence in which nobody had stopped it yet"),
    (by_invoke, "called with `invoke`"),
)


@pytest.mark.parametrize(("first_that_answers", "said"), with_reason(*WRONG_5_5))
def test_5_5_says_what_is_wrong_with_code_that(first_that_answers, said):
    wrong("5.5", first_that_answers, said)


# --- 5.6 ------------------------------------------------------------------------------------------


def longest_first(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def from_the_left(partial, more):
    for at in range(len(partial) + 1):
        if more.startswith(partial[at:]):
            return partial + more[len(partial) - at :]
    raise AssertionError


def largest_of_all(partial, more):
    sizes = [size for size in range(len(more) + 1) if partial.endswith(more[:size])]
    return partial + more[max(sizes) :]


def first_shorter(partial, more):
    rest = partial[-len(more) :] if more else ""
    while not more.startswith(rest):
        rest = rest[1:]
    return partial + more.removeprefix(rest)


@pytest.mark.parametrize(
    "seam", by_name(longest_first, from_the_left, largest_of_all, first_shorter)
)
def test_5_6_accepts(seam):
    right("5.6", seam)


def adds(partial, more):
    return partial + more


def shortest_first(partial, more):
    for size in range(1, min(len(partial), len(more)) + 1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def replaces(partial, more):
    return partial + more.replace(partial, "")


def strips_letters(partial, more):
    return partial + more.lstrip(partial)


def removes_a_whole(partial, more):
    return partial + more.removeprefix(partial)


def by_words(partial, more):
    words, others = partial.split(), more.split()
    for size in range(min(len(words), len(others)), 0, -1):
        if words[-size:] == others[:size]:
            return " ".join(words + others[size:])
    return partial + more


def strips_spaces(partial, more):
    return longest_first(partial.strip(), more.strip())


def from_two_letters(partial, more):
    for size in range(min(len(partial), len(more)), 1, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def anywhere(partial, more):
    same = SequenceMatcher(None, partial, more, autojunk=False).find_longest_match()
    return partial[: same.a] + more[same.b :]


def misses_the_whole(partial, more):
    for size in range(min(len(partial), len(more)) - 1, 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def drops_two_letters(partial, more):
    return partial + more[2:]


def drops_one_more(partial, more):
    joined = longest_first(partial, more)
    return joined if joined == partial + more else partial + joined[len(partial) + 2 :]


def gives_a_pair(partial, more):
    return partial, more


async def async_seam(partial, more):
    return longest_first(partial, more)


def trips_over_empty(partial, more):
    assert partial[-1]
    return longest_first(partial, more)


WRONG_5_6 = (
    (adds, "`'stops at'` stands there twice"),
    (shortest_first, "Some of what is repeated still stands there twice"),
    (replaces, "`'stops at'` stands there twice"),
    (strips_letters, "Spaces and line ends belong"),
    (removes_a_whole, "`'stops at'` stands there twice"),
    (by_words, "`'sto'` stands there twice"),
    (strips_spaces, "Spaces and line ends belong"),
    (from_two_letters, "A single letter that is repeated counts too"),
    (anywhere, "first text should stand there unchanged"),
    (misses_the_whole, "stands there twice"),
    (drops_two_letters, "doesn't begin as the first one ends, and still lost something"),
    (drops_one_more, "More of the second text is gone than it repeats"),
    (gives_a_pair, "returns a `tuple`; the exercise asks for a text"),
    (async_seam, "is an `async def`"),
    (trips_over_empty, "IndexError: .*for `seam"),
)


@pytest.mark.parametrize(("seam", "said"), with_reason(*WRONG_5_6))
def test_5_6_says_what_is_wrong_with_code_that(seam, said):
    wrong("5.6", seam, said)


# --- 5.7 ------------------------------------------------------------------------------------------

TRUTH = {"A": "doubled", "B": "cut off", "C": "healthy", "D": "lost"}


@pytest.fixture
def lesson(monkeypatch):
    """The lesson's own solution, which may still be in the making."""
    monkeypatch.setattr(clinic.source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


def test_5_7_accepts_the_diagnosis(lesson):
    right("5.7", TRUTH)
    right("5.7", {name: said.upper() for name, said in TRUTH.items()})


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("A", "healthy", "A isn't healthy. How often does its first sentence"),
        ("A", "lost", "A isn't where text was lost on the way. Compare the length"),
        ("A", "cut off", "A wasn't cut off. .*somebody did say"),
        ("B", "healthy", "B isn't healthy. Look at its finish reason"),
        ("B", "doubled", "B shows nothing twice. How many requests"),
        ("B", "lost", "B isn't where text was lost on the way. Did it ask again"),
        ("C", "doubled", "C shows nothing twice. Two requests are not yet two texts"),
        ("C", "lost", "C isn't where text was lost on the way. Compare the length"),
        ("C", "cut off", "C wasn't cut off. .*somebody did say"),
        ("D", "healthy", "D isn't healthy. Compare the length"),
        ("D", "doubled", "D shows nothing twice. .*Compare the length"),
        ("D", "cut off", "D wasn't cut off. .*what is missing isn't the end"),
        ("D", "tired", "isn't one of the four: `'healthy'`, `'doubled'`, `'lost'`, `'cut off'`"),
        ("D", ..., "No diagnosis yet for D"),
    ],
)
def test_5_7_points_at_the_evidence(lesson, name, given, said):
    wrong("5.7", TRUTH | {name: given}, said)


def test_5_7_wants_a_dict(lesson):
    wrong("5.7", list(TRUTH.values()), "is a dict with `'A'`, `'B'`, `'C'`, `'D'` as keys")


# --- Any answer at all ----------------------------------------------------------------------------

FUNCTIONS = [number for number in CHECKS if number != "5.7"]


async def never_ends(*args):
    while True:
        yield "on and on "


async def spins(*args):
    while True:
        await asyncio.sleep(0)
    yield ""


async def takes_nothing():
    yield ""


async def gives_up(*args):
    raise SystemExit("enough")
    yield ""


async def gives_up_at_once(*args):
    raise SystemExit("enough")


@pytest.mark.parametrize("number", FUNCTIONS)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        3,
        [],
        {"A": 1},
        object(),
        Exception,
        print,
        never_ends,
        spins,
        takes_nothing,
        gives_up,
        gives_up_at_once,
    ],
    ids=str,
)
def test_whatever_is_handed_in_gets_a_sentence(number, answer):
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet"
    assert len(outcome.message.split()) > 4


@pytest.mark.parametrize("number", CHECKS)
def test_what_nobody_touched_is_not_attempted(number):
    assert evaluate(number, ...).status == "not attempted"
