"""The input and the result for each line of the verdict table: `Case` and `Seen`.

The test of a line sends questions to the endpoint. A unique marker in each question identifies the
app's requests in the simulator's log. A fault such as `stall@30,8` pauses a reply for 8 s after 30
tokens.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Literal

from utils.simulator import Request
from utils.simulator.tokens import split

from .endings import Ending, ending
from .endpoint import Endpoint, EndpointError
from .model import NAME, Model
from .stream import Stream

RAINBOW = "Explain how a rainbow forms."
TRICKY = ("How do emoji and accents combine?", "Show me Markdown with code and a table.")

HOLD = 8.0  # the length of the model's mid-reply pause, in seconds

Verdict = Literal["passed", "failed", "not tried"]


@dataclass(frozen=True)
class Seen:
    verdict: Verdict
    what: str  # what was observed, or why the line wasn't tried


def passed(what: str) -> Seen:
    return Seen("passed", what)


def failed(what: str) -> Seen:
    return Seen("failed", what)


WITHOUT_SIMULATOR = Seen("not tried", "needs an app that talks to the simulator")


class BufferedError(Exception):
    """Raised if text arrived too late to test what happens mid-reply."""


def megabytes_beyond_buffers() -> int:
    """Return the size, in megabytes, of a reply too large for the socket buffers it passes through.

    A reply passes through two connections, from the model to the app and on to the reader. 32 MB
    is enough on systems that don't list buffer limits in /proc.
    """
    try:
        limits = [
            int(Path(f"/proc/sys/net/ipv4/{name}").read_text().split()[-1])
            for name in ("tcp_rmem", "tcp_wmem")
        ]
    except (OSError, ValueError, IndexError):
        return 32
    return min(128, max(32, 2 * sum(limits) // 1_000_000))


@dataclass
class Case:
    """The endpoint under test, the simulator behind it, and what is known about both."""

    endpoint: Endpoint
    model: Model | None  # the simulator behind the app; None if the app uses another model
    speed: float = 1.0  # the simulator's speed, as a multiple of real time
    silence: float = 20.0  # length of a silence that an app must survive or report, in seconds
    # size of the reply to a slow reader, in MB
    flood: float = field(default_factory=megabytes_beyond_buffers)
    about: str = RAINBOW  # the question sent to test most of the verdict's lines
    # questions whose replies contain line breaks, quotes, emoji and right-to-left text
    tricky: tuple[str, ...] = TRICKY

    def __post_init__(self) -> None:
        self.endings: list[Ending] = []  # how complete replies end
        self.expected = ""  # the model's reply to `about`
        self.requests = 1  # how many requests the app sends to the model per question
        self.whole: Stream  # a complete reply
        self._numbers = count(1)

    @property
    def patience(self) -> float:
        """Seconds to wait for the next piece of a reply."""
        return 2 * HOLD + 5 if self.model is not None else 60  # real models may be slow

    @property
    def reply(self) -> str:
        """The text that the endpoint delivered in reply to `about`."""
        return self.whole.text

    @property
    def simulator(self) -> Model:
        assert self.model is not None
        return self.model

    @property
    def total(self) -> int:
        """The number of tokens in the reply."""
        return len(split(self.expected))

    @property
    def half(self) -> int:
        return self.total // 2

    def pausing(self, after: int) -> str:
        """Return the name of a model that pauses after this many tokens."""
        return f"sim-chat:stall@{after},{HOLD * self.speed:.3f}"

    def question(self, about: str = "") -> tuple[str, str]:
        """Return a unique question, and the marker that identifies it in the log."""
        marker = f"(verdict {next(self._numbers)})"
        return f"{about or self.about} {marker}", marker

    @asynccontextmanager
    async def ask(self, model: str, about: str = "") -> AsyncIterator[tuple[Stream, str]]:
        """Send a question to a simulated model; yield the reply and the question's marker."""
        await self.simulator.behave(model)
        question, marker = self.question(about)
        async with self.endpoint.ask(question) as stream:
            yield stream, marker

    async def read_with(self, fault: str, extra_patience: float = 0.0) -> tuple[Stream, str]:
        """Send a question to a model with a fault; return the reply and the question's marker."""
        async with self.ask(f"sim-chat:{fault}") as (stream, marker):
            await stream.rest(self.patience + extra_patience)
        return stream, marker

    async def wait_for_pause(self, stream: Stream, marker: str) -> None:
        """Wait for text, then until the model pauses (after `half` tokens) or has stopped early.

        Raises:
            BufferedError: If the pause was over before any text arrived.
        """
        await stream.until(lambda so_far: bool(so_far.text), self.patience)
        if (await self.request(marker)).tokens_sent > self.half:
            raise BufferedError
        while True:
            last = await self.request(marker)
            if last.tokens_sent >= self.half or last.ended != "streaming":
                return
            await asyncio.sleep(0.05)  # the log can only be polled

    async def request(self, marker: str) -> Request:
        """Return the last model request for a question; raise EndpointError if there is none."""
        requests = await self.simulator.requests(marker)
        if not requests:
            raise EndpointError("the model received no request")
        return requests[-1]

    async def warm_up(self) -> None:
        """Send two questions to learn what complete replies look like and how they end."""
        for about in (self.about, self.tricky[0]):
            question, marker = self.question(about)
            if self.model is not None:
                await self.model.behave("sim-chat")
            async with self.endpoint.ask(question) as stream:
                await stream.rest(self.patience)
            self._check(stream)
            self.endings.append(ending(stream))
            self.endpoint.learn_closing_event(stream)
            if about == self.about:
                self.whole = stream
                if self.model is not None:
                    await self._learn_expected(marker)

    def _check(self, stream: Stream) -> None:
        """Raise EndpointError, with advice, if the options don't fit the reply."""
        kind = f"status {stream.status} and {stream.content_type or 'no content type'}"
        answered = f"{stream.request} was answered with {kind}"
        said = stream.raw[:200].decode(errors="replace")
        body = f"The response began with: {said!r}" if said else "The response is empty."
        if stream.status >= 500:
            raise EndpointError(f"{answered}. The server's log may say why. {body}")
        if stream.status >= 400:
            raise EndpointError(
                f"{answered}. Are the URL and the request right? See --method, --body and "
                f"--header. {body}"
            )
        if stream.is_rejected:
            raise EndpointError(
                f"{answered}: a page's EventSource rejects everything but status 200 and "
                f"text/event-stream. If the page uses fetch, see --format and --method. {body}"
            )
        texts = [part for part in stream.parts if part.text]
        if not texts:
            names = ", ".join(sorted({part.name for part in stream.parts}))
            missing = "no complete event (data, then a blank line)"
            events = f"events named {names}" if names else missing
            found = f" It has {events}." if stream.wire.format == "sse" and said else ""
            ended = f" Then the connection dropped: {stream.broken}." if stream.broken else ""
            if stream.stuck:
                ended = f" Then nothing arrived for {self.patience:g} s."
            raise EndpointError(
                f"{answered}. No text was found in the reply.{found} See --format, --text-path and "
                f"--text-event. {body}{ended}"
            )
        decoded = [part.data for part in texts if part.data != part.text]
        in_json = len(decoded) == len(texts) and all(
            isinstance(each, dict | str) for each in decoded
        )
        if stream.wire.text_path is None and stream.wire.format != "text" and in_json:
            raise EndpointError(
                f"The data is JSON, such as {texts[0].text[:80]!r}: where is the text in it? See "
                "--text-path."
            )

    async def _learn_expected(self, marker: str) -> None:
        """Store the correct text and request count; raise EndpointError if `sim` wasn't called."""
        requests = await self.simulator.requests(marker)
        if not requests:
            raise EndpointError(
                "The app didn't send the question to this simulator. Does it read OPENAI_BASE_URL, "
                "and pass the question on as it is?"
            )
        if requests[-1].model != NAME:
            raise EndpointError(
                f"The app asked for the model {requests[-1].model}: start it with "
                f"OPENAI_MODEL={NAME}, so that faults reach it."
            )
        self.requests = len(requests)
        self.expected = await self.simulator.reply_to(requests[-1])
