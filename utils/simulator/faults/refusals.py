"""Faults instead of a reply: the API answers with an error, for ever or for the first tries.

The number after `@` is how many tries of the same request are refused before one is answered; then
it begins again. 0 refuses always.
"""

from __future__ import annotations

from .. import errors
from ..errors import ApiError
from .fault import fault

_TRIES = "The SDK tries 408, 409, 429 and 5xx three times in all by itself (`max_retries=2`)"


@fault(
    "401",
    "refusal",
    "The key is refused.",
    "Not tried again.",
    raises="openai.AuthenticationError",
    tries=0,
)
def unauthorised(_: tuple[float, ...]) -> ApiError:
    """Refuse the key."""
    return errors.wrong_key(given=True)


@fault(
    "404",
    "refusal",
    "The model does not exist.",
    "Not tried again.",
    raises="openai.NotFoundError",
    tries=0,
)
def not_found(_: tuple[float, ...]) -> ApiError:
    """Refuse the model."""
    return errors.gone()


@fault(
    "429",
    "refusal",
    "Too many requests: refused `tries` times, each with a `Retry-After` of `seconds`; then "
    "answered.",
    f"{_TRIES}, so with 2 refusals no error at all but a long wait for the first token.",
    raises="openai.RateLimitError",
    tries=2,
    seconds=1,
)
def too_many(numbers: tuple[float, ...]) -> ApiError:
    """Refuse because of the rate."""
    return errors.too_busy(numbers[1])


@fault(
    "500",
    "refusal",
    "The server fails.",
    f"{_TRIES}, then it gives up.",
    raises="openai.InternalServerError",
    tries=0,
)
def server_error(_: tuple[float, ...]) -> ApiError:
    """Fail."""
    return errors.broken()


@fault(
    "503",
    "refusal",
    "The server is overloaded.",
    f"{_TRIES}, then it gives up.",
    raises="openai.InternalServerError",
    tries=0,
)
def unavailable(_: tuple[float, ...]) -> ApiError:
    """Refuse because of the load."""
    return errors.overloaded()
