"""Right and wrong answers to 5.watched, which asks for a stall timeout on a stream."""

import asyncio
from contextlib import aclosing

from openai import OpenAIError  # noqa: F401 (used in an edit)

from tests.checks.answers import edits, right
from utils.stall_timeout import Stalled
from utils.stall_timeout import watched as the_courses_own


@right("5.watched", says="One thing to improve: a `TimeoutError` that the stream itself raises")
async def watched(stream, seconds):
    async with aclosing(stream):
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), seconds)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Stalled from None
            yield chunk


edit = edits("5.watched", watched)
OfItsOwn = type("Stalled", (BaseException,), {})
WAIT, LIMIT = "asyncio.wait_for(anext(stream), seconds)", "anext(stream), seconds"
RAISES = "raise Stalled from None"
LIMITED = """async with asyncio.timeout(seconds):
                    yield await anext(stream)"""
RETURNS = "except {}:\n                return\n            except TimeoutError".format

right("5.watched")(the_courses_own)
edit("shorter limit", {LIMIT: f"{LIMIT} / 2"})
edit("longer limit", {LIMIT: "anext(stream), 2"}, "when `seconds` was 0.7. Where does")
edit("shorter limit", {LIMIT: "anext(stream), int(seconds)"}, "had lasted 0.7 s. Where does")
SHIELDED = {WAIT: "asyncio.wait_for(asyncio.shield(anext(stream)), seconds)"}
edit("closes what is still read", SHIELDED, "waits for it")
AROUND_YIELD = {f"chunk = await {WAIT}": LIMITED, "            yield chunk\n": ""}
edit("counts the reader's time", AROUND_YIELD, "a `CancelledError`")
edit("waits on", {WAIT: "anext(stream)"})
edit("timeout propagates", {"TimeoutError": "OverflowError"})
edit("takes an error for a stall", {"TimeoutError": "Exception"})
edit("takes the end for a stall", {"StopAsync": "Stop", "TimeoutError": "Exception"})
edit("no exception", {"Stalled": "OfItsOwn"}, "inherit from")
edit("raises", {"StopAsyncIteration": "StopIteration"}, "at the line `chunk = await")
edit("ends quietly", {RAISES: "return"})
edit("swallows the error", {"except TimeoutError": RETURNS("OpenAIError")})
edit("swallows the cancellation", {"except TimeoutError": RETURNS("asyncio.CancelledError")})
edit("yields an awaitable", {f"await {WAIT}": "anext(stream)"})
edit("yields something else", {"yield chunk": "yield chunk.model_copy(update={'content': '!'})"})
edit("yields a piece again", {"yield chunk": "yield chunk\n            yield chunk"})
edit("leaves a piece out", {"yield chunk": "if chunk.content:\n                yield chunk"})
HELD = {
    "        while": "        held = None\n        while",
    "yield chunk": "if held:\n                yield held\n            held = chunk",
}
edit("leaves a piece out", HELD, "It was the last piece")
NO_R = {"yield chunk": "if 'R' not in chunk.content:\n                yield chunk"}
edit("leaves a piece out", NO_R, "Which line skips it")
edit("yields nothing", {"yield chunk": "if not chunk:\n                yield chunk"})


@right("5.watched")
async def stops_the_limit_meanwhile(stream, seconds):
    loop = asyncio.get_running_loop()
    try:
        async with aclosing(stream), asyncio.timeout(seconds) as limit:
            async for chunk in stream:
                limit.reschedule(None)
                yield chunk
                limit.reschedule(loop.time() + seconds)
    except TimeoutError as error:
        raise Stalled from error


ONE_LIMIT = {"limit.reschedule(None)": "pass", "limit.reschedule(loop.time() + seconds)": "pass"}
edits("5.watched", stops_the_limit_meanwhile)("limit for the whole stream", ONE_LIMIT)
