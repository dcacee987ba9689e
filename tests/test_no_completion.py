"""A 200 response whose body isn't a completion is explained in one sentence.

`explain` returns a sentence for any exception; `explain_providers` returns None for an
exception that isn't a provider's fault.
"""

import asyncio
import json
import os

import langchain_core.tools
import pytest
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from tests.http_server import JSON, SSE, Answer, answering
from utils.provider import chat_model, explain, explain_providers

HTML = "text/html"
MIDWAY = "The provider failed in the middle of its reply: ask again."
INSTEAD = "The provider sent an error instead of a reply"
QUOTED = "The provider failed in the middle of its reply (“Too many.”): ask again."
STATUS_200 = "The server returned status 200 but no completion"
TEXT = 'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
BODIES = {  # content type and body
    "LM Studio without /v1": (JSON, '{"error": "Unexpected endpoint or method. (POST /chat)"}'),
    "empty object": (JSON, "{}"),
    "log-in page": (HTML, "<html><body>Please log in</body></html>"),
    "nothing": (JSON, ""),
    "list": (JSON, "[]"),
    "plain text": ("text/plain", "Ollama is running"),
    "half of it": (JSON, '{"choices": ['),
    "no choices": (JSON, '{"id": "x", "choices": []}'),
    "empty choice": (JSON, '{"id": "x", "choices": [{}]}'),
    "null message": (JSON, '{"id": "x", "choices": [{"message": null}]}'),
    "content of a number": (
        JSON,
        '{"choices": [{"message": {"role": "assistant", "content": 3}}]}',
    ),
    "bytes": (JSON, b"\xff\xfe\x00{"),
    "done": (SSE, "data: [DONE]\n\n"),
    "no event": (SSE, ""),
    "event null": (SSE, "data: null\n\ndata: [DONE]\n\n"),
    "event of text": (SSE, "data: hello\n\n"),
    "event of a list": (SSE, "data: []\n\n"),
    "events with an error": (SSE, 'data: {"error": {"message": "boom"}}\n\ndata: [DONE]\n\n'),
    "events with an error's text": (SSE, 'data: {"error": "boom"}\n\n'),
    "delta null": (SSE, 'data: {"choices": [{"delta": null}]}\n\n'),
    "tool call null": (
        SSE,
        'data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": null}]}}]}\n\n',
    ),
    "event of bytes": (SSE, b"data: \xff\xfe\x00{\n\n"),
    "null after text": (SSE, f"{TEXT}data: null\n\n"),
    "not compressed": ("gzip", "not gzip"),  # uncompressed, but with `Content-Encoding: gzip`
}


@pytest.fixture
def odd_server(monkeypatch):
    """Return a function that sets the content type and body of all responses (status 200)."""
    chosen = []

    def answer(_):
        kind, body = chosen[-1]
        compressed = {"Content-Encoding": "gzip"} if kind == "gzip" else {}
        return Answer(body, JSON if compressed else kind, headers=compressed)

    with answering(answer) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.setenv("OPENAI_MODEL", "llama")
        yield chosen.append


STRUCTURED = {"response_format": {"type": "json_object"}}  # parsed by different code in the SDK


async def explanations(model):
    """Call the model in five ways; return the explanation of each error (None if unexplained)."""
    found = []
    for call in (
        lambda: model.ainvoke("hi"),
        lambda: read(model),
        lambda: asyncio.to_thread(model.invoke, "hi"),
        lambda: asyncio.to_thread(lambda: list(model.stream("hi"))),
        lambda: read(model, **STRUCTURED),
    ):
        with pytest.raises(Exception) as error:  # noqa: PT011 (any exception)
            await call()
        found.append(explain_providers(error.value))
        assert found[-1] in (None, explain(error.value))
    return found


async def read(model, **options):
    async for _ in model.astream("hi", **options):
        pass


@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("case", BODIES)
async def test_a_body_that_is_not_a_completion_is_explained(odd_server, case, responses):
    odd_server(BODIES[case])
    for sentence in await explanations(chat_model(max_retries=0, use_responses_api=responses)):
        assert sentence.startswith(
            ("The server returned status 200 but ", "The provider failed in the mid", INSTEAD)
        )
        assert "\n" not in sentence
        assert sentence.startswith(INSTEAD) or sentence.endswith(("end in /v1.", "ask again."))


CREATED = (
    'event: response.created\ndata: {"type": "response.created", "response": '
    '{"id": "r", "model": "m", "output": []}}\n\n'
)
LIMITED = '"error": {"code": "rate_limit_exceeded", "message": "Too many."}'
ERROR_EVENT = 'data: {"type": "error", "code": "rate_limit_exceeded", "message": "Too many."}\n\n'
# For each ending: whether the Responses API is used, the stream's beginning and end, and how the
# explanation begins.
ENDINGS = {
    "no JSON": (False, TEXT, "event: error\ndata: upstream failed\n\n", MIDWAY),
    "empty ping": (False, TEXT, "event: ping\ndata:\n\n", MIDWAY),
    "error": (False, TEXT, f"data: {{{LIMITED}}}\n\n", QUOTED),
    "error alone": (False, "", f"data: {{{LIMITED}}}\n\n", f"{INSTEAD}: Too many."),
    "no JSON alone": (False, "", "data: upstream failed\n\n", STATUS_200),
    "failed response": (
        True,
        CREATED,
        f'data: {{"type": "response.failed", "response": {{"id": "r", {LIMITED}}}}}\n\n',
        QUOTED,
    ),
    "error event": (True, CREATED, ERROR_EVENT, QUOTED.replace("Too", "rate_limit_exceeded: Too")),
    "error event alone": (
        True,
        "",
        ERROR_EVENT,
        f"{STATUS_200} (“rate_limit_exceeded: Too many.”)",
    ),
}


@pytest.mark.parametrize(("responses", "begin", "end", "words"), ENDINGS.values(), ids=ENDINGS)
async def test_an_error_midway_differs_from_an_error_instead_of_a_reply(
    odd_server, responses, begin, end, words
):
    odd_server((SSE, begin + end))
    model = chat_model(max_retries=0, use_responses_api=responses)
    _, asynchronous, _, synchronous, _ = await explanations(model)
    assert asynchronous.startswith(words)
    assert synchronous.startswith(words)


async def test_the_servers_message_is_quoted(odd_server):
    odd_server(BODIES["LM Studio without /v1"])
    sentence, *_ = await explanations(chat_model(max_retries=0))
    assert sentence == (
        "The server returned status 200 but no completion (“Unexpected endpoint or method. "
        "(POST /chat)”): OPENAI_BASE_URL should probably end in /v1."
    )


@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
async def test_an_error_with_status_200_is_quoted(odd_server, monkeypatch, responses):
    odd_server((JSON, '{"error": {"message": "Provider returned error", "code": 429}}'))
    monkeypatch.setenv("OPENAI_BASE_URL", os.environ["OPENAI_BASE_URL"] + "/v1")
    sentence, *_ = await explanations(chat_model(max_retries=0, use_responses_api=responses))
    assert sentence == f"{INSTEAD}: Provider returned error"


async def test_a_url_that_ends_in_v1_is_not_corrected(odd_server, monkeypatch):
    odd_server(BODIES["log-in page"])
    monkeypatch.setenv("OPENAI_BASE_URL", os.environ["OPENAI_BASE_URL"] + "/v1/")
    for sentence in await explanations(chat_model(max_retries=0)):
        assert "an OpenAI-compatible API that can stream, and that" in sentence
        assert sentence.endswith("your network's login page isn't responding instead.")


async def test_a_group_of_equal_failures_is_explained_once(odd_server):
    odd_server(BODIES["empty object"])
    model = chat_model(max_retries=0)
    with pytest.raises(ExceptionGroup) as error:
        await three_calls(model)
    sentence = explain_providers(error.value)
    assert sentence.count("The server returned status 200") == 1
    mixed = ExceptionGroup("both", [error.value, ZeroDivisionError()])
    assert explain_providers(mixed) is None


async def three_calls(model):
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(model.ainvoke("hi"))


def a_learners_parser(_):
    raise ValueError("No generation chunks were returned")


class City(BaseModel):
    name: str


MISTAKES = {  # calls that fail because of a learner's own code
    "code": lambda model: json.loads("no"),
    "attribute": lambda model: model.invoke("hi").text.nothing,
    "step": lambda model: (model | RunnableLambda(a_learners_parser)).invoke("hi"),
    "step of a stream": lambda model: list((model | RunnableLambda(a_learners_parser)).stream("x")),
    "parser": lambda model: (model | JsonOutputParser()).invoke("hi"),
    "input": lambda model: model.invoke(42),
    "message": lambda model: model.invoke([{"role": "nobody", "content": "hi"}]),
    "argument": lambda model: model.invoke("hi", no_such_argument=1),
    "callback": lambda model: model.invoke("hi", config={"callbacks": 3}),
    "tool": lambda model: langchain_core.tools.tool(lambda: None),
    "form": lambda model: City.model_validate_json("{}"),
    "raised from it": lambda model: raised_from(model),
}


def raised_from(model):
    try:
        model.invoke("hi", model="no-such-model")
    except Exception as error:
        raise RuntimeError("There was no answer.") from error


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_error_in_a_learners_code_keeps_its_traceback(mistake):
    with pytest.raises(Exception) as error:  # noqa: PT011
        MISTAKES[mistake](chat_model("fast", simulated=True, max_retries=0))
    assert explain_providers(error.value) is None
