"""Choosing the model with environment variables, and explaining why it can't be called.

`delivery` names a simulated fault: with `drop@3`, the connection drops after three tokens.
"""

import asyncio
import re

import httpx2
import openai
import pytest
from langchain_core.exceptions import ModelRefusalError
from langchain_openai import ChatOpenAI
from pydantic import create_model

from utils import provider
from utils.provider import ProviderError, chat_model, describe, explain, explain_providers
from utils.simulator import Simulator, SimulatorError
from utils.stall_timeout import Stalled, watched

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL")


@pytest.fixture(scope="module")
def other():
    """Run a second OpenAI-compatible server, separate from the course's simulator."""
    server = Simulator(speed=50)
    yield server
    server.stop()


@pytest.fixture
def other_by_environment(other, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", other.api_key)
    monkeypatch.setenv("OPENAI_MODEL", "sim")


def test_the_simulator_replies_by_default_and_logs_the_request():
    model = chat_model("fast")
    assert type(model) is ChatOpenAI
    with provider.simulator().watch() as seen:
        chunks = list(model.stream("Name a river."))
    assert "Danube" in "".join(chunk.content for chunk in chunks)
    assert any(chunk.usage_metadata for chunk in chunks)
    assert [request.model for request in seen] == ["sim-fast"]


@pytest.mark.usefixtures("other_by_environment")
def test_environment_variables_alone_redirect_the_same_call(other):
    with other.watch() as seen_there, provider.simulator().watch() as seen_here:
        whole = chat_model("seed").invoke("Name a river.").content
        streamed = "".join(chunk.content for chunk in chat_model().stream("Name a river."))
    assert whole == streamed
    assert [(r.model, r.stream) for r in seen_there] == [("sim", False), ("sim", True)]
    assert len(seen_here) == 0


@pytest.mark.usefixtures("other_by_environment")
@pytest.mark.parametrize("option", [{"simulated": True}, {"delivery": "buffered"}])
def test_options_of_the_simulator_select_the_simulator(other, option):
    with other.watch() as seen_there, provider.simulator().watch() as seen_here:
        chat_model("fast", **option).invoke("Name a river.")
    assert len(seen_there) == 0
    assert len(seen_here) == 1


@pytest.mark.usefixtures("other_by_environment")
def test_a_shared_simulator_is_called_with_the_cells_profile(other, monkeypatch):
    monkeypatch.setenv("OPENAI_MODEL", "sim-chat")
    with other.watch() as seen_there, provider.simulator().watch() as seen_here:
        chat_model("fast").invoke("Name a river.")
        chat_model().invoke("Name a river.")
        chat_model("fast", delivery="buffered").invoke("Name a river.")
    assert [request.model for request in seen_there] == ["sim-fast", "sim-chat"]
    assert [request.model for request in seen_here] == ["sim-fast:buffered"]
    host = other.base_url.split("/")[2]
    assert describe() == f"Cells will call the shared simulator at {host}: no cost."


@pytest.mark.usefixtures("other_by_environment")
@pytest.mark.parametrize("model", ["sim-chat:drop@40", "sim", "simple-7b", "sim-2.5"])
def test_a_model_with_another_name_is_called_whatever_the_profile(monkeypatch, model):
    monkeypatch.setenv("OPENAI_MODEL", model)
    assert chat_model("fast").model_name == model


LOCAL = "http://localhost:11434/v1"


@pytest.mark.parametrize(
    ("url", "key", "model", "name", "address", "described"),
    [
        (LOCAL, "", "llama", "llama", f"{LOCAL}/", r".* model llama at localhost:11434: no cost\."),
        ("", "sk-x", "gpt-x", "gpt-x", "https://api.openai.com/v1/",
         r"Cells will call the model gpt-x at api\.openai\.com: the provider may charge you\."),
        ("", "sk-x", "sim-chat", "sim-chat", "https://api.openai.com/v1/", ".* api.openai.com: .*"),
        *[("", "sk-x", name, name, "https://api.openai.com/v1/",
           rf".* may charge you\. LangChain .* model{tools} by the Responses API.*_MODEL\.")
          for name, tools in {"gpt-5.6-sol": "", "gpt-6-astra": " with tools"}.items()],
        ("", "sk-x", "", "sim-fast", "http://127.0.0.1:", ".*simulator.* set OPENAI_MODEL .*"),
        ("", "", "gpt", "sim-fast", "http://127.0.0.1:", ".*simulator.* OPENAI_API_KEY .*"),
    ],
    ids=["local", "OpenAI", "not a simulator", "pro", "GPT-6", "only a key", "only a model"],
)  # fmt: skip
def test_the_variables_decide_what_is_called(
    monkeypatch, url, key, model, name, address, described
):
    for variable, value in zip(VARIABLES, (key, url, model), strict=True):
        monkeypatch.setenv(variable, value)
    made = chat_model("fast")
    assert made.model_name == name
    assert str(made.root_client.base_url).startswith(address)
    assert re.fullmatch(described, describe())


def test_a_blank_variable_counts_as_unset(monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, " ")
    assert provider.real_provider() is None


@pytest.mark.parametrize(
    ("address", "model", "words"),
    [
        ("http://localhost:1234/v1", "", "OPENAI_MODEL isn't"),
        ("localhost:1234", "m", "is not a valid URL"),
        ("http://", "m", "is not a valid URL"),
        ("http://localhost:port/v1", "m", "is not a valid URL"),
        ("http://[::1/v1", "m", "is not a valid URL"),
        ("http://example..org/v1", "m", "is not a valid URL"),
    ],
)
def test_an_incomplete_provider_is_explained(monkeypatch, address, model, words):
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_MODEL", model)
    with pytest.raises(ProviderError, match=words):
        chat_model()


def test_no_description_contains_a_key_or_a_password(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:secret-word@example.org/v1?key=secret-word")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-word")
    monkeypatch.setenv("OPENAI_MODEL", "m")
    assert describe().startswith("Cells will call the model m at example.org: ")
    assert "secret-word" not in describe() + repr(provider.real_provider())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("API_KEY", "sk-proj\N{EM DASH}abc", "contains an em dash (U+2014) at position 8"),
        ("API_KEY", "\N{LEFT DOUBLE QUOTATION MARK}sk-abc", "starts with a quotation mark"),
        ("API_KEY", "sk-abc'", "ends with a quotation mark: set it without quotes"),
        ("API_KEY", "sk-a\u200bbc", "contains a zero width space (U+200B) at position 5"),
        ("API_KEY", "sk-a bc", "contains a space (U+0020) at position 5"),
        ("API_KEY", "sk-a\nbc", "contains a line break (U+000A) at position 5"),
        ("API_KEY", "\ufeffsk-abc", "contains a byte order mark (U+FEFF) at position 1"),
        ("API_KEY", "Bearer sk-abc", "starts with “Bearer”: set it to the key only"),
        ("API_KEY", "sk-\x1babc", "contains a character (U+001B) at position 4"),
        ("API_KEY", "sk-\udcffabc", "contains a character (U+DCFF) at position 4"),
        ("BASE_URL", '"http://localhost:1234/abc"', "starts with a quotation mark"),
        ("BASE_URL", "http://local host:1234/abc", "contains a space"),
        ("MODEL", "gpt\N{NON-BREAKING HYPHEN}abc", "contains a non-breaking hyphen"),
    ],
    ids=ascii,
)
def test_an_invalid_character_is_named_without_the_value(monkeypatch, name, value, words):
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL)
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    monkeypatch.setenv(f"OPENAI_{name}", value)
    for call in (chat_model, describe):
        with pytest.raises(ProviderError) as error:
            call()
        assert str(error.value).startswith(f"OPENAI_{name} {words}")
        assert is_one_sentence(str(error.value))
        assert "bc" not in str(error.value)


def test_white_space_around_a_key_is_removed(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-abc\N{NO-BREAK SPACE}\r\n")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    assert chat_model().root_client.api_key == "sk-abc"


def test_an_invalid_character_in_another_models_key_is_explained(other):
    model = ChatOpenAI(model="sim", base_url=other.base_url, api_key="sk-proj\N{EM DASH}abc")
    with pytest.raises(UnicodeEncodeError) as error:
        model.invoke("hello")
    sentence = explain_providers(error.value)
    assert sentence.startswith("The key contains an em dash (U+2014) at position 8")
    assert "abc" not in sentence


def failure(model):
    """Return the explanation of the exception that calling `model` raises."""
    with pytest.raises(openai.OpenAIError) as error:
        model.invoke("hello")
    sentence = explain(error.value)
    assert is_one_sentence(sentence)
    return sentence


def is_one_sentence(text):
    return text.endswith(".") and "\n" not in text and len(text) < 250


@pytest.mark.usefixtures("other_by_environment")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OPENAI_API_KEY", "sk-wrong-secret", "rejected the key"),
        ("OPENAI_API_KEY", "", "requires a key, but OPENAI_API_KEY isn't set."),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1", "Could not connect"),
        ("OPENAI_MODEL", "no-such-model", "`no-such-model` does not exist"),
    ],
)
def test_an_invalid_setting_is_named_without_the_key(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    sentence = failure(chat_model(max_retries=0))
    assert words in sentence
    assert name in sentence
    assert "secret" not in sentence


def test_an_unknown_profile_is_explained_with_the_known_profiles():
    sentence = failure(chat_model("quick"))
    assert "`sim-quick` does not exist. Models here: sim-seed, sim-fast" in sentence
    assert "name passed to `chat_model`" in sentence


@pytest.mark.parametrize(
    ("status", "body", "explanation"),
    [
        # The body lacks `error`, the key that the SDK reads.
        *[(status, {"detail": "Server is pinned to 'a'."},
           "The provider rejected this request: Server is pinned to 'a'.")
          for status in (400, 409, 410, 422, 498)],
        (400, "<html>HTTP request sent to HTTPS port</html>",
         ("The provider rejected this request (status 400): check OPENAI_MODEL and "
          "OPENAI_BASE_URL.")),
        (403, {"error": {"message": "Country not supported."}},
         "The provider denied access: Country not supported."),
        (403, "<html>Blocked</html>",
         "The provider denied access: check the key, OPENAI_MODEL and your network."),
        (405, "<html>Not allowed</html>",
         ("The provider doesn't have this model or URL: check OPENAI_MODEL, and that "
          "OPENAI_BASE_URL ends as its documentation says, usually in /v1.")),
        (404, {"detail": "Not Found"},
         ("The provider doesn't have this model or URL (“Not Found”): check OPENAI_MODEL, and "
          "that OPENAI_BASE_URL ends as its documentation says, usually in /v1.")),
        (404, {"error": "model 'llama' not found, try pulling it first"},  # Ollama
         ("The provider doesn't have this model (“model 'llama' not found, try pulling it "
          "first”): check OPENAI_MODEL, or the name passed to `chat_model`.")),
        *[(status, {"error": {"message": "None left.", "code": code}},
           "No credit is left at the provider (“None left.”): add credit.")
          for status, code in ((402, 402), (429, "insufficient_quota"))],
        (407, "", ("Could not connect to the provider: check OPENAI_BASE_URL, and that the "
                   "server is running.")),
        (408, "", "The provider did not respond in time: try again, or increase `timeout`."),
        (413, {"error": "Too long."},
         ("The request is too large for the provider (“Too long.”): send fewer or shorter "
          "messages.")),
        (302, "", "The server's redirects don't lead to a response: check OPENAI_BASE_URL."),
        (304, "",
         ("The provider rejected this request (status 304): check OPENAI_MODEL and "
          "OPENAI_BASE_URL.")),
        (500, {"error": {"message": "The model needs 8 GB."}},
         ("The provider reported an internal error (“The model needs 8 GB.”): try again in a "
          "minute.")),
    ],
)  # fmt: skip
def test_a_refusal_is_explained(status, body, explanation):
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json=body))
    assert failure(answered_by(transport)) == explanation


def answered_by(transport):
    client = httpx2.Client(transport=transport, follow_redirects=True)
    return chat_model(http_client=client, max_retries=0)


@pytest.mark.parametrize(
    ("after", "wait"), [("30", "a minute"), ("3600", "60 minutes"), ("Wed, 21 Oct", "a minute")]
)
def test_a_long_rate_limit_is_named(after, wait):
    refused = httpx2.Response(429, headers={"Retry-After": after})
    sentence = failure(answered_by(httpx2.MockTransport(lambda _: refused)))
    assert sentence.endswith(f"(rate limit, or no credit left): wait {wait}.")


def test_a_redirect_to_itself_is_explained():
    again = httpx2.Response(307, headers={"Location": "/"})
    sentence = failure(answered_by(httpx2.MockTransport(lambda _: again)))
    assert sentence == "The server's redirects don't lead to a response: check OPENAI_BASE_URL."


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nConte"])
async def test_a_connection_without_a_response_is_explained(monkeypatch, sent):
    async def handle(reader, writer):
        await reader.readuntil(b"}")  # in the request's body, so the request has arrived
        writer.write(sent)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        monkeypatch.setenv("OPENAI_MODEL", "m")
        with pytest.raises(openai.APIConnectionError) as error:
            await chat_model(max_retries=0).ainvoke("hi")
    assert explain_providers(error.value) == (
        "The connection ended without a valid HTTP response: ask again, and check whether "
        "OPENAI_BASE_URL should begin with https://."
    )


MIDWAY = "The provider failed in the middle of its reply (“The server had an error"
RESPONSES = {"use_responses_api": True}


@pytest.mark.parametrize(
    ("delivery", "options", "sentence"),
    [
        ("drop@3", {}, "The connection dropped in the middle of the reply: ask again."),
        ("error@3", {}, MIDWAY),
        ("error@3", RESPONSES, MIDWAY.replace("The server", "server_error: The server")),
        ("failed@3", RESPONSES, MIDWAY),
        ("429@1", {},
         "The provider rejected the request (rate limit, or no credit left): wait a minute."),
        ("stall@0,600", {"timeout": 0.2},
         "The provider did not respond in time: try again, or increase `timeout`."),
        (None, {"temperature": 99}, "The provider rejected this request: Invalid value for 'temp"),
    ],
)  # fmt: skip
def test_a_failed_reply_is_explained(delivery, options, sentence):
    model = chat_model("fast", delivery=delivery, max_retries=0, **options)
    # LangChain raises its own ValueError for an error in a Responses API stream.
    with pytest.raises(ValueError if options is RESPONSES else openai.OpenAIError) as error:
        list(model.stream("Name a river."))
    assert explain(error.value).startswith(sentence)
    assert is_one_sentence(explain(error.value))


@pytest.mark.parametrize(
    ("delivery", "method", "words"),
    [
        ("length@5", "json_schema", "The reply reached its length limit before its JSON ended: "),
        ("filter@5", "json_schema", "A content filter ended the reply."),
        ("filter@5", "function_calling", "The model refused to reply: Model output was stopped by"),
    ],
)
def test_a_structured_reply_without_its_end_is_explained(delivery, method, words):
    form = create_model("Person", name=str)
    model = chat_model("fast", delivery=delivery).with_structured_output(form, method=method)
    with pytest.raises((openai.OpenAIError, ModelRefusalError)) as error:
        list(model.stream("Extract the person: John Smith, 42."))
    assert explain_providers(error.value).startswith(words)


async def test_a_stall_is_explained():
    model = chat_model("fast", delivery="stall@3,300")
    with pytest.raises(Stalled) as error:
        async for _ in watched(model.astream("Name a river."), 0.1):
            pass
    assert explain(error.value) == "Nothing arrived for 0.1 s: ask again."


def test_the_cause_of_an_error_is_explained():
    with pytest.raises(RuntimeError) as outer:
        raise RuntimeError("the cell failed") from SimulatorError("It could not start. Do this.")
    assert explain(outer.value) == "It could not start. Do this."


def test_any_other_error_is_named_without_keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    sentence = explain(ValueError("bad: hunter2hunter2 and sk-proj-abcdefgh"))
    assert sentence == "ValueError: bad: [key] and [key]"


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("call", [chat_model, provider.simulator])
def test_a_simulator_that_cannot_start_is_a_provider_error(monkeypatch, call):
    monkeypatch.setenv("COURSE_SPEED", "fast")
    with pytest.raises(ProviderError, match="COURSE_SPEED is 'fast'"):
        call()


async def test_no_cancelled_reply_continues_to_its_end():
    """LangChain's stall timeout loses cancellations on Python 3.11, so it must be off there."""

    async def read(began):
        # the stall keeps the reply from ending before the task is cancelled
        async for chunk in chat_model("laptop", delivery="stall@99,900").astream(
            "Tell me a short story about a lighthouse."
        ):
            if chunk.content:
                began.set()

    async with provider.simulator().watch() as seen:
        for _ in range(12):
            began = asyncio.Event()
            reading = asyncio.create_task(read(began))
            await began.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
    assert all(request.tokens_unsent for request in seen)
