"""Environment variables that libraries read, such as HTTPS_PROXY.

The simulator's client ignores them. A real provider's client uses them. Unusable values are
reported.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langsmith import configure
from langsmith.utils import get_env_var

from utils import env_vars, provider
from utils.provider import ProviderError, chat_model, describe
from utils.simulator import client as simulator_client

RIVER = "Name a river."
OPENAI = {"OPENAI_MODEL": "gpt-x", "OPENAI_API_KEY": "sk-of-a-user-1"}


@pytest.fixture(autouse=True)
def clean():
    """Start without cached clients; restore the environment variables afterwards."""
    before = dict(os.environ)
    provider.simulator()  # starts the simulator before a test sets variables
    provider._clients.cache_clear()
    get_env_var.cache_clear()
    yield
    os.environ.clear()
    os.environ.update(before)
    get_env_var.cache_clear()
    configure(enabled=None)  # with None, environment variables turn LangSmith tracing on or off


# Variables that HTTP libraries and other programs read, keyed by test ID.
OUTSIDE = {
    "SOCKS 5": {"ALL_PROXY": "socks5://127.0.0.1:1080"},
    "SOCKS 4": {"HTTP_PROXY": "socks4://127.0.0.1:1080"},
    "a bracket": {"HTTPS_PROXY": "http://[::1"},
    "no host": {"ALL_PROXY": ":8080"},
    "no port": {"http_proxy": "http://proxy.example:port"},
    "no server": {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"},
    "LangChain's": {"OPENAI_PROXY": "http://127.0.0.1:9"},
    "no certificates": {"SSL_CERT_FILE": __file__},
    "no such folder": {"SSL_CERT_DIR": "/no/such/folder"},
    "for others": {"REQUESTS_CA_BUNDLE": "/no/such/file.pem", "CURL_CA_BUNDLE": "/no/such"},
    "TLS keys": {"SSLKEYLOGFILE": "/no/such/folder/keys"},
    "web workers": {"WEB_CONCURRENCY": "auto"},
    "netrc": {"NETRC": "/no/such/file"},
}
# Variables that `openai`, LangChain and LangSmith read.
LIBRARIES = {
    "form": {"LC_OUTPUT_VERSION": "v1"},
    "address": {"OPENAI_API_BASE": "http://127.0.0.1:9/v1"},
    "gateway": {"LANGSMITH_GATEWAY": "http://127.0.0.1:9", "LANGSMITH_GATEWAY_API_KEY": "x"},
    "accounts": {"OPENAI_ORG_ID": "org—1", "OPENAI_PROJECT_ID": "project—1"},
    "old account": {"OPENAI_ORGANIZATION": "org—1"},
    "headers": {"OPENAI_CUSTOM_HEADERS": "Authorization: Bearer other\nX-Odd: —"},
    "admin": {"OPENAI_ADMIN_KEY": "sk—admin"},
    "sockets": {"LANGCHAIN_OPENAI_TCP_KEEPIDLE": "soon"},
    "patience": {"LANGCHAIN_OPENAI_STREAM_CHUNK_TIMEOUT_S": "0.000001"},
    "old tracing": {"LANGCHAIN_TRACING": "1"},
    "older tracing": {"LANGCHAIN_HANDLER": "langchain"},
    "tracing": {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "http://127.0.0.1:9"},
}


@pytest.mark.parametrize("environ", (OUTSIDE | LIBRARIES).values(), ids=OUTSIDE | LIBRARIES)
async def test_the_simulator_replies_whatever_is_set(environ):
    os.environ.update(environ)
    model = chat_model("fast")
    assert model.invoke(RIVER).content.startswith("The Danube.")
    assert (await model.ainvoke(RIVER)).content.startswith("The Danube.")
    assert describe() == "The course's simulator answers: no key, no internet, no cost."


def test_the_simulator_starts_whatever_is_set():
    for environ in (OUTSIDE | LIBRARIES).values():
        os.environ.update(environ)
    simulator = simulator_client.Simulator()
    simulator.wait()
    simulator.stop()


def sent_headers(client):
    """Return the headers that a client sends: only those whose value is a string."""
    return {name: it for name, it in client.default_headers.items() if isinstance(it, str)}


def test_the_request_is_the_same_whatever_is_set():
    plain = chat_model("fast")
    for environ in LIBRARIES.values():
        os.environ.update(environ)
    model = chat_model("fast")
    assert sent_headers(model.root_client) == sent_headers(plain.root_client)
    assert sent_headers(model.root_async_client) == sent_headers(plain.root_async_client)
    assert model.root_client.base_url == plain.root_client.base_url
    assert model._identifying_params == plain._identifying_params
    fields = {it for it in ChatOpenAI.model_fields if "client" not in it and it != "callbacks"}
    assert {it: getattr(model, it) for it in fields} == {it: getattr(plain, it) for it in fields}


def test_hidden_variables_are_restored():
    os.environ["OPENAI_ORG_ID"] = "org-1"
    chat_model("fast")
    assert os.environ["OPENAI_ORG_ID"] == "org-1"
    with env_vars.hidden():
        assert "OPENAI_ORG_ID" not in os.environ
    assert os.environ["OPENAI_ORG_ID"] == "org-1"


def test_a_real_providers_client_respects_the_variables():
    os.environ.update(OPENAI, OPENAI_ORG_ID="org-1", LC_OUTPUT_VERSION="v1")
    os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
    model = chat_model()
    assert model.openai_organization == "org-1"
    assert model.output_version == "v1"
    assert model.root_client._client.trust_env
    assert "LC_OUTPUT_VERSION is v1: `content` may be a list" in describe()
    assert chat_model(simulated=True).output_version is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        (OUTSIDE["SOCKS 5"], "ALL_PROXY names a SOCKS proxy, which needs the missing package"),
        (OUTSIDE["SOCKS 4"], "HTTP_PROXY isn't a usable proxy URL"),
        (OUTSIDE["a bracket"], "HTTPS_PROXY isn't a usable proxy URL"),
        (OUTSIDE["no host"], "ALL_PROXY isn't a usable proxy URL"),
        (OUTSIDE["no port"], "http_proxy isn't a usable proxy URL"),
        ({"OPENAI_PROXY": "proxy:80"}, "OPENAI_PROXY isn't a usable proxy URL"),
        (OUTSIDE["no certificates"], "SSL_CERT_FILE doesn't name a certificate file"),
        (OUTSIDE["no such folder"], "SSL_CERT_DIR doesn't name a certificate folder"),
        (OUTSIDE["TLS keys"], "SSLKEYLOGFILE names a file that isn't writable"),
        (LIBRARIES["old tracing"], "LANGCHAIN_TRACING requests a tracer"),
        (LIBRARIES["older tracing"], "LANGCHAIN_HANDLER requests a tracer"),
        (LIBRARIES["accounts"], "OPENAI_ORG_ID contains an em dash (U+2014) at position 4"),
        (LIBRARIES["headers"], "OPENAI_CUSTOM_HEADERS contains an em dash"),
    ],
)
def test_a_variable_that_a_real_providers_client_cannot_use_is_named(environ, words):
    os.environ.update(OPENAI | environ)
    with pytest.raises(ProviderError) as error:
        chat_model()
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", ["http://proxy.example:8080", "proxy.example:80", "foo"])
def test_a_valid_proxy_is_accepted(value):
    os.environ.update(OPENAI, HTTPS_PROXY=value)
    assert env_vars.first_problem() is None
    chat_model()


ADDRESSES = [
    {},
    {"OPENAI_BASE_URL": "http://a.example/v1"},
    {"OPENAI_API_BASE": "http://b.example/v1"},
    {"OPENAI_BASE_URL": "http://a.example/v1", "OPENAI_API_BASE": "http://b.example/v1"},
    {"LANGSMITH_GATEWAY": "true"},
    {"LANGSMITH_GATEWAY": "false"},
    {"LANGSMITH_GATEWAY": "http://c.example/"},
    {"LANGSMITH_GATEWAY": "yes", "LANGSMITH_GATEWAY_API_KEY": "lsv2_1"},
    {"LANGSMITH_GATEWAY": "1", "LANGSMITH_API_KEY": "lsv2_2"},
    {"LANGSMITH_GATEWAY": "true", "OPENAI_BASE_URL": "http://a.example/v1"},
    {"LANGSMITH_GATEWAY": "true", "OPENAI_API_BASE": "http://b.example/v1"},
]


@pytest.mark.parametrize("environ", ADDRESSES, ids=str)
def test_the_url_and_key_are_those_that_langchain_would_choose(environ):
    os.environ.update(OPENAI | environ)
    langchains, ours = ChatOpenAI(model="gpt-x").root_client, chat_model().root_client
    assert ours.base_url == langchains.base_url
    assert ours.api_key == langchains.api_key
    assert f"at {langchains.base_url.host}:" in describe()


@pytest.mark.parametrize(
    "name", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"]
)
def test_each_variable_that_turns_tracing_on_is_unset(name):
    os.environ[name] = "true"
    assert env_vars.tracing()
    assert env_vars.prepare_for_simulator()  # turns tracing off, and returns whether it was on
    assert name not in os.environ
    assert not env_vars.tracing()


@pytest.mark.parametrize("name", ["LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"])
def test_a_tracer_that_langchain_no_longer_has_is_ignored(name):
    os.environ[name] = "langchain"
    assert not env_vars.prepare_for_simulator()
    assert RunnableLambda(len).invoke("four") == 4


def test_tracing_is_reported_with_a_real_provider():
    os.environ.update(OPENAI, LANGSMITH_TRACING="true")
    assert "LangSmith tracing is on: LangSmith also receives" in describe()


# --- Variables that new library versions read

PACKAGES = (
    *("langchain", "langgraph", "langchain_core", "langchain_openai", "openai", "langsmith"),
    *("httpx2", "httpcore2"),
)
# Modules that no lesson uses: for CLIs, evaluation, sandboxes, and providers such as Azure.
UNUSED = re.compile(
    r"openai/(cli|providers)|bedrock|azure|langsmith/(cli|sandbox|testing|evaluation|wrappers|voice"
    r"|_internal/voice|pytest_plugin|integrations|_openapi_client|env|secret)|codex|wsgi"
)
# For each of these variables, the reason why it doesn't change what the simulator's client sends.
HARMLESS = {
    "DEFER_PYDANTIC_BUILD": "when types are built; nothing that is sent",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "for tracing, which is off",
    "OTEL_EXPORTER_OTLP_HEADERS": "for tracing, which is off",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "for tracing, which is off",
    "OTEL_SERVICE_NAME": "for tracing, which is off",
    "LANGGRAPH_AES_KEY": "encrypts what an agent stores, which no lesson does",
    "LANGGRAPH_DEFAULT_RECURSION_LIMIT": "the number of an agent's steps; nothing that is sent",
    "LANGGRAPH_DELTA_MAX_SUPERSTEPS_SINCE_SNAPSHOT": "what an agent stores",
    "LANGGRAPH_STRICT_MSGPACK": "what an agent stores",
    "HTTP_PROXY": "not read by the simulator's client",
    "HTTPS_PROXY": "not read by the simulator's client",
    "ALL_PROXY": "not read by the simulator's client",
}
# Matches calls and subscripts such as `get_env_var("TRACING"` and `os.environ["OPENAI_API_KEY"`.
READS = re.compile(r"""(\w*env\w*|environ\.get)[(\[]+\s*["']([A-Z][A-Z0-9_]+)["']""")


def test_every_variable_that_the_libraries_read_is_hidden_from_the_simulators_client():
    found = {}
    for package in PACKAGES:
        spec = find_spec(package)
        folder = Path(spec.submodule_search_locations[0])  # `spec.origin` is None for `langgraph`
        for file in folder.rglob("*.py"):
            where = file.relative_to(folder.parent).as_posix()
            if UNUSED.search(where):
                continue
            for reader, name in READS.findall(file.read_text(encoding="utf-8")):
                prefix = "LANGSMITH_" if "env_var" in reader else ""
                found[prefix + name] = where
    assert {"LC_OUTPUT_VERSION", "OPENAI_CUSTOM_HEADERS", "SSL_CERT_FILE"} <= set(found)
    new = {
        name: where
        for name, where in found.items()
        if not env_vars._HIDDEN.fullmatch(name) and name not in HARMLESS
    }
    assert not new, (
        "Libraries read unknown variables: hide them from the simulator's client in "
        f"utils/env_vars.py, or add them to HARMLESS with the reason: {new}"
    )
