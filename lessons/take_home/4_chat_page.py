"""Serve a chat page on http://127.0.0.1:8000 whose Stop button stops the model.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
Most local servers accept any key.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse
from langchain_openai import ChatOpenAI

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
    sys.exit(f"Set {' and '.join(missing)} in the environment: see --help.")

model = ChatOpenAI(
    model=os.environ["OPENAI_MODEL"],  # ChatOpenAI doesn't read this variable
    stream_usage=True,
    timeout=60,
    stream_chunk_timeout=None,  # off, since on Python 3.11 it can lose a cancellation
)
app = FastAPI()

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<form id="form"><input id="question" aria-label="Question" size="50" required>
<button>Ask</button> <button type="button" id="halt" disabled>Stop</button></form>
<p id="reply" style="white-space: pre-wrap"></p><p id="note" role="status"></p>
<script>
let source;
const over = (words) => {
  source?.close();  // an EventSource that isn't closed sends the question again
  halt.disabled = true;
  note.textContent = words;
};
halt.onclick = () => over("Stopped.");
form.onsubmit = (submitted) => {
  submitted.preventDefault();
  over("");
  halt.disabled = false;
  reply.textContent = "";
  source = new EventSource(`/chat?question=${encodeURIComponent(question.value)}`);
  source.onmessage = (event) => { reply.textContent += JSON.parse(event.data); };
  source.addEventListener("end", (event) => over(`Complete: ${event.data} tokens.`));
  source.addEventListener("failed", () => over("The reply is incomplete."));
  source.onerror = () => over("The reply is incomplete: the connection dropped.");
};
</script></html>"""


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    """Return the page."""
    return PAGE


@app.get("/chat")
async def chat(question: str) -> StreamingResponse:
    """Stream the reply as Server-Sent Events."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames(question), media_type="text/event-stream", headers=headers)


async def frames(question: str) -> AsyncIterator[str]:
    """Yield the reply's text, then one event: `end` with the number of tokens, or `failed`."""
    finish = tokens = None
    try:
        async with aclosing(model.astream(question)) as chunks:
            async for chunk in chunks:
                finish = chunk.response_metadata.get("finish_reason") or finish
                tokens = chunk.usage_metadata["output_tokens"] if chunk.usage_metadata else tokens
                if chunk.text:
                    yield f"data: {json.dumps(chunk.text)}\n\n"
    except Exception:
        logging.exception("The model failed")
        finish = None
    yield f"event: {'end' if finish == 'stop' else 'failed'}\ndata: {tokens or 0}\n\n"


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), timeout_graceful_shutdown=2)
