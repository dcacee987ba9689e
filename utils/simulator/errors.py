"""API errors, in OpenAI's format."""

from dataclasses import dataclass

_MAX_QUOTE = 80  # maximum number of characters quoted from a request


@dataclass
class ApiError(Exception):
    """An error that is sent to the client as an HTTP response."""

    status: int
    message: str
    code: str | None = None  # machine-readable reason, if the API has one
    param: str | None = None  # the invalid field in the request
    kind: str = "invalid_request_error"  # the `type` field of the error
    retry_after: float | None = None  # seconds to wait before a retry, at speed 1

    def headers(self, speed: float) -> dict[str, str]:
        """Return the `Retry-After` headers, if any; the wait is divided by `speed`."""
        if self.retry_after is None:
            return {}
        seconds = self.retry_after / speed
        return {
            "retry-after": str(max(1, round(seconds))),
            "retry-after-ms": str(round(seconds * 1000)),
        }

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the JSON body."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


def wrong_key(given: bool) -> ApiError:
    """Return the error for a missing or wrong key."""
    if not given:
        return ApiError(401, "You didn't provide an API key. Send it as `Authorization: Bearer …`.")
    return ApiError(401, "Incorrect API key provided.", "invalid_api_key")


def no_such_path(method: str, path: str) -> ApiError:
    """Return the error for an unknown path."""
    return ApiError(
        404,
        f"Invalid URL ({method} {path}). Send chats to POST /v1/chat/completions or POST "
        "/v1/responses; GET /v1/models lists the models. A client's base URL ends in /v1.",
    )


def wrong_method(method: str, path: str) -> ApiError:
    """Return the error for a path that doesn't support the request's HTTP method."""
    return ApiError(
        405,
        f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP "
        "method?)",
        "method_not_supported",
    )


def no_such_model(model: str, known: list[str], suffixes: list[str]) -> ApiError:
    """Return the error for an unknown model."""
    shown = ", ".join(f"`:{suffix}`" for suffix in suffixes)
    return ApiError(
        404,
        f"The model `{model[:_MAX_QUOTE]}` does not exist. Models here: {', '.join(known)}; "
        f"each also with a suffix such as {shown}.",
        "model_not_found",
        "model",
    )


def no_access() -> ApiError:
    """Return the error for a model to which the client's key has no access."""
    message = "The model does not exist or you do not have access to it."
    return ApiError(404, message, "model_not_found", "model")


def unreadable() -> ApiError:
    """Return the error for a body that isn't a JSON object."""
    return ApiError(
        400,
        "We could not parse the JSON body of your request. (HINT: the API expects a JSON object.)",
    )


def missing(param: str) -> ApiError:
    """Return the error for a missing field."""
    message = f"Missing required parameter: '{param}'."
    return ApiError(400, message, "missing_required_parameter", param)


def unknown(param: str) -> ApiError:
    """Return the error for a field that the API doesn't have."""
    return ApiError(400, f"Unknown parameter: '{param}'.", "unknown_parameter", param)


def wrong_type(param: str, expected: str) -> ApiError:
    """Return the error for a field of the wrong type."""
    return ApiError(400, f"Invalid type for '{param}': expected {expected}.", "invalid_type", param)


def wrong_value(param: str, reason: str) -> ApiError:
    """Return the error for an invalid value of the right type."""
    return ApiError(400, f"Invalid value for '{param}': {reason}.", "invalid_value", param)


def unsupported(param: str) -> ApiError:
    """Return the error for a feature of the API that the simulator doesn't support."""
    message = f"Unsupported parameter: '{param}' is not supported with this model."
    return ApiError(400, message, "unsupported_parameter", param)


def no_such_response(response_id: str) -> ApiError:
    """Return the error for a response id that is unknown or no longer stored."""
    message = f"Previous response with id '{response_id[:_MAX_QUOTE]}' not found."
    return ApiError(400, message, "previous_response_not_found", "previous_response_id")


def too_long(param: str, limit: int) -> ApiError:
    """Return the error for a conversation of more than `limit` tokens."""
    return ApiError(
        400,
        f"This model's maximum context length is {limit} tokens. Please reduce the length of the "
        "messages.",
        "context_length_exceeded",
        param,
    )


def too_large(limit: int) -> ApiError:
    """Return the error for a request of more than `limit` bytes."""
    return ApiError(413, f"The request is larger than {limit} bytes.", "too_large")


def rate_limited(message: str, retry_after: float = 1.0) -> ApiError:
    """Return the error for too many requests; `retry_after` is in seconds at speed 1."""
    message = f"{message} Please try again in {retry_after:.1f}s."
    code = "rate_limit_exceeded"
    return ApiError(429, message, code, kind="requests", retry_after=retry_after)


def server_error() -> ApiError:
    """Return the error for an internal server failure."""
    message = "The server had an error while processing your request. Sorry about that!"
    return ApiError(500, message, kind="server_error")


def overloaded() -> ApiError:
    """Return the error for an overloaded server."""
    message = "The engine is currently overloaded, please try again later."
    return ApiError(503, message, kind="server_error")
