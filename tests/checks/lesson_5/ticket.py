"""Tickets that fill in."""

from contextlib import aclosing, suppress

from jiter import from_json
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.utils.json import parse_partial_json
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json as pydantics_from_json

from tests.checks.answers import right, wrong
from tests.checks.lesson_5._parts import finish_of, goes_on_with, notebook_model


class Ticket(BaseModel):
    name: str
    order: int
    problem: str


def request(conversation):
    return f"Make a ticket as a JSON object. {conversation}"


def readable(text):
    return from_json(text.encode(), partial_mode="trailing-strings")


def whole_only(text, finish):
    if finish != "stop":
        raise ValueError(finish)
    return [Ticket.model_validate_json(text)]


def filled(
    *,
    asked=request,
    if_any=bool,
    partly=lambda text: [readable(text)],
    at_end=whole_only,
    finish_at=lambda finish, chunk: finish_of(chunk) or finish,
):
    """The right answer, or one with some parts replaced."""

    async def ticket(model, conversation):
        text, finish = "", None
        async for chunk in model.astream(asked(conversation)):
            text += chunk.content
            finish = finish_at(finish, chunk)
            if if_any(text):
                for part in partly(text):
                    yield part
        for last in at_end(text, finish):
            yield last

    return ticket


by_jiter = filled()
right("5.ticket")(by_jiter)


@right("5.ticket")
async def by_the_parser(model, conversation):
    ended = []

    async def noted():
        async for chunk in model.astream(request(conversation)):
            ended.append(finish_of(chunk))
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
    async with aclosing(model.astream([("human", request(conversation))])) as chunks:
        async for chunk in chunks:
            text += chunk.content
            ended = ended or finish_of(chunk) == "stop"
            fields = from_json(text.encode(), partial_mode=True) if text else {}
            if fields != shown:
                yield fields
                shown = fields
    assert ended
    yield Ticket.model_validate_json(text)


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
        finishes.append(finish_of(chunk))
        text = "".join(texts)
        fields = pydantics_from_json(text, allow_partial="trailing-strings") if text else {}
        yield fields
    if "stop" not in finishes:
        raise EOFError
    yield Ticket.model_validate(fields)


def in_full(text):
    return [{"name": None, "order": None, "problem": None} | readable(text)]


wrong("5.ticket", "fills in None", "has `name` as None")(filled(partly=in_full))


def repaired(text, finish=None):
    return [Ticket(**readable(text))]


def unless(*finishes):
    """Validate the ticket, but for these finish reasons."""

    def at_end(text, finish):
        if finish in finishes:
            raise ValueError(finish)
        return [Ticket.model_validate_json(text)]

    return at_end


def constructed(text, finish):
    if finish != "stop":
        raise ValueError(finish)
    return [Ticket.model_construct(**from_json(text.encode()))]


def quiet(text, finish):
    return [Ticket.model_validate_json(text)] if finish == "stop" else []


def another_problem(text, finish):
    return [whole_only(text, finish)[0].model_copy(update={"problem": "None."})]


def a_ticket_as_it_grows(text):
    try:
        return repaired(text)
    except ValueError:
        return [readable(text)]


def once_valid(text):
    with suppress(ValidationError):
        return [Ticket.model_validate_json(text).model_dump()]
    return []


def raises_what_it_never_made(text, finish):
    if finish != "stop":
        raise Truncated(finish)  # noqa: F821
    return [Ticket.model_validate_json(text)]


everything = {}

for mistake, how, says in (
    ("wants no JSON", {"asked": str}, "What is `request` for"),
    ("conversation missing", {"asked": lambda _: request("Hello.")}, ""),
    ("reads no JSON yet", {"if_any": lambda text: True}, "The first chunk is empty"),
    ("ticket all the same", {"at_end": repaired}, "the length limit had truncated"),
    ("ticket all the same", {"at_end": unless()}, "was `length`, after the last bracket"),
    ("ticket all the same", {"at_end": unless("length")}, "no finish reason"),
    ("ticket all the same", {"at_end": unless("length", None)}, "`content_filter`"),
    ("ticket all the same", {"at_end": constructed}, "the order's number was"),
    ("ends quietly", {"at_end": quiet}, "there is no ticket"),
    ("no ticket at the end", {"at_end": lambda *end: [dict(whole_only(*end)[0])]}, "a `dict`"),
    ("no ticket at the end", {"at_end": lambda *end: whole_only(*end) and []}, "a `dict`"),
    ("ticket too early", {"at_end": lambda *end: 2 * whole_only(*end)}, ""),
    ("ticket too early", {"partly": a_ticket_as_it_grows}, ""),
    ("invents a value", {"partly": lambda text: [{"order": 0} | readable(text)]}, "'order': 0"),
    ("changes an item", {"partly": lambda t: [everything.update(readable(t)) or everything]}, ""),
    ("yields the wrong type", {"partly": lambda text: [text]}, "yields a `str`"),
    ("field late", {"partly": lambda text: []}, ""),
    ("field late", {"partly": once_valid}, "known after 1.0 s, .* before 2.6 s"),
    ("yields nothing", {"partly": lambda text: [], "at_end": lambda *end: []}, ""),
    ("another ticket", {"at_end": another_problem}, ""),
    ("raises", {"finish_at": lambda finish, chunk: finish_of(chunk)}, "ValueError: None"),
    ("raises", {"at_end": raises_what_it_never_made}, "name 'Truncated'.*, although the length"),
):
    wrong("5.ticket", mistake, says)(filled(**how))


@wrong("5.ticket", "field late")
async def all_dicts_at_the_end(model, conversation):
    dicts = [fields async for fields in by_jiter(model, conversation)]
    for fields in dicts:
        yield fields


@wrong("5.ticket", "structured output")
async def in_structure(model, conversation):
    chain = model.with_structured_output(Ticket)
    async for part in chain.astream(request(conversation)):
        yield part


@wrong("5.ticket", "ends quietly")
async def swallows_all(model, conversation):
    try:
        async for part in by_jiter(model, conversation):
            yield part
    except Exception:
        return


@wrong("5.ticket", "leaves a task")
async def reads_on_in_a_task(model, conversation):
    async for part in goes_on_with(by_the_parser(model, conversation)):
        yield part


@wrong("5.ticket", "another model", "called the notebook's `notebook_model`")
async def calls_the_notebooks_model(model, conversation):
    async for part in by_jiter(notebook_model, conversation):
        yield part
