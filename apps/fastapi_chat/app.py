"""A streaming chat assistant on FastAPI and LangChain. Copy this folder: it is yours to change.

    pip install -r requirements.txt
    OPENAI_MODEL=gpt-5-mini OPENAI_API_KEY=... uvicorn app:app --timeout-graceful-shutdown 2

OPENAI_BASE_URL names another OpenAI-compatible server, OPENAI_FALLBACK_MODEL a second model.
A reply is a task of the server's own, which writes it to its end. Readers come and go; only Stop
cancels it.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import mistune
import openai
from fastapi import Body, Cookie, Depends, FastAPI, Header, HTTPException, Response
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain_core.messages import ToolCall, ToolMessage, message_chunk_to_message
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

SYSTEM = "You are the support assistant of a lamp shop. Answer briefly."
LONGEST_MESSAGE = 8_000  # characters
LONGEST_REPLY = 4_000  # tokens; limits what a reply costs, and the memory it takes
LONGEST_SILENCE = 60  # seconds until a silent model or tool counts as failed
MOST_TOOL_ROUNDS = 5  # a model may call tools again and again
MOST_TURNS = 20  # of a conversation; older ones are forgotten
MOST_VISITORS = 1_000  # whose conversations are kept

log = logging.getLogger("uvicorn.error")


# --- The assistant: models, tools, and what happens when they fail -----------------------------


def chat_model(name: str) -> ChatOpenAI:
    """Return the client of one model; it reads OPENAI_BASE_URL by itself."""
    return ChatOpenAI(
        model=name,
        api_key=os.environ.get("OPENAI_API_KEY") or "none",  # local servers need no key
        stream_usage=True,
        max_tokens=LONGEST_REPLY,
        timeout=LONGEST_SILENCE,  # limits each wait for data, not the whole reply
        stream_chunk_timeout=None,  # on Python 3.11 this second limit can swallow a Stop
    )


if not os.environ.get("OPENAI_MODEL"):
    raise SystemExit("Set OPENAI_MODEL to the name of a model, such as gpt-5-mini.")
NAMES = [os.environ["OPENAI_MODEL"], os.environ.get("OPENAI_FALLBACK_MODEL")]
MODELS = [chat_model(name) for name in NAMES if name]


@tool
async def order_status(order: int) -> str:
    """Look up where an order is, by its number."""
    await asyncio.sleep(1)  # your database goes here
    return f"Order {order} left the warehouse on Monday and arrives on Thursday."


TOOLS = {each.name: each for each in [order_status]}


async def call_tool(call: ToolCall) -> ToolMessage:
    """Run a tool. If it fails or doesn't exist, tell the model and continue the reply."""
    try:
        async with asyncio.timeout(LONGEST_SILENCE):
            return await TOOLS[call["name"]].ainvoke(call)
    except Exception:
        log.exception("The tool %s failed", call["name"])
        return ToolMessage("The tool failed.", tool_call_id=call["id"], status="error")


class CutShortError(Exception):
    """The stream ended before the model had finished."""


EARLY = {"length": "The reply reached its length limit.", "content_filter": "Filtered."}


async def answer(model: ChatOpenAI, messages: list[Any]) -> AsyncGenerator[tuple[str, str]]:
    """Yield ("status", …), ("tool", its name), ("text", a piece), ("note", why it ended early)."""
    for _ in range(MOST_TOOL_ROUNDS):
        yield "status", "Thinking"
        whole = None
        async with aclosing(model.bind_tools(TOOLS.values()).astream(messages)) as chunks:
            async for chunk in chunks:
                whole = chunk if whole is None else whole + chunk
                if chunk.text:
                    yield "text", chunk.text
        # A broken connection can look like an end: only a finish reason tells them apart.
        finish = whole and whole.response_metadata.get("finish_reason")
        if not finish:
            raise CutShortError
        if finish != "tool_calls":  # the arguments of a call that was cut off can look complete
            if finish in EARLY:
                yield "note", EARLY[finish]
            return
        messages = [*messages, message_chunk_to_message(whole)]
        for call in whole.tool_calls:
            yield "tool", call["name"]
            messages.append(await call_tool(call))
    yield "note", f"Stopped after {MOST_TOOL_ROUNDS} rounds of tools."


async def first_answer(messages: list[Any]) -> AsyncGenerator[tuple[str, str]]:
    """Yield the answer of the first model that gets as far as a text or a tool.

    From then on another model would repeat what is on the page, or act a second time.
    """
    for model in MODELS:
        begun = False
        try:
            async with aclosing(answer(model, messages)) as pieces:
                async for kind, value in pieces:
                    begun = begun or kind in ("text", "tool")
                    yield kind, value
            return
        except Exception:
            if begun or model is MODELS[-1]:
                raise


def sentence(error: Exception) -> str:
    """Return what the page says of a failure: never the error's own words, it may hold a key."""
    known = {
        CutShortError: "The reply broke off before its end.",
        openai.AuthenticationError: "The model's provider refused this server's key.",
        openai.NotFoundError: "The model's provider doesn't have this model.",
        openai.RateLimitError: "The model's provider is too busy. Try again in a minute.",
        openai.APITimeoutError: "The model didn't answer in time.",
        openai.APIConnectionError: "The connection to the model failed.",
        openai.OpenAIError: "The model's provider reported an error.",
    }
    for kind, said in known.items():
        if isinstance(error, kind):
            return said
    log.error("A reply failed", exc_info=error)
    return "The server failed."


# --- Replies, and where they are kept ----------------------------------------------------------


Turn = tuple[str, str, str]  # a question, its reply, and a note if that isn't all of it


class Reply:
    """A list of events that grows, and that any number of readers follow at their own pace."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.news = asyncio.Event()
        self.over = False
        self.task: asyncio.Task[None] | None = None


class Replies:
    """Replies and conversations in this process's memory; several workers need a shared place."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.latest: dict[str, str] = {}  # the id of each visitor's last reply
        self.turns: dict[str, list[Turn]] = {}

    async def conversation(self, visitor: str) -> tuple[list[Turn], str | None]:
        """Return a visitor's turns, and the id of the reply that is still being written."""
        reply = self.latest.get(visitor)
        running = reply is not None and not self.replies[reply].over
        return self.turns.get(visitor, []), reply if running else None

    async def begin(self, visitor: str, question: str) -> str | None:
        """Add a question and return the id of its reply; None while another is being written."""
        if (await self.conversation(visitor))[1]:
            return None
        self.replies.pop(self.latest.get(visitor, ""), None)
        self.latest[visitor] = reply = uuid4().hex
        self.replies[reply] = Reply()
        self.turns[visitor] = [*self.turns.pop(visitor, [])[1 - MOST_TURNS :], (question, "", "")]
        for old in list(self.turns)[:-MOST_VISITORS]:
            if self.replies[self.latest[old]].over:
                del self.turns[old], self.replies[self.latest.pop(old)]
        return reply

    async def keeps(self, reply: str) -> bool:
        """Return whether a reply is here."""
        return reply in self.replies

    def write(self, visitor: str, reply: str, turns: list[Turn]) -> None:
        """Start the task that writes a reply, which `stop` cancels."""
        self.replies[reply].task = asyncio.create_task(write(visitor, reply, turns))

    async def append(self, reply: str, event: str, data: Any) -> None:
        """Add an event, which all readers get."""
        self.replies[reply].events.append((event, data))
        self.replies[reply].news.set()

    async def finish(self, visitor: str, reply: str, turn: Turn, event: str) -> None:
        """Add the last event, and what was said to the conversation."""
        self.turns[visitor][-1] = turn
        self.replies[reply].over = True
        await self.append(reply, event, html(turn))

    async def read(self, reply: str, after: int) -> AsyncGenerator[tuple[int, str, Any]]:
        """Yield the events behind number `after` as they come, each with its number."""
        kept = self.replies[reply]
        while True:
            kept.news.clear()
            for event, data in kept.events[after:]:
                after += 1
                yield after, event, data
            if after == len(kept.events):
                if kept.over:
                    return
                await kept.news.wait()

    async def stop(self, reply: str) -> None:
        """Cancel the task that writes a reply, and wait until it has ended."""
        if task := self.replies[reply].task:
            task.cancel()
            await asyncio.wait([task])


replies = Replies()


async def write(visitor: str, reply: str, turns: list[Turn]) -> None:
    """Write a reply into its list of events. What was said is kept, however it ends."""
    messages: list[Any] = [("system", SYSTEM)]
    for question, said, note in turns:  # a model has to know, too, what isn't all of a reply
        messages += [("user", question), ("assistant", f"{said}\n\n[{note}]" if note else said)]
    said = rest = note = ""
    end = "end"
    try:
        async with aclosing(first_answer(messages[:-1])) as pieces:
            async for kind, value in pieces:
                if kind == "note":
                    note = value
                    continue
                await replies.append(reply, kind, value)
                if kind == "text":
                    said += value
                    blocks, rest = split_blocks(rest + value)
                    if blocks:
                        await replies.append(reply, "html", markdown(blocks))
    except asyncio.CancelledError:
        note = "Stopped."
    except Exception as error:
        end, note = "failed", sentence(error)
    await replies.finish(visitor, reply, (turns[-1][0], joined(said), note), end)


# --- Markdown ----------------------------------------------------------------------------------


class SafeHTML(mistune.HTMLRenderer):
    """Nothing that a model writes can run or fetch: HTML is shown as text, pictures are named."""

    SAFE_PROTOCOLS = ("http:", "https:")
    GOOD_DATA_PROTOCOLS = ()

    def image(self, text: str, *_: Any, **__: Any) -> str:
        """Return the description alone."""
        return text


markdown = mistune.create_markdown(renderer=SafeHTML(escape=True), plugins=["table"])


def joined(text: str) -> str:
    """Join the halves of an emoji that came apart; one half alone can't be sent to anybody."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def html(turn: Turn) -> str:
    """Render a reply; the note comes apart, as the text may end inside of code."""
    _, said, note = turn
    return markdown(said) + (markdown(f"*[{note}]*") if note else "")


def split_blocks(text: str) -> tuple[str, str]:
    """Split Markdown after the last paragraph that is complete; inside of code, none is."""
    blocks, _, rest = text.rpartition("\n\n")
    return (blocks, rest) if blocks.count("```") % 2 == 0 else ("", text)


# --- What the page asks for --------------------------------------------------------------------

app = FastAPI()


@app.get("/")
async def page() -> FileResponse:
    """Return the page, which does the rest by itself."""
    return FileResponse(Path(__file__).with_name("page.html"))


@app.get("/conversation")
async def conversation(visitor: Annotated[str, Cookie()] = "") -> dict[str, Any]:
    """Return what a page that was just loaded shows, and the reply that it rejoins."""
    turns, reply = await replies.conversation(visitor)
    return {"turns": [(turn[0], html(turn)) for turn in turns], "reply": reply}


@app.post("/chat")
async def chat(
    response: Response,
    message: Annotated[str, Body(embed=True)],
    visitor: Annotated[str, Cookie()] = "",
) -> dict[str, str]:
    """Start a reply and return its id."""
    message = joined(message)
    if not message.strip():
        raise HTTPException(422, "Type a message first.")
    if len(message) > LONGEST_MESSAGE:
        raise HTTPException(413, f"A message can have {LONGEST_MESSAGE:,} characters at most.")
    visitor = visitor or uuid4().hex
    response.set_cookie("visitor", visitor, httponly=True, samesite="lax")
    reply = await replies.begin(visitor, message)
    if reply is None:
        raise HTTPException(409, "A reply is still being written: wait for its end, or stop it.")
    turns, _ = await replies.conversation(visitor)
    replies.write(visitor, reply, turns)
    return {"reply": reply}


async def known(reply: str) -> str:
    """Refuse a reply that isn't kept: in the stream below it is too late for a status."""
    if not await replies.keeps(reply):
        raise HTTPException(404, "This reply isn't kept any more.")
    return reply


Known = Annotated[str, Depends(known)]


@app.get("/replies/{reply}", response_class=EventSourceResponse)
async def read(reply: Known, last_event_id: Annotated[int, Header()] = 0) -> Any:
    """Stream a reply. A browser that lost the connection says by itself what it had last."""
    async for number, event, data in replies.read(reply, last_event_id):
        yield ServerSentEvent(event=event, data=data, id=str(number))


@app.post("/replies/{reply}/stop", status_code=204)
async def stop(reply: Known) -> None:
    """Stop a reply, from whichever page."""
    await replies.stop(reply)
