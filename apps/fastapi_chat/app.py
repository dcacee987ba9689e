"""A streaming chat assistant on FastAPI and LangChain. Copy this folder: it is yours to change.

    pip install -r requirements.txt
    OPENAI_MODEL=gpt-5-mini OPENAI_API_KEY=... uvicorn app:app --timeout-graceful-shutdown 2

A reply is a task of the server's own, which writes it to its end. Readers come and go; only Stop
cancels it. The models and tools are in assistant.py.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import assistant
import mistune
from fastapi import Body, Cookie, Depends, FastAPI, Header, HTTPException, Response
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

MOST_TURNS = 20  # of a conversation; older ones are forgotten
MOST_VISITORS = 1_000  # whose conversations are kept

# --- Replies, in the memory of this process: several workers need a shared place ---------------


class Reply:
    """A question, and its reply as events that any number of readers follow at their own pace."""

    def __init__(self, question: str) -> None:
        self.id, self.question, self.text, self.note = uuid4().hex, question, "", ""
        self.events: list[tuple[str, Any]] = []
        self.news = asyncio.Event()
        self.over = False
        self.task: asyncio.Task[None]

    async def append(self, event: str, data: Any) -> None:
        """Add an event, which all readers get; `end` and `failed` are the last."""
        self.events.append((event, data))
        self.over = event in ("end", "failed")
        self.news.set()

    async def read(self, after: int) -> AsyncGenerator[tuple[int, str, Any]]:
        """Yield the events behind number `after` as they come, each with its number."""
        events = self.events
        while True:
            self.news.clear()
            for event, data in events[after:]:
                after += 1
                yield after, event, data
            if after >= len(events):
                if self.over:
                    return
                await self.news.wait()

    async def stop(self) -> None:
        """Cancel the task that writes the reply, and wait until it has ended."""
        self.task.cancel()
        await asyncio.wait([self.task])


latest: dict[str, Reply] = {}  # the last reply of each conversation, by the reply's id
conversations: dict[str, list[Reply]] = {}  # by visitor


async def begin(visitor: str, question: str) -> Reply | None:
    """Start a reply, unless the visitor's last one is still being written."""
    turns = conversations[visitor] = conversations.pop(visitor, [])  # as the newest
    if turns and not turns[-1].over:
        return None
    for turn in turns[-1:]:
        del latest[turn.id]
        turn.events = []  # a slow reader still has the list
    reply = Reply(question)
    latest[reply.id] = reply
    turns.append(reply)
    del turns[:-MOST_TURNS]
    for old in list(conversations)[:-MOST_VISITORS]:
        if conversations[old][-1].over:
            del latest[conversations.pop(old)[-1].id]
    reply.task = asyncio.create_task(write(reply, turns))
    return reply


async def write(reply: Reply, turns: list[Reply]) -> None:
    """Write a reply into its events. The text so far is kept, however it ends."""
    messages = []
    for turn in turns:  # the note tells the model, too, that a reply isn't complete
        said = f"{turn.text}\n\n[{turn.note}]" if turn.note else turn.text
        messages += [("user", turn.question), ("assistant", said)]
    end, rest = "end", ""
    try:
        await reply.append("status", "Thinking")
        async with aclosing(assistant.answer(messages[:-1])) as pieces:
            async for kind, value in pieces:
                if kind == "result":
                    kind, value = "status", "Thinking"
                await reply.append(kind, value)
                if kind == "text":
                    reply.text += value
                    blocks, rest = split_blocks(rest + value)
                    if blocks:
                        await reply.append("html", markdown(blocks))
    except asyncio.CancelledError:
        reply.note = "Stopped."
    except Exception as error:
        end = "end" if isinstance(error, assistant.LimitReached) else "failed"
        reply.note = assistant.sentence(error)
    reply.text = joined(reply.text)
    await reply.append(end, html(reply.text, reply.note))


# --- Markdown ----------------------------------------------------------------------------------


class SafeHTML(mistune.HTMLRenderer):
    """Nothing that a model writes can run or fetch: HTML is shown as text, pictures are named."""

    SAFE_PROTOCOLS = ("http:", "https:")
    GOOD_DATA_PROTOCOLS = ()

    def image(self, text: str, *_: Any, **__: Any) -> str:
        """Return the description alone."""
        return text


markdown = mistune.create_markdown(renderer=SafeHTML(escape=True), plugins=["table"])


def html(text: str, note: str) -> str:
    """Render a reply; the note comes apart, as the text may end inside of code."""
    return markdown(text) + (markdown(f"*[{note}]*") if note else "")


def split_blocks(text: str) -> tuple[str, str]:
    """Split Markdown after the last paragraph that is complete; inside of code, none is."""
    blocks, _, rest = text.rpartition("\n\n")
    return (blocks, rest) if blocks.count("```") % 2 == 0 else ("", text)


def joined(text: str) -> str:
    """Join the halves of an emoji that came apart; one half alone can't be sent to anybody."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- What the page asks for --------------------------------------------------------------------

app = FastAPI()
Visitor = Annotated[str, Cookie()]


@app.get("/")
async def page() -> FileResponse:
    """Return the page, which does the rest by itself."""
    return FileResponse(Path(__file__).with_name("page.html"))


@app.get("/conversation")
async def conversation(visitor: Visitor = "") -> dict[str, Any]:
    """Return what a page that was just loaded shows, and the reply that it rejoins."""
    turns = conversations.get(visitor, [])
    running = next((turn.id for turn in turns if not turn.over), None)
    shown = [(turn.question, html(turn.text, turn.note) if turn.over else "") for turn in turns]
    return {"turns": shown, "reply": running}


@app.post("/chat")
async def chat(
    response: Response, message: Annotated[str, Body(embed=True)], visitor: Visitor = ""
) -> dict[str, str]:
    """Start a reply and return its id."""
    message = joined(message)
    if not message.strip():
        raise HTTPException(422, "Type a message first.")
    if len(message) > assistant.LONGEST_MESSAGE:
        most = f"{assistant.LONGEST_MESSAGE:,}"
        raise HTTPException(413, f"A message can have {most} characters at most.")
    visitor = visitor or uuid4().hex
    response.set_cookie("visitor", visitor, httponly=True, samesite="lax")
    reply = await begin(visitor, message)
    if reply is None:
        raise HTTPException(409, "A reply is still being written: wait for its end, or stop it.")
    return {"reply": reply.id}


async def kept(reply: str) -> Reply:
    """Find a reply, or refuse: in the stream below it is too late for a status."""
    if reply not in latest:
        raise HTTPException(404, "This reply isn't kept any more.")
    return latest[reply]


Kept = Annotated[Reply, Depends(kept)]


@app.get("/replies/{reply}", response_class=EventSourceResponse)
async def read(reply: Kept, last_event_id: Annotated[int, Header(ge=0)] = 0) -> Any:
    """Stream a reply. A browser that lost the connection says by itself what it had last."""
    async for number, event, data in reply.read(last_event_id):
        yield ServerSentEvent(event=event, data=data, id=str(number))


@app.post("/replies/{reply}/stop", status_code=204)
async def stop(reply: Kept) -> None:
    """Stop a reply, from whichever page."""
    await reply.stop()
