"""Environment variables that LangChain, LangSmith, OpenAI's SDK and HTTP clients read.

When cells call the simulator, these variables are hidden, so that the machine's settings can't
change what is sent or received. When cells call a real provider, the variables are respected, and
invalid ones are reported.
"""

import os
import re
import ssl
import sys
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

_UPPER = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
PROXIES = ("OPENAI_PROXY", *_UPPER, *map(str.lower, _UPPER))
# variables whose values the client sends as headers
HEADERS = ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")
# Variables that LangChain, LangSmith, OpenAI's SDK and `ssl` read when a client or model is
# created. The prefixes also cover variables that later versions may add.
_HIDDEN = re.compile(r"(?:OPENAI|AZURE_OPENAI|LANGCHAIN|LANGSMITH|LC|SSL)_.*|SSLKEYLOGFILE")
# variables that may turn tracing on, such as LANGSMITH_TRACING and LANGCHAIN_TRACING_V2
_TRACERS = re.compile(r"LANG(?:CHAIN|SMITH)_(?:\w+_)?TRACING(?:_V2)?|LANGCHAIN_HANDLER")
_QUOTES = "\"'`\N{ACUTE ACCENT}\u2018\u2019\u201a\u201c\u201d\u201e«»"
# names for characters that have an unusual name, or none, in `unicodedata`
_NAMES = {"\n": "line break", "\r": "line break", "\t": "tab", "\ufeff": "byte order mark"}

lock = RLock()  # held while variables are hidden, so that no thread reads them


def variable(name: str) -> str | None:
    """Return the stripped value of an environment variable; None if it is unset or blank."""
    return (os.environ.get(name) or "").strip() or None


@contextmanager
def hidden(more: Collection[str] = ()) -> Iterator[None]:
    """During the `with` block, unset the variables that would change how a client is created.

    `more` contains the names of further variables to unset, in upper case.
    """
    with lock:
        taken = {
            name: os.environ.pop(name)
            for name in list(os.environ)
            if _HIDDEN.fullmatch(name) or name.upper() in more
        }
        try:
            yield
        finally:
            os.environ.update(taken)


def bypass_proxies() -> None:
    """Let cells connect directly to servers on this machine, even if a proxy is set."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        if "127.0.0.1" not in hosts and "*" not in hosts:
            os.environ[name] = ",".join([*hosts, "127.0.0.1"])


def tracing() -> bool:
    """Return whether LangChain sends each prompt and reply to LangSmith."""
    from langsmith.utils import tracing_is_enabled

    return bool(tracing_is_enabled())


def prepare_for_simulator() -> bool:
    """Turn tracing off, bypass proxies for local servers, and unset variables with unusable values.

    Child processes started later inherit these changes. Return whether environment variables had
    turned tracing on.
    """
    with lock:
        bypass_proxies()
        traced = False
        if tracers := [name for name in os.environ if _TRACERS.fullmatch(name)]:
            import langsmith

            traced = tracing()
            langsmith.configure(enabled=False)  # needed, since LangSmith caches the variables
        for name in [*tracers, *(name for name, _ in _problems())]:
            os.environ.pop(name, None)
    return traced


def odd_character(name: str, value: str, *, spaces: bool = False) -> str | None:
    """Return an error message if a value has quotes around it, “Bearer” or an invalid character.

    With `spaces`, spaces and line breaks are valid. The message doesn't contain the value, which
    may be a secret.
    """
    for place, character in (("starts", value[:1]), ("ends", value[-1:])):
        if character and character in _QUOTES:
            return f"{name} {place} with a quotation mark: set it without quotes."
    if value.lower().startswith("bearer "):
        return f"{name} starts with “Bearer”: set it to the key only."
    for position, character in enumerate(value, 1):
        if "!" <= character <= "~" or (spaces and character in " \n"):
            continue
        kind = _NAMES.get(character) or unicodedata.name(character, "character").lower()
        article = "an" if kind[0] in "aeiou" else "a"
        return (
            f"{name} contains {article} {kind} (U+{ord(character):04X}) at position {position}, "
            "which isn't valid there: copy it again as plain text."
        )
    return None


def first_problem() -> str | None:
    """Return a sentence about the first variable with an unusable value; None if there is none."""
    return next((sentence for _, sentence in _problems()), None)


def _problems() -> Iterator[tuple[str, str]]:
    """Yield the name of each variable with an unusable value, and a sentence about it."""
    for name in which_are_set("SSLKEYLOGFILE"):
        try:
            Path(os.environ[name]).open("a").close()
        except OSError as error:
            yield name, f"{name} names a file that isn't writable ({error.strerror}): unset it."
    for name in which_are_set("SSL_CERT_FILE"):
        try:
            ssl.create_default_context(cafile=os.environ[name])
        except OSError:  # includes ssl.SSLError
            yield name, f"{name} doesn't name a certificate file: correct it, or unset it."
    for name in which_are_set("SSL_CERT_DIR"):
        if not (which_are_set("SSL_CERT_FILE") or Path(os.environ[name]).is_dir()):
            yield name, f"{name} doesn't name a certificate folder: correct it, or unset it."
    for name in which_are_set(*PROXIES):
        if problem := _proxy_problem(name, os.environ[name]):
            yield name, problem
    for name in which_are_set("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"):
        if os.environ[name].lower() not in ("0", "false") and not tracing():
            fix = "unset it, or set LANGSMITH_TRACING to true"
            yield name, f"{name} requests a tracer that LangChain no longer has: {fix}."


def which_are_set(*names: str) -> list[str]:
    """Return the names of the variables that are set and not empty."""
    return [name for name in names if os.environ.get(name)]


def _proxy_problem(name: str, value: str) -> str | None:
    import httpx2

    # HTTP clients add a missing scheme. LangChain doesn't add one to OPENAI_PROXY.
    address = value if "://" in value or name == "OPENAI_PROXY" else f"http://{value}"
    try:
        proxy = httpx2.Proxy(address)
        # raises ImportError for a SOCKS proxy if `socksio` isn't installed
        httpx2.HTTPTransport(proxy=proxy, verify=False, trust_env=False).close()
    except ImportError:
        return (
            f"{name} names a SOCKS proxy, which needs the missing package `socksio`: install it "
            f"({Path(sys.executable).name} -m pip install socksio), or unset {name}."
        )
    except (ValueError, httpx2.InvalidURL):
        pass
    else:
        if proxy.url.host:
            return None
    return (
        f"{name} isn't a usable proxy URL: correct it, or unset it. A valid one looks like "
        "http://proxy.example:8080."
    )
