"""The Chat Completions API."""

from .encoder import ChatCompletionsEncoder
from .request import ChatCompletionsBody, parse

__all__ = ["ChatCompletionsBody", "ChatCompletionsEncoder", "parse"]
