"""The model that cells call: the simulator's or, if environment variables say so, a provider's.

Each model is a plain LangChain `ChatOpenAI`, without a wrapper.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from . import env_vars
from . import simulator as sim
from .env_vars import variable
from .provider_errors import explain, explain_providers, not_a_completion
from .real_provider import Provider, ProviderError, provider_is_set, real_provider

if TYPE_CHECKING:
    import httpx2
    from langchain_openai import ChatOpenAI

    from .simulator import Simulator

__all__ = [
    "ProviderError",
    "chat_model",
    "describe",
    "explain",
    "explain_providers",
    "not_a_completion",
    "real_provider",
    "simulator",
]

# Before Python 3.12, `asyncio.wait_for`, which LangChain uses to detect stalls, can swallow a
# cancellation: of 100 replies cancelled while streaming at 1,300 tokens/s, 67 ran to completion.
_CANCELLABLE: dict[str, Any] = {"stream_chunk_timeout": None} if sys.version_info < (3, 12) else {}


def chat_model(
    profile: str = "chat", *, delivery: str | None = None, simulated: bool = False, **kwargs: Any
) -> ChatOpenAI:
    """Return a chat model from the simulator, or from the real provider if one is set.

    Args:
        profile: The simulator's latency profile, such as "seed", "chat" or "laptop". It also
            applies to a shared simulator, but a real provider ignores it.
        delivery: A fault for the simulator to inject, such as "buffered" or "drop@40", or several
            separated by colons; see `utils/simulator/FAULTS.md`. With a fault, the simulator
            replies even if a real provider is set.
        simulated: Use the simulator even if a real provider is set.
        **kwargs: Further arguments for `ChatOpenAI`, such as `temperature`.

    Raises:
        ProviderError: If the provider's settings are unusable, or the simulator can't start.
    """
    kwargs = {"stream_usage": True} | _CANCELLABLE | kwargs  # the caller's arguments override these
    provider = None if delivery or simulated else real_provider()
    if provider is not None:
        if problem := env_vars.first_problem():
            raise ProviderError(problem)
        from langchain_openai import ChatOpenAI

        name = f"sim-{profile}" if provider.shared_simulator else provider.model
        real: dict[str, Any] = {"api_key": provider.api_key, "base_url": provider.base_url}
        return ChatOpenAI(**(real | {"model": name} | kwargs))
    server = simulator(wait=False)  # starts during the slow import below
    if not provider_is_set():
        env_vars.prepare_for_simulator()
    with env_vars.hidden():
        from langchain_openai import ChatOpenAI

        sync_client, async_client = _clients()
    with _as_provider_error():  # reading `base_url` waits for the simulator to start
        ours: dict[str, Any] = {"api_key": server.api_key, "base_url": server.base_url}
    ours["model"] = f"sim-{profile}:{delivery}" if delivery else f"sim-{profile}"
    ours |= {"http_client": sync_client, "http_async_client": async_client}
    # No socket options: LangChain's defaults have no effect on the course's clients, but cause a
    # warning if a proxy is set.
    ours["http_socket_options"] = ()
    with env_vars.hidden():
        return ChatOpenAI(**(ours | kwargs))


@cache
def _clients() -> tuple[httpx2.Client, httpx2.AsyncClient]:
    """Return the HTTP clients shared by all simulator models.

    They ignore proxies and other settings meant for external hosts. They trust no certificates,
    since loading the system certificates would take longer than the first reply.
    """
    import ssl

    import openai

    none_trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return (
        openai.DefaultHttpxClient(trust_env=False, verify=none_trusted),
        openai.DefaultAsyncHttpxClient(trust_env=False, verify=none_trusted),
    )


def simulator(*, wait: bool = True) -> Simulator:
    """Return the simulator, starting it if needed; with `wait`, wait until it responds.

    Raises:
        ProviderError: If the simulator can't start.
    """
    env_vars.bypass_proxies()
    with _as_provider_error():
        return sim.start(wait=wait)


def describe() -> str:
    """Describe the model that cells will call, without showing a key or sending a request.

    Raises:
        ProviderError: If the provider's settings are unusable.
    """
    provider = real_provider()
    if provider is not None:
        return " ".join(_sentences(provider))
    if variable("OPENAI_API_KEY"):
        return (
            "The course's simulator answers, at no cost; to use OpenAI instead, set OPENAI_MODEL "
            "in addition to OPENAI_API_KEY."
        )
    if variable("OPENAI_MODEL"):
        return (
            "The course's simulator answers; to use a provider instead, set OPENAI_API_KEY or "
            "OPENAI_BASE_URL in addition to OPENAI_MODEL."
        )
    return "The course's simulator answers: no key, no internet, no cost."


def _sentences(provider: Provider) -> Iterator[str]:
    from langchain_openai.chat_models import base

    if provider.shared_simulator:
        yield f"Cells will call the shared simulator at {provider.host}: no cost."
    else:
        cost = "no cost" if provider.on_this_machine else "the provider may charge you"
        yield f"Cells will call the model {provider.model} at {provider.host}: {cost}."
    with_tools = provider.model.lower().startswith("gpt-6")
    if with_tools or base._model_prefers_responses_api(provider.model):
        yield (
            f"LangChain calls this model{' with tools' if with_tools else ''} by the Responses "
            "API, where `content` is a list and replies have no finish reason, but the lessons "
            "expect a string and a reason: choose another OPENAI_MODEL."
        )
    if env_vars.tracing():
        yield "LangSmith tracing is on: LangSmith also receives each prompt and reply."
    form = variable("LC_OUTPUT_VERSION")
    if form not in (None, "v0"):
        yield (
            f"LC_OUTPUT_VERSION is {form}: `content` may be a list, but the lessons expect a "
            "string."
        )


@contextmanager
def _as_provider_error() -> Iterator[None]:
    try:
        yield
    except sim.SimulatorError as error:
        raise ProviderError(str(error)) from error
