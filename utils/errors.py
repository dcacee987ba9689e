"""Displays each error as one sentence, without a traceback or secrets."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from .unicode import well_formed


class Sentence(Exception):  # noqa: N818 (a base class; its subclasses are named after errors)
    """Error whose message says what happened and what to do; notebooks show only the message."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a traceback."""
        return [str(self)]


_HIDDEN = "[key]"
_LONGEST = 300  # maximum length of a message, in characters
_KEY_VARIABLE = re.compile(r"(?:API|ADMIN|SIMULATOR)_KEY")  # such as OPENAI_API_KEY
# example keys from local servers' documentation; they aren't secret
_DUMMIES = {"sk-no-key-required", "no-key-needed"}

# Each alternative matches a whole secret, never a plain word, model name or request ID.
_SECRET = re.compile(
    r"""
    (?<![\w-])(?:
        (?:sk|pk)-[\w*-]{6,}(?:\.+[\w*-]+)*             # OpenAI, Anthropic, DeepSeek, OpenRouter
      | (?:gsk|hf|ghp|gho|github_pat|r8|lsv2)_\w{6,}    # Groq, Hugging Face, GitHub, LangSmith
      | (?:xai|nvapi|pplx|csk|tgp)-[\w-]{6,}            # xAI, NVIDIA, Perplexity, Cerebras
      | AIza[\w-]{10,}                                  # Google
      | eyJ[\w-]+\.[\w-]+\.[\w-]*                       # a JSON Web Token
      | (?=\w*[a-z])(?=\w*[A-Z])(?=(?:[A-Za-z]*\d){3})[A-Za-z0-9]{24,}(?![\w-])   # any other key
    )
    """,
    re.VERBOSE,
)
# A label followed by a secret, such as `Bearer …` in a header or `?key=…` in a URL. Doesn't match
# the words "bearer token" in a sentence.
_LABELLED = re.compile(
    r"""
    ( \b(?i:bearer|basic)\s+(?!(?i:auth|token|scheme|challenge))
    | [?&](?i:api[-_]?key|key|access_token|token|password)= )
    [^\s&"']{6,}
    """,
    re.VERBOSE,
)
_USER_IN_URL = re.compile(r"(?<=://)[^\s/?#]+(?=@)")  # `user:password` in `//user:password@host`


def redacted(text: str) -> str:
    """Replace keys, tokens, and the user names and passwords in URLs with `[key]`.

    A key from an environment variable is replaced where it appears as a whole word. A short word
    such as `ollama`, a placeholder key for a local server, isn't replaced.
    """
    for name, value in os.environ.items():
        key = value.strip()
        if _KEY_VARIABLE.search(name) and _is_secret(key):
            text = re.sub(rf"(?<![\w-]){re.escape(key)}(?![\w-])", _HIDDEN, text)
    text = _SECRET.sub(lambda found: found[0] if found[0] in _DUMMIES else _HIDDEN, text)
    text = _LABELLED.sub(rf"\1{_HIDDEN}", text)
    return _USER_IN_URL.sub(_HIDDEN, text)


def _is_secret(key: str) -> bool:
    """Return whether a key looks like a real secret, rather than a placeholder.

    A secret has at least 24 characters, or 8 if they include a digit or are in mixed case.
    """
    if len(key) < 8 or key in _DUMMIES or key == os.environ.get("OPENAI_MODEL", "").strip():
        return False
    return bool(re.search(r"\d", key)) or not (key.islower() or key.isupper()) or len(key) >= 24


def sentence(error: BaseException) -> str:
    """Return an exception's type and message as one short line, without secrets."""
    words = message_of(getattr(error, "body", None)) or str(error)
    message = " ".join(redacted(well_formed(words)).split())
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 1] + "…"
    name = type(error).__name__
    return f"{name}: {message}" if message else name


def message_of(body: object) -> str:
    """Return the error message from an HTTP error's body, which may have any of the usual formats.

    OpenAI sends `{"error": {"message": …}}`; the SDK keeps only the value of `error`. FastAPI
    sends `{"detail": …}`, with a list of errors for an invalid request. Many local servers send
    `{"error": "…"}`. An HTML page has no usable message.
    """
    if isinstance(body, str):
        return "" if body.lstrip().startswith("<") else body
    if isinstance(body, Mapping):
        found = (message_of(body.get(name)) for name in ("message", "detail", "error", "msg"))
        message = next(filter(None, found), "")
        where = body.get("loc")  # the field that FastAPI rejected
        place = ".".join(map(str, where)) if isinstance(where, list) else ""
        return ": ".join(filter(None, (place, message)))
    if isinstance(body, list):
        return "; ".join(filter(None, map(message_of, body)))
    return ""


def show_explanations(explain: Callable[[BaseException], str | None]) -> None:
    """Make IPython show the sentence that `explain` returns, if any, instead of a traceback.

    The output also names the exception's class, since a learner may want to catch it, and
    mentions `%tb`, which shows the traceback.
    """
    from IPython import get_ipython

    # IPython calls this as a method of its shell.
    def show(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: int | None = None) -> None:
        explained = explain(error)
        if explained is None:
            caught = (kind, error, trace)
            shell.showtraceback(caught, tb_offset=tb_offset, running_compiled_code=True)
            return
        shell._get_exc_info((kind, error, trace))  # stores the exception for `%tb`
        more = f"({kind.__name__}; run `%tb` in a new cell to see the traceback.)"
        shell._showtraceback(kind, redacted(str(error)), [f"{explained} {more}"])

    if (shell := get_ipython()) is not None:
        shell.set_custom_exc((Exception,), show)
