"""Probes for asynchronous streams: a model that takes virtual time, and tells who held what up.

A `LiveProbe` is a `Probe` whose pieces come after silences, in the virtual time of `loops.run`. A
`LiveModel` is a chat model that answers with it, by `astream` and `ainvoke` without blocking, and
by `stream` and `invoke` blocking the thread that calls them; on the loop's own thread the probe
notes it. Read what an answer yields with `read`, so that the probe knows what came out and when.
"""

# ruff: noqa: ARG002 (the names of arguments are LangChain's)

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig

from utils.checks.engine import virtual_time as loops
from utils.checks.streams import (
    FIRST_AFTER,
    GAP,
    ROLE_AFTER,
    ConnectionLost,
    Event,
    Probe,
    ProbeModel,
    Switchboard,
)


@dataclass
class Traffic:
    """Who streams when, for probes that share it.

    Attributes:
        now: How many replies are under way.
        most: The most that were at once.
        log: (virtual time, +1 for a beginning and -1 for an end, the probe), in order.
    """

    now: int = 0
    most: int = 0
    log: list[tuple[float, int, "LiveProbe"]] = field(default_factory=list)

    def note(self, change: int, probe: "LiveProbe") -> None:
        """A reply begins or ends."""
        self.now += change
        self.most = max(self.most, self.now)
        self.log.append((loops.now(), change, probe))


@dataclass
class LiveProbe(Probe):
    """A probe whose pieces take virtual time.

    The role comes `ROLE_AFTER` after the request, the first piece `first_after` later, and each
    further one after `gap`, as does the end. `closed` is also True if it was let go before its
    first piece. For a connection lost after the empty role chunk, let the first piece be "" and
    `fails_after` 1.

    Attributes:
        first_after: Seconds from the role chunk to the first piece.
        gap: Seconds between two pieces.
        silences: Further seconds before the piece of that number, from 0.
        error: What it fails with in place of `ConnectionLost`.
        after_text: Chunks that follow the pieces, each after `gap`, such as tool calls in pieces.
        finish: The finish reason in the last chunk; None for a stream that ends without one.
        blocking: A synchronous method was called on the loop's own thread.
        seen: The messages of each request.
        asked_at: The virtual time of each request.
        came_at: The virtual time at which each piece came, of all requests.
        left_at: When the latest reply ended or was let go; None while it is under way.
        traffic: Shared by probes that are to be counted together.
    """

    first_after: float = FIRST_AFTER
    gap: float = GAP
    silences: Mapping[int, float] = field(default_factory=dict)
    error: BaseException | None = None
    after_text: Sequence[AIMessageChunk] = ()
    finish: str | None = "stop"
    blocking: bool = False
    seen: list[list[BaseMessage]] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    came_at: list[float] = field(default_factory=list)
    left_at: float | None = None
    traffic: Traffic = field(default_factory=Traffic)

    @property
    def let_go(self) -> bool:
        """Whether no reply of it is under way any more, by its end or by being closed."""
        return self.left_at is not None or not self.requests

    @property
    def lasts(self) -> float:
        """Seconds from the request to the end of a reply that is read to its end."""
        gaps = self.gap * (max(0, len(self.pieces) - 1) + len(self.after_text) + 1)
        first = self.first_after if self.pieces else 0
        return ROLE_AFTER + first + gaps + sum(self.silences.values())

    def arrives(self, piece: int) -> float:
        """Seconds from the request to the arrival of a piece, by its number from 0."""
        waits = (self._silence(at) for at in range(piece + 1))
        return ROLE_AFTER + sum(waits)

    async def reply(self, messages: list[BaseMessage]) -> AsyncGenerator[str | AIMessageChunk]:
        """The role as "", the pieces and what follows them, each after its silence."""
        with closing(self._steps(messages)) as steps:
            for step in steps:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step

    def reply_blocking(self, messages: list[BaseMessage]) -> Generator[str | AIMessageChunk]:
        """The same for a thread that waits for it."""
        self.blocking = self.blocking or loops.blocks_the_loop()
        with closing(self._steps(messages)) as steps:
            for step in steps:
                if isinstance(step, float):
                    loops.pause(step)
                else:
                    yield step

    def _steps(self, messages: list[BaseMessage]) -> Generator[float | str | AIMessageChunk]:
        """Seconds of silence, and what comes after them."""
        self.requests += 1
        self.seen.append(messages)
        self.asked_at.append(loops.now())
        self.left_at = None
        self.closed = self.ended = False
        self.traffic.note(+1, self)
        try:
            yield ROLE_AFTER
            self._may_fail(0)
            yield ""
            for at, piece in enumerate(self.pieces):
                yield self._silence(at)
                if at:
                    self._may_fail(at)
                self.log.append(Event("in", piece))
                self.came_at.append(loops.now())
                yield piece
            for chunk in self.after_text:
                yield float(self.gap)
                yield chunk
            yield float(self.gap)
            if self.pieces:
                self._may_fail(len(self.pieces))
            self._end()
        finally:
            self.closed = not self.ended
            self.left_at = loops.now()
            self.traffic.note(-1, self)

    def _silence(self, at: int) -> float:
        return float((self.gap if at else self.first_after) + self.silences.get(at, 0.0))

    def _may_fail(self, pieces: int) -> None:
        if pieces == self.fails_after:
            raise self.error or ConnectionLost("the connection was lost")


@dataclass
class PilingProbe(LiveProbe):
    """One whose pieces come as over a network, whether somebody takes them or not.

    They pile up while nobody does: whoever comes late for one finds it there and never waits.
    """

    def _steps(self, messages: list[BaseMessage]) -> Generator[float | str | AIMessageChunk]:
        due = loops.now()
        with closing(super()._steps(messages)) as steps:
            for step in steps:
                if not isinstance(step, float):
                    yield step
                    continue
                due += step
                if due > loops.now():
                    yield due - loops.now()


class LiveModel(ProbeModel):
    """A chat model that answers every prompt with its `LiveProbe`, shaped as OpenAI's are.

    `bind_tools` keeps the tools' names in the call's `tools`, and changes nothing of the answer.
    """

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """As OpenAI's: the same model, with the tools in its calls."""
        return self.bind(tools=[getattr(tool, "name", str(tool)) for tool in tools], **kwargs)

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """As any model's; on the loop's own thread one after the other.

        There the threads of LangChain's `batch` would wait for a loop that waits for them.
        """
        if not loops.blocks_the_loop():
            return super().batch(inputs, config, **kwargs)
        for each in inputs:
            self._live_probe(self._convert_input(each).to_messages()).called.append("batch")
        configs = config if isinstance(config, list) else [config] * len(inputs)
        return [self.invoke(each, its, **kwargs) for each, its in zip(inputs, configs, strict=True)]

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        probe = self._live_probe(messages)
        probe.streamed = True
        async with aclosing(probe.reply(messages)) as steps:
            async for step in steps:
                yield _generation(step)
        yield _last(probe)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        probe = self._live_probe(messages)
        probe.streamed = True
        with closing(probe.reply_blocking(messages)) as steps:
            for step in steps:
                yield _generation(step)
        yield _last(probe)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        probe = self._live_probe(messages)
        async with aclosing(probe.reply(messages)) as steps:
            chunks = [_generation(step) async for step in steps]
        return _whole(probe, chunks)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        probe = self._live_probe(messages)
        with closing(probe.reply_blocking(messages)) as steps:
            chunks = [_generation(step) for step in steps]
        return _whole(probe, chunks)

    def _live_probe(self, messages: list[BaseMessage]) -> LiveProbe:
        found: Any = self._probe_for(messages)
        live: LiveProbe = found
        return live


class LiveSwitchboard(LiveModel, Switchboard):
    """A model with a `LiveProbe` for each prompt: `LiveSwitchboard(probe=other, probes={…})`."""


async def read(
    items: AsyncIterator[Any], *probes: Probe, leave_after: int | None = None
) -> list[Any]:
    """Read what an answer yields, tell the probes, and return it; then close it.

    Args:
        items: The learner's async generator.
        probes: They note each text that comes out, and anything else as an empty one.
        leave_after: Close it after so many items.
    """
    got: list[Any] = []
    if leave_after == 0:
        return got
    try:
        async for item in items:
            got.append(item)
            for probe in probes:
                probe.out(item if isinstance(item, str) else "")
            if len(got) == leave_after:
                break
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
    return got


def _generation(step: str | AIMessageChunk) -> ChatGenerationChunk:
    message = AIMessageChunk(content=step) if isinstance(step, str) else step.model_copy(deep=True)
    return ChatGenerationChunk(message=message)


def _last(probe: LiveProbe) -> ChatGenerationChunk:
    message = AIMessageChunk(content="", usage_metadata=probe.usage)
    return ChatGenerationChunk(message=message, generation_info=_ending(probe))


def _whole(probe: LiveProbe, chunks: list[ChatGenerationChunk]) -> ChatResult:
    probe.invoked = True
    whole = message_chunk_to_message(reduce(add, (chunk.message for chunk in chunks)))
    message = whole.model_copy(update={"usage_metadata": probe.usage})
    generation = ChatGeneration(message=message, generation_info=_ending(probe))
    return ChatResult(generations=[generation])


def _ending(probe: LiveProbe) -> dict[str, Any]:
    reason = {"finish_reason": probe.finish} if probe.finish else {}
    return {**reason, "model_name": probe.model_name}
