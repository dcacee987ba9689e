"""`ChatPanel`: a chat in the notebook, whose replies stream and can be stopped.

What a turn is stands in `chat_turn`, how a stream is read in `chat_reading`, what is sent to the
page in `chat_page`, and what the model is sent in `chat_history`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from IPython.display import display

from utils.errors import sentence
from utils.unicode import well_formed
from utils.widgets.base import as_text
from utils.widgets.chat_history import messages, to_go_on
from utils.widgets.chat_page import ChatPage
from utils.widgets.chat_reading import Attempt
from utils.widgets.chat_turn import Exchange, Turn
from utils.widgets.coalesce import Coalescer, call_later

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Reply = Callable[[list["BaseMessage"]], object]
Explain = Callable[[BaseException], str]

_LEFT_OPEN = "Stopped, but the stream did not close: its server may go on generating."


class ChatPanel(ChatPage):
    """A conversation, a box to type in, and a Stop button that stops.

        def reply(history):
            return model.astream(history)

        panel = ChatPanel(reply).show()

    Then type, or ask from a cell; both do the same:

        turn = await panel.ask("Why is the sky blue?")

    One reply comes at a time. Whatever goes wrong with it is said in a sentence, and what had come
    of it stays, so that it can be made again or gone on with.
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
            reply: Takes the conversation as a list of LangChain's messages and returns an async
                stream of message chunks or strings, such as `model.astream(history)`. The stream
                may hold `Status` objects, which are shown above the reply.
            title: Shown above the chat.
            system: Instructions for the model, sent before the conversation.
            explain: Makes a sentence of an exception, such as `provider.explain`; without it the
                exception's own message is shown.
            stall: Seconds without any text after which that is said.
            clock: Seconds from any fixed point; for tests.
        """
        super().__init__(title)
        self._reply = reply
        self._system = as_text(system, "system")
        self._explain = explain
        self._stall = stall
        self._clock = clock
        self._exchanges: list[Exchange] = []
        self._attempt: Attempt | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._typed: set[asyncio.Task[Turn]] = set()
        self._shown = False
        self._outbox = Coalescer(self._draw, call_later, clock=clock)
        self._draw()
        self.on_msg(self._on_page)

    def __repr__(self) -> str:
        return f"ChatPanel({self.title!r})" if self.title else "ChatPanel()"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._shown = True
        self._remember_loop()
        return super()._repr_mimebundle_(**kwargs)

    def show(self) -> Self:
        """Display it, and return it, so that it can be made and shown in one line."""
        self._shown = True
        self._remember_loop()
        display(self)  # type: ignore[no-untyped-call]
        return self

    async def ask(self, question: str) -> Turn:
        """Ask, and wait for the reply; typing it and pressing Enter does the same.

        Args:
            question: What to ask.

        Returns:
            The turn, when its reply has ended, failed or been stopped: see its `state` and `note`.

        Raises:
            ValueError: If the question is empty.
            TypeError: If it is not a string.
            RuntimeError: If a reply streams already.
            asyncio.CancelledError: If the cell was interrupted. What had come of the reply stays.
        """
        return await self._told(self._ask(question))

    async def regenerate(self) -> Turn:
        """Ask the last question again; the new reply replaces the old one.

        Raises:
            RuntimeError: If a reply streams already, or nothing has been asked yet.
        """
        return await self._told(self._regenerate())

    async def go_on(self) -> Turn:
        """Ask for the rest of a last reply that was stopped, cut off or broke off.

        Where nothing had come of it, it is asked for anew.

        Raises:
            RuntimeError: If a reply streams already, or the last one is complete.
        """
        return await self._told(self._go_on())

    def stop(self) -> None:
        """End the reply that streams, as the Stop button does; else nothing happens."""
        if self._attempt is not None:
            self._attempt.stop()

    @property
    def turns(self) -> list[Turn]:
        """All turns so far, as they stand now."""
        return [exchange.turn for exchange in self._exchanges]

    @property
    def history(self) -> list[BaseMessage]:
        """The conversation as the model will be sent it, before the next question.

        A reply that was interrupted is marked as such.
        """
        return messages(self.turns, self._system)

    def line(self) -> str:
        """The last turn in a line of plain text, for after the widget has gone."""
        if not self._exchanges:
            return "chat: nothing asked yet"
        last = self._exchanges[-1]
        question = " ".join(last.question.split())
        if len(question) > 60:
            question = f"{question[:59]}…"
        return " · ".join(part for part in (f"{question} → {last.badge}", last.note) if part)

    async def _told(self, answering: Awaitable[Turn]) -> Turn:
        """Print a line after a turn that a cell asked for: it stays when the widget has gone."""
        if not self._shown and self._attempt is None:
            self.show()
        turn = await answering
        print(self.line())
        return turn

    async def _ask(self, question: str) -> Turn:
        self._refuse_if_busy()
        question = as_text(question, "question").strip()
        if not question:
            raise ValueError("The question is empty: ask something.")
        sent = [*self.history, *messages([Turn(question, "", "streaming", None, 0.0, "")])]
        self._exchanges.append(Exchange(question, stall=self._stall, clock=self._clock))
        self.send({"took": question})
        return await self._answer(sent)

    async def _regenerate(self) -> Turn:
        self._refuse_if_busy()
        if not self._exchanges:
            raise RuntimeError("There is no reply to make again: ask something first.")
        last = self._exchanges[-1]
        last.begin()
        return await self._answer(messages(self.turns, self._system))

    async def _go_on(self) -> Turn:
        self._refuse_if_busy()
        if not self._exchanges or self._exchanges[-1].state == "complete":
            raise RuntimeError("No reply has broken off, so there is nothing to go on with.")
        last = self._exchanges[-1]
        if not last.can_go_on:
            return await self._regenerate()
        sent = to_go_on(self.turns, self._system)
        last.resume()
        return await self._answer(sent)

    def _refuse_if_busy(self) -> None:
        if self.busy:
            raise RuntimeError(
                "This chat is answering already. Wait for the reply, or press Stop first."
            )

    async def _answer(self, sent: list[BaseMessage]) -> Turn:
        """Read the reply to `sent` into the last turn."""
        exchange = self._exchanges[-1]
        self._remember_loop()

        def take(item: object) -> None:
            exchange.take(item)
            self._outbox.ask()

        def tick() -> None:
            exchange.tick()
            self._outbox.ask()

        attempt = self._attempt = Attempt(lambda: self._reply(sent), take, tick)
        self.busy, self.hint = True, ""
        self._outbox.ask()
        try:
            await attempt.run()
        finally:
            self._attempt = None
            self._end(exchange, attempt)
            self.busy = False
            self._outbox.ask()
            self._outbox.flush()
        return exchange.turn

    def _end(self, exchange: Exchange, attempt: Attempt) -> None:
        told = self._tell(attempt.error) if attempt.error is not None else ""
        if attempt.stopped:
            exchange.end("stopped", told if attempt.closed else _LEFT_OPEN)
        else:
            exchange.end("failed" if told else "complete", told)

    def _tell(self, error: BaseException) -> str:
        """An exception as a sentence, whatever becomes of `explain`."""
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
        """Keep the loop that replies stream on: the cells' own, wherever a click is heard."""
        with suppress(RuntimeError):  # a thread without one: an earlier loop is as good
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

    def _begin(self, answering: Callable[[], Coroutine[Any, Any, Turn]]) -> None:
        """Follow a request of the page, whether a cell is running or not."""
        if self._loop is None:
            self._remember_loop()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_here, answering)

    def _begin_here(self, answering: Callable[[], Coroutine[Any, Any, Turn]]) -> None:
        if self.busy or self._typed:
            return  # a page that does not know yet; what was typed stays in its box
        task = asyncio.get_running_loop().create_task(answering())
        self._typed.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Turn]) -> None:
        """A typed turn is over; nobody awaits it, so an error of the panel's own is shown."""
        self._typed.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.hint = str(error) if isinstance(error, RuntimeError) else sentence(error)
