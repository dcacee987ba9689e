"""Right and wrong answers to 4.rejoin, which asks for replies that continue after a disconnect."""

import asyncio
import json
from contextlib import aclosing
from typing import Annotated
from uuid import uuid4

from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request, Response  # noqa: F401
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tests.checks.answers import edits, right, wrong
from utils import lesson_source

# Lesson 4's `Reply`, which all answers use. It keeps a reply's events; `event(number)` awaits one.
given = {"asyncio": asyncio, "aclosing": aclosing}
for cell in lesson_source.load(lesson_source.paths()[3]).cells:
    if cell.kind == "code" and cell.learner.startswith(("async def write(", "class Reply:")):
        exec(cell.learner, given)
Reply = given["Reply"]


async def polled(reply, number):
    while len(reply.events) < number and not reply.over:  # noqa: ASYNC110 (the mistake)
        await asyncio.sleep(0.5)
    return reply.events[number - 1] if number <= len(reply.events) else None


@right("4.rejoin")
def create_lasting_app(model):
    app, replies = FastAPI(), {}

    @app.post("/chat")
    async def chat(question: str = Body(embed=True)):
        key = uuid4().hex
        replies[key] = Reply(model, question)
        return {"reply": key}

    @app.get("/replies/{key}")
    async def read(key: str, last_event_id: Annotated[int, Header()] = 0):
        if key not in replies:
            raise HTTPException(404)
        reply = replies[key]
        if not 0 <= last_event_id <= len(reply.events):
            raise HTTPException(400)

        async def frames():
            number = last_event_id + 1
            while event := await reply.event(number):
                name, text = event
                yield f"id: {number}\nevent: {name}\ndata: {json.dumps(text)}\n\n"
                number += 1

        return StreamingResponse(frames(), media_type="text/event-stream")

    @app.post("/replies/{key}/stop", status_code=204)
    async def stop(key: str):
        if key not in replies:
            raise HTTPException(404)
        replies[key].task.cancel()

    return app


edit = edits("4.rejoin", create_lasting_app)
FRAME = r'f"id: {number}\nevent: {name}\ndata: {json.dumps(text)}\n\n"'
LOOP = "while event := await reply.event(number):"
NEXT = "\n            "  # a line break and the indentation of the loop
MORE = "\n                "  # a line break and the indentation of the loop's body
CANCEL = "replies[key].task.cancel()"
END = f"{MORE}number += 1"
TYPE = 'media_type="text/event-stream"'
BAD = f"if not 0 <= last_event_id <= len(reply.events):{NEXT}raise HTTPException(400)"
LOST = f"if key not in replies:{NEXT}raise HTTPException(404)\n        reply ="
LOST_STOP = f"if key not in replies:{NEXT}raise HTTPException(404)\n        {CANCEL}"
DATA, NAME, NUMBER = "{json.dumps(text)}", "event: {name}", "id: {number}"
START = "number = last_event_id + 1"

edit(None, {FRAME: f"{FRAME}.replace('\\n', '\\r\\n').encode()"})
edit(None, {NUMBER: r": hi\nretry: 500\nid: {number}"})
edit(None, {FRAME: r'f"data: {json.dumps(text)}\nid: {number}\nevent: {name}\n\n"'})
edit(None, {CANCEL: f"{CANCEL}\n        await asyncio.wait([replies[key].task])"})
edit(None, {CANCEL: f"if not replies[key].over:\n            {CANCEL}"})
edit(None, {", status_code=204": ""})
edit(None, {"Header()": "Header(ge=0)", "HTTPException(400)": "HTTPException(409)", "0 <= ": ""})
edit(
    None,
    {
        "last_event_id: Annotated[int, Header()] = 0": "request: Request",
        "reply = replies": "sent = request.headers.get('Last-Event-ID', '0')\n"
        "        if not sent.isdigit():\n            raise HTTPException(400)\n"
        "        last_event_id = int(sent)\n        reply = replies",
    },
)
POLLING = (
    f"while number <= len(reply.events) or not reply.over:{MORE}"
    f"if number > len(reply.events):{MORE}    await asyncio.sleep(0.01){MORE}    continue{MORE}"
    "event = reply.events[number - 1]"
)
edit(None, {LOOP: POLLING})
edit("spins", {LOOP: POLLING.replace("0.01", "0")}, "`sleep\\(0\\)`")
for seconds in ("0.05", "0.10"):
    late = rf"sent {seconds} s after it was added.*at intervals,"
    edit("sent late", {LOOP: POLLING.replace("0.01", seconds)}, late)
edit(
    None,
    {  # sends several events in one piece
        f"{LOOP}{MORE}name, text = event{MORE}yield {FRAME}{END}": f"{LOOP}{MORE}"
        f"new = list(enumerate(reply.events[number - 1:], number)){MORE}"
        f'yield "".join({FRAME} for number, (name, text) in new){MORE}number += len(new)'
    },
)

# mistakes after a reconnect
edit("ignores the id", {START: "number = 1"}, "had received .* came back")
edit("repeats events", {START: "number = max(last_event_id, 1)"})
edit("first id isn't 1", {START: "number = last_event_id + 2"}, "id `2`")
edit("asks for event 0", {START: "number = last_event_id"}, "from 1")
edit("refuses a reader", {"<= len(reply": "< len(reply"}, "A reader without `Last-Event-ID`")
edit("refuses a reader", {"not 0": "reply.over or not 0"}, "status 400.*after the reply's end")
edit("loses events", {START: "number = len(reply.events) + 1 if last_event_id else 1"})
edit("another text later", {START: "number = len(reply.events) + 1"}, "after the reply's end")
edit("same id twice", {NUMBER: "id: {number - last_event_id}"}, "new connection")
edit("no id", {NUMBER: ": {number}"})
edit("calls twice", {"reply = replies[key]": 'reply = Reply(model, "Why do rivers bend?")'})
edit(
    "stops early",
    {
        START: f"{START}{NEXT}try:",
        f"{LOOP}{MORE}name, text = event{MORE}yield {FRAME}{END}": f"    {LOOP}{MORE}    "
        f"name, text = event{MORE}    yield {FRAME}{MORE}    number += 1{NEXT}"
        f"finally:{MORE}reply.task.cancel()",
    },
    "4 of .*connection had dropped",
)
# a mistake that affects only replies with two readers
TURN = {"while event": "while reply.turn is mine and (event", "(number):": "(number)):"}
edit(
    "readers share state",
    {**TURN, "= replies[key]": "= replies[key]; reply.turn = mine = object()"},
)
# mistakes in the events and their timing
edit("no text", {NAME: "event: token"}, "received no text.*token")
edit("no text", {START: f"await asyncio.wait([reply.task]){NEXT}return{NEXT}{START}"}, "empty body")
edit("not a JSON string", {DATA: "{text}"})
for other in ("text/plain", ""):
    edit("no event stream", {TYPE: f'media_type="{other}"'})
edit("collected first", {START: f"await asyncio.wait([reply.task]){NEXT}{START}"})
edit("no end", {LOOP: f'{LOOP}{MORE}if event[0] != "message":{MORE}    break'}, "is `message`")
edit("event without data", {f"{NAME}\\n": f"{NAME}\\n\\n"}, "`event: end` was sent")
edit("no event name", {f"{NAME}\\n": ""}, "no line `event:`")
edit("no blank line", {f"{DATA}\\n": DATA}, "What ends an event")
edit("ends early", {LOOP: "for event in reply.events[last_event_id:]:"}, "after 0 events")
edit("waits between events", {FRAME: f"await asyncio.sleep(0.05) or {FRAME}"})
edit("waits between events", {END: f"{END}{MORE}await asyncio.sleep(0.1)"}, "1.9 s")
POLLS = {"event := await reply.event(number)": "event := await polled(reply, number)"}
NEVER_CLEARS = (
    f"while not reply.over or number <= len(reply.events):{MORE}await reply.news.wait(){MORE}"
    f"if number > len(reply.events):{MORE}    continue{MORE}event = reply.events[number - 1]"
)
edit("never ends", {LOOP: NEVER_CLEARS}, "at the line.*running all that time.*already happened")
edit("held back", POLLS, "in the reply's events but not sent")
edit("never ends for a reader", {END: f"{END}{NEXT}await asyncio.Event().wait()"})
edit("raises", {"reply.event(": "reply.evnt("}, "evnt")
# mistakes in the Stop endpoint
edit("no Stop", {"/stop": "/halt"}, "status 404")
edit("stops another reply", {CANCEL: "[each.task.cancel() for each in replies.values()]"})
edit("ends twice", {CANCEL: f'{CANCEL}\n        replies[key].add("end", "Stopped.")'}, "else adds")
REFUSED = {CANCEL: f"if replies[key].over:\n            raise HTTPException(409)\n        {CANCEL}"}
edit("Stop refused", REFUSED, "after the end")
edit("goes on after Stop", {CANCEL: "pass"})
# mistakes in handling bad requests
edit("accepts a bad request", {BAD: ""}, "999")
edit("accepts a bad request", {"0 <= ": ""}, "-1")
edit("accepts a bad request", {"<= len(reply.events)": "<= len(reply.events) + 1"}, "ID: 20")
edit("accepts a bad request", {LOST: "reply ="}, "`/replies/unknown`.*status 500")
edit("accepts a bad request", {LOST_STOP: f"if key in replies:{NEXT}{CANCEL}"}, "/stop.*204")
edit("accepts a bad request", {"404)\n        reply": "400)\n        reply"})
# mistakes in the endpoint paths
edit("another status", {'get("/replies/{key}': 'get("/reply/{key}'}, "status 404")
edit("begins no reply", {'"/chat"': '"/"'}, "status 404")

wrong("4.rejoin", "not a function", says="was given a `FastAPI`")(FastAPI())


@right("4.rejoin")
def by_fastapi(model):
    app, replies = FastAPI(), {}

    @app.post("/chat")
    async def chat(question: str = Body(embed=True)):
        replies[str(len(replies))] = Reply(model, question)
        return {"reply": str(len(replies) - 1)}

    async def kept(key: str):
        if key not in replies:
            raise HTTPException(404)
        return replies[key]

    kept_reply = Annotated[Reply, Depends(kept)]

    async def place(reply: kept_reply, last_event_id: Annotated[int, Header(ge=0)] = 0):
        if last_event_id > len(reply.events):
            raise HTTPException(416)
        return last_event_id

    @app.get("/replies/{key}", response_class=EventSourceResponse)
    async def read(reply: kept_reply, number: Annotated[int, Depends(place)]):
        while event := await reply.event(number := number + 1):
            yield ServerSentEvent(event=event[0], data=event[1], id=str(number))

    @app.post("/replies/{key}/stop")
    async def stop(reply: kept_reply):
        reply.task.cancel()
        return Response(status_code=204)

    return app
