"""Explains a failed call to a provider in one sentence, which notebooks show, not a traceback."""

from __future__ import annotations

import math
import re
import ssl
import sysconfig
import textwrap
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from . import env_vars
from . import simulator as sim
from .env_vars import variable
from .errors import Sentence, message_of, redacted, sentence
from .real_provider import ProviderError, provider_is_set, url_variable
from .stall_timeout import Stalled

if TYPE_CHECKING:
    import openai

_DROPPED = ("ReadError", "RemoteProtocolError")  # HTTP clients raise these if a connection drops
_ERROR_INSTEAD = "The provider sent an error instead of a reply"
_TIMED_OUT = "The provider did not respond in time: try again, or increase `timeout`."
_LONGEST_QUOTE = 140  # maximum length of a quoted message, in characters
_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).as_posix()


def explain(error: BaseException) -> str:
    """Return a sentence that explains why a call to a provider failed and says what to do.

    The error's causes are examined too. For an unknown error, the sentence consists of
    its type and message. For an exception group, there is one sentence per distinct failure.
    """
    sentences = (_explained(_causes(member)) or sentence(member) for member in _members(error))
    return " ".join(dict.fromkeys(sentences))


def explain_providers(error: BaseException) -> str | None:
    """Return the sentence from `explain` if a provider or its client failed; None for other errors.

    The result is also None for an exception that learner code raised because of such a failure.
    """
    if isinstance(error, Sentence | Stalled):  # its own message is enough
        return None
    members = _members(error)
    if all(isinstance(it, Sentence) or _sentence(it, _causes(it)) for it in members):
        return explain(error)
    return None


def _explained(causes: list[BaseException]) -> str | None:
    return next(filter(None, (_sentence(cause, causes) for cause in causes)), None)


def _sentence(cause: BaseException, causes: list[BaseException]) -> str | None:
    import openai
    from langchain_core.exceptions import ModelRefusalError
    from langchain_openai import StreamChunkTimeoutError

    if isinstance(cause, sim.SimulatorError | ProviderError):
        return str(cause)
    if isinstance(cause, Stalled):
        return f"{str(cause).removesuffix('.')}: ask again."
    if isinstance(cause, StreamChunkTimeoutError):
        return f"Nothing arrived for {cause.timeout_s:g} s: ask again."
    if isinstance(cause, openai.LengthFinishReasonError):
        return "The reply reached its length limit before its JSON ended: increase `max_tokens`."
    if isinstance(cause, openai.ContentFilterFinishReasonError):
        return "A content filter ended the reply."
    if isinstance(cause, ModelRefusalError):
        return f"The model refused to reply: {_words(cause)}"
    if isinstance(cause, openai.APIStatusError):
        return _rejected(cause)
    if isinstance(cause, openai.APITimeoutError):
        return _TIMED_OUT
    if isinstance(cause, openai.APIConnectionError):
        return _no_connection(causes)
    if isinstance(cause, openai.APIResponseValidationError):
        return not_a_completion(cause)
    if type(cause) is openai.APIError and _received_chunks(cause) is False:
        return f"{_ERROR_INSTEAD}: {_words(cause)}"
    if type(cause) is openai.APIError:
        return _failed_midway(_shortened(message_of(cause.body)))
    if _failed_to_parse(cause):
        if _received_chunks(cause):
            return _failed_midway(_error_in_body(cause))
        return not_a_completion(cause)
    if _header_is_invalid(cause):
        assert isinstance(cause, UnicodeEncodeError)
        odd = env_vars.odd_character("The key", cause.object[len("Bearer ") :], spaces=True)
        return odd or "A request header contains a character that can't be sent: check the key."
    return None


def _failed_midway(words: str) -> str:
    quote = f" (“{words}”)" if words else ""
    return f"The provider failed in the middle of its reply{quote}: ask again."


def _rejected(error: openai.APIStatusError) -> str:
    """Return the sentence for a response whose status isn't 2xx."""
    status, words = error.status_code, message_of(error.body)
    quote = f" (“{_words(error)}”)" if words else ""
    instead = ", or unset OPENAI_MODEL to use the simulator" if variable("OPENAI_MODEL") else ""
    if status == 401:
        if variable("OPENAI_MODEL") and not variable("OPENAI_API_KEY"):
            return "The provider requires a key, but OPENAI_API_KEY isn't set."
        return "The provider rejected the key: check OPENAI_API_KEY."
    if status == 403:
        if words:  # the message may name the cause, such as the user's country
            return f"The provider denied access: {_words(error)}"
        return "The provider denied access: check the key, OPENAI_MODEL and your network."
    if status in (404, 405):
        # many local servers send no code, only a message such as “model 'llama3' not found”
        if error.code == "model_not_found" or re.search(r"\bmodel\b", words):
            return (
                f"The provider doesn't have this model{quote}: check OPENAI_MODEL, "
                "or the name passed to `chat_model`."
            )
        return (
            f"The provider doesn't have this model or URL{quote}: check OPENAI_MODEL, and that "
            f"{url_variable()} ends as its documentation says, usually in /v1."
        )
    if status == 402 or error.code == "insufficient_quota":
        return f"No credit is left at the provider{quote}: add credit{instead}."
    if status == 429:
        seconds = error.response.headers.get("retry-after", "")
        minutes = math.ceil(int(seconds) / 60) if re.fullmatch("[0-9]{1,6}", seconds) else 1
        wait = f"{minutes} minutes" if minutes > 1 else "a minute"
        return (
            "The provider rejected the request (rate limit, or no credit left): "
            f"wait {wait}{instead}."
        )
    if status == 407:  # from a proxy
        return _no_connection([error])
    if status == 408:
        return _TIMED_OUT
    if status == 413:
        return f"The request is too large for the provider{quote}: send fewer or shorter messages."
    if status in (301, 302, 303, 307, 308):
        return _redirected()
    if status >= 500:
        return f"The provider reported an internal error{quote}: try again in a minute."
    if words:
        return f"The provider rejected this request: {_words(error)}"
    return (
        f"The provider rejected this request (status {status}): check OPENAI_MODEL and "
        f"{url_variable()}."
    )


def _redirected() -> str:
    return f"The server's redirects don't lead to a response: check {url_variable()}."


def _no_connection(causes: list[BaseException]) -> str:
    names = {type(cause).__name__ for cause in causes}
    if names.intersection(_DROPPED):
        frames = [frame for cause in causes for frame in _frames(cause)]
        if any(frame.function == "_receive_response_headers" for frame in frames):
            name = url_variable()
            is_plain = (variable(name) or "").startswith("http:")
            fix = f", and check whether {name} should begin with https://" if is_plain else ""
            return f"The connection ended without a valid HTTP response: ask again{fix}."
        return "The connection dropped in the middle of the reply: ask again."
    if "TooManyRedirects" in names:
        return _redirected()
    if "DecodingError" in names:
        return not_a_completion()
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        how = " or ".join(env_vars.which_are_set("SSL_CERT_FILE", "SSL_CERT_DIR"))
        fix = f"check {how}" if how else "set SSL_CERT_FILE to your network's certificates"
        return f"The server's certificate can't be verified: {fix}."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"The server doesn't use https: should {url_variable()} begin with http://?"
    proxies = env_vars.which_are_set(*env_vars.PROXIES) if provider_is_set() else []
    through = f", the proxy in {' and '.join(proxies)}" if proxies else ""
    return (
        f"Could not connect to the provider: check {url_variable()}{through}, and that the "
        "server is running."
    )


def not_a_completion(error: BaseException | None = None) -> str:
    """Return the sentence for a response with status 200 that isn't a completion."""
    name = url_variable()
    reported = _error_in_body(error)
    has_version = re.search(r"/v\d", urlsplit(variable(name) or "/v1").path)
    if reported and has_version:
        return f"{_ERROR_INSTEAD}: {reported}"
    quote = f" (“{reported}”)" if reported else ""
    what = f"The server returned status 200 but no completion{quote}: "
    if has_version:
        return (
            f"{what}check that {name} is the URL of an OpenAI-compatible API that can stream, and "
            "that your network's login page isn't responding instead."
        )
    return f"{what}{name} should probably end in /v1."


# Patterns for names of reply-parsing functions, keyed by `openai` or `langchain_openai` module.
_READERS = dict.fromkeys(
    ("_streaming.py", "_response.py", "_legacy_response.py", "_models.py"), r".*"
) | {
    "chat_models/base.py": (
        r"_a?(generate|stream\w*)|_create_(chat_result|usage\w*)|_construct_lc_result\w*"
        r"|_convert_(dict|delta|chunk|responses_chunk)\w*"
    ),
}
# LangChain functions that raise a `ValueError` if a reply, streamed or not, reports a failure.
_ERROR_READERS = (
    "_create_chat_result",
    "_construct_lc_result_from_responses_api",
    "_convert_responses_chunk_to_generation_chunk",
)
# Exceptions raised for a missing or unexpected field.
_FIELD_ERRORS = (ValueError, TypeError, AttributeError, LookupError, AssertionError, RuntimeError)
# Methods of langchain-core's chat models that raise if there is no reply.
_RAISING_IF_EMPTY = r"a?(invoke|stream)"


def _error_in_body(error: BaseException | None) -> str:
    """Return the error that LangChain raised for a body such as `{"error": …}`; else ""."""
    frames = _frames(error) if error is not None else []
    if type(error) is not ValueError or not frames or frames[-1].function not in _ERROR_READERS:
        return ""
    (raised,) = error.args  # the body's `error`, or a message about a body that isn't an object
    if str(raised).startswith("Unexpected response type"):
        return ""
    words = message_of(raised) or str(raised)
    # the Responses API's error object as a string
    return _shortened(re.sub(r"ResponseError\(.*?message=(['\"])(.*?)\1[,)].*", r"\2", words))


def _failed_to_parse(error: BaseException) -> bool:
    """Return whether LangChain or the SDK failed to parse a server's response.

    They raise various built-in exceptions for a missing field, so the traceback is inspected:
    the error must come from a function that parses replies, not from learner code.
    """
    if not isinstance(error, _FIELD_ERRORS):
        return False
    if isinstance(error, UnicodeEncodeError) or "unexpected keyword argument" in str(error):
        return False  # the request is at fault, not the response
    innermost_first = _frames(error)[::-1]
    for depth, (file, function) in enumerate(innermost_first):
        # "…/site-packages/openai/_models.py" is split into "openai" and "_models.py".
        package, _, module = file.rpartition("site-packages/")[2].partition("/")
        if not ("site-packages/" in file or file.startswith(_STANDARD_LIBRARY)):
            return False
        if function.startswith("<"):  # before Python 3.12, a comprehension has its own frame
            continue
        if package == "openai" and module.startswith("lib/streaming/"):
            return not isinstance(error, ValueError)  # a ValueError means invalid JSON in the reply
        if package in ("openai", "langchain_openai"):
            return re.fullmatch(_READERS.get(module, ""), function) is not None
        if module == "language_models/chat_models.py" and re.fullmatch(_RAISING_IF_EMPTY, function):
            return depth == 0
    return False


def _received_chunks(error: BaseException) -> bool | None:
    """Return whether a stream had yielded a chunk before the error; None if there was no stream.

    LangChain's streaming functions keep track of this in a local variable, `is_first_chunk`.
    """
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    known = (frame.f_locals.get("is_first_chunk") for frame in frames)
    return next((not first for first in known if isinstance(first, bool)), None)


def _header_is_invalid(error: BaseException) -> bool:
    """Return whether the HTTP client couldn't encode a header, such as the one with the key."""
    return isinstance(error, UnicodeEncodeError) and any(
        frame.file.endswith("httpx2/_models.py") for frame in _frames(error)
    )


class _Frame(NamedTuple):
    file: str
    function: str


def _frames(error: BaseException) -> list[_Frame]:
    """Return the frames of the traceback, outermost first."""
    codes = (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__))
    return [_Frame(Path(code.co_filename).as_posix(), code.co_name) for code in codes]


def _members(error: BaseException) -> list[BaseException]:
    """Flatten an exception group into a list; any other error becomes a list of one."""
    if isinstance(error, BaseExceptionGroup):
        return [one for member in error.exceptions for one in _members(member)]
    return [error]


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and its causes, outermost first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _words(error: BaseException) -> str:
    message = message_of(getattr(error, "body", None)) or getattr(error, "message", str(error))
    return _shortened(message)


def _shortened(message: str) -> str:
    return textwrap.shorten(redacted(message), _LONGEST_QUOTE, placeholder=" …")
