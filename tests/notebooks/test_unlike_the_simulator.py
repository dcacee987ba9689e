"""Lessons run with another OpenAI-compatible server, selected only by environment variables.

No cell ends in a traceback, whatever that server sends, but outputs may differ from what the
lesson's text says.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT


@dataclass(frozen=True)
class Reply:
    """One of the server's replies, as a whole message and as the deltas of a stream."""

    message: Mapping[str, Any]
    deltas: Sequence[Mapping[str, Any]]
    finish: str | None
    usage: Mapping[str, int] | None
    closing: str  # the [DONE] event, or "" for none


KEY = "the-key-of-another-server"
USAGE = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
HIDDEN = USAGE | {"completion_tokens": 1040, "total_tokens": 1047}
MIXED = "你好，世界。我们今天学习流式输出。\n\nשלום עולם\n\n- مرحبا\n- 👩‍👩‍👧‍👦 \x1b[31m\x00\u202e"  # noqa: RUF001
REPLIES = {
    # A model with hidden reasoning can spend all its tokens on it; some servers then send null as
    # the content.
    "no text": Reply(
        message={"role": "assistant", "content": None},
        deltas=[{"role": "assistant", "content": None}],
        finish="length",
        usage=None,
        closing="data: [DONE]\n\n",
    ),
    # Seen with Hugging Face's server: no content in the first chunk, usage in the last, no [DONE].
    "one word": Reply(
        message={"role": "assistant", "content": "Yes"},
        deltas=[{"role": "assistant"}, {"content": "Yes"}],
        finish="stop",
        usage=USAGE,
        closing="",
    ),
    # Only text: no finish reason, no token count, no sentences, no code.
    "bare text": Reply(
        message={"role": "assistant", "content": "on and on " * 30},
        deltas=[{"content": "on and on "}] * 30,
        finish=None,
        usage=None,
        closing="",
    ),
    # Non-Latin scripts in a single chunk, with a token count that includes hidden reasoning.
    "one chunk": Reply(
        message={"role": "assistant", "content": MIXED},
        deltas=[{"role": "assistant", "content": MIXED}],
        finish="stop",
        usage=HIDDEN,
        closing="data: [DONE]\n\n",
    ),
}


class Handler(BaseHTTPRequestHandler):
    replies: Server
    reply: Reply

    def do_POST(self) -> None:
        self.reply = next(self.replies)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.replies.asked.add((asked.get("model"), self.headers["Authorization"]))
        if not self.path.endswith("/v1/chat/completions"):
            self.send_error(404)  # no Responses API, as on some servers
        elif asked.get("stream"):
            self._answer("text/event-stream", "".join(self._events()))
        else:
            self._answer("application/json", self._completion())

    def _answer(self, kind: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def _events(self) -> Iterator[str]:
        for delta in self.reply.deltas:
            yield self._event({"delta": delta, "finish_reason": None})
        yield self._event({"delta": {}, "finish_reason": self.reply.finish}, self.reply.usage)
        yield self.reply.closing

    def _event(self, choice: Mapping[str, Any], usage: Mapping[str, int] | None = None) -> str:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return (
            f"data: {json.dumps(chunk | {'choices': [{'index': 0, **choice}], 'usage': usage})}\n\n"
        )

    def _completion(self) -> str:
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        choice = {"index": 0, "message": self.reply.message, "finish_reason": self.reply.finish}
        return json.dumps(reply | {"choices": [choice], "usage": self.reply.usage})

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Server:
    """Returns the next of `REPLIES` for each request; `begin` sets which comes next."""

    def __init__(self) -> None:
        self.requests, self.address = 0, ""
        self.asked: set[tuple[str | None, str | None]] = set()  # (model, Authorization header)
        self.begin(0)

    def begin(self, first: int) -> None:
        self._replies = itertools.islice(itertools.cycle(REPLIES.values()), first, None)

    def __next__(self) -> Reply:
        self.requests += 1
        return next(self._replies)


@pytest.fixture
def other_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run a server in a thread, and select it with three environment variables."""
    replying = Server()
    handler = type("Replying", (Handler,), {"replies": replying})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        replying.address = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://{replying.address}/v1")
        monkeypatch.setenv("OPENAI_MODEL", "m")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield replying
        server.shutdown()


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_cell_ends_in_an_error(
    lesson: str, other_server: Server, quick_kernel: Sequence[str] | None
) -> None:
    """Each cell that calls the model is executed twice, with different replies the second time."""
    cells = editions.code(editions.read("solutions", lesson).cells)
    requests = [0]

    def once_more() -> bool:
        requests.append(other_server.requests)
        if len(requests) > len(cells):
            other_server.begin(2)
        return requests[-1] > requests[-2]

    setup, *others = fresh = editions.run(cells, ROOT / "solutions", quick_kernel, once_more)
    assert len(others) > len(cells)
    assert not [each for cell in others for each in editions.faults_of_outputs(cell.outputs)]
    told = "".join(output.get("text", "") for output in setup.outputs)
    assert f"Cells will call the model m at {other_server.address}:" in told
    assert other_server.asked == {("m", f"Bearer {KEY}")}
    assert KEY not in str(fresh)
