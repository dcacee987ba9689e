"""Right and wrong answers to 5.ticket, which asks for a ticket that grows as fields arrive."""

# ruff: noqa: F401 (used in edits)

from contextlib import suppress

from jiter import from_json
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.utils.json import parse_partial_json
from pydantic import BaseModel, ValidationError

from tests.checks.answers import edits, right, wrong
from tests.checks.lesson_5._parts import finish_of


class Ticket(BaseModel):
    name: str
    order: int
    problem: str


def request(conversation):
    return f"Make a ticket as a JSON object. {conversation}"


def readable(text):
    return from_json(text.encode(), partial_mode="trailing-strings")


everything = {}


@right("5.ticket")
async def ticket(model, conversation):
    text, finish = "", None
    async for chunk in model.astream(request(conversation)):
        text += chunk.content
        finish = finish_of(chunk) or finish
        if text:
            yield readable(text)
    if finish != "stop":
        raise ValueError(finish)
    yield Ticket.model_validate_json(text)


edit = edits("5.ticket", ticket)
READ = "yield readable(text)"
LAST, LACKS = "yield Ticket.model_validate_json(text)", 'finish != "stop"'
SENT = "model.astream(request(conversation))"
JSON_MODE = 'model.bind(response_format={"type": "json_object"}).astream'

# With `partial_mode=True`, `from_json` leaves out a field whose value is unfinished.
edit(None, {"readable(text)": "from_json(text.encode(), partial_mode=True)"})
edit(None, {"readable(text)": "parse_partial_json(text) or {}", LACKS: 'not finish == "stop"'})
edit(None, {SENT: f'{JSON_MODE}([{{"role": "user", "content": request(conversation)}}])'})

edit("doesn't ask for JSON", {"request(conversation)": "conversation"}, "What is `request` for")
edit("conversation missing", {"request(conversation)": "request('Hello.')"})
edit("reads no JSON yet", {"if text": "if chunk"}, "The first chunk is empty")
edit("can't read it yet", {"if text": "if text := chunk.text"}, "from its beginning")
edit("drops a field", {READ: "for pair in readable(text).items(): yield dict([pair])"})
edit("field too early", {READ: 'yield {"name": ""} | readable(text)'}, "`name` before the model")
edit("ticket too early", {LAST: f"{LAST}\n    {LAST}"}, "1 ticket was yielded before")
edit("ticket anyway", {LACKS: "0"}, "was `length`, after the last bracket")
edit("ticket anyway", {LACKS: 'finish == "length"'}, "no finish reason")
edit("ticket anyway", {LACKS: 'finish in ("length", None)'}, "`content_filter`")
UNCHECKED = {"model_validate_json(text)": "model_construct(**from_json(text.encode()))"}
edit("ticket anyway", UNCHECKED, "the order's number was")
edit("ends quietly", {"raise ValueError(finish)": "return"}, "there is no ticket")
edit("no ticket at the end", {LAST: "yield dict(Ticket.model_validate_json(text))"}, "a `dict`")
edit("invents a value", {"readable(text)": "{'order': 0} | readable(text)"}, "'order': 0")
NONES = {"readable(text)": "dict.fromkeys(Ticket.model_fields) | readable(text)"}
edit("fills in None", NONES, "has `name` as None")
edit("changes an item", {READ: "everything.update(readable(text))\n            yield everything"})
LATE = {READ: "with suppress(ValidationError): yield Ticket.model_validate_json(text).model_dump()"}
edit("field late", LATE, "known after 1.0 s, .* before 2.6 s")
edit("yields nothing", {READ: "pass", LAST: "return\n    yield"})
edit("another ticket", {LAST: f"{LAST}.model_copy(update={{'problem': 'None.'}})"})
edit("raises", {" or finish": ""}, "ValueError: None.* isn't in the last chunk")
edit("raises", {LAST: LAST.replace("Ticket", "Tickets")}, r"json\(text\)`\.$")
edit("raises", {"ValueError": "Truncated"}, "name 'Truncated'.*, although the length")


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


@wrong("5.ticket", "structured output")
async def in_structure(model, conversation):
    chain = model.with_structured_output(Ticket)
    async for part in chain.astream(request(conversation)):
        yield part
