"""The checks of lesson 5's capstone: what works passes, and what doesn't is told apart."""

# ruff: noqa: B023 (learners write such code)

import asyncio
from contextlib import aclosing
from functools import partial, reduce
from operator import add

import pytest
from jiter import from_json
from langchain_core.messages import AIMessage, ToolMessage, message_chunk_to_message
from langchain_core.output_parsers import JsonOutputParser
from pydantic import BaseModel

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks.streams import ConnectionLost
from utils.patience import Stalled, watched
from utils.widgets import Status

# --- 5.8 ------------------------------------------------------------------------------------------


async def in_a_loop(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async with aclosing(model.bind_tools(tools).astream(messages)) as chunks:
            async for chunk in chunks:
                whole = chunk if whole is None else whole + chunk
                yield chunk
        if whole is None or whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


async def calls_itself(model, tools, messages):
    yield Status("Thinking")
    chunks = []
    async for chunk in model.bind_tools(tools).astream(messages):
        chunks.append(chunk)
        yield chunk
    whole = reduce(add, chunks)
    if whole.response_metadata.get("finish_reason") == "tool_calls":
        results = []
        for call in whole.tool_calls:
            yield Status("Tool call", f"{call['name']}({call['args']})")
            (tool,) = [tool for tool in tools if tool.name == call["name"]]
            content = await tool.ainvoke(call["args"])
            results.append(ToolMessage(content, tool_call_id=call["id"]))
        async for piece in calls_itself(model, tools, [*messages, whole, *results]):
            yield piece


async def all_tools_at_once(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    model, asked = model.bind_tools(tools), list(messages)
    wanted = True
    while wanted:
        yield Status("Thinking", "about it")
        whole, finish = None, None
        async for chunk in model.astream(asked):
            if whole is None:
                whole = chunk
            else:
                whole += chunk
                finish = chunk.response_metadata.get("finish_reason", finish)
            if chunk.content or chunk.response_metadata:
                yield chunk
        wanted = finish == "tool_calls"
        if wanted:
            for call in whole.tool_calls:
                yield Status("Tool call", call["name"])
            runs = [by_name[call["name"]].ainvoke(call) for call in whole.tool_calls]
            asked += [message_chunk_to_message(whole), *await asyncio.gather(*runs)]
            yield Status("Answer")


@pytest.mark.parametrize("answer", by_name(in_a_loop, calls_itself, all_tools_at_once))
def test_5_8_accepts(answer):
    right("5.8", answer)


def built(
    *,
    wanted=lambda whole: whole.response_metadata.get("finish_reason") == "tool_calls",
    own=lambda whole: [message_chunk_to_message(whole)],
    run=lambda tool, call: tool.ainvoke(call),
    piece=lambda chunk: [chunk],
    copy=list,
    bind=lambda model, tools: model.bind_tools(tools),
    thinking=lambda: [Status("Thinking")],
    calling=lambda call: [Status("Tool call", call["name"])],
    rounds=10,
):
    """The right answer with one part of it exchanged."""

    async def answer(model, tools, messages):
        by_name = {tool.name: tool for tool in tools}
        messages = copy(messages)
        for _ in range(rounds):
            for news in thinking():
                yield news
            whole = None
            async for chunk in bind(model, tools).astream(messages):
                whole = chunk if whole is None else whole + chunk
                for part in piece(chunk):
                    yield part
            if not wanted(whole):
                return
            messages.extend(own(whole))
            for call in whole.tool_calls:
                for news in calling(call):
                    yield news
                result = await run(by_name[call["name"]], call)
                if result is not None:
                    messages.append(result)

    return answer


async def nothing_back(tool, call):
    await tool.ainvoke(call)


async def a_message_of_its_own(tool, call):
    return AIMessage(await tool.ainvoke(call["args"]))


async def another_id(tool, call):
    return ToolMessage(await tool.ainvoke(call["args"]), tool_call_id="1")


async def no_result(tool, call):
    await tool.ainvoke(call)
    return ToolMessage("done", tool_call_id=call["id"])


async def twice(tool, call):
    await tool.ainvoke(call)
    return await tool.ainvoke(call)


async def status_after_the_tool(model, tools, messages):
    late = built(calling=lambda call: [])
    async for piece in late(model, tools, messages):
        yield piece
        if getattr(piece, "stage", "") == "Thinking":
            yield Status("Tool call", "order_status")


async def status_when_it_speaks(model, tools, messages):
    told = False
    async for piece in built(thinking=list)(model, tools, messages):
        if not told:
            yield Status("Thinking")
            told = True
        yield piece


async def runs_it_and_then_says_so(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    while True:
        yield Status("Thinking")
        whole = None
        async for chunk in model.bind_tools(tools).astream(messages):
            whole = chunk if whole is None else whole + chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            messages.append(await by_name[call["name"]].ainvoke(call))
            yield Status("Tool call", call["name"])


async def collects_the_reply(model, tools, messages):
    pieces = [piece async for piece in in_a_loop(model, tools, messages)]
    for piece in pieces:
        yield piece


async def collects_all_but_news(model, tools, messages):
    chunks = []
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            yield piece
        else:
            chunks.append(piece)
    for chunk in chunks:
        yield chunk


async def holds_until_it_knows(model, tools, messages):
    by_name = {tool.name: tool for tool in tools}
    messages = list(messages)
    tried = False
    while True:
        yield Status("Thinking")
        chunks = []
        async for chunk in model.bind_tools(tools).astream(messages):
            chunks.append(chunk)
            if not tried and len(messages) == 2 and chunk.content.startswith("I'll"):
                tried = True
            if not tried:
                yield chunk
        if tried:
            for chunk in chunks:
                yield chunk
        whole, tried = reduce(add, chunks), False
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(message_chunk_to_message(whole))
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(await by_name[call["name"]].ainvoke(call))


async def swallows_the_loss(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except Exception:
        return


async def swallows_cancelling(model, tools, messages):
    try:
        async for piece in in_a_loop(model, tools, messages):
            yield piece
    except asyncio.CancelledError:
        return


async def asks_by_invoke(model, tools, messages):
    yield Status("Thinking")
    yield await model.bind_tools(tools).ainvoke(messages)


async def blocks(model, tools, messages):
    yield Status("Thinking")
    for chunk in model.bind_tools(tools).stream(messages):
        yield chunk


async def returns_text(model, tools, messages):
    return "".join([chunk.text async for chunk in model.astream(messages)])


async def runs_all_tools_first(model, tools, messages):
    await asyncio.gather(*(tool.ainvoke({"order": 1, "day": "Friday"}) for tool in tools))
    async for piece in in_a_loop(model, tools, messages):
        yield piece


async def yields_nothing(model, tools, messages):
    async for _ in in_a_loop(model, tools, messages):
        pass
    return
    yield


async def stops_after_the_tools(model, tools, messages):
    news = 0
    async for piece in in_a_loop(model, tools, messages):
        news += isinstance(piece, Status)
        if news == 3:
            return
        yield piece


async def thinks_once(model, tools, messages):
    thought = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") == "Thinking":
            if thought:
                continue
            thought = True
        yield piece


async def thinks_late(model, tools, messages):
    late = False
    async for piece in in_a_loop(model, tools, messages):
        if getattr(piece, "stage", "") == "Thinking" and not late:
            late = True
        elif getattr(piece, "stage", "") == "Thinking":
            continue
        elif late == "told":
            yield Status("Thinking")
            late = True
        elif getattr(piece, "stage", "") == "Tool call":
            late = "told"
        yield piece


async def shows_the_first_reply(model, tools, messages):
    told = False
    async for piece in in_a_loop(model, tools, messages):
        told = told or getattr(piece, "stage", "") == "Tool call"
        if not told or isinstance(piece, Status):
            yield piece


def asking(change):
    """The right answer, but that the second asking sees other messages."""

    class Asks:
        def __init__(self, model):
            self.model = model

        def bind_tools(self, tools):
            return Asks(self.model.bind_tools(tools))

        def astream(self, messages):
            return self.model.astream(change(list(messages)) if len(messages) > 2 else messages)

    async def answer(model, tools, messages):
        async for piece in in_a_loop(Asks(model), tools, messages):
            yield piece

    return answer


def half_of_the_calls(messages):
    messages[2] = messages[2].model_copy(update={"tool_calls": messages[2].tool_calls[:1]})
    return messages


async def goes_on_in_the_background(model, tools, messages):
    async for piece in goes_on_with(in_a_loop(model, tools, messages)):
        yield piece


kept = []


async def yields_dicts(model, tools, messages):
    yield {"status": "Thinking"}


WRONG_5_8 = (
    (built(wanted=lambda whole: whole.tool_calls), "cut off by a limit on its length was executed"),
    (
        built(wanted=lambda whole: whole.response_metadata.get("finish_reason") != "stop"),
        r"was executed all the same: `order_status\(47\)`",
    ),
    (built(wanted=lambda whole: False), "asked for a tool, and it never ran. In which chunk"),
    (built(rounds=2), "asked for another, and that never ran"),
    (built(own=lambda whole: []), "a result and not its own message that asks for it"),
    (built(run=nothing_back), "saw its call and no `ToolMessage` with the result"),
    (built(run=a_message_of_its_own), "no `ToolMessage` with the result"),
    (built(run=another_id), "ids `call-order_status`, and the results carry as `tool_call_id` `1`"),
    (built(run=no_result), "A tool's result was lost: its message says `done`"),
    (built(run=twice), "asked for `order_status`, and what ran is `order_status, order_status`"),
    (
        built(piece=lambda chunk: [chunk.content]),
        "yields text, .*The exercise asks for the chunk",
    ),
    (built(piece=lambda chunk: [chunk] * bool(chunk.content)), "No chunk .* has a finish reason"),
    (built(piece=lambda chunk: []), "`answer` yields no text at all"),
    (built(copy=lambda messages: messages), "had 2 messages and now has 4"),
    (built(bind=lambda model, tools: model), "asked without its tools"),
    (built(thinking=list), "The first that comes is an `AIMessageChunk`, after 0.1 s"),
    (built(thinking=lambda: [Status("Answer")]), "The first status is `Answer`"),
    (built(calling=lambda call: []), 'A `Status` with "Tool call" came 0 times, and a tool ran'),
    (built(calling=lambda call: [Status("Tool call")]), "No status of a tool call names"),
    (status_when_it_speaks, "The first status comes after 0.1 s"),
    (runs_it_and_then_says_so, "status of `order_status` came 1.0 s after the tool had begun"),
    (collects_the_reply, r"The first status comes after \d.\d s"),
    (collects_all_but_news, r"collected first: all \d+ pieces"),
    (holds_until_it_knows, "holds text back when tools are wanted: `I'll `"),
    (swallows_the_loss, "lost in mid-reply, and `answer` ended without an error"),
    (swallows_cancelling, "cancelled, it came back as if nothing had happened"),
    (asks_by_invoke, "yields an `AIMessage`; the exercise asks for `Status` and chunks"),
    (blocks, "hold up the event loop"),
    (returns_text, "hands over a `str`, once"),
    (runs_all_tools_first, "The first status comes after 1.0 s"),
    (yields_nothing, "`answer` yields nothing"),
    (stops_after_the_tools, "The tool ran, and the model wasn't asked again"),
    (shows_the_first_reply, "the reply after it isn't what comes out at the end"),
    (thinks_once, 'asked 2 times, and for 1 of them a `Status` said "Thinking"'),
    (thinks_late, '`Status."Thinking".` came 0.1 s later; it should come before the waiting'),
    (asking(lambda seen: seen[:2]), "saw what it saw the first time: neither its own call nor"),
    (asking(lambda seen: seen[2:]), "didn't see the conversation from its beginning"),
    (asking(lambda seen: [*seen[:3], *seen[2:]]), "saw 2 messages of its own for one reply"),
    (asking(lambda seen: [*seen[:2], *seen[:1:-1]]), "result stood before the message that asks"),
    (asking(half_of_the_calls), "made 2 calls; its own message, the second time, has 1"),
    (goes_on_in_the_background, "The reader has left, and the model goes on writing"),
    (yields_dicts, "yields a `dict`; the exercise asks for `Status` and chunks"),
)


@pytest.mark.parametrize(("answer", "said"), with_reason(*WRONG_5_8))
def test_5_8_says_what_is_wrong_with_code_that(answer, said):
    wrong("5.8", answer, said)


# --- 5.9 ------------------------------------------------------------------------------------------


class Ticket(BaseModel):
    name: str
    order: int
    problem: str


def request(conversation):
    return f"Make a ticket as a JSON object. {conversation}"


async def by_jiter(model, conversation):
    text, finish = "", None
    async with aclosing(model.astream(request(conversation))) as chunks:
        async for chunk in chunks:
            text += chunk.content
            finish = chunk.response_metadata.get("finish_reason", finish)
            if text:
                yield from_json(text.encode(), partial_mode="trailing-strings")
    if finish != "stop":
        raise ValueError(f"The ticket is not complete: finish reason {finish}.")
    yield Ticket.model_validate_json(text)


async def by_the_parser(model, conversation):
    ended = []

    async def noted():
        async for chunk in model.astream(request(conversation)):
            ended.append(chunk.response_metadata.get("finish_reason"))
            yield chunk

    fields = {}
    async for fields in JsonOutputParser().atransform(noted()):
        yield fields
    if "stop" not in ended:
        raise RuntimeError("cut off")
    yield Ticket(**fields)


async def whole_fields_only(model, conversation):
    text, shown = "", None
    async for chunk in model.astream([("human", request(conversation))]):
        text += chunk.content
        fields = from_json(text.encode(), partial_mode=True) if text else {}
        if fields != shown:
            yield fields
            shown = fields
    yield Ticket.model_validate_json(text)  # strict: a text that was cut off is no JSON


@pytest.mark.parametrize("ticket", by_name(by_jiter, by_the_parser, whole_fields_only))
def test_5_9_accepts(ticket):
    right("5.9", ticket)


def filled(
    *, at_end, partly=lambda text: [from_json(text.encode(), partial_mode="trailing-strings")]
):
    """An answer that does `at_end(text, finish)` at the end, and `partly(text)` before."""

    async def ticket(model, conversation):
        text, finish = "", None
        async for chunk in model.astream(request(conversation)):
            text += chunk.content
            finish = chunk.response_metadata.get("finish_reason", finish)
            if text:
                for part in partly(text):
                    yield part
        for last in at_end(text, finish):
            yield last

    return ticket


def repaired(text, finish=None):
    return [Ticket(**from_json(text.encode(), partial_mode="trailing-strings"))]


def gated(text, finish):
    if finish != "stop":
        raise ValueError(finish)
    return [Ticket.model_validate_json(text)]


def unless_length(text, finish):
    if finish == "length":
        raise ValueError(finish)
    return repaired(text)


def not_validated(text, finish):
    if finish != "stop":
        raise ValueError(finish)
    return [Ticket.model_construct(**from_json(text.encode()))]


def quiet(text, finish):
    return [Ticket.model_validate_json(text)] if finish == "stop" else []


def a_dict(text, finish):
    if finish != "stop":
        raise ValueError(finish)
    return [from_json(text.encode())]


def a_ticket_as_it_grows(text):
    try:
        return repaired(text)
    except ValueError:
        return [from_json(text.encode(), partial_mode="trailing-strings")]


def guesses(text):
    fields = from_json(text.encode(), partial_mode="trailing-strings")
    return [{"name": "Somebody", "order": 0, "problem": ""} | fields]


async def only_the_end(model, conversation):
    text = "".join([chunk.content async for chunk in model.astream(request(conversation))])
    yield Ticket.model_validate_json(text)


async def all_dicts_at_the_end(model, conversation):
    dicts = [fields async for fields in by_jiter(model, conversation)]
    for fields in dicts:
        yield fields


async def in_structure(model, conversation):
    chain = model.with_structured_output(Ticket)
    async for part in chain.astream(request(conversation)):
        yield part


async def forgets_the_conversation(model, conversation):
    async for part in by_jiter(model, "Hello."):
        yield part


async def swallows_all(model, conversation):
    try:
        async for part in by_jiter(model, conversation):
            yield part
    except Exception:
        return


async def yields_no_part(model, conversation):
    async for _ in by_jiter(model, conversation):
        pass
    return
    yield


async def one_dict_late(model, conversation):
    before = None
    async for fields in by_jiter(model, conversation):
        if before is not None and len(before) > 2:
            yield before
        before = fields if isinstance(fields, dict) else None
    yield fields


def another_problem(text, finish):
    return [gated(text, finish)[0].model_copy(update={"problem": "None."})]


async def reads_in_the_background(model, conversation):
    async for part in goes_on_with(by_jiter(model, conversation)):
        yield part


async def goes_on_with(stream):
    """Reads the stream to its end, whoever leaves."""
    queue = asyncio.Queue()

    async def fill():
        try:
            async for piece in stream:
                queue.put_nowait(piece)
        except Exception as error:
            queue.put_nowait(error)
        queue.put_nowait(None)

    kept.append(asyncio.create_task(fill()))
    while (piece := await queue.get()) is not None:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def returns_a_ticket(model, conversation):
    text = "".join([chunk.content async for chunk in model.astream(request(conversation))])
    return Ticket.model_validate_json(text)


WRONG_5_9 = (
    (
        filled(at_end=repaired),
        "cut off by a limit on its length, inside of its last field, and a `T",
    ),
    (filled(at_end=unless_length), "broken off without a finish reason, inside .*, and a `Ticket`"),
    (filled(at_end=not_validated), '`"soon"` for the number of the order, and a `Ticket` came'),
    (filled(at_end=quiet), "cut off by a limit .*, and `ticket` ended as if all were well"),
    (filled(at_end=a_dict), "The last that comes is a `dict`; the exercise asks for a `Ticket`"),
    (filled(at_end=lambda *_: []), "The last that comes is a `dict`"),
    (filled(at_end=lambda *end: 2 * gated(*end)), "More than one `Ticket`"),
    (
        filled(at_end=gated, partly=a_ticket_as_it_grows),
        r"A `Ticket` came after \d.\d s, and the re",
    ),
    (filled(at_end=gated, partly=guesses), "which the reply doesn't say"),
    (filled(at_end=gated, partly=lambda text: [text]), "yields a `str`, .*asks for dicts"),
    (filled(at_end=gated, partly=lambda text: []), r"`name` was known after \d.\d s of .* no dict"),
    (only_the_end, r"`name` was known after \d.\d s of .* no dict"),
    (all_dicts_at_the_end, r"`name` was known after \d.\d s of .* no dict"),
    (forgets_the_conversation, "the conversation isn't in what it saw"),
    (swallows_all, "cut off by a limit .*, and `ticket` ended as if all were well"),
    (returns_a_ticket, "hands over a `Ticket`, once"),
    (yields_no_part, "`ticket` yields nothing"),
    (one_dict_late, r"`name` was known after 1.0 s, and was first yielded after \d.\d s"),
    (filled(at_end=another_problem), "The ticket at the end says .*None"),
    (reads_in_the_background, "The reader has left, and the model goes on writing"),
    (in_structure, "asked to call a tool. This one writes its JSON as text"),
)


@pytest.mark.parametrize(("ticket", "said"), with_reason(*WRONG_5_9))
def test_5_9_says_what_is_wrong_with_code_that(ticket, said):
    wrong("5.9", ticket, said)


# --- 5.10 -----------------------------------------------------------------------------------------


def steadied(
    *,
    watch=watched,
    is_text=lambda piece: bool(getattr(piece, "content", "")),
    failures=Exception,
    after_text=True,
    at_last=True,
):
    """The right answer with one part of it exchanged."""

    async def steady(sources, seconds):
        for source in sources:
            shown = False
            try:
                async for piece in watch(source(), seconds):
                    shown = shown or is_text(piece)
                    yield piece
                return
            except failures:
                if (after_text and shown) or (at_last and source is sources[-1]):
                    raise

    return steady


async def nobody_watches(stream, seconds):
    async for piece in stream:
        yield piece


async def keeps_the_error(sources, seconds):
    failed = None
    for source in sources:
        shown = False
        stream = source()
        try:
            while True:
                piece = await asyncio.wait_for(anext(stream), seconds)
                shown = shown or (not isinstance(piece, Status) and piece.text != "")
                yield piece
        except StopAsyncIteration:
            return
        except Exception as error:
            failed = error
            if shown:
                raise
        finally:
            await stream.aclose()
    raise failed


@pytest.mark.parametrize("steady", by_name(steadied(), keeps_the_error))
def test_5_10_accepts(steady):
    right("5.10", steady)


async def news_of_its_own(sources, seconds):
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    except Exception:
        yield Status("Interrupted", "The connection was lost.")


async def collects_pieces(sources, seconds):
    pieces = [piece async for piece in steadied()(sources, seconds)]
    for piece in pieces:
        yield piece


async def texts_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece.content if hasattr(piece, "content") else piece


async def chunks_alone(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if not isinstance(piece, Status):
            yield piece


async def calls_all_sources(sources, seconds):
    streams = [source() for source in sources]
    async for piece in steadied()([lambda s=s: s for s in streams], seconds):
        yield piece


async def forgets_to_call(sources, seconds):
    for source in sources:
        async for piece in watched(source, seconds):
            yield piece


async def waits_longer(sources, seconds):
    async for piece in steadied()(sources, 3 * seconds):
        yield piece


async def one_limit_for_all(sources, seconds):
    shown = False
    for source in sources:
        try:
            async with asyncio.timeout(seconds):
                async for piece in source():
                    shown = shown or bool(getattr(piece, "content", ""))
                    yield piece
            return
        except Exception:
            if shown or source is sources[-1]:
                raise


async def own_error(sources, seconds):
    shown = False
    async for piece in steadied(at_last=False)(sources, seconds):
        shown = shown or bool(getattr(piece, "content", ""))
        yield piece
    if not shown:
        raise RuntimeError("Nobody can answer.")


async def the_first_error(sources, seconds):
    errors = []
    try:
        async for piece in steadied()([*map(partial(noting, errors), sources)], seconds):
            yield piece
    except ConnectionError:
        raise
    except Exception:
        raise errors[0] from None


def noting(errors, source):
    async def noted():
        try:
            async for piece in source():
                yield piece
        except Exception as error:
            errors.append(error)
            raise

    return noted


async def twice_each(sources, seconds):
    async for piece in steadied()(sources, seconds):
        yield piece
        if isinstance(piece, Status):
            yield piece


async def tells_more(sources, seconds):
    yield Status("Connecting")
    async for piece in steadied()(sources, seconds):
        yield piece


async def reads_on(sources, seconds):
    made = [lambda source=source: goes_on_with(source()) for source in sources]
    async for piece in steadied()(made, seconds):
        yield piece


async def hurries(sources, seconds):
    async for piece in steadied()(sources, 0.7 * seconds):
        yield piece


async def by_return(sources, seconds):
    return [piece async for piece in steadied()(sources, seconds)]


WRONG_5_10 = (
    (steadied(watch=nobody_watches), "The first source was silent for 30 s, and nobody else was"),
    (steadied(is_text=lambda piece: True), "a `Status` and failed, and `ConnectionLost` came out"),
    (
        steadied(is_text=lambda piece: not isinstance(piece, Status)),
        "yielded an empty chunk and failed, and `ConnectionLost` came out: nobody else",
    ),
    (
        steadied(is_text=lambda piece: isinstance(piece, str)),
        "failed in mid-reply, when some text had been shown, and source 2 was called all the same",
    ),
    (steadied(after_text=False), "in mid-reply, when some text had been shown, and source 2 was"),
    (steadied(at_last=False), "No source got as far as a text, and the stream ended without"),
    (steadied(failures=BaseException), "cancelled in a silence, and source 2 was called"),
    (steadied(failures=Stalled), "first source failed at once, and `ConnectionLost` came out"),
    (news_of_its_own, "failed in mid-reply, and `steady` ended as if"),
    (collects_pieces, r"holds back what comes: .* was yielded \d.\d s after"),
    (texts_alone, "yields text where a chunk came"),
    (chunks_alone, "A `Status` that came was not passed on"),
    (calls_all_sources, "The first source answers, and source 2 was called all the same"),
    (forgets_to_call, "AttributeError: 'Feed' object has no attribute 'aclose'"),
    (waits_longer, "and the next one was asked after 6.0 s"),
    (one_limit_for_all, "No silence is as long as 2 s, and `TimeoutError` came out after 2.0 s"),
    (own_error, "RuntimeError: Nobody can answer.*when no source got as far"),
    (the_first_error, "error that came out is .*the first source's.*the last one's was"),
    (twice_each, r"\d+ pieces came, and \d+ were passed on: some twice"),
    (tells_more, "yields a `Status` that no source made"),
    (reads_on, "the next one answered, and the first one's stream is still open"),
    (hurries, "and the next one was asked after 1.4 s already"),
    (by_return, "hands over a `list`, once"),
)


@pytest.mark.parametrize(("steady", "said"), with_reason(*WRONG_5_10))
def test_5_10_says_what_is_wrong_with_code_that(steady, said):
    wrong("5.10", steady, said)


# --- 5.11 -----------------------------------------------------------------------------------------


def assembled(*, answer=in_a_loop, steady=None, sources=None):
    """The right answer with one part of it exchanged."""
    steady = steady or steadied()

    def support(models, tools, seconds):
        def reply(history):
            if sources:
                return steady(sources(models, tools, history), seconds)
            return steady([partial(answer, model, tools, history) for model in models], seconds)

        return reply

    return support


def as_a_generator(models, tools, seconds):
    async def reply(history):
        sources = [lambda model=model: calls_itself(model, tools, history) for model in models]
        async for piece in keeps_the_error(sources, seconds):
            yield piece

    return reply


class Assistant:
    def __init__(self, models, tools, seconds):
        self.models, self.tools, self.seconds = models, tools, seconds

    def __call__(self, history):
        sources = [partial(in_a_loop, model, self.tools, history) for model in self.models]
        return steadied()(sources, self.seconds)


@pytest.mark.parametrize(
    "support",
    by_name(assembled(), assembled(answer=all_tools_at_once), as_a_generator, Assistant),
)
def test_5_11_accepts(support):
    outcome = right("5.11", support)
    assert "survived a tool call, Stop, a refusal, a silence" in outcome.message
    assert "waited 0.6 s in all" in outcome.message


def late_binding(models, tools, seconds):
    def reply(history):
        return steadied()([lambda: in_a_loop(model, tools, history) for model in models], seconds)

    return reply


def forgets_seconds(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, tools, history) for model in models], 60)

    return reply


def returns_the_stream(models, tools, seconds):
    return steadied()([partial(in_a_loop, model, tools, []) for model in models], seconds)


def the_first_alone(models, tools, seconds):
    return partial(in_a_loop, models[0], tools)


def without_tools(models, tools, seconds):
    def reply(history):
        return steadied()([partial(in_a_loop, model, [], history) for model in models], seconds)

    return reply


def returns_nothing(models, tools, seconds):
    def reply(history):
        steadied()([partial(in_a_loop, model, tools, history) for model in models], seconds)

    return reply


def forgets_to_return(models, tools, seconds):
    def reply(history):
        return None


async def async_support(models, tools, seconds):
    return assembled()(models, tools, seconds)


def async_reply(models, tools, seconds):
    async def reply(history):
        return assembled()(models, tools, seconds)(history)

    return reply


def streams_not_sources(models, tools, seconds):
    def reply(history):
        return steadied()([in_a_loop(model, tools, history) for model in models], seconds)

    return reply


def used_up(models, tools, seconds):
    kept = []

    def reply(history):
        kept[:] = kept or [partial(in_a_loop, model, tools, history) for model in models]
        return steadied()(kept, seconds)

    return reply


async def asks_both(sources, seconds):
    spare = asyncio.ensure_future(anext(chunks_of(sources[1]), None)) if len(sources) > 1 else None
    try:
        async for piece in steadied()(sources, seconds):
            yield piece
    finally:
        if spare:
            spare.cancel()


async def chunks_of(source):
    async for piece in source():
        if not isinstance(piece, Status):
            yield piece


async def asks_nobody(sources, seconds):
    yield Status("Thinking")


async def in_capitals(sources, seconds):
    async for piece in steadied()(sources, seconds):
        if hasattr(piece, "content"):
            piece.content = piece.content.upper()
        yield piece


def gives_up_in_silence(sources, seconds):
    return steadied(failures=ConnectionLost)(sources, seconds)


def one_stream(models, tools, seconds):
    streams = []

    def reply(history):
        streams.append(assembled()(models, tools, seconds)(history))
        return streams[0]

    return reply


WRONG_5_11 = (
    (late_binding, "the first was never asked: every source asks the last one"),
    (
        forgets_seconds,
        "first text came after 30.1 s, though `seconds` was 2.*See step 3, Exercise 5.10",
    ),
    (returns_the_stream, "`support` returns an `async_generator`; a panel wants a function"),
    (the_first_alone, "refused, and the second didn't answer .*See step 3"),
    (without_tools, "asked without the tools that `support` was given"),
    (returns_nothing, "Calling `reply` gave `None`"),
    (forgets_to_return, "`support` returns `None`; a panel wants a function"),
    (async_support, "`support` returns a `coroutine`; a panel wants a function"),
    (async_reply, "Calling `reply` gives a coroutine"),
    (streams_not_sources, "TypeError: .*not callable"),
    (used_up, "the model didn't see that turn's history"),
    (assembled(steady=asks_both), "The first model answers, and the second was asked too"),
    (assembled(steady=asks_nobody), "Neither of the two models was asked"),
    (assembled(steady=in_capitals), "A plain reply came out as `YOUR"),
    (assembled(steady=gives_up_in_silence), "was silent, and the second didn't answer in its"),
    (one_stream, "In the second turn of a chat"),
    (assembled(answer=collects_all_but_news), r"waits \d.\d s in all where the model needs 0.6"),
    (assembled(answer=built(thinking=list)), "first sign of life comes after .*See step 1"),
    (assembled(answer=built(wanted=lambda whole: False)), "and 0 ran; .*See step 1"),
    (
        assembled(answer=built(calling=lambda call: [])),
        "and the screen said `Thinking, Thinking`. See step 1",
    ),
    (assembled(answer=built(copy=lambda m: m)), "history was changed by a tool call. See step 1"),
    (
        assembled(steady=steadied(watch=nobody_watches)),
        "first text came after 30.1 s, .*See step 3",
    ),
    (assembled(steady=steadied(after_text=False)), "what came out is .*See step 3"),
    (assembled(steady=steadied(at_last=False)), "Both models were lost, .*See step 3"),
    (assembled(steady=news_of_its_own), "in mid-reply, and the panel can't know: .*See step 3"),
    (assembled(steady=collects_pieces), "The first sign of life comes after"),
    (
        assembled(steady=steadied(failures=BaseException)),
        "cancelled, it came back as if nothing had happened",
    ),
)


@pytest.mark.parametrize(("support", "said"), with_reason(*WRONG_5_11))
def test_5_11_says_what_is_wrong_with_code_that(support, said):
    wrong("5.11", support, said)


def test_5_11_names_a_step_that_nobody_has_written():
    names = {"steady": ..., "answer": in_a_loop, "partial": partial}
    exec(
        """
def support(models, tools, seconds):
    def reply(history):
        return steady([partial(answer, model, tools, history) for model in models], seconds)
    return reply
""",
        names,
    )
    wrong("5.11", names["support"], "`steady` is still as Exercise 5.10 came. Write that first")
    names["steady"] = steadied()
    right("5.11", names["support"])
    del names["steady"]
    wrong("5.11", names["support"], "NameError: name 'steady' is not defined")
