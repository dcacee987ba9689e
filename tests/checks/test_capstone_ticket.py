"""Exercise 5.9's check: a ticket that fills in, and none where the model didn't finish."""

from contextlib import aclosing

import pytest
from jiter import from_json
from langchain_core.output_parsers import JsonOutputParser
from pydantic import BaseModel

from tests.checks.lesson_5._parts import goes_on_with
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks.streams import ConnectionLost


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
    text, shown, ended = "", None, False
    async for chunk in model.astream([("human", request(conversation))]):
        text += chunk.content
        ended = ended or chunk.response_metadata.get("finish_reason") == "stop"
        fields = from_json(text.encode(), partial_mode=True) if text else {}
        if fields != shown:
            yield fields
            shown = fields
    assert ended
    yield Ticket.model_validate_json(text)


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


def strict(text, finish):
    return [Ticket.model_validate_json(text)]


def strict_and_ended(text, finish):
    if finish is None:
        raise ValueError(finish)
    return [Ticket.model_validate_json(text)]


def quiet_without_an_end(text, finish):
    return [Ticket.model_validate_json(text)] if finish is not None else []


def unless_length(text, finish):
    if finish == "length":
        raise ValueError(finish)
    return repaired(text)


def never_by_length(text, finish):
    if finish == "length":
        raise ValueError(finish)
    return [Ticket.model_validate_json(text)]


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


async def sends_the_conversation_alone(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(conversation):
        text += chunk.content
        finish = chunk.response_metadata.get("finish_reason", finish)
        if text:
            yield from_json(text.encode(), partial_mode="trailing-strings")
    yield gated(text, finish)[0]


async def reads_the_empty_chunk(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(request(conversation)):
        text += chunk.content
        finish = chunk.response_metadata.get("finish_reason", finish)
        yield from_json(text.encode(), partial_mode="trailing-strings")
    yield gated(text, finish)[0]


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


async def always_fails(model, conversation):
    async for part in by_jiter(model, conversation):
        yield part
    raise ValueError("not complete")


async def half_done(model, conversation):
    text = ""
    async for chunk in model.astream(request(conversation)):
        text += chunk.content


async def swallows_a_loss(model, conversation):
    try:
        async for part in by_jiter(model, conversation):
            yield part
    except ConnectionLost:
        return


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
    (
        filled(at_end=quiet),
        "cut off by a limit .* Half a ticket must end in an error; `ticket` ended quietly",
    ),
    (filled(at_end=quiet_without_an_end), "without a finish reason.* `ticket` ended quietly"),
    (filled(at_end=strict), "JSON is complete, but .* cut off by a limit .* and a `Ticket` came"),
    (filled(at_end=strict_and_ended), "JSON is complete, but .* cut off by a limit .*, and a"),
    (filled(at_end=never_by_length), "JSON is complete, but .* without a finish reason, and a"),
    (half_done, "`ticket` hands over nothing: there is no `yield` in it yet"),
    (filled(at_end=a_dict), "The last that comes is a `dict`; the exercise asks for a `Ticket`"),
    (filled(at_end=lambda *_: []), "The last that comes is a `dict`"),
    (filled(at_end=lambda *end: 2 * gated(*end)), "More than one `Ticket`"),
    (
        filled(at_end=gated, partly=a_ticket_as_it_grows),
        r"A `Ticket` came after \d.\d s, and the re",
    ),
    (filled(at_end=gated, partly=guesses), "which the reply doesn't say"),
    (filled(at_end=gated, partly=lambda text: [text]), "yields a `str`, `'{.*asks for dicts"),
    (always_fails, "ValueError: not complete.*, for a reply that the model finished"),
    (filled(at_end=gated, partly=lambda text: []), r"`name` was known after \d.\d s of .* no dict"),
    (only_the_end, r"`name` was known after \d.\d s of .* no dict"),
    (all_dicts_at_the_end, r"`name` was known after \d.\d s of .* no dict"),
    (forgets_the_conversation, "the conversation isn't in what it saw"),
    (sends_the_conversation_alone, "nobody asked it for a ticket in JSON: send it the `request`"),
    (reads_the_empty_chunk, "The first chunk is empty, so there was no text yet .* EOF while"),
    (swallows_all, "Half a ticket must end in an error; `ticket` ended quietly"),
    (swallows_a_loss, "lost in mid-reply, and `ticket` ended as if all were well"),
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
