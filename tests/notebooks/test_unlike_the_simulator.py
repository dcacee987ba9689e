"""The lessons with a different OpenAI-compatible server, selected by environment variables.

No cell ends in a traceback, whatever the server sends. Outputs may differ from the stored ones.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.http_server import SSE, Answer, Asked, answering
from tests.notebooks import editions
from tests.notebooks.editions import LESSONS, ROOT


@dataclass(frozen=True)
class Reply:
    """One of the server's replies, both as one string and as the deltas of a stream."""

    content: str | None
    deltas: Sequence[Mapping[str, Any]]
    finish: str | None = "stop"
    usage: Mapping[str, int] | None = None
    done: bool = True  # whether the stream ends with a [DONE] event


KEY = "the-key-of-another-server"
USAGE = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
HIDDEN = USAGE | {"completion_tokens": 1040, "total_tokens": 1047}  # mostly hidden reasoning
MIXED = "你好，世界。我们今天学习流式输出。\n\nשלום עולם\n\n- مرحبا\n- 👩‍👩‍👧‍👦 \x1b[31m\x00\u202e"  # noqa: RUF001
REPLIES = {
    # Hidden reasoning can use up all the tokens; some servers then send null as the content.
    "no text": Reply(None, [{"role": "assistant", "content": None}], finish="length"),
    # Like Hugging Face's server: no content in the first chunk, usage in the last, no [DONE].
    "one word": Reply("Yes", [{"role": "assistant"}, {"content": "Yes"}], usage=USAGE, done=False),
    # Only text: no finish reason, no token count, no sentences, no code.
    "bare text": Reply(
        "on and on " * 30, [{"content": "on and on "}] * 30, finish=None, done=False
    ),
    # Non-Latin scripts in a single chunk, with a token count that includes hidden reasoning.
    "one chunk": Reply(MIXED, [{"role": "assistant", "content": MIXED}], usage=HIDDEN),
}


class Server:
    """Answers each request with the next of `REPLIES`; `begin` selects which comes first."""

    def __init__(self) -> None:
        self.requests, self.address = 0, ""
        # (model, Authorization header) of each request
        self.asked: set[tuple[str | None, str | None]] = set()
        self.begin(0)

    def begin(self, first: int) -> None:
        self._replies = itertools.islice(itertools.cycle(REPLIES.values()), first, None)

    def answer(self, asked: Asked) -> Answer:
        self.requests += 1
        reply = next(self._replies)
        self.asked.add((asked.body.get("model"), asked.headers["Authorization"]))
        if not asked.path.endswith("/v1/chat/completions"):
            return Answer(status=404)  # like some servers, this one has no Responses API
        if asked.body.get("stream"):
            return Answer("".join(_events(reply)), SSE)
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        message = {"role": "assistant", "content": reply.content}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish}
        return Answer(json.dumps(answer | {"choices": [choice], "usage": reply.usage}))


def _events(reply: Reply) -> Iterator[str]:
    for delta in reply.deltas:
        yield event({"delta": delta, "finish_reason": None})
    yield event({"delta": {}, "finish_reason": reply.finish}, reply.usage)
    if reply.done:
        yield "data: [DONE]\n\n"


def event(choice: Mapping[str, Any], usage: Mapping[str, int] | None = None) -> str:
    """Return a stream event: one chunk with this choice."""
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps(chunk | {'choices': [{'index': 0, **choice}], 'usage': usage})}\n\n"


@pytest.fixture
def other_server(monkeypatch) -> Iterator[Server]:
    server = Server()
    with answering(server.answer) as address:
        server.address = address.removeprefix("http://")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
        monkeypatch.setenv("OPENAI_MODEL", "m")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_cell_ends_in_an_error(lesson, other_server: Server, quick_kernel):
    """Each cell that calls the model is executed twice, with different replies the second time."""
    cells = editions.code(editions.read("solutions", lesson).cells)
    requests = [0]  # the total number of requests after each cell

    def once_more() -> bool:
        """Return whether the latest cell called the model. Such a cell runs again at the end."""
        requests.append(other_server.requests)
        if len(requests) > len(cells):  # every cell has run once; the rest are repeats
            other_server.begin(2)
        return requests[-1] > requests[-2]

    setup, *others = fresh = editions.run(cells, ROOT / "solutions", quick_kernel, once_more)
    assert len(others) > len(cells)
    unwanted = {cell.id: list(editions.unwanted_outputs(cell.outputs)) for cell in others}
    assert {name: problems for name, problems in unwanted.items() if problems} == {}
    printed = "".join(output.get("text", "") for output in setup.outputs)
    assert f"Cells will call the model m at {other_server.address}:" in printed
    assert other_server.asked == {("m", f"Bearer {KEY}")}
    assert KEY not in str(fresh)
