"""Faults that replace the reply with an error, for every attempt or only the first few.

`refusal` takes the fault's name, what happens, and how `ChatOpenAI` reacts. `tries`, the
first number after `@` in a model name such as `sim-chat:429@2`, is how many times the same request
fails before it succeeds once; then the count restarts. With 0, every attempt fails.
"""

from .. import errors
from ..errors import ApiError
from .fault import refusal

_TRIES = "The SDK retries 408, 409, 429 and 5xx twice (`max_retries=2`)"


refusal("401", "The key is rejected.", "No retry.", raises="openai.AuthenticationError", tries=0)(
    lambda: errors.wrong_key(given=True)
)
refusal("404", "The model does not exist.", "No retry.", raises="openai.NotFoundError", tries=0)(
    errors.no_access
)


@refusal(
    "429",
    "Too many requests: the first `tries` attempts are rejected, each with a `Retry-After` of "
    "`seconds`; the next one succeeds.",
    f"{_TRIES}, so 2 rejections cause no error, but a long wait for the first token.",
    raises="openai.RateLimitError",
    tries=2,
)
def _too_many(seconds: float = 1) -> ApiError:
    return errors.rate_limited("Rate limit reached.", seconds)


refusal(
    "500",
    "The server has an internal error.",
    f"{_TRIES}, then raises.",
    raises="openai.InternalServerError",
    tries=0,
)(errors.server_error)
refusal(
    "503",
    "The server is overloaded.",
    f"{_TRIES}, then raises.",
    raises="openai.InternalServerError",
    tries=0,
)(errors.overloaded)
