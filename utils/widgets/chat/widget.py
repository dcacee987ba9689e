"""`ChatPanel`: a chat in the notebook, with replies that stream and can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from utils.errors import sentence
from utils.unicode import well_formed
from utils.widgets.base.course_widget import Showable, as_text
from utils.widgets.base.stream_reader import LEFT_OPEN, StreamReader, as_stream
from utils.widgets.base.throttle import Throttle, call_later
from utils.widgets.chat.history import messages, messages_to_continue
from utils.widgets.chat.page import ChatPage
from utils.widgets.chat.turn import Exchange, Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Reply = Callable[[list["BaseMessage"]], object]  # returns an async stream
Explain = Callable[[BaseException], str]


class ChatPanel(Showable, ChatPage):
    """A conversation, an input box, and a Stop button that works while a reply streams.

        def reply(history):
            return model.astream(history)

        panel = ChatPanel(reply).show()

    Then type a message or, equivalently, send one from a cell:

        turn = await panel.ask("Why is the sky blue?")

    Only one reply streams at a time. If it fails, the panel explains why and keeps the text
    received, so that the reply can be regenerated or continued.
    """

    def __init__(
        self,
        reply: Reply,
        *,
        title: str = "",
        system: str = "",
        explain: Explain | None = None,
        stall: float = 10.0,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """Lay out an empty chat.

        Args:
            reply: Takes the conversation as a list of LangChain messages and returns an async
                stream of message chunks or strings, such as `model.astream(history)`. `Status`
                objects in the stream are shown above the reply.
            title: Shown above the chat.
            system: Instructions for the model, sent before the conversation.
            explain: Turns an exception into a sentence, as `provider.explain` does; by default,
                the exception message is shown.
            stall: Seconds without text or a `Status` after which the panel reports a stall.
            clock: Returns the time in seconds.
        """
        super().__init__(title)
        self._reply = reply
        self._system = as_text(system, "system")
        self._explain = explain
        self._stall = stall
        self._clock = clock
        self._exchanges: list[Exchange] = []  # the turns; only the last one can still change
        self._reader: StreamReader | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # the event loop that runs cells
        self._throttle = Throttle(self._draw, call_later, clock=clock)
        self._draw()
        self.on_msg(self._on_page)

    def __repr__(self) -> str:
        return f"ChatPanel({self.title!r})" if self.title else "ChatPanel()"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._remember_loop()
        return super()._repr_mimebundle_(**kwargs)

    async def ask(self, question: str, *, stop_after: int | None = None) -> Turn:
        """Send a question as if it had been typed, and return the turn once its reply has ended.

        A failed reply doesn't raise an exception: see `state` and `note` in the result.

        Args:
            question: The question; must not be empty.
            stop_after: Number of words after which the reply is stopped.

        Raises:
            RuntimeError: If a reply is already streaming.
            asyncio.CancelledError: If the cell was interrupted. Any text received is kept.
        """
        return await self._printed(self._ask(question, stop_after))

    async def regenerate(self) -> Turn:
        """Send the last question again; the new reply replaces the old one."""
        return await self._printed(self._regenerate())

    async def go_on(self) -> Turn:
        """Request the rest of a stopped, truncated or failed reply.

        If no text had arrived, this regenerates the reply.
        """
        return await self._printed(self._go_on())

    def stop(self) -> None:
        """Stop the reply that is streaming, if any, as the Stop button does."""
        if self._reader is not None:
            self._reader.stop()

    @property
    def turns(self) -> list[Turn]:
        """Snapshots of all turns so far."""
        return [exchange.turn for exchange in self._exchanges]

    @property
    def history(self) -> list[BaseMessage]:
        """The conversation so far, as the model will receive it; partial replies are marked."""
        return messages(self.turns, self._system)

    def line(self) -> str:
        """Describe the last turn in one line of plain text."""
        if not self._exchanges:
            return "chat: nothing asked yet"
        last = self._exchanges[-1]
        question = " ".join(last.question.split())
        if len(question) > 60:
            question = f"{question[:59]}…"
        return " · ".join(part for part in (f"{question} → {last.badge}", last.note) if part)

    async def _printed(self, answering: Awaitable[Turn]) -> Turn:
        """Await a turn requested by a cell, then print a line, which stays in the notebook."""
        if not self._shown and self._reader is None:
            self.show()
        turn = await answering
        print(self.line())
        return turn

    async def _ask(self, question: str, stop_after: int | None = None) -> Turn:
        self._refuse_if_busy()
        question = as_text(question, "question").strip()
        if not question:
            raise ValueError("The question is empty: ask something.")
        self._exchanges.append(Exchange(question, stall=self._stall, clock=self._clock))
        self.send({"took": question})  # makes the page clear its input box
        return await self._answer(self.history, stop_after)

    async def _regenerate(self) -> Turn:
        self._refuse_if_busy()
        if not self._exchanges:
            raise RuntimeError("There is no reply to regenerate: ask something first.")
        self._exchanges[-1].begin()
        return await self._answer(self.history)

    async def _go_on(self) -> Turn:
        self._refuse_if_busy()
        if not self._exchanges or self._exchanges[-1].state == "complete":
            raise RuntimeError("The last reply is complete, so there is nothing to continue.")
        last = self._exchanges[-1]
        if not last.can_go_on:
            return await self._regenerate()
        sent = messages_to_continue(self.turns, self._system)
        last.resume()
        return await self._answer(sent)

    def _refuse_if_busy(self) -> None:
        if self.busy:
            raise RuntimeError("A reply is still streaming. Wait for its end, or press Stop first.")

    async def _answer(self, sent: list[BaseMessage], stop_after: int | None = None) -> Turn:
        exchange = self._exchanges[-1]
        self._remember_loop()

        def take(item: object) -> None:
            exchange.take(item)
            self._throttle.request_push()
            if stop_after is not None and len(exchange.reply.split()) >= stop_after:
                self.stop()

        def tick() -> None:
            exchange.tick()
            self._throttle.request_push()

        reader = self._reader = StreamReader(lambda: as_stream(self._reply(sent)), take, tick)
        self.busy, self.hint = True, ""
        self._throttle.request_push()
        try:
            await reader.run()
        finally:
            self._reader = None
            self._end(exchange, reader)
            self.busy = False
            self._throttle.flush(always=True)
        return exchange.turn

    def _end(self, exchange: Exchange, reader: StreamReader) -> None:
        problem = self._sentence(reader.error) if reader.error is not None else ""
        if reader.stopped:
            exchange.end("stopped", problem if reader.closed else LEFT_OPEN)
        else:
            exchange.end("failed" if problem else "complete", problem)

    def _sentence(self, error: BaseException) -> str:
        """Describe an exception in a sentence, even if `explain` fails."""
        if self._explain is None:
            return sentence(error)
        try:
            return well_formed(str(self._explain(error)))
        except Exception as broken:
            return f"{sentence(error)} (`explain` failed: {sentence(broken)})"

    def _draw(self) -> None:
        self.show_turns(self._exchanges)
        self.push()

    def _remember_loop(self) -> None:
        """Remember the running event loop, for clicks that arrive in another thread."""
        with suppress(RuntimeError):  # if no loop is running in this thread, keep the earlier one
            self._loop = asyncio.get_running_loop()

    def _on_page(self, _: ChatPage, content: Any, __: list[bytes]) -> None:
        match content:
            case {"ask": str(question)} if question.strip():
                self._begin(lambda: self._ask(question))
            case "regenerate":
                self._begin(self._regenerate)
            case "go on":
                self._begin(self._go_on)
            case "stop":
                self.stop()

    def _begin(self, answering: Callable[[], Awaitable[Turn]]) -> None:
        """On the event loop that runs cells, start a turn that the page requested."""
        if self._loop is None:
            self._remember_loop()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._requested(answering), self._loop)

    async def _requested(self, answering: Callable[[], Awaitable[Turn]]) -> None:
        """Await a turn; show any exception in the panel, since no cell would show it."""
        if self.busy:
            return  # the page was out of date; its input box still has the typed text
        try:
            await answering()
        except RuntimeError as error:
            self.hint = str(error)
        except Exception as error:
            self.hint = sentence(error)
