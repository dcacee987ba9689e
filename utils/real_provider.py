"""The real provider, configured by environment variables."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import env_vars
from .env_vars import variable
from .errors import Sentence

_NO_KEY_NEEDED = "no-key-needed"  # a placeholder, since the client requires a key
_OPENAI = "https://api.openai.com/v1"
_GATEWAY = "https://gateway.smith.langchain.com"  # used if LANGSMITH_GATEWAY=true
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


class ProviderError(Sentence, RuntimeError):
    """The provider's settings are invalid, or the simulator can't start; the message says why."""


@dataclass(frozen=True)
class Provider:
    """A real provider, as configured by environment variables."""

    model: str
    base_url: str = field(repr=False)  # may contain a password
    api_key: str = field(repr=False)
    named_by: str | None = None  # the variable that sets `base_url`; None for the default URL

    @property
    def host(self) -> str:
        """The URL's host, including any port."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def on_this_machine(self) -> bool:
        """Whether the host is a loopback address."""
        name = urlsplit(self.base_url).hostname or ""
        return name in ("localhost", "::1") or name.startswith("127.")

    @property
    def shared_simulator(self) -> bool:
        """Whether this is a shared simulator, whose models are named after latency profiles."""
        return self.named_by is not None and bool(re.fullmatch(r"sim-[a-z]+", self.model))


def real_provider() -> Provider | None:
    """Return the provider set by environment variables; None if cells should use the simulator.

    A provider is used only if `OPENAI_MODEL` and either a key or a URL are set. Many machines have
    a key set for other work, so a key alone must not cause charges.

    Raises:
        ProviderError: If `OPENAI_BASE_URL` is set without a model, or a setting is invalid.
    """
    with env_vars.lock:
        model, url, key = map(variable, ("OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"))
        named_by, base_url, key = _address(key) if model else ("OPENAI_BASE_URL", url, key)
    if base_url and (odd := env_vars.odd_character(str(named_by), base_url)):
        raise ProviderError(odd)
    if base_url and not is_valid_url(base_url):
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
    headers = {name: variable(name) for name in env_vars.HEADERS}
    for name, value in {"OPENAI_MODEL": model, "OPENAI_API_KEY": key, **headers}.items():
        odd = env_vars.odd_character(name, value or "", spaces=name != "OPENAI_API_KEY")
        if odd:
            raise ProviderError(odd)
    return Provider(model, base_url or _OPENAI, key or _NO_KEY_NEEDED, named_by)


def _address(key: str | None) -> tuple[str | None, str | None, str | None]:
    """Return three values: the variable that sets the URL, the URL itself, and the key to send.

    Precedence, as in `ChatOpenAI`: LangChain's variable, LangSmith's gateway, OpenAI's variable.
    """
    if url := variable("OPENAI_API_BASE"):
        return "OPENAI_API_BASE", url, key
    gateway = variable("LANGSMITH_GATEWAY")
    if gateway and gateway.lower() not in _NO:
        host = _GATEWAY if gateway.lower() in _YES else gateway.rstrip("/")
        own = variable("LANGSMITH_GATEWAY_API_KEY") or variable("LANGSMITH_API_KEY")
        return "LANGSMITH_GATEWAY", f"{host}/openai/v1", own or key
    url = variable("OPENAI_BASE_URL")
    return "OPENAI_BASE_URL" if url else None, url, key


def provider_is_set() -> bool:
    """Return whether a real provider is set, even if its settings are invalid."""
    try:
        return real_provider() is not None
    except ProviderError:
        return True


def url_variable() -> str:
    """Return the name of the environment variable for the provider's URL."""
    with suppress(ProviderError):
        provider = real_provider()
        if provider is not None and provider.named_by is not None:
            return provider.named_by
    return "OPENAI_BASE_URL"


def is_valid_url(url: str) -> bool:
    """Return whether a string is a valid http or https URL."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # as HTTP clients do
        return parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:  # an invalid port or host, or an unmatched bracket
        return False
