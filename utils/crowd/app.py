"""Three endpoints that stream the same reply, and a health check."""

import json
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from utils.provider import chat_model

PROMPT = "Tell me a short story about a lighthouse."

app = FastAPI()
model = chat_model("seed", delivery="slow@0.6", max_tokens=6)  # a 1 s reply, silent until 0.8 s


def frame(text: str) -> str:
    """Return one Server-Sent Event; JSON escapes newlines, so the data fits on one line."""
    return f"data: {json.dumps(text)}\n\n"


@app.get("/blocking")
async def blocking() -> StreamingResponse:
    """Stream with `.stream()` on the event loop."""

    async def frames() -> AsyncIterator[str]:
        for chunk in model.stream(PROMPT):  # blocks the event loop until the reply is over
            yield frame(chunk.text)

    return StreamingResponse(frames(), media_type="text/event-stream")


@app.get("/threads")
def threads() -> StreamingResponse:
    """Stream with `.stream()` in the thread pool, where FastAPI runs `def` endpoints."""

    def frames() -> Iterator[str]:
        for chunk in model.stream(PROMPT):  # blocks one of the thread pool's 40 threads
            yield frame(chunk.text)

    return StreamingResponse(frames(), media_type="text/event-stream")


@app.get("/tasks")
async def tasks() -> StreamingResponse:
    """Stream with `.astream()`: each request is a task on the event loop."""

    async def frames() -> AsyncIterator[str]:
        async for chunk in model.astream(PROMPT):  # leaves the event loop free while it waits
            yield frame(chunk.text)

    return StreamingResponse(frames(), media_type="text/event-stream")


@app.get("/health")
async def health() -> str:
    """Respond as soon as the event loop is free."""
    return "alive"
