"""The server's memory of conversations, which a Responses API request may continue."""

from collections import OrderedDict

from . import errors
from .model_request import ToolCall, Turn
from .reply import Reply

_MAX_KEPT = 200  # responses
_MAX_LENGTH = 100_000  # characters per conversation


class Conversations:
    """Stores the conversation up to each of the latest responses."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, tuple[Turn, ...]] = OrderedDict()

    def store(self, response_id: str, reply: Reply) -> None:
        """Store a response's conversation without instructions, unless it is too long."""
        calls = tuple(  # only the calls that were sent, since the reply may be truncated
            ToolCall(reply.id_of(index, "call"), part.name, reply.text_of(index) or "")
            for index, part in enumerate(reply.parts)
            if part.kind == "call" and reply.text_of(index) is not None
        )
        last = Turn("assistant", reply.text_of_kind("text") or "", calls)
        before = [turn for turn in reply.request.turns if turn.role != "system"]
        turns = (*before, last)
        if sum(len(turn.text) for turn in turns) > _MAX_LENGTH:
            return
        self._turns[response_id] = turns
        if len(self._turns) > _MAX_KEPT:
            self._turns.popitem(last=False)

    def recall(self, response_id: str) -> tuple[Turn, ...]:
        """Return the conversation up to a response; raise `ApiError` if the id is unknown."""
        if response_id not in self._turns:
            raise errors.no_such_response(response_id)
        return self._turns[response_id]
