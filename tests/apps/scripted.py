"""A fake model that calls the given tools in order, whatever the prompt."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any, Self

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk


class Scripted:
    """Calls the named tools, one per request, and then streams the text in `says`.

    Attributes:
        sent: The messages in each request.
    """

    def __init__(
        self, *names: str, says: Iterable[str] = ("done",), finish: str = "tool_calls"
    ) -> None:
        self.sent: list[list[Any]] = []
        self._names = list(names)
        self._says = says
        self._finish = finish  # the finish reason of the replies that call tools

    def bind_tools(self, tools: Iterable[Any]) -> Self:
        return self

    async def astream(self, messages: list[Any]) -> AsyncGenerator[AIMessageChunk]:
        self.sent.append(list(messages))
        if not self._names:
            for piece in self._says:
                yield AIMessageChunk(piece)
            yield AIMessageChunk("", response_metadata={"finish_reason": "stop"})
            return
        call = tool_call_chunk(name=self._names.pop(0), args='{"order": 1}', id="call_1", index=0)
        yield AIMessageChunk("", tool_call_chunks=[call])
        yield AIMessageChunk("", response_metadata={"finish_reason": self._finish})
