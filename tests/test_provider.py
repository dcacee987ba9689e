"""Choosing the model by environment variables alone, and the messages when it can't be called."""

import asyncio
import os
import re
from collections.abc import Iterator

import httpx2
import openai
import pytest
from langchain_openai import ChatOpenAI

from utils import provider
from utils.provider import ProviderError, chat_model, describe, explain, explain_providers
from utils.simulator import Simulator, SimulatorError
from utils.simulator import client as simulator_client
from utils.stall_timeout import Stalled, watched

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL")


@pytest.fixture(scope="module")
def other() -> Iterator[Simulator]:
    """Run a second OpenAI-compatible server, separate from the course's simulator."""
    server = Simulator(speed=50)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch, started: simulator_client.Shared) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("COURSE_SPEED", "50")
    monkeypatch.setattr(simulator_client, "shared", started)


@pytest.fixture
def other_by_environment(other: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", other.api_key)
    monkeypatch.setenv("OPENAI_MODEL", "sim")


def test_the_model_is_langchains_own() -> None:
    assert type(chat_model()) is ChatOpenAI


def test_the_simulator_answers_by_default_and_logs_it() -> None:
    with provider.simulator().watch() as seen:
        reply = chat_model("fast").invoke("Name a river.")
    assert "Danube" in reply.content
    assert [request.model for request in seen] == ["sim-fast"]


def test_usage_arrives_with_a_stream() -> None:
    chunks = list(chat_model("fast").stream("Name a river."))
    assert any(chunk.usage_metadata for chunk in chunks)


def test_a_delivery_becomes_part_of_the_models_name() -> None:
    assert chat_model("seed", delivery="buffered").model_name == "sim-seed:buffered"


def test_other_settings_reach_the_model() -> None:
    model = chat_model(temperature=0.5, max_tokens=5)
    assert model.temperature == 0.5
    assert len(model.invoke("Name a river.").content) < 40


@pytest.mark.usefixtures("other_by_environment")
def test_the_same_call_goes_to_another_server_by_environment_variables_alone(
    other: Simulator,
) -> None:
    with other.watch() as seen_there, provider.simulator().watch() as seen_here:
        whole = chat_model("seed").invoke("Name a river.").content
        streamed = "".join(chunk.content for chunk in chat_model().stream("Name a river."))
    assert whole == streamed
    assert [(r.model, r.stream) for r in seen_there] == [("sim", False), ("sim", True)]
    assert len(seen_here) == 0


@pytest.mark.usefixtures("other_by_environment")
@pytest.mark.parametrize("wish", [{"simulated": True}, {"delivery": "buffered"}])
def test_what_only_the_simulator_can_do_stays_with_the_simulator(
    other: Simulator, wish: dict[str, object]
) -> None:
    with other.watch() as seen_there, provider.simulator().watch() as seen_here:
        chat_model("fast", **wish).invoke("Name a river.")
    assert len(seen_there) == 0
    assert len(seen_here) == 1


@pytest.mark.usefixtures("other_by_environment")
def test_a_simulator_for_all_is_asked_for_the_profile_that_a_cell_names(
    other: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_a_model_of_any_other_name_is_asked_whatever_the_profile(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", model)
    assert chat_model("fast").model_name == model


def test_openai_is_never_taken_for_a_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-user")
    monkeypatch.setenv("OPENAI_MODEL", "sim-chat")
    assert chat_model("fast").model_name == "sim-chat"
    assert "api.openai.com" in describe()


@pytest.mark.parametrize(
    ("environ", "name", "address", "described"),
    [
        (
            {"OPENAI_BASE_URL": "http://localhost:11434/v1", "OPENAI_MODEL": "llama"},
            "llama",
            "http://localhost:11434/v1/",
            r"Cells will call the model llama at localhost:11434: no cost\.",
        ),
        (
            {"OPENAI_API_KEY": "sk-of-a-user", "OPENAI_MODEL": "gpt-x"},
            "gpt-x",
            "https://api.openai.com/v1/",
            r"Cells will call the model gpt-x at api\.openai\.com: the provider may charge you\.",
        ),
        (
            {"OPENAI_API_KEY": "sk-of-a-user"},
            "sim-chat",
            "http://127.0.0.1:",
            ".*simulator answers.* set OPENAI_MODEL .*",
        ),
        (
            {"OPENAI_MODEL": "gpt"},
            "sim-chat",
            "http://127.0.0.1:",
            ".*simulator answers.* OPENAI_API_KEY .*",
        ),
    ],
    ids=["a local server", "OpenAI", "a key alone", "a model alone"],
)
def test_the_variables_decide_what_is_called_and_a_key_alone_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    name: str,
    address: str,
    described: str,
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    model = chat_model()
    assert model.model_name == name
    assert str(model.root_client.base_url).startswith(address)
    assert re.fullmatch(described, describe())


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
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
    ],
)
def test_half_a_provider_is_explained(
    monkeypatch: pytest.MonkeyPatch, address: str, model: str, words: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_MODEL", model)
    with pytest.raises(ProviderError, match=words):
        chat_model()


def test_no_description_shows_a_key_or_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:secret-word@example.org/v1?key=secret-word")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-word")
    monkeypatch.setenv("OPENAI_MODEL", "m")
    assert describe() == (
        "Cells will call the model m at example.org: the provider may charge you."
    )
    assert "secret-word" not in repr(provider.real_provider())


KEYS = {
    "sk-proj\N{EM DASH}abc": "contains an em dash (U+2014) at position 8",
    "\N{LEFT DOUBLE QUOTATION MARK}sk-abc": "starts with a quotation mark",
    "sk-abc\N{RIGHT DOUBLE QUOTATION MARK}": "ends with a quotation mark",
    '"sk-abc"': "starts with a quotation mark: set it without quotes",
    "sk-abc'": "ends with a quotation mark",
    "sk-a\N{ZERO WIDTH SPACE}bc": "contains a zero width space (U+200B) at position 5",
    "sk\N{NO-BREAK SPACE}abc": "contains a no-break space (U+00A0) at position 3",
    "sk-a bc": "contains a space (U+0020) at position 5",
    "sk-a\nbc": "contains a line break (U+000A) at position 5",
    "sk-a\tbc": "contains a tab (U+0009) at position 5",
    "\ufeffsk-abc": "contains a byte order mark (U+FEFF) at position 1",
    "sk-abc\N{HORIZONTAL ELLIPSIS}": "contains a horizontal ellipsis (U+2026) at position 7",
    "Bearer sk-abc": "starts with “Bearer”: set it to the key only",
    "sk-\x1babc": "contains a character (U+001B) at position 4",
    "sk-\udcffabc": "contains a character (U+DCFF) at position 4",
    "sk-\N{CYRILLIC SMALL LETTER A}bc": "contains a cyrillic small letter a (U+0430) at position 4",
}


@pytest.mark.parametrize(("key", "words"), KEYS.items(), ids=ascii)
def test_an_odd_character_of_a_key_is_named_and_the_key_never_shown(
    monkeypatch: pytest.MonkeyPatch, key: str, words: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    for call in (chat_model, describe):
        with pytest.raises(ProviderError) as error:
            call()
        assert str(error.value).startswith(f"OPENAI_API_KEY {words}")
        assert is_one_sentence(str(error.value))
        assert "bc" not in str(error.value).removeprefix(f"OPENAI_API_KEY {words}")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OPENAI_BASE_URL", '"http://localhost:1234/v1"', "starts with a quotation mark"),
        ("OPENAI_BASE_URL", "http://localhost:1234\N{EN DASH}5/v1", "contains an en dash"),
        ("OPENAI_BASE_URL", "http://local host:1234/v1", "contains a space"),
        (
            "OPENAI_BASE_URL",
            "http://localhost:1234/v1\N{ZERO WIDTH SPACE}",
            "contains a zero width",
        ),
        ("OPENAI_MODEL", "'gpt-x'", "starts with a quotation mark"),
        ("OPENAI_MODEL", "gpt\N{NON-BREAKING HYPHEN}x", "contains a non-breaking hyphen"),
    ],
)
def test_an_odd_character_of_an_address_or_a_model_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1234/v1")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    monkeypatch.setenv(name, value)
    with pytest.raises(ProviderError) as error:
        chat_model()
    assert str(error.value).startswith(f"{name} {words}")


def test_space_around_a_key_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-abc\N{NO-BREAK SPACE}\r\n")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-x")
    assert chat_model().root_client.api_key == "sk-abc"


def test_an_odd_character_of_another_models_key_is_explained(other: Simulator) -> None:
    model = ChatOpenAI(model="sim", base_url=other.base_url, api_key="sk-proj\N{EM DASH}abc")
    with pytest.raises(UnicodeEncodeError) as error:
        model.invoke("hello")
    said = explain_providers(error.value)
    assert said is not None
    assert said.startswith("The key contains an em dash (U+2014) at position 8")
    assert "abc" not in said


def failure(model: ChatOpenAI) -> str:
    """Return the explanation of the exception that calling `model` raises."""
    with pytest.raises(openai.OpenAIError) as error:
        model.invoke("hello")
    return explain(error.value)


def is_one_sentence(text: str) -> bool:
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
def test_a_wrong_setting_is_named_and_the_key_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    said = failure(chat_model(max_retries=0))
    assert words in said
    assert name in said
    assert "secret" not in said
    assert is_one_sentence(said)


def test_a_profile_that_does_not_exist_is_explained_with_those_that_do() -> None:
    said = failure(chat_model("quick"))
    assert "`sim-quick` does not exist. Models here: sim-seed, sim-fast" in said
    assert "name passed to `chat_model`" in said


def test_a_request_that_is_not_accepted_is_explained_in_the_providers_words() -> None:
    said = failure(chat_model(temperature=99))
    assert said.startswith("The provider rejected this request: Invalid value for 'temp")
    assert is_one_sentence(said)


@pytest.mark.parametrize("status", [400, 422])
def test_words_that_the_sdk_does_not_find_are_quoted_all_the_same(status: int) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, json={"detail": "Server is pinned to 'a'."})

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    said = failure(chat_model(http_client=client))
    assert said == "The provider rejected this request: Server is pinned to 'a'."


@pytest.mark.parametrize(
    ("delivery", "by_responses", "words"),
    [
        ("drop@3", False, "connection dropped"),
        ("error@3", False, "in the middle"),
        ("error@3", True, "in the middle"),
        ("failed@3", True, "in the middle"),
    ],
)
def test_a_reply_that_breaks_off_is_explained(
    delivery: str, by_responses: bool, words: str
) -> None:
    model = chat_model("fast", delivery=delivery, use_responses_api=by_responses, max_retries=0)
    with pytest.raises(ValueError if by_responses else openai.APIError) as error:
        list(model.stream("Name a river."))
    said = explain(error.value)
    assert words in said
    assert is_one_sentence(said)


def test_a_busy_provider_is_explained() -> None:
    said = failure(chat_model("fast", delivery="429@1", max_retries=0))
    assert "rate limit" in said
    assert "OPENAI_MODEL" not in said, "which isn't set"
    assert is_one_sentence(said)


def test_a_timeout_is_explained() -> None:
    said = failure(chat_model("fast", delivery="stall@0,600", max_retries=0, timeout=0.2))
    assert said == "The provider did not respond in time: try again, or increase `timeout`."


async def test_a_silence_that_was_too_long_is_explained() -> None:
    model = chat_model("fast", delivery="stall@3,300")
    with pytest.raises(Stalled) as error:
        async for _ in watched(model.astream("Name a river."), 0.1):
            pass
    assert explain(error.value) == "Nothing arrived for 0.1 s: ask again."


def test_an_error_that_was_raised_from_another_is_looked_into() -> None:
    with pytest.raises(RuntimeError) as outer:
        raise RuntimeError("the cell failed") from SimulatorError("It could not start. Do this.")
    assert explain(outer.value) == "It could not start. Do this."


def test_any_other_error_is_named_with_keys_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    said = explain(ValueError("bad: hunter2hunter2 and sk-proj-abcdefgh"))
    assert said == "ValueError: bad: [key] and [key]"


def test_a_simulator_that_cannot_start_is_told_as_the_providers_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulator_client, "shared", simulator_client.Shared())
    monkeypatch.setenv("COURSE_SPEED", "fast")
    for call in (chat_model, provider.simulator):
        with pytest.raises(ProviderError, match="COURSE_SPEED is 'fast'"):
            call()


async def test_a_cancelled_reply_is_never_finished_behind_the_readers_back() -> None:
    """With LangChain's stall timeout on Python 3.11, two of three such cancellations are lost."""

    async def read(began: asyncio.Event) -> None:
        async for chunk in chat_model("laptop", delivery="stall@99,900").astream(
            # long enough not to end before it is cancelled
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
