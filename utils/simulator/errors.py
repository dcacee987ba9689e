"""The errors that the API answers with, in the API's own shape."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_QUOTE = 80  # characters of what a client sent


@dataclass
class ApiError(Exception):
    """A refusal: an HTTP status and what stands in the body's `error` object.

    Attributes:
        status: HTTP status.
        message: One sentence for whoever reads it.
        code: Machine-readable reason, if the API has one.
        param: The field of the request that is at fault.
        kind: The API's `type`.
        retry_after: Seconds of the profile's time until it is worth trying again.
    """

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    kind: str = "invalid_request_error"
    retry_after: float | None = None

    def headers(self, speed: float) -> dict[str, str]:
        """Return response headers such as `Retry-After`, if time runs `speed` times faster."""
        if self.retry_after is None:
            return {}
        seconds = self.retry_after / speed
        return {
            "retry-after": str(max(1, round(seconds))),
            "retry-after-ms": str(round(seconds * 1000)),
        }

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the JSON body."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def wrong_key(given: bool) -> ApiError:
    """Return the answer to a missing or wrong key."""
    if not given:
        return ApiError(401, "You didn't provide an API key. Send it as `Authorization: Bearer …`.")
    return ApiError(401, "Incorrect API key provided.", "invalid_api_key")


def no_such_path(method: str, path: str) -> ApiError:
    """Return the answer to a path that does not exist."""
    return ApiError(
        404,
        f"Invalid URL ({method} {path}). Send chats to POST /v1/chat/completions or POST "
        "/v1/responses; GET /v1/models lists the models. A client's base URL ends in /v1.",
    )


def wrong_method(method: str, path: str) -> ApiError:
    """Return the answer to a path that exists for another method."""
    return ApiError(
        405,
        f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP "
        "method?)",
        "method_not_supported",
    )


def no_such_model(model: str, known: list[str], endings: list[str]) -> ApiError:
    """Return the answer to a model that does not exist."""
    shown = ", ".join(f"`:{ending}`" for ending in endings)
    return ApiError(
        404,
        f"The model `{model[:_LONGEST_QUOTE]}` does not exist. Models here: {', '.join(known)}; "
        f"each also with an ending such as {shown}.",
        "model_not_found",
        "model",
    )


def gone() -> ApiError:
    """Return the answer to a model that this key may not see."""
    return ApiError(
        404,
        "The model does not exist or you do not have access to it.",
        "model_not_found",
        "model",
    )


def unreadable() -> ApiError:
    """Return the answer to a body that is not a JSON object."""
    return ApiError(
        400,
        "We could not parse the JSON body of your request. (HINT: the API expects a JSON object.)",
    )


def missing(param: str) -> ApiError:
    """Return the answer to a request without a field that it needs."""
    return ApiError(
        400, f"Missing required parameter: '{param}'.", "missing_required_parameter", param
    )


def unknown(param: str) -> ApiError:
    """Return the answer to a field that the API does not have."""
    return ApiError(400, f"Unknown parameter: '{param}'.", "unknown_parameter", param)


def wrong_type(param: str, expected: str) -> ApiError:
    """Return the answer to a field of the wrong type."""
    return ApiError(400, f"Invalid type for '{param}': expected {expected}.", "invalid_type", param)


def wrong_value(param: str, reason: str) -> ApiError:
    """Return the answer to a field of the right type with a value that will not do."""
    return ApiError(400, f"Invalid value for '{param}': {reason}.", "invalid_value", param)


def unsupported(param: str) -> ApiError:
    """Return the answer to a feature of the API that this server does not have."""
    return ApiError(
        400,
        f"Unsupported parameter: '{param}' is not supported with this model.",
        "unsupported_parameter",
        param,
    )


def too_busy(retry_after: float) -> ApiError:
    """Return the answer of a saturated server.

    Args:
        retry_after: Seconds of the profile's time until it is worth trying again.
    """
    return ApiError(
        429,
        f"Rate limit reached. Please try again in {retry_after:.1f}s.",
        "rate_limit_exceeded",
        kind="requests",
        retry_after=retry_after,
    )


def broken() -> ApiError:
    """Return the answer of a server that failed."""
    return ApiError(
        500,
        "The server had an error while processing your request. Sorry about that!",
        kind="server_error",
    )


def overloaded() -> ApiError:
    """Return the answer of a server that is not available."""
    return ApiError(
        503, "The engine is currently overloaded, please try again later.", kind="server_error"
    )


def no_such_response(name: str) -> ApiError:
    """Return the answer to a reference to a response that is not, or no longer, known."""
    return ApiError(
        400,
        f"Previous response with id '{name[:_LONGEST_QUOTE]}' not found.",
        "previous_response_not_found",
        "previous_response_id",
    )


def no_seat(limit: int, own: int, retry_after: float) -> ApiError:
    """Return the answer of a shared server that is full.

    Args:
        limit: How many replies it sends at once.
        own: How many of them go to whoever asked.
        retry_after: Seconds of real time until it is worth trying again.
    """
    return ApiError(
        429,
        f"This shared simulator sends {limit} replies at once, and all are taken or others wait; "
        f"{own} of them are yours. Please try again in {retry_after:g}s.",
        "rate_limit_exceeded",
        kind="requests",
        retry_after=retry_after,
    )


def too_large(most: int) -> ApiError:
    """Return the answer to a request of more than `most` bytes."""
    return ApiError(413, f"The request is too large: at most {most} bytes are read.", "too_large")


def too_long(param: str, most: int) -> ApiError:
    """Return the answer to a conversation of more than `most` tokens."""
    return ApiError(
        400,
        f"This model's maximum context length is {most} tokens. Please reduce the length of the "
        f"messages.",
        "context_length_exceeded",
        param,
    )


def too_slow() -> ApiError:
    """Return the answer to a request that does not come in."""
    return ApiError(408, "The request did not come in in time. Please try again.", "timeout")
