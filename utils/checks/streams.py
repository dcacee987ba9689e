"""Instrumented streams, which tell whether code really streams.

A `Probe` is a stream of text pieces that writes down when each piece is taken from it, when
something comes out at the other end, and when it is let go. A `ProbeModel` is a LangChain chat
model that answers with such a stream. Time is a `Clock` that moves with the pieces, so that what
is measured doesn't depend on the machine.
"""

# ruff: noqa: A002, ARG002 (the names of arguments are LangChain's)

import io
import random
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar
from uuid import UUID, uuid4

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    BaseCallbackHandler,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.callbacks.manager import ahandle_event, handle_event
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config

T = TypeVar("T")

ROLE_AFTER = 0.1  # seconds from the request to the empty first chunk, which carries the role
FIRST_AFTER = 0.5  # seconds from there to the first text
GAP = 0.1  # seconds between two pieces

_TOKEN = ("on_llm_new_token", "ignore_llm")  # a method, and the attribute by which to be left out


@dataclass
class Clock:
    """A clock that stands still until something takes time; call it as `perf_counter`."""

    now: float = 100.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True)
class Event:
    """One line of a probe's log: a piece went in or the end was asked for, or text came out."""

    what: Literal["in", "end", "out"]
    text: str = ""


class ConnectionLost(Exception):  # noqa: N818 (what happened, in one word)
    """How a probe fails, if it is told to."""


@dataclass
class Probe:
    """A stream of `pieces` and its log.

    Attributes:
        pieces: The texts, in order.
        fails_after: After so many pieces the connection is lost; 0 is before the first chunk.
        asides: Tokens that are pushed to handlers at the end and aren't in the reply: they tell a
            handler that hears tokens from one that reads the reply.
        usage: What the provider counts, in the last chunk.
        model_name: Who answered, in the last chunk.
        log: What went in and came out, in order.
        ended: The last piece was taken, and then the end was asked for.
        closed: It was let go before its end.
        invoked: The whole text was taken at once, not as a stream.
        streamed: It was taken as a stream.
        in_chain: It was streamed as one step of a chain.
        handlers: Who listens, and `run_id` is what they know it by.
        called: The methods of a model that were called for it, in order.
        requests: How often a model was asked for it: a method that is called asks when what it
            returned is read or awaited.
        clock: Moves on as pieces are taken.
    """

    pieces: Sequence[str]
    fails_after: int | None = None
    asides: Sequence[str] = ()
    usage: UsageMetadata | None = None
    model_name: str = "probe"
    log: list[Event] = field(default_factory=list)
    ended: bool = False
    closed: bool = False
    invoked: bool = False
    streamed: bool = False
    in_chain: bool = False
    handlers: list[BaseCallbackHandler] = field(default_factory=list)
    run_id: UUID | None = None
    called: list[str] = field(default_factory=list)
    requests: int = 0
    clock: Clock = field(default_factory=Clock)

    @property
    def text(self) -> str:
        """All the pieces as one text."""
        return "".join(self.pieces)

    @property
    def taken(self) -> int:
        """How many pieces have been taken."""
        return sum(event.what == "in" for event in self.log)

    @property
    def most_held(self) -> int:
        """The most pieces that were taken and not yet out when the next one was asked for.

        By length of text, so it needs an output as long as the input. 0 is a stream that hands
        over each piece before it takes the next; `len(pieces)` one that collects everything.
        """
        most = going_in = coming_out = 0
        ends: list[int] = []
        for event in self.log:
            if event.what == "out":
                coming_out += len(event.text)
            else:
                most = max(most, sum(end > coming_out for end in ends))
                going_in += len(event.text)
                ends.append(going_in)
        return most

    def ask(self) -> None:
        """Note that a model was asked; its empty first chunk takes a moment."""
        self.requests += 1
        self.clock.advance(ROLE_AFTER)
        self._check_connection(0)

    def stream(self) -> Generator[str]:
        """The pieces, each noted as it is taken."""
        try:
            for at, piece in enumerate(self.pieces):
                self._take(at, piece)
                yield piece
            self._end()
        finally:
            self.closed = not self.ended

    async def astream(self) -> AsyncGenerator[str]:
        """The same for `async for`."""
        try:
            for at, piece in enumerate(self.pieces):
                self._take(at, piece)
                yield piece
            self._end()
        finally:
            self.closed = not self.ended

    def out(self, text: str) -> None:
        """Note that `text` came out at the other end."""
        self.log.append(Event("out", text))

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """Pass `items` on, each noted as it comes out; what is no text counts as an empty one."""
        for item in items:
            self.out(item if isinstance(item, str) else "")
            yield item

    def _end(self) -> None:
        self.ended = True
        self.log.append(Event("end"))

    def _take(self, at: int, piece: str) -> None:
        if at:
            self._check_connection(at)
        self.clock.advance(GAP if at else FIRST_AFTER)
        self.log.append(Event("in", piece))

    def _check_connection(self, pieces: int) -> None:
        if pieces == self.fails_after:
            raise ConnectionLost("the connection was lost")


class ProbeModel(BaseChatModel):
    """A chat model that answers every prompt with its probe's pieces, shaped as OpenAI's are.

    The first chunk is empty (it carries the role) and so is the last (the finish reason).
    """

    probe: Any  # a Probe; pydantic would copy it if it knew
    streaming: bool = False  # if given as True, `invoke` streams too
    made_by_a_check: ClassVar[bool] = True

    @property
    def _llm_type(self) -> str:
        return "probe"

    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        """As any chat model's; notes who asks and who listens. So do the next three."""
        return super().stream(input, self._noted("stream", input, config), **kwargs)

    def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        """See `stream`."""
        return super().astream(input, self._noted("astream", input, config), **kwargs)

    def invoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """See `stream`."""
        return super().invoke(input, self._noted("invoke", input, config), **kwargs)

    def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Coroutine[Any, Any, AIMessage]:
        """See `stream`; no `async def`, since it notes a call that nobody awaits."""
        return super().ainvoke(input, self._noted("ainvoke", input, config), **kwargs)

    def _noted(
        self, method: str, input: LanguageModelInput, config: RunnableConfig | None
    ) -> RunnableConfig:
        probe = self._probe_for(self._convert_input(input).to_messages())
        probe.called.append(method)
        config = ensure_config(config)
        manager = CallbackManager.configure(config.get("callbacks"), self.callbacks)
        probe.handlers = manager.handlers
        probe.in_chain = manager.parent_run_id is not None
        probe.run_id = config.get("run_id") or uuid4()
        config["run_id"] = probe.run_id
        return config

    def _probe_for(self, messages: list[BaseMessage]) -> Probe:
        found: Probe = self.probe
        return found

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        probe = self._probe_for(messages)
        probe.streamed = True
        probe.ask()
        with closing(probe.stream()) as pieces:
            yield _chunk("")
            for piece in pieces:
                yield _chunk(piece)
        for aside in probe.asides:
            handle_event(probe.handlers, *_TOKEN, **_aside(probe, aside))
        yield _last_chunk(probe)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        probe = self._probe_for(messages)
        probe.streamed = True
        probe.ask()
        async with aclosing(probe.astream()) as pieces:
            yield _chunk("")
            async for piece in pieces:
                yield _chunk(piece)
        for aside in probe.asides:
            await ahandle_event(probe.handlers, *_TOKEN, **_aside(probe, aside))
        yield _last_chunk(probe)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        probe = self._probe_for(messages)
        probe.ask()
        for _ in probe.stream():
            pass
        probe.invoked = True
        message = AIMessage(probe.text, usage_metadata=probe.usage)
        info = {"finish_reason": "stop", "model_name": probe.model_name}
        return ChatResult(generations=[ChatGeneration(message=message, generation_info=info)])


class Switchboard(ProbeModel):
    """A chat model that answers each prompt with a probe of its own; `probe` is for the others."""

    probes: Any  # a dict of Probes, by prompt

    def _probe_for(self, messages: list[BaseMessage]) -> Probe:
        found: Probe = self.probes.get(messages[-1].text, self.probe)
        return found


class Screen(io.StringIO):
    """A place to print to that tells its probe what becomes visible, and when.

    Attributes:
        flushed: Whether everything printed had been flushed whenever the next piece was taken.
    """

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self._probe = probe
        self._waiting_since: int | None = None
        self.flushed = True

    def write(self, text: str) -> int:
        """Take what is printed."""
        self._look()
        if text:
            self._probe.out(text)
            if self._waiting_since is None:
                self._waiting_since = self._probe.taken
        return super().write(text)

    def flush(self) -> None:
        """Make it visible."""
        self._look()
        self._waiting_since = None

    def _look(self) -> None:
        if self._waiting_since is not None and self._probe.taken > self._waiting_since:
            self.flushed = False


def cut(text: str, seed: int, longest: int = 6) -> list[str]:
    """`text` in pieces of 1 to `longest` characters: the same ones for the same seed."""
    chance = random.Random(seed)
    pieces: list[str] = []
    while text:
        size = chance.randint(1, longest)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def cut_at_lines(text: str, seed: int) -> list[str]:
    """As `cut`, and line breaks are pieces of their own, white space alone, as models send them."""
    parts = re.split(r"(\n+)", text)
    return [piece for part in parts if part for piece in _cut_up(part, seed)]


def _cut_up(text: str, seed: int) -> list[str]:
    return [text] if text.isspace() else cut(text, seed)


def _chunk(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _aside(probe: Probe, token: str) -> dict[str, Any]:
    """What LangChain hands to `on_llm_new_token`, by name."""
    return {
        "token": token,
        "chunk": _chunk(token),
        "run_id": probe.run_id,
        "parent_run_id": None,
        "tags": [],
    }


def _last_chunk(probe: Probe) -> ChatGenerationChunk:
    info = {"finish_reason": "stop", "model_name": probe.model_name}
    message = AIMessageChunk(content="", usage_metadata=probe.usage)
    return ChatGenerationChunk(message=message, generation_info=info)
