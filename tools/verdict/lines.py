"""The lines of the table: each plays one situation, and judges what came of it by counting.

A line is judged by what the simulator's log says had been generated when something arrived, never
by seconds alone: a pause in mid-reply, which ends only after `hold` seconds, tells a stream that
passes on what it has from one that waits.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Literal

from utils.simulator import Request
from utils.simulator.tokens import split

from .endpoint import Endings, Endpoint, EndpointError, Stream
from .model import NAME, Model

RAINBOW = "Explain how a rainbow forms."
TRICKY = ("How do emoji and accents combine?", "Show me Markdown with code and a table.")
_TRACEBACK = re.compile(rb'Traceback \(most recent|File \\?"[^"\n]+", line \d+|site-packages/')
_KEY = re.compile(rb"\bsk-[A-Za-z0-9_-]{16,}")

Verdict = Literal["passed", "failed", "not tried"]


@dataclass(frozen=True)
class Seen:
    """What came of a line.

    Attributes:
        verdict: Whether the endpoint passed.
        what: What was seen, or why the line wasn't tried.
    """

    verdict: Verdict
    what: str


def passed(what: str) -> Seen:
    """Return a line that the endpoint passes."""
    return Seen("passed", what)


def failed(what: str) -> Seen:
    """Return a line that the endpoint fails."""
    return Seen("failed", what)


@dataclass
class Case:
    """An endpoint, the simulator behind it, and what is known of both.

    Attributes:
        endpoint: What is judged.
        model: Its simulator; None if its model is another one.
        speed: How many times faster than real time the simulator is.
        hold: How long the model pauses in mid-reply, at most, in seconds.
        silence: How long the silence is that an app has to survive or announce.
        flood: Megabytes of a reply that no socket buffers.
        about: The question that most lines ask.
        tricky: Questions whose replies have line breaks, quotes, emoji and right-to-left text.
    """

    endpoint: Endpoint
    model: Model | None
    speed: float = 1.0
    hold: float = 8.0
    silence: float = 20.0
    flood: float = 16
    about: str = RAINBOW
    tricky: tuple[str, ...] = TRICKY

    def __post_init__(self) -> None:
        self.endings = Endings()
        self.expected = ""  # what the model says to `about`
        self.requests = 1  # to the model, for one question
        self.whole: Stream  # a complete reply
        self._numbers = count(1)

    @property
    def patience(self) -> float:
        """Seconds in which something has to come."""
        return 2 * self.hold + 5

    @property
    def reply(self) -> str:
        """The reply to `about` as this endpoint delivers it; whether it is intact is one line."""
        return self.whole.text

    @property
    def simulator(self) -> Model:
        """The model, for a line that needs it."""
        assert self.model is not None
        return self.model

    @property
    def total(self) -> int:
        """The reply's tokens."""
        return len(split(self.expected))

    @property
    def half(self) -> int:
        """Half of them."""
        return self.total // 2

    async def pausing(self, after: int) -> None:
        """Let the model pause after so many tokens."""
        await self.simulator.behave(f"sim-chat:stall@{after},{self.hold * self.speed:.3f}")

    def question(self, about: str = "") -> tuple[str, str]:
        """Return a question that no other is like, and what tells it apart in the log."""
        marker = f"(verdict {next(self._numbers)})"
        return f"{about or self.about} {marker}", marker

    async def paused(self, stream: Stream, marker: str) -> None:
        """Wait until text has come, and the model has begun its pause after half of the reply."""
        await stream.until(lambda so_far: bool(so_far.text), self.patience)
        while True:
            last = await self.request(marker)
            if last.tokens_sent >= self.half or last.ended != "streaming":
                return
            await asyncio.sleep(0.05)  # the log can only be asked again

    async def request(self, marker: str) -> Request:
        """Return the last request to the model for a question.

        Raises:
            EndpointError: If there is none.
        """
        requests = await self.simulator.requests(marker)
        if not requests:
            raise EndpointError("the model wasn't asked at all")
        return requests[-1]

    async def warm_up(self) -> None:
        """Ask twice, and learn how complete replies look and end.

        Raises:
            EndpointError: If there is nothing to judge; the message says why.
        """
        for about in (self.about, self.tricky[0]):
            question, marker = self.question(about)
            if self.model is not None:
                await self.model.behave("sim-chat")
            async with self.endpoint.ask(question) as stream:
                await stream.rest(self.patience)
            if stream.status >= 400:
                said = stream.raw[:200].decode(errors="replace")
                raise EndpointError(
                    f"The endpoint answered {stream.status}: {said}. Does the request look right?"
                )
            if not stream.text:
                said = stream.raw[:200].decode(errors="replace")
                raise EndpointError(
                    "No text was found in the reply: see --format, --text-path and --text-event. "
                    f"It began with: {said!r}"
                )
            self.endings.add(stream)
            self.endpoint.closed_by(stream)
            if about == self.about:
                self.whole = stream
                if self.model is not None:
                    await self._know(marker)

    async def _know(self, marker: str) -> None:
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


Line = Callable[[Case], Awaitable[Seen]]
LINES: dict[str, tuple[Line, str]] = {}


def line(name: str, lesson: str, needs: str = "") -> Callable[[Line], Line]:
    """Enter a line into the table.

    Args:
        name: What the endpoint does if it passes.
        lesson: The exercise that explains it, by its name.
        needs: Why the line can't be tried without the simulator; "" if it can.
    """

    def enter(check: Line) -> Line:
        async def judged(case: Case) -> Seen:
            if needs and case.model is None:
                return Seen("not tried", f"{needs}: needs an app that talks to the simulator")
            return await check(case)

        LINES[name] = (judged, lesson)
        return judged

    return enter


@line("first text long before the last", "1.diagnosis")
async def early(case: Case) -> Seen:
    """The first text arrives while the model pauses after a quarter of its reply."""
    if case.model is None:
        whole = case.whole
        texts = [part.at - whole.began for part in whole.parts if part.text]
        seen = f"first text after {texts[0]:.1f} s, the last after {texts[-1]:.1f} s"
        return passed(seen) if texts[0] < texts[-1] / 2 else failed(seen)
    quarter = case.total // 4
    await case.pausing(quarter)
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await stream.until(lambda so_far: bool(so_far.text), case.patience)
        sent = (await case.request(marker)).tokens_sent
    if not stream.text:
        return failed("no text arrived")
    if sent > quarter:
        return failed(f"no text until {sent} of {case.total} tokens had been sent")
    return passed(f"first text after {stream.first_text:.1f} s, with {sent} of {case.total} tokens")


@line("not buffered on the way", "1.diagnosis")
async def not_buffered(case: Case) -> Seen:
    """When the model pauses, most of what it has written has arrived."""
    if case.model is None:
        sizes = [len(part.text) for part in case.whole.parts if part.text]
        seen = f"{len(sizes)} pieces, the largest with {max(sizes) / sum(sizes):.0%} of the text"
        return passed(seen) if max(sizes) < sum(sizes) / 3 else failed(seen)
    most = case.total * 3 // 4
    written = len("".join(split(case.expected)[:most]))
    await case.pausing(most)
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await stream.until(lambda so_far: 2 * len(so_far.text) >= written, case.patience)
        sent = (await case.request(marker)).tokens_sent
    if sent > most:
        return failed(f"half of {written} characters arrived only after a pause behind the last")
    return passed(f"in a pause, more than half of {written} characters had arrived")


@line("every character intact", "4.frame", "what the model really sent")
async def intact(case: Case) -> Seen:
    """Line breaks, quotes, emoji and right-to-left text arrive as the model sent them."""
    characters = 0
    for about in case.tricky:
        await case.simulator.behave("sim-fast")
        question, marker = case.question(about)
        async with case.endpoint.ask(question) as stream:
            await stream.rest(case.patience)
        expected = await case.simulator.reply_to(await case.request(marker))
        if stream.text != expected:
            at = shared(stream.text, expected)
            return failed(
                f"sent {expected[at : at + 12]!r}, received {stream.text[at : at + 12]!r} "
                f"after {at} characters"
            )
        characters += len(expected)
    return passed(f"{characters} characters with line breaks, quotes, emoji and Hebrew")


@line("the end is announced", "4.create_app")
async def end_announced(case: Case) -> Seen:
    """Something other than text says that the reply is complete."""
    whole = case.whole
    if whole.stuck and not whole.ending:
        return failed("the stream stayed open after the last text, and nothing more came")
    if whole.shape.format == "text":
        return failed(whole.broken) if whole.broken else passed("the body ends cleanly")
    if not whole.ending:
        again = ", so a page's EventSource asks again" if whole.shape.is_event_source else ""
        return failed(f"the stream ended after the last text, without a word{again}")
    return passed(f"{_named(whole)} after the last text")


def _named(stream: Stream) -> str:
    """Name what a stream ended with."""
    last = stream.ending[-1]
    if last.name not in ("", "message"):
        return f"event {last.name}"
    return str(last.data) if isinstance(last.data, str) else "an object without text"


@line("a break in mid-reply is announced", "4.create_app", "a break on purpose")
async def break_announced(case: Case) -> Seen:
    """Neither a lost connection nor a stream that ends early passes for an end."""
    seen = []
    for fault, what in (("drop", "a lost connection"), ("end", "a stream cut short")):
        await case.simulator.behave(f"sim-chat:{fault}@{case.half}")
        async with case.endpoint.ask(case.question()[0]) as stream:
            await stream.rest(case.patience)
        if problem := _unannounced(case, stream):
            return failed(f"{what}: {problem}")
        seen.append(f"{what}: {_told(case, stream)}")
    return passed("; ".join(seen))


def _told(case: Case, stream: Stream) -> str:
    """Say how a failure was announced."""
    if stream.text == case.reply:
        return "the reply was completed"
    if stream.ending:
        return _named(stream)
    return stream.broken or "said in the text"


def _unannounced(case: Case, stream: Stream) -> str:
    """Say how a reply that isn't complete passes for one that is; "" if it doesn't."""
    if stream.text == case.reply:
        return ""  # healed; what that cost is another line
    if stream.stuck and not stream.ending:
        return "nothing came any more, and the stream stayed open"
    if stream.broken and not stream.shape.is_event_source:
        return ""  # a page that reads the body itself is told of it by an exception
    if stream.shape.format == "text":
        told = not case.reply.startswith(stream.text)
        return "" if told else "the body ended cleanly"
    if not stream.ending:
        return "the stream ended without a word"
    if case.endings.looks_complete(stream):
        return f"it ended as a complete reply does ({_named(stream)})"
    if stream.shape.is_event_source and stream.ending[-1].name == "error":
        return "an event named error looks to EventSource like a lost connection"
    return ""


@line("a break doesn't cause a second request", "4.create_app", "a break on purpose")
async def one_request(case: Case) -> Seen:
    """After text was shown nothing asks again: not the server, and not the browser."""
    await case.simulator.behave(f"sim-chat:drop@{case.half}")
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await stream.rest(case.patience)
    by_browser = stream.shape.is_event_source and not stream.ending
    if by_browser:  # nothing told the page to close it
        if stream.shape.then is None:
            async with case.endpoint.ask(question) as stream:
                await stream.rest(case.patience)
        else:
            async with case.endpoint.rejoin(stream, stream.last_id) as stream:
                await stream.rest(case.patience)
    requests = len(await case.simulator.ended(marker))
    if requests > case.requests:
        who = "the page's EventSource reconnected" if by_browser else "the server asked again"
        return failed(f"{who}: the model got {requests} requests in place of {case.requests}")
    return passed(f"the model got {_times(requests)}")


def _times(requests: int) -> str:
    return f"{requests} request{'' if requests == 1 else 's'}"


@line("nothing doubled or lost by a retry", "5.first_that_answers", "a failure on purpose")
async def not_doubled(case: Case) -> Seen:
    """Whatever is tried after a failure, the text is a beginning of the reply, or all of it."""
    faults = {
        "503@1": "a refusal",
        "drop@0": "a break before any text",
        f"error@{case.half}": "an error in mid-reply",
    }
    tried = []
    for fault, what in faults.items():
        await case.simulator.behave(f"sim-chat:{fault}")
        question, marker = case.question()
        async with case.endpoint.ask(question) as stream:
            await stream.rest(case.patience)
        requests = await case.simulator.ended(marker)
        if problem := _altered(case, stream, requests):
            return failed(f"{what}: {problem}")
        tried.append(f"{what}: {_times(len(requests))}")
    return passed("; ".join(tried))


def shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _altered(case: Case, stream: Stream, requests: list[Request]) -> str:
    """Say what a text lost or has twice; "" for a beginning of the reply."""
    text, expected = stream.text, case.reply
    same = shared(text, expected)
    rest = text[same:]
    if expected[:20] in rest:
        return "the text begins a second time"
    if rest and stream.shape.format != "text":  # there, a failure is told in the text
        return f"after {same} characters the text isn't the model's: {rest[:20]!r}"
    answered = len(requests) > 1 and requests[-1].ended == "finished"
    if answered and same < len(expected):
        return f"the second request was answered, and {len(expected) - same} characters are lost"
    return ""


@line("leaving stops the model, or it can be rejoined", "5.text_until", "what the model generates")
async def leaving(case: Case) -> Seen:
    """A reader who leaves frees the model; where the app says so, they can come back instead."""
    if case.endpoint.shape.rejoins:
        return await _rejoining(case)
    await case.pausing(case.half)
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await case.paused(stream, marker)
    return _stopped(await case.simulator.ended(marker), "the reader had left")


def _stopped(requests: list[Request], after: str) -> Seen:
    """Judge by what the model didn't generate."""
    last = requests[-1]  # there is one, as text came
    if last.ended != "client left":
        return failed(f"all {last.tokens_sent} tokens were generated after {after}")
    return passed(f"{last.tokens_unsent} tokens were never generated")


async def _rejoining(case: Case) -> Seen:
    await case.simulator.behave("sim-chat")
    question, marker = case.question()
    async with case.endpoint.ask(question) as left:
        await left.until(lambda so_far: bool(so_far.text), case.patience)
    async with case.endpoint.rejoin(left, left.last_id) as again:
        await again.rest(case.patience)
    async with case.endpoint.rejoin(left, "") as reloaded:
        await reloaded.rest(case.patience)
    requests = await case.simulator.ended(marker)
    if left.text + again.text != case.reply:
        return failed(
            f"{len(left.text)} characters, and {len(again.text)} after coming back, aren't the "
            f"{len(case.reply)} of the reply"
        )
    if reloaded.text != case.reply:
        return failed("a page that is loaded anew doesn't get the whole reply")
    if len(requests) > case.requests:
        return failed(f"coming back cost a second request: the model got {len(requests)}")
    return passed(f"rejoined after {len(left.text)} characters: nothing lost, nothing twice")


@line("Stop stops the model", "5.text_until", "what the model generates")
async def stop(case: Case) -> Seen:
    """Stop frees the model, and the stream says that it is over."""
    shape = case.endpoint.shape
    if shape.stop is None:
        why = "no --stop was given; a page that stops by disconnecting has the line above"
        return Seen("not tried", why)
    await case.pausing(case.half)
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await case.paused(stream, marker)
        status = await case.endpoint.stop(stream)
        requests = await case.simulator.ended(marker)
        await stream.rest(case.patience)
    if status >= 400:
        return failed(f"Stop was answered with the status {status}")
    if requests[-1].ended == "client left" and requests[-1].tokens_sent > case.half:
        return failed("in a silence of the model, Stop took effect only when the model went on")
    if not (stream.ending or shape.format == "text"):
        return failed("the model stopped, and the reader's stream didn't say so")
    return _stopped(requests, "Stop")


@line("other visitors aren't blocked", "4.who_blocks")
async def others(case: Case) -> Seen:
    """A second visitor gets text while the first one's reply is still being written."""
    if case.model is not None:
        await case.pausing(case.half)
    (first, marker), (second, _) = case.question(), case.question()
    async with case.endpoint.ask(first) as one:
        await one.until(lambda so_far: bool(so_far.text), case.patience)
        async with case.endpoint.ask(second) as other:
            await other.until(lambda so_far: bool(so_far.text), case.patience)
            if case.model is not None:
                blocked = (await case.request(marker)).tokens_sent > case.half
            else:
                await one.rest(case.patience)
                blocked = one.parts[-1].at < other.began + (other.first_text or 0)
    if other.first_text is None or blocked:
        return failed("the second visitor got no text before the first one's reply went on")
    return passed(
        f"first text after {other.first_text:.1f} s while another reply was being written"
    )


@line("a slow reader doesn't grow memory", "4.create_app", "a reply larger than sockets buffer")
async def slow_reader(case: Case) -> Seen:
    """What a reader doesn't take isn't taken from the model either, or the reply is bounded."""
    await case.simulator.behave(f"sim-fast:flood@{case.flood:g}")
    (slow, slow_marker), (fast, fast_marker) = case.question(), case.question()
    async with AsyncExitStack() as stack:
        waiting = await stack.enter_async_context(case.endpoint.ask(slow))
        await waiting.until(lambda so_far: bool(so_far.text), case.patience)  # and no more
        reading = await stack.enter_async_context(case.endpoint.ask(fast))
        await reading.rest(case.patience)
        taken = await case.request(slow_marker)
    requests = await case.simulator.ended(fast_marker)
    if not requests or not reading.text:
        return failed("beside a reader who takes nothing, the next one gets nothing either")
    whole = requests[-1]
    if whole.tokens_sent < case.flood * 100_000:  # not the flood: it has 250,000 in a megabyte
        return passed(f"the app limits a reply: it ended at {whole.tokens_sent:,} tokens")
    if taken.ended == "streaming" and taken.tokens_sent < whole.tokens_sent:
        return passed(
            f"{taken.tokens_sent:,} of {whole.tokens_sent:,} tokens were taken from the model for "
            "a reader who takes none"
        )
    return failed(
        f"all {taken.tokens_sent:,} tokens were taken from the model for a reader who takes none"
    )


@line("Retry-After is respected", "5.first_that_answers", "a refusal on purpose")
async def retry_after(case: Case) -> Seen:
    """A refused request isn't sent again before the time that the provider asked for."""
    seconds = 2.0
    await case.simulator.behave(f"sim-chat:429@1,{seconds * case.speed:.3f}")
    question, marker = case.question()
    async with case.endpoint.ask(question) as stream:
        await stream.rest(case.patience)
    requests = await case.simulator.ended(marker)
    if len(requests) < 2:
        return passed(f"the app gave up after {_times(len(requests))}")
    waited = requests[1].received - requests[0].received
    seen = f"asked for {seconds:g} s, the next request came after {waited:.1f} s"
    return passed(seen) if waited > 0.95 * seconds else failed(seen)


@line("a silence is survived or announced", "5.watched", "a silence on purpose")
async def silent(case: Case) -> Seen:
    """A model that says nothing for long neither ends the reply quietly nor leaves it hanging."""
    await case.simulator.behave(f"sim-chat:stall@{case.half},{case.silence * case.speed:.3f}")
    async with case.endpoint.ask(case.question()[0]) as stream:
        await stream.rest(case.silence + case.patience)
    if problem := _unannounced(case, stream):
        return failed(f"after {case.silence:g} s of silence: {problem}")
    if stream.text != case.reply:
        return passed(f"announced: {_told(case, stream)}")
    kept = stream.comments
    alive = f", {kept} keep-alive comment{'' if kept == 1 else 's'}" if kept else ""
    return passed(f"{case.silence:g} s survived{alive}")


@line("no key and no traceback in any answer", "5.first_that_answers")
async def no_secrets(case: Case) -> Seen:
    """Nothing that was received, failures included, holds what is the server's own business."""
    if case.model is not None:
        for fault in ("401@0", "404@0", "500@0", "drop@0"):
            await case.model.behave(f"sim-chat:{fault}")
            async with case.endpoint.ask(case.question()[0]) as stream:
                await stream.rest(case.patience)
    for raw in case.endpoint.received:
        if case.model is not None and len(case.model.key) > 7 and case.model.key.encode() in raw:
            return failed("an answer holds the key")
        if _KEY.search(raw):
            return failed("an answer holds what looks like a key")
        if found := _TRACEBACK.search(raw):
            return failed(f"an answer holds a traceback: {found[0].decode(errors='replace')!r}")
    return passed(f"{len(case.endpoint.received)} answers, failures included")


async def judge(case: Case, tell: Callable[[str, Seen], None]) -> dict[str, Seen]:
    """Try every line, one after the other.

    Args:
        case: What is judged.
        tell: Called with each line's name and what came of it.

    Raises:
        EndpointError: If there is nothing to judge; the message says why.
    """
    await case.warm_up()
    table: dict[str, Seen] = {}
    try:
        for name, (check, _) in LINES.items():
            try:
                table[name] = await check(case)
            except EndpointError as error:
                table[name] = failed(str(error))
            tell(name, table[name])
    finally:
        if case.model is not None:
            await case.model.behave(NAME)
    return table
