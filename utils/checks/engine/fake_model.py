"""A `ChatOpenAI` that replies with a prepared `Reply`, and logs each request as a `Reading`."""

# ruff: noqa: A002, ARG002, D102 (LangChain defines the arguments and methods)

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from copy import copy
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, Self

from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import LanguageModelInput, chat_models
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_openai import ChatOpenAI
from openai.resources.chat import Completions
from openai.resources.responses import Responses
from pydantic import PrivateAttr

from utils.checks.engine import virtual_time
from utils.checks.engine.reply import Reading, Reply

# the settings that a call may pass; `stream_usage` is LangChain's
_SETTINGS = {
    "stream_usage",
    *signature(Completions.create).parameters,
    *signature(Responses.create).parameters,
}
# `ChatOpenAI` doesn't create these clients if they are passed to it
_CLIENTS = ("client", "async_client", "root_client", "root_async_client")


@dataclass(frozen=True)
class Call:
    """A call to a model's method, whether or not the result was read."""

    method: str  # such as "stream"
    handlers: Sequence[BaseCallbackHandler] = ()
    in_chain: bool = False  # whether the model was called as a step of a chain


class FakeModel(ChatOpenAI):
    """`ChatOpenAI` with prepared replies instead of a server; all else works as usual."""

    made_by_a_check: ClassVar[bool] = True  # `isolation` rejects calls to other models

    _replies: Mapping[str, Reply] = PrivateAttr(default_factory=dict)
    _other: Reply = PrivateAttr(default_factory=lambda: Reply(["Pardon?"]))
    _calls: list[Call] = PrivateAttr(default_factory=list)
    # for each request, the `id()` of the model (the original or a copy) and its settings
    _requests: list[tuple[int, dict[str, Any]]] = PrivateAttr(default_factory=list)

    @classmethod
    def of(cls, replies: Mapping[str, Reply], **settings: Any) -> Self:
        """Create a model with replies keyed by prompt; `settings` are passed to `ChatOpenAI`."""
        clients: dict[str, object] = dict.fromkeys(_CLIENTS, object())
        clients["http_socket_options"] = ()  # empty, so that models don't look up proxies
        model = cls(**{"model": "fake-model", "stream_usage": True, **clients, **settings})
        model._replies = replies
        return model

    @property
    def other(self) -> Reply:
        """The reply to any prompt that has no prepared reply."""
        return self._other

    @property
    def calls(self) -> list[Call]:
        """The method calls, in order; `batch` and `abatch` precede the calls that they make."""
        return self._calls

    def settings(self) -> dict[str, Any]:
        """Return the model's settings, with copies of lists and dicts."""
        values = [(name, getattr(self, name)) for name in type(self).model_fields]
        return {name: copy(it) if isinstance(it, list | dict) else it for name, it in values}

    @property
    def used(self) -> list[dict[str, Any]]:
        """The settings in effect for each request, excluding requests by copies of the model."""
        return [settings for model, settings in self._requests if model == id(self)]

    @property
    def readings(self) -> list[Reading]:
        """The readings of all replies."""
        return [each for reply in (*self._replies.values(), self._other) for each in reply.readings]

    # None of these methods is `async` or a generator, so each call is recorded, even if its result
    # is never used.

    def stream(self, input: LanguageModelInput, config: Any = None, **kwargs: Any) -> Any:
        return super().stream(input, self._called("stream", config), **kwargs)

    def astream(self, input: LanguageModelInput, config: Any = None, **kwargs: Any) -> Any:
        return super().astream(input, self._called("astream", config), **kwargs)

    def invoke(self, input: LanguageModelInput, config: Any = None, **kwargs: Any) -> Any:
        return super().invoke(input, self._called("invoke", config), **kwargs)

    def ainvoke(self, input: LanguageModelInput, config: Any = None, **kwargs: Any) -> Any:
        return super().ainvoke(input, self._called("ainvoke", config), **kwargs)

    def stream_events(self, input: LanguageModelInput, config: Any = None, **kwargs: Any) -> Any:
        return super().stream_events(input, self._called("stream_events", config), **kwargs)

    def batch(self, inputs: list[Any], config: Any = None, **kwargs: Any) -> Any:
        if inputs:
            self._calls.append(Call("batch"))
        if not virtual_time.blocks_the_loop():
            return super().batch(inputs, config, **kwargs)
        # On the loop's thread, `super().batch` would deadlock: its threads wait for the loop.
        configs = config if isinstance(config, list) else [config] * len(inputs)
        return [self.invoke(one, its, **kwargs) for one, its in zip(inputs, configs, strict=True)]

    def abatch(self, inputs: list[Any], config: Any = None, **kwargs: Any) -> Any:
        if inputs:
            self._calls.append(Call("abatch"))
        return super().abatch(inputs, config, **kwargs)

    def generate(self, messages: Any, stop: Any = None, callbacks: Any = None, **kw: Any) -> Any:
        self._called("generate", {"callbacks": callbacks})
        return super().generate(messages, stop, callbacks, **kw)

    def agenerate(self, messages: Any, stop: Any = None, callbacks: Any = None, **kw: Any) -> Any:
        self._called("agenerate", {"callbacks": callbacks})
        return super().agenerate(messages, stop, callbacks, **kw)

    def _called(self, method: str, config: RunnableConfig | None) -> RunnableConfig:
        """Record a call with its callback handlers; return the complete config.

        Calls that LangChain itself makes, such as `invoke` calling `generate`, aren't recorded.
        """
        config = ensure_config(config)
        manager = CallbackManager.configure(config.get("callbacks"), self.callbacks)
        if sys._getframe(2).f_code.co_filename != chat_models.__file__:
            self._calls.append(Call(method, manager.handlers, manager.parent_run_id is not None))
        return config

    def _reply_to(self, messages: list[BaseMessage]) -> Reply:
        """Return the reply to a request; a subclass may override this method."""
        return self._replies.get(messages[-1].text if messages else "", self._other)

    def _request(
        self, messages: list[BaseMessage], stop: Any, settings: dict[str, Any], *, streamed: bool
    ) -> tuple[Reply, Reading]:
        if unknown := settings.keys() - _SETTINGS:  # the error that `ChatOpenAI` raises
            what = f"got an unexpected keyword argument '{min(unknown)}'"
            raise TypeError(f"Completions.create() {what}")
        usage = settings.pop("stream_usage", None)
        if usage is None:
            usage = self.stream_usage
        self._requests.append((id(self), self.settings()))
        limits = {"max_tokens": self.max_tokens, "stop": stop or self.stop}
        limit = {name: value for name, value in limits.items() if value}
        reading = Reading(tuple(messages), {**limit, **settings}, streamed)
        reading.usage = not streamed or bool(usage)
        return self._reply_to(messages), reading

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        reply, reading = self._request(messages, stop, kwargs, streamed=True)
        with closing(reply.items(reading)) as chunks:
            for chunk in chunks:
                yield _generation(chunk)

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        reply, reading = self._request(messages, stop, kwargs, streamed=True)
        async with aclosing(reply.aitems(reading)) as chunks:
            async for chunk in chunks:
                yield _generation(chunk)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        reply, reading = self._request(messages, stop, kwargs, streamed=False)
        with closing(reply.items(reading)) as chunks:
            return generate_from_stream(map(_generation, chunks))

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        reply, reading = self._request(messages, stop, kwargs, streamed=False)
        async with aclosing(reply.aitems(reading)) as chunks:
            return generate_from_stream(iter([_generation(chunk) async for chunk in chunks]))


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    chunk.id = None  # so that LangChain sets it to the run id
    return ChatGenerationChunk(message=chunk, generation_info=chunk.response_metadata or None)
