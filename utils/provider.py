"""The model that cells call: the course's simulator, or a real provider set by the environment.

The models are LangChain's own `ChatOpenAI`. Nothing here wraps what they return.
"""

from __future__ import annotations

import re
import ssl
import sys
import sysconfig
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import settings
from . import simulator as sim
from .errors import Sentence, redacted, sentence, words_of
from .settings import variable
from .stall_timeout import Stalled

if TYPE_CHECKING:
    import httpx2
    import openai
    from langchain_openai import ChatOpenAI

    from .simulator import Simulator

# What an HTTP client raises for a dropped connection, and for a response it can't read.
_BROKE_OFF = ("ReadError", "RemoteProtocolError")
_UNREADABLE = ("DecodingError", "TooManyRedirects")
# Before Python 3.12, `asyncio.wait_for`, which LangChain uses to time out stalls, can swallow a
# cancellation: of 100 replies cancelled at 1,300 tokens/s, 67 continued to their end.
_CANCELLABLE: dict[str, Any] = {"stream_chunk_timeout": None} if sys.version_info < (3, 12) else {}
_NO_KEY_NEEDED = "no-key-needed"  # local servers accept any key, and the client requires one
_WORDS = 140  # characters of a provider's own message in a sentence
_GATEWAY = "https://gateway.smith.langchain.com"  # used if LANGSMITH_GATEWAY=true
_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).as_posix()
# The functions that parse replies, by module of `openai` and `langchain_openai`.
_READERS = {
    "_streaming.py": r".*",
    "_response.py": r".*",
    "_legacy_response.py": r".*",
    "_models.py": r".*",
    "chat_models/base.py": (
        r"_a?(generate|stream\w*)|_create_(chat_result|usage\w*)|_construct_lc_result\w*"
        r"|_convert_(dict|delta|chunk|responses_chunk)\w*"
    ),
}
_EMPTIES = r"a?(invoke|stream)"  # in langchain-core's chat model: fails if there is no reply
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


class ProviderError(Sentence, RuntimeError):
    """No model can be called: a provider's settings are incomplete, or the simulator can't start.

    The message says what to do.
    """


@dataclass(frozen=True)
class Provider:
    """A real provider, as set by the environment variables.

    Attributes:
        model: The model's name.
        base_url: The API's URL; None is OpenAI's.
        api_key: The key, which is never shown.
        named_by: The variable that sets the URL.
    """

    model: str
    base_url: str | None = field(repr=False)  # may contain a password
    api_key: str = field(repr=False)
    named_by: str | None = None

    @property
    def host(self) -> str:
        """Host and port, without user names or paths."""
        if self.base_url is None:
            return "api.openai.com"
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def on_this_machine(self) -> bool:
        """Whether the host is a loopback address."""
        name = urlsplit(self.base_url or "").hostname or ""
        return name in ("localhost", "::1") or name.startswith("127.")

    @property
    def shared_simulator(self) -> bool:
        """Whether it is a simulator shared by a class, whose models are latency profiles."""
        return self.base_url is not None and bool(re.fullmatch(r"sim-[a-z]+", self.model))


def chat_model(
    profile: str = "chat", *, delivery: str | None = None, simulated: bool = False, **kwargs: Any
) -> ChatOpenAI:
    """Return a chat model: the simulator's, or the real provider's if one is set.

    Args:
        profile: The simulator's latency profile, such as "seed", "chat" or "laptop"; also for a
            shared simulator. A real provider ignores it.
        delivery: A fault for the simulator to inject, such as "buffered" or "drop@40", or several
            separated by colons; see `utils/simulator/FAULTS.md`. With a fault, the simulator
            replies even if a real provider is set.
        simulated: Use the simulator even if a real provider is set.
        **kwargs: Passed on to `ChatOpenAI`, such as `temperature`.

    Raises:
        ProviderError: If the provider's settings are incomplete, or the simulator can't start.
    """
    provider = None if delivery or simulated else real_provider()
    if provider is not None:
        return _real_model(provider, profile, kwargs)
    server = simulator(wait=False)  # starts up during the slow import
    if not _real_is_named():
        settings.stay_here()
    with settings.hidden():
        from langchain_openai import ChatOpenAI

        sync_client, async_client = _clients()
    with _as_ours():
        ours: dict[str, Any] = {"api_key": server.api_key, "base_url": server.base_url}
    ours["model"] = f"sim-{profile}:{delivery}" if delivery else f"sim-{profile}"
    ours |= {"http_client": sync_client, "http_async_client": async_client}
    ours["http_socket_options"] = ()  # only for LangChain's own clients
    with settings.hidden():
        return ChatOpenAI(**(ours | {"stream_usage": True} | _CANCELLABLE | kwargs))


def _real_is_named() -> bool:
    """Return whether a real provider is set, even incompletely."""
    try:
        return real_provider() is not None
    except ProviderError:
        return True


def _real_model(provider: Provider, profile: str, kwargs: dict[str, Any]) -> ChatOpenAI:
    """Make a real provider's model, with HTTP clients that follow the environment."""
    if wrong := settings.wrong():
        raise ProviderError(wrong)
    from langchain_openai import ChatOpenAI

    name = f"sim-{profile}" if provider.shared_simulator else provider.model
    real: dict[str, Any] = {"model": name, "api_key": provider.api_key}
    if provider.base_url is not None:
        real["base_url"] = provider.base_url
    return ChatOpenAI(**(real | {"stream_usage": True} | _CANCELLABLE | kwargs))


@cache
def _clients() -> tuple[httpx2.Client, httpx2.AsyncClient]:
    """Return the HTTP clients for all of the simulator's models.

    They ignore proxies, certificates and other settings meant for external hosts. As with
    LangChain's own, there is one pair per process, and the async one belongs to one event loop.
    """
    import openai

    return (
        openai.DefaultHttpxClient(trust_env=False),
        openai.DefaultAsyncHttpxClient(trust_env=False),
    )


def simulator(*, wait: bool = True) -> Simulator:
    """Return the simulator's handle, and start it if needed.

    Args:
        wait: Wait until it responds.

    Raises:
        ProviderError: If it can't start.
    """
    settings.keep_off_proxies()
    with _as_ours():
        return sim.start(wait=wait)


def real_provider() -> Provider | None:
    """Return the provider set by the environment variables; None is the simulator.

    `OPENAI_MODEL` is the switch: many machines have a key set for other work, so a key alone never
    costs money here.

    Raises:
        ProviderError: If `OPENAI_BASE_URL` is set without a model, or isn't a valid URL.
    """
    with settings.lock:
        model, url, key = map(variable, ("OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"))
        named_by, base_url, key = _address(key) if model else ("OPENAI_BASE_URL", url, key)
    if base_url and (odd := settings.odd_character(str(named_by), base_url)):
        raise ProviderError(odd)
    if base_url and not _is_web_address(base_url):
        raise ProviderError(
            f"{named_by} is not a valid URL. A valid one looks like http://localhost:11434/v1."
        )
    if base_url and not model:
        raise ProviderError(
            "OPENAI_BASE_URL is set, but OPENAI_MODEL isn't. Set it to the name of a model on "
            "this server, or unset OPENAI_BASE_URL to use the simulator."
        )
    if not model or not (base_url or key):
        return None
    for name, value in _sent(model, key).items():
        if odd := settings.odd_character(name, value, spaces=name != "OPENAI_API_KEY"):
            raise ProviderError(odd)
    return Provider(model, base_url, key or _NO_KEY_NEEDED, named_by if base_url else None)


def _address(key: str | None) -> tuple[str | None, str | None, str | None]:
    """Return the variable that sets the URL, the URL, and the key to send.

    Uses `ChatOpenAI`'s precedence: LangChain's variable, LangSmith's gateway, then OpenAI's.
    """
    gateway = variable("LANGSMITH_GATEWAY")
    for name in ("OPENAI_API_BASE", "LANGSMITH_GATEWAY", "OPENAI_BASE_URL"):
        value = variable(name)
        if name == "LANGSMITH_GATEWAY" and gateway and gateway.lower() not in _NO:
            host = _GATEWAY if gateway.lower() in _YES else gateway.rstrip("/")
            own = variable("LANGSMITH_GATEWAY_API_KEY") or variable("LANGSMITH_API_KEY")
            return name, f"{host}/openai/v1", own or key
        if name != "LANGSMITH_GATEWAY" and value:
            return name, value, key
    return None, None, key


def _sent(model: str, key: str | None) -> dict[str, str]:
    """Return the values of the variables that are set and sent with each request, by name."""
    also = {name: value for name in settings.HEADERS if (value := variable(name))}
    return {"OPENAI_MODEL": model} | ({"OPENAI_API_KEY": key} if key else {}) | also


def describe() -> str:
    """Return a sentence about which model cells will call, without its key.

    It makes no call, so it can't tell whether a real provider responds.

    Raises:
        ProviderError: If the provider's settings are incomplete.
    """
    provider = real_provider()
    if provider is not None:
        return " ".join([_who_is_asked(provider), *_consequences()])
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


def _who_is_asked(provider: Provider) -> str:
    if provider.shared_simulator:
        return f"Cells will call the shared simulator at {provider.host}: no cost."
    cost = "no cost" if provider.on_this_machine else "the provider may charge you"
    return f"Cells will call the model {provider.model} at {provider.host}: {cost}."


def _consequences() -> Iterator[str]:
    """Yield sentences on what else the environment changes for a real provider."""
    if settings.tracing():
        yield "LangSmith tracing is on: LangSmith also receives each prompt and reply."
    form = variable("LC_OUTPUT_VERSION")
    if form not in (None, "v0"):
        yield (
            f"LC_OUTPUT_VERSION is {form}: `content` may be a list, but the lessons expect a "
            "string."
        )


def explain(error: BaseException) -> str:
    """Return one sentence on why a call to a provider failed, and what to do.

    Args:
        error: The exception; its causes, and the members of a group, are examined too.

    Returns:
        The sentence, which never contains a key.
    """
    said = (_explained(_causes(member)) or sentence(member) for member in _members(error))
    return " ".join(dict.fromkeys(said))


def explain_providers(error: BaseException) -> str | None:
    """Return `explain`'s sentence if a provider or its client failed; None for other errors.

    Unlike `explain`, it returns None for an error that a learner's code raised from such a failure.
    """
    import openai
    from langchain_openai import StreamChunkTimeoutError

    failures = (openai.APIError, StreamChunkTimeoutError)
    members = _members(error)
    if all(
        isinstance(member, failures)
        or (isinstance(member, Sentence | Stalled) and member is not error)
        or _no_completion(member)
        or _unsendable(member)
        for member in members
    ):
        return explain(error)
    return None


def _explained(causes: list[BaseException]) -> str | None:
    """Return the sentence for the first known exception."""
    return next(filter(None, (_sentence(cause, causes) for cause in causes)), None)


def _sentence(cause: BaseException, causes: list[BaseException]) -> str | None:
    import openai
    from langchain_openai import StreamChunkTimeoutError

    if isinstance(cause, sim.SimulatorError | ProviderError):
        return str(cause)
    if isinstance(cause, Stalled):
        return f"{str(cause).removesuffix('.')}: ask again."
    if isinstance(cause, StreamChunkTimeoutError):
        return f"Nothing came for {cause.timeout_s:g} s: ask again."
    if isinstance(cause, openai.AuthenticationError):
        if variable("OPENAI_MODEL") and not variable("OPENAI_API_KEY"):
            return "The provider requires a key, but OPENAI_API_KEY isn't set."
        return "The provider rejected the key: check OPENAI_API_KEY."
    if isinstance(cause, openai.PermissionDeniedError):
        return "The key is valid but has no access to this model: choose another OPENAI_MODEL."
    if isinstance(cause, openai.NotFoundError):
        if cause.code == "model_not_found":
            return (
                f"The provider doesn't have this model (“{_words(cause)}”): check OPENAI_MODEL, "
                "or the name passed to `chat_model`."
            )
        return (
            "The provider doesn't have this model or URL: check OPENAI_MODEL, and that "
            f"{_address_variable()} ends as its documentation says, usually in /v1."
        )
    if isinstance(cause, openai.RateLimitError):
        instead = ", or unset OPENAI_MODEL to use the simulator"
        return (
            "The provider rejected the request (rate limit, or no credit left): "
            f"wait a minute{instead if variable('OPENAI_MODEL') else ''}."
        )
    if isinstance(cause, openai.APITimeoutError):
        return "The provider did not respond in time: try again, or increase `timeout`."
    if isinstance(cause, openai.APIConnectionError):
        return _no_connection(causes)
    if isinstance(cause, openai.InternalServerError):
        return "The provider reported an internal error: try again in a minute."
    if isinstance(cause, openai.BadRequestError | openai.UnprocessableEntityError):
        return f"The provider rejected this request: {_words(cause)}"
    if isinstance(cause, openai.APIResponseValidationError):
        return nothing_readable(cause)
    by_responses = type(cause) is ValueError and "server_error" in str(cause)
    if type(cause) is openai.APIError or by_responses:
        return "The provider failed in the middle of its reply: ask again."
    if _no_completion(cause):
        return nothing_readable(cause)
    if _unsendable(cause):
        assert isinstance(cause, UnicodeEncodeError)
        odd = settings.odd_character("The key", cause.object[7:] or " ", spaces=True)
        return odd or "A request header contains a character that can't be sent: check the key."
    return None


def _no_connection(causes: list[BaseException]) -> str:
    names = {type(cause).__name__ for cause in causes}
    if names.intersection(_BROKE_OFF):
        return "The connection broke while the reply was on its way: ask again."
    if names.intersection(_UNREADABLE):
        return nothing_readable()
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        how = " or ".join(settings.set_of("SSL_CERT_FILE", "SSL_CERT_DIR"))
        fix = f"check {how}" if how else "set SSL_CERT_FILE to your network's certificates"
        return f"The server's certificate can't be verified: {fix}."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"The server doesn't use https: should {_address_variable()} begin with http://?"
    proxies = settings.set_of(*settings.PROXIES) if _real_is_named() else []
    through = f", the proxy in {' and '.join(proxies)}" if proxies else ""
    return (
        f"Could not connect to the provider: check {_address_variable()}{through}, and that the "
        "server is running."
    )


def _address_variable() -> str:
    """Return the variable that sets, or would set, the provider's URL."""
    with suppress(ProviderError):
        provider = real_provider()
        if provider is not None and provider.named_by is not None:
            return provider.named_by
    return "OPENAI_BASE_URL"


def nothing_readable(error: BaseException | None = None) -> str:
    """Return the sentence for a response with status 200 that isn't a completion."""
    name = _address_variable()
    said = _words_of_refusal(error)
    what = f"The server returned status 200 but no completion{said}: "
    if re.search(r"/v\d", urlsplit(variable(name) or "/v1").path):
        return (
            f"{what}check that {name} is the URL of an OpenAI-compatible API, and that your "
            "network's login page isn't responding instead."
        )
    return f"{what}{name} should probably end in /v1."


def _words_of_refusal(error: BaseException | None) -> str:
    """Return, in parentheses, what LangChain read from a body such as `{"error": "…"}`."""
    frames = _frames(error) if error is not None else []
    if type(error) is not ValueError or not frames or frames[-1][1] != "_create_chat_result":
        return ""
    if str(error).startswith("Unexpected response type"):
        return ""
    return f" (“{textwrap.shorten(redacted(str(error)), _WORDS, placeholder=' …')}”)"


def _no_completion(error: BaseException) -> bool:
    """Return whether LangChain or the SDK failed to parse a server's response.

    They raise arbitrary built-in exceptions for a missing field, so this inspects the traceback: it
    must end in a function that parses replies, without learner code in between.
    """
    if not isinstance(error, ValueError | TypeError | AttributeError | LookupError):
        return False
    if isinstance(error, UnicodeEncodeError) or "unexpected keyword argument" in str(error):
        return False  # caused by the request
    frames = _frames(error)[::-1]
    for depth, (file, function) in enumerate(frames):
        package, _, module = file.rpartition("site-packages/")[2].partition("/")
        if not ("site-packages/" in file or file.startswith(_STANDARD_LIBRARY)):
            return False
        if package in ("openai", "langchain_openai"):
            return re.fullmatch(_READERS.get(module, ""), function) is not None
        if module == "language_models/chat_models.py" and re.fullmatch(_EMPTIES, function):
            return depth == 0
    return False


def _unsendable(error: BaseException) -> bool:
    """Return whether a header contained a character that can't be sent."""
    return isinstance(error, UnicodeEncodeError) and any(
        file.endswith("httpx2/_models.py") for file, _ in _frames(error)
    )


def _frames(error: BaseException) -> list[tuple[str, str]]:
    """Return the file and function of each traceback frame, innermost last."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return [(Path(at.f_code.co_filename).as_posix(), at.f_code.co_name) for at in frames]


def _members(error: BaseException) -> list[BaseException]:
    """Return the exceptions in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        return [one for member in error.exceptions for one in _members(member)]
    return [error]


@contextmanager
def _as_ours() -> Iterator[None]:
    """Convert the simulator's errors to `ProviderError`, which a notebook shows as a sentence."""
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
    """Return the provider's own error message, shortened and without the status."""
    said = words_of(error.body) or error.message
    return textwrap.shorten(redacted(said), _WORDS, placeholder=" …")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid port or bracket
        return False
