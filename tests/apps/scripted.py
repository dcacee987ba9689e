"""The FastAPI app's fake model: it calls the given tools in order, whatever the prompt."""

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
        self,
        *names: str,
        says: Iterable[str] = ("done",),
        args: str = '{"order": 1}',
        calls_end: Iterable[str] = ("tool_calls",),
        text_ends: Iterable[str] = ("stop",),
    ) -> None:
        """End the replies that call tools, and the text, with these finish reasons."""
        self.sent: list[list[Any]] = []
        self._names = list(names)
        self._says = says
        self._args = args
        self._calls_end, self._text_ends = calls_end, text_ends

    def bind_tools(self, tools: Iterable[Any]) -> Self:
        return self

    async def astream(self, messages: list[Any]) -> AsyncGenerator[AIMessageChunk]:
        self.sent.append(list(messages))
        if self._names:
            name = self._names.pop(0)
            call = tool_call_chunk(name=name, args=self._args, id="call_1", index=0)
            yield AIMessageChunk("", tool_call_chunks=[call])
            ends = self._calls_end
        else:
            for piece in self._says:
                yield AIMessageChunk(piece)
            ends = self._text_ends
        for reason in ends:
            yield AIMessageChunk("", response_metadata={"finish_reason": reason})
