"""The assistant behind the apps: models, a tool, and failure handling.

OPENAI_MODEL sets the model. Optionally, OPENAI_FALLBACK_MODEL sets a second model, and
OPENAI_BASE_URL sets the URL of an OpenAI-compatible server.
"""

import asyncio
import codecs
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import openai
from langchain_core.messages import (
    AIMessageChunk,
    InvalidToolCall,
    ToolCall,
    ToolMessage,
    message_chunk_to_message,
)
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

SYSTEM = ("system", "You are the support assistant of a lamp shop. Answer briefly.")
LONGEST_MESSAGE = 8_000  # characters
LONGEST_SILENCE = 50  # seconds to wait for the model or a tool; many proxies time out after 60
MOST_ROUNDS = 5  # the maximum number of rounds of tool calls per reply

if not os.environ.get("OPENAI_MODEL"):
    raise SystemExit("Set OPENAI_MODEL to the name of a model, such as gpt-5-mini.")


@tool
async def order_status(order: int) -> str:
    """Look up where an order is, by its number."""
    await asyncio.sleep(1)  # query your database here
    return f"Order {order} left the warehouse on Monday and arrives on Thursday."


TOOLS = {each.name: each for each in [order_status]}
MODELS = [
    ChatOpenAI(
        model=name,
        api_key=os.environ.get("OPENAI_API_KEY", "").strip() or "none",  # local servers need none
        stream_usage=True,
        max_tokens=4_000,  # limits a reply's cost and memory use
        timeout=LONGEST_SILENCE,  # limits each wait for data, not the whole reply
        # off, since on Python 3.11 this timeout can swallow a cancellation
        stream_chunk_timeout=None,
    )
    for name in (os.environ["OPENAI_MODEL"], os.environ.get("OPENAI_FALLBACK_MODEL"))
    if name
]
LOG = logging.getLogger(__name__)
LIMITS = {"length": "The reply reached its length limit.", "content_filter": "Filtered."}


class LimitReached(Exception):  # noqa: N818 (not an error: the text so far is kept)
    """Raised if a limit ends a reply early; the error message names the limit."""


async def answer(messages: list[Any]) -> AsyncGenerator[tuple[str, str]]:
    """Yield the items of a reply: ("text", piece), ("tool", name) and ("result", result).

    The fallback model takes over only before the first item: later, it might repeat text or calls.
    """
    for model in MODELS:
        begun = False
        try:
            async with aclosing(_answer(model, [SYSTEM, *messages])) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
            return
        except Exception:
            if begun or model is MODELS[-1]:
                raise
            LOG.exception("The fallback model takes over")


async def _answer(model: ChatOpenAI, messages: list[Any]) -> AsyncGenerator[tuple[str, str]]:
    for _ in range(MOST_ROUNDS):
        whole = finish = None
        halves = codecs.getincrementaldecoder("utf-16-le")("replace")
        async with aclosing(model.bind_tools(TOOLS.values()).astream(messages)) as chunks:
            while chunk := await _next(chunks):
                whole = chunk if whole is None else whole + chunk
                finish = _finish_reason(chunk) or finish  # if sent twice, `whole` has "stopstop"
                # an emoji may arrive in halves, which can be neither encoded nor sent
                if text := halves.decode(chunk.text.encode("utf-16-le", "surrogatepass")):
                    yield "text", text
        if finish in (None, "error", "abort"):  # a dropped connection can look like a normal end
            raise EOFError
        if finish in LIMITS:
            raise LimitReached(LIMITS[finish])
        if not whole.tool_call_chunks:
            if not whole.text:  # a refusal, for example, whose text LangChain drops
                raise LimitReached("The model returned no text.")
            return
        # With any other finish reason, a tool call may be truncated yet look complete.
        if finish not in ("tool_calls", "stop"):  # some providers send "stop" for tool calls too
            raise EOFError
        messages = [*messages, message_chunk_to_message(whole)]
        for call in [*whole.tool_calls, *whole.invalid_tool_calls]:
            yield "tool", call["name"]
            messages.append(await _call(call))
            yield "result", messages[-1].content
    raise LimitReached(f"Stopped after {MOST_ROUNDS} rounds of tools.")


async def _next(chunks: AsyncIterator[AIMessageChunk]) -> AIMessageChunk | None:
    async with asyncio.timeout(LONGEST_SILENCE):  # including the client's retries
        return await anext(chunks, None)


def _finish_reason(chunk: AIMessageChunk) -> str | None:
    """Return the finish reason, or the equivalent for models that use the Responses API."""
    details = chunk.response_metadata
    if details.get("status") == "completed":
        return "stop"
    reason = (details.get("incomplete_details") or {}).get("reason")
    return details.get("finish_reason") or {"max_output_tokens": "length"}.get(reason, reason)


async def _call(call: ToolCall | InvalidToolCall) -> ToolMessage:
    try:
        if call["type"] == "invalid_tool_call":
            raise ValueError("The arguments aren't JSON.")
        async with asyncio.timeout(LONGEST_SILENCE):
            return await TOOLS[call["name"]].ainvoke(call)
    except Exception:  # report the failure to the model, and continue the reply
        LOG.exception("The tool %s failed", call["name"])
        return ToolMessage("The tool failed.", tool_call_id=call["id"], status="error")


def sentence(error: Exception) -> str:
    """Describe a failure in our own words, since a library's message might contain an API key."""
    if not isinstance(error, LimitReached):
        LOG.error("A reply failed", exc_info=error)
    sentences = {
        LimitReached: str(error),
        EOFError: "The reply ended before it was complete.",
        openai.AuthenticationError: "The model's provider refused this server's key.",
        openai.NotFoundError: "The model's provider doesn't have this model or URL.",
        openai.RateLimitError: "The model's provider is too busy. Try again in a minute.",
        (TimeoutError, openai.APITimeoutError): "The model didn't answer in time.",
        openai.APIConnectionError: "The connection to the model failed.",
        openai.OpenAIError: "The model's provider reported an error.",
        Exception: "The server failed.",
    }
    return next(said for kind, said in sentences.items() if isinstance(error, kind))
