"""The Responses API."""

from .encoder import ResponsesEncoder
from .request import ResponsesBody, parse

__all__ = ["ResponsesBody", "ResponsesEncoder", "parse"]
