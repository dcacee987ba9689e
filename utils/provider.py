"""Which model answers: the course's simulator, or a real provider named by environment variables.

The models are LangChain's own `ChatOpenAI`. Nothing here wraps what they return.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import simulator as sim
from .errors import Sentence
from .patience import Stalled

if TYPE_CHECKING:
    import openai
    from langchain_openai import ChatOpenAI

    from .simulator import Simulator

_BROKE_OFF = ("ReadError", "RemoteProtocolError")  # what the HTTP client says of it
# Before Python 3.12 `asyncio.wait_for`, with which LangChain bounds the silence before each chunk,
# can swallow a cancellation: of 100 replies cancelled at 1,300 tokens/s, 67 went on to their end.
_CANCELLABLE: dict[str, Any] = {"stream_chunk_timeout": None} if sys.version_info < (3, 12) else {}
_NO_KEY_NEEDED = "no-key-needed"  # local servers take any key, the client insists on one
_WORDS = 140  # characters; of a provider's own words in a sentence


class ProviderError(Sentence, RuntimeError):
    """Nobody can answer: half a provider is named, or the simulator can't start.

    The message says what to do.
    """


@dataclass(frozen=True)
class Provider:
    """A real provider, as the environment variables name it.

    Attributes:
        model: The model's name.
        base_url: The API's address; None is OpenAI's own.
        api_key: The key, which is never shown.
    """

    model: str
    base_url: str | None = field(repr=False)  # may hold a password
    api_key: str = field(repr=False)

    @property
    def host(self) -> str:
        """Host and port, without user names or paths."""
        if self.base_url is None:
            return "api.openai.com"
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def on_this_machine(self) -> bool:
        """Whether the address is the loopback one."""
        name = urlsplit(self.base_url or "").hostname or ""
        return name in ("localhost", "::1") or name.startswith("127.")

    @property
    def shared_simulator(self) -> bool:
        """Whether it is the course's simulator, one for a class, whose models are its profiles."""
        return self.base_url is not None and bool(re.fullmatch(r"sim-[a-z]+", self.model))


def chat_model(
    profile: str = "chat", *, delivery: str | None = None, simulated: bool = False, **kwargs: Any
) -> ChatOpenAI:
    """Return a chat model: the simulator's, or the real provider's if one is set.

    Args:
        profile: The simulator's latency profile, such as "seed", "chat" or "laptop"; also of
            one that a class shares. A real provider ignores it.
        delivery: What the simulator does to the reply, such as "buffered" or "drop@40"; several
            with colons between. `utils/simulator/FAULTS.md` lists them. With it the simulator
            answers even if a real provider is set.
        simulated: Let the simulator answer even if a real provider is set.
        **kwargs: Passed on to `ChatOpenAI`, such as `temperature`.

    Raises:
        ProviderError: If the environment variables name only half a provider, or the simulator
            can't start.
    """
    provider = None if delivery or simulated else real_provider()
    server = None if provider else simulator(wait=False)  # gets ready during the slow import
    from langchain_openai import ChatOpenAI

    if provider is not None:
        name = f"sim-{profile}" if provider.shared_simulator else provider.model
        settings: dict[str, Any] = {"model": name, "api_key": provider.api_key}
        if provider.base_url is not None:
            settings["base_url"] = provider.base_url
    else:
        assert server is not None
        with _as_ours():
            settings = {"api_key": server.api_key, "base_url": server.base_url}
        settings["model"] = f"sim-{profile}:{delivery}" if delivery else f"sim-{profile}"
    return ChatOpenAI(**(settings | {"stream_usage": True} | _CANCELLABLE | kwargs))


def simulator(*, wait: bool = True) -> Simulator:
    """Return the handle of the simulator, started if need be.

    Args:
        wait: Wait until it answers.

    Raises:
        ProviderError: If it can't start.
    """
    _keep_off_proxies()
    with _as_ours():
        return sim.start(wait=wait)


def real_provider() -> Provider | None:
    """Return the provider that the environment variables name; None is the simulator.

    `OPENAI_MODEL` is the switch: a key alone, which many machines have set for other work, never
    costs anybody money here.

    Raises:
        ProviderError: If `OPENAI_BASE_URL` names a server, but nothing names its model, or the
            address is none.
    """
    model, base_url, key = map(_variable, ("OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"))
    if base_url and not _is_web_address(base_url):
        raise ProviderError(
            "OPENAI_BASE_URL is no web address. It looks like http://localhost:11434/v1."
        )
    if base_url and not model:
        raise ProviderError(
            "OPENAI_BASE_URL is set, but OPENAI_MODEL isn't. Set it to the name of a model that "
            "this server has, or unset OPENAI_BASE_URL to use the simulator."
        )
    if not model or not (base_url or key):
        return None
    return Provider(model, base_url, key or _NO_KEY_NEEDED)


def describe() -> str:
    """Say in a sentence which model answers, or will be asked, without a key.

    A real provider is asked by nobody before a learner asks it: whether it answers isn't known.

    Raises:
        ProviderError: If the environment variables name only half a provider.
    """
    provider = real_provider()
    if provider is not None and provider.shared_simulator:
        return f"The course's simulator at {provider.host}, one for all, will be asked: no cost."
    if provider is not None:
        cost = "no cost" if provider.on_this_machine else "its provider may charge for it"
        return f"The model {provider.model} at {provider.host} will be asked: {cost}."
    if _variable("OPENAI_API_KEY"):
        return (
            "The course's simulator answers, free of charge; to let OpenAI answer instead, "
            "set OPENAI_MODEL beside your OPENAI_API_KEY."
        )
    if _variable("OPENAI_MODEL"):
        return (
            "The course's simulator answers; to let a provider answer instead, set "
            "OPENAI_API_KEY or OPENAI_BASE_URL beside OPENAI_MODEL."
        )
    return "The course's simulator answers: no key, no internet, no cost."


def explain(error: BaseException) -> str:
    """Say in one sentence what went wrong between a model and its provider, and what to do.

    Args:
        error: What was raised; its causes are looked at too.

    Returns:
        The sentence, which never holds a key.
    """
    import openai

    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, sim.SimulatorError | ProviderError):
            return str(cause)
        if isinstance(cause, Stalled):
            return f"{str(cause).removesuffix('.')}: ask again."
        if isinstance(cause, openai.AuthenticationError):
            if _variable("OPENAI_MODEL") and not _variable("OPENAI_API_KEY"):
                return "The provider wants a key, and OPENAI_API_KEY isn't set."
            return "The provider refuses the key: check OPENAI_API_KEY."
        if isinstance(cause, openai.PermissionDeniedError):
            return "The key is right but may not use this model: choose another OPENAI_MODEL."
        if isinstance(cause, openai.NotFoundError):
            if cause.code == "model_not_found":
                return (
                    f"The provider doesn't have this model (“{_words(cause)}”): check "
                    "OPENAI_MODEL, or the name that `chat_model` was given."
                )
            return (
                "The provider doesn't know this model or address: check OPENAI_MODEL, and that "
                "OPENAI_BASE_URL ends as its manual says, mostly in /v1."
            )
        if isinstance(cause, openai.RateLimitError):
            instead = ", or unset OPENAI_MODEL to use the simulator"
            return (
                "The provider refuses more requests for now (rate limit or used-up credit): "
                f"wait a minute{instead if _variable('OPENAI_MODEL') else ''}."
            )
        if isinstance(cause, openai.APITimeoutError):
            return "The provider did not answer in time: try again, or raise `timeout`."
        if isinstance(cause, openai.APIConnectionError):
            if any(type(below).__name__ in _BROKE_OFF for below in causes):
                return "The connection broke while the reply was on its way: ask again."
            return (
                "Nobody answers at the provider's address: check OPENAI_BASE_URL, and that the "
                "server there is running."
            )
        if isinstance(cause, openai.InternalServerError):
            return "The provider has a problem of its own: try again in a minute."
        if isinstance(cause, openai.BadRequestError | openai.UnprocessableEntityError):
            return f"The provider does not accept this request: {_words(cause)}"
        by_responses = type(cause) is ValueError and "server_error" in str(cause)
        if type(cause) is openai.APIError or by_responses:
            return "The provider failed in the middle of its reply: ask again."
    return _without_keys(f"{type(error).__name__}: {error}")


@contextmanager
def _as_ours() -> Iterator[None]:
    """Raise the simulator's errors as a `ProviderError`, which a notebook shows as a sentence."""
    try:
        yield
    except sim.SimulatorError as error:
        raise ProviderError(str(error)) from error


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and what it was raised from, outermost first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _words(error: openai.APIError) -> str:
    """Return what a provider says of its refusal, without the status around it, in short."""
    body = error.body
    said = body.get("message") if isinstance(body, Mapping) else None
    return textwrap.shorten(_without_keys(str(said or error.message)), _WORDS, placeholder=" …")


def _without_keys(text: str) -> str:
    """Return one line of `text` with anything that is or looks like a key taken out."""
    secret = _variable("OPENAI_API_KEY")
    if secret:
        text = text.replace(secret, "[key]")
    text = re.sub(r"\b(?:sk|Bearer)[-_ ][\w*.-]{6,}", "[key]", text)
    return " ".join(text.split())


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or a bracket that is none
        return False


def _variable(name: str) -> str | None:
    """Return an environment variable; an empty one counts as not set."""
    return (os.environ.get(name) or "").strip() or None


def _keep_off_proxies() -> None:
    """Let this process reach the simulator directly where a web proxy is set."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        if sim.HOST not in hosts and "*" not in hosts:
            os.environ[name] = ",".join([*hosts, sim.HOST])
