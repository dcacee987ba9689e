"""Exercise 5.9: a ticket that fills in."""

from contextlib import aclosing, suppress

from jiter import from_json
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.utils.json import parse_partial_json
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json as pydantics_from_json

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import goes_on_with
from utils.checks.engine.reply import ConnectionLost


class Ticket(BaseModel):
    name: str
    order: int
    problem: str


def request(conversation):
    return f"Make a ticket as a JSON object. {conversation}"


@right("5.ticket")
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


@right("5.ticket")
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


@right("5.ticket")
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


def unless_truncated(text, finish):
    if finish in ("length", None):
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


@wrong("5.ticket", "fields at the end only")
async def only_the_end(model, conversation):
    text = "".join([chunk.content async for chunk in model.astream(request(conversation))])
    yield Ticket.model_validate_json(text)


@wrong("5.ticket", "fields at the end only")
async def all_dicts_at_the_end(model, conversation):
    dicts = [fields async for fields in by_jiter(model, conversation)]
    for fields in dicts:
        yield fields


@wrong("5.ticket", "structured output")
async def in_structure(model, conversation):
    chain = model.with_structured_output(Ticket)
    async for part in chain.astream(request(conversation)):
        yield part


@wrong("5.ticket", "conversation missing")
async def forgets_the_conversation(model, conversation):
    async for part in by_jiter(model, "Hello."):
        yield part


@wrong("5.ticket", "wants no JSON")
async def sends_the_conversation_alone(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(conversation):
        text += chunk.content
        finish = chunk.response_metadata.get("finish_reason", finish)
        if text:
            yield from_json(text.encode(), partial_mode="trailing-strings")
    yield gated(text, finish)[0]


@wrong("5.ticket", "reads no JSON yet")
async def reads_the_empty_chunk(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(request(conversation)):
        text += chunk.content
        finish = chunk.response_metadata.get("finish_reason", finish)
        yield from_json(text.encode(), partial_mode="trailing-strings")
    yield gated(text, finish)[0]


@wrong("5.ticket", "ends quietly")
async def swallows_all(model, conversation):
    try:
        async for part in by_jiter(model, conversation):
            yield part
    except Exception:
        return


@wrong("5.ticket", "yields nothing")
async def yields_no_part(model, conversation):
    async for _ in by_jiter(model, conversation):
        pass
    return
    yield


@wrong("5.ticket", "field late")
async def one_dict_late(model, conversation):
    before = None
    async for fields in by_jiter(model, conversation):
        if before is not None and len(before) > 2:
            yield before
        before = fields if isinstance(fields, dict) else None
    yield fields


def another_problem(text, finish):
    return [gated(text, finish)[0].model_copy(update={"problem": "None."})]


@wrong("5.ticket", "leaves a task")
async def reads_in_the_background(model, conversation):
    async for part in goes_on_with(by_jiter(model, conversation)):
        yield part


@wrong("5.ticket", "raises")
async def always_fails(model, conversation):
    async for part in by_jiter(model, conversation):
        yield part
    raise ValueError("not complete")


@wrong("5.ticket", "no yield")
async def half_done(model, conversation):
    text = ""
    async for chunk in model.astream(request(conversation)):
        text += chunk.content


@wrong("5.ticket", "swallows the error")
async def swallows_a_loss(model, conversation):
    try:
        async for part in by_jiter(model, conversation):
            yield part
    except ConnectionLost:
        return


@wrong("5.ticket", "not a stream")
async def returns_a_ticket(model, conversation):
    text = "".join([chunk.content async for chunk in model.astream(request(conversation))])
    return Ticket.model_validate_json(text)


@right("5.ticket")
async def new_fields_by_the_sum(model, conversation):
    whole, before = None, {}
    async for chunk in model.astream(input=request(conversation)):
        whole = chunk if whole is None else whole + chunk
        if (fields := parse_partial_json(whole.text or "{}")) != before:
            before = fields
            yield dict(fields)
    match whole.response_metadata:
        case {"finish_reason": "stop"}:
            yield Ticket(**before)
        case other:
            raise RuntimeError(other)


@right("5.ticket")
class Tickets:
    def __init__(self, model, conversation):
        self.tickets = by_jiter(model, conversation)

    def __aiter__(self):
        return self.tickets


@right("5.ticket")
async def in_json_mode(model, conversation):
    texts, finishes = [], []
    model = model.bind(response_format={"type": "json_object"})
    async for chunk in model.astream([{"role": "user", "content": request(conversation)}]):
        texts.append(chunk.text)
        finishes.append(chunk.response_metadata.get("finish_reason"))
        text = "".join(texts)
        fields = pydantics_from_json(text, allow_partial="trailing-strings") if text else {}
        yield {"name": None, "order": None, "problem": None} | fields
    if "stop" not in finishes:
        raise EOFError
    yield Ticket.model_validate(fields)


@wrong("5.ticket", "changes an item", "changed a `dict` after yielding it")
async def fills_one_dict(model, conversation):
    fields = {}
    async for part in by_jiter(model, conversation):
        if isinstance(part, dict):
            fields.update(part)
            part = fields
        yield part


@wrong("5.ticket", "raises", "ValueError: None")
async def finish_of_the_last_chunk(model, conversation):
    text = ""
    async for chunk in model.astream(request(conversation)):
        text += chunk.content
        if text:
            yield from_json(text.encode(), partial_mode="trailing-strings")
    yield gated(text, chunk.response_metadata.get("finish_reason"))[0]


@wrong("5.ticket", "field late", "known after 1.0 s, but first yielded after 2.6 s")
async def once_it_is_valid(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(request(conversation)):
        text += chunk.content
        finish = chunk.response_metadata.get("finish_reason", finish)
        with suppress(ValidationError):
            yield Ticket.model_validate_json(text).model_dump()
    yield gated(text, finish)[0]


@wrong("5.ticket", "structured output")
async def with_a_tool(model, conversation):
    chain = model.with_structured_output(Ticket, method="function_calling")
    async for part in chain.astream(request(conversation)):
        yield part


@wrong("5.ticket", "raises", "name 'Truncated' is not defined.*, although the length limit")
async def raises_what_it_never_made(model, conversation):
    async for part in filled(at_end=lambda *end: [end])(model, conversation):
        if isinstance(part, tuple):
            text, finish = part
            if finish != "stop":
                raise Truncated(finish)  # noqa: F821
            part = Ticket.model_validate_json(text)
        yield part


@wrong("5.ticket", "leaves a task")
async def reads_on_in_a_task(model, conversation):
    async for part in goes_on_with(by_the_parser(model, conversation)):
        yield part


for mistake, parts in (
    ("ticket of an unfinished reply", {"at_end": repaired}),
    ("ticket of an unfinished reply", {"at_end": unless_length}),
    ("ticket of an unfinished reply", {"at_end": strict}),
    ("ticket of an unfinished reply", {"at_end": strict_and_ended}),
    ("ticket of an unfinished reply", {"at_end": never_by_length}),
    ("ticket of an unfinished reply", {"at_end": unless_truncated}),
    ("ticket of an invalid reply", {"at_end": not_validated}),
    ("ends quietly", {"at_end": quiet}),
    ("ends quietly", {"at_end": quiet_without_an_end}),
    ("no ticket at the end", {"at_end": a_dict}),
    ("no ticket at the end", {"at_end": lambda *_: []}),
    ("two tickets", {"at_end": lambda *end: 2 * gated(*end)}),
    ("ticket too early", {"at_end": gated, "partly": a_ticket_as_it_grows}),
    ("invents a value", {"at_end": gated, "partly": guesses}),
    ("no dicts", {"at_end": gated, "partly": lambda text: [text]}),
    ("fields at the end only", {"at_end": gated, "partly": lambda text: []}),
    ("another ticket", {"at_end": another_problem}),
):
    wrong("5.ticket", mistake)(filled(**parts))
