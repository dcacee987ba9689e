"""Verdict lines about readers who disconnect, press Stop, share the server, or read slowly.

The model pauses after half of a reply (`case.half`), so that readers can act in mid-reply. The
`marker` in a question identifies its requests in the simulator's log.
"""

import asyncio

from utils.formatting import counted
from utils.simulator import Request

from .case import BufferedError, Case, Seen, failed, passed
from .delivery import LARGEST_BURST

# seconds; if the model sends no token for this long, the app isn't reading from it
_SETTLED = 3.0


async def leaving(case: Case) -> Seen:
    """A disconnect stops generation or, if the app supports rejoining, the reader can rejoin."""
    if case.endpoint.wire.rejoins:
        return await _rejoining(case)
    async with case.ask(case.pausing(case.half)) as (stream, marker):
        await case.wait_for_pause(stream, marker)
    return _stopped(await case.simulator.ended(marker), "the reader had left")


def _stopped(requests: list[Request], after: str) -> Seen:
    """Return `passed` if the app disconnected from the model before the reply was complete."""
    last = requests[-1]  # there is at least one request, since text arrived
    if last.ended != "client left":
        return failed(f"all {last.tokens_sent} tokens were generated after {after}")
    return passed(f"{last.tokens_unsent} tokens were never generated")


async def _rejoining(case: Case) -> Seen:
    """Disconnect, then rejoin twice: first after the last event received, then from the start."""
    async with case.ask("sim-chat") as (left, marker):
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
    return passed(
        f"rejoined after {counted(len(left.text), 'character')}: nothing lost, nothing twice"
    )


async def stop(case: Case) -> Seen:
    """Pressing Stop cancels generation, and the stream announces its end."""
    wire = case.endpoint.wire
    if wire.stop is None:
        why = "no --stop was given; a page that stops by disconnecting has the line above"
        return Seen("not tried", why)
    async with case.ask(case.pausing(case.half)) as (stream, marker):
        await case.wait_for_pause(stream, marker)
        status = await case.endpoint.stop(stream)
        requests = await case.simulator.ended(marker)
        await stream.rest(case.patience)
    if status >= 400:
        return failed(f"the request to stop got status {status}")
    if requests[-1].ended == "client left" and requests[-1].tokens_sent > case.half:
        return failed("while the model was silent, Stop took effect only when it continued")
    if not (stream.ending or wire.format == "text"):
        return failed("the model stopped, and the reader's stream didn't say so")
    return _stopped(requests, "Stop")


async def others(case: Case) -> Seen:
    """A second client receives text while the first client's reply is still streaming.

    The model pauses during the first reply. Without the simulator, no pause is possible, so the
    first text of the second reply must arrive before the last part of the first reply.
    """
    if case.model is not None:
        await case.simulator.behave(case.pausing(case.half))
    (question, marker), (other_question, _) = case.question(), case.question()
    async with case.endpoint.ask(question) as first:
        if case.model is not None:
            await case.wait_for_pause(first, marker)
        else:
            await first.until(lambda so_far: bool(so_far.text), case.patience)
        async with case.endpoint.ask(other_question) as second:
            await second.until(lambda so_far: bool(so_far.text), case.patience)
            if case.model is not None:
                blocked = (await case.request(marker)).tokens_sent > case.half
            elif case.whole.burst >= LARGEST_BURST:
                raise BufferedError  # a burst doesn't reveal when its text was generated
            else:
                await first.rest(case.patience)
                second_text_at = second.began + (second.first_text or 0)
                blocked = first.parts[-1].at < second_text_at
    if second.status >= 400:
        return failed(f"the second visitor's request was answered with status {second.status}")
    if second.first_text is None or blocked:
        return failed("the second visitor got no text until the first one's reply continued")
    return passed(
        f"first text after {second.first_text:.1f} s while another reply was being written"
    )


async def slow_reader(case: Case) -> Seen:
    """If a reader stops reading, the app either pauses generation or limits the reply's length."""
    async with case.ask(f"sim-fast:flood@{case.flood:g}") as (stream, marker):
        await stream.until(lambda so_far: bool(so_far.text), case.patience)  # then stop reading
        request, before = await case.request(marker), 0
        while request.ended == "streaming" and request.tokens_sent > before:
            before = request.tokens_sent
            await asyncio.sleep(_SETTLED)  # the simulator doesn't announce changes to its log
            request = await case.request(marker)
    tokens = f"{request.tokens_sent:,} tokens"
    if request.ended != "finished":
        return passed(f"the app stopped reading from the model after {tokens}, with full buffers")
    # 40% of the flood, at 250,000 tokens per megabyte
    if request.tokens_sent < case.flood * 100_000:
        return passed(f"the app limits a reply: it ended at {tokens}")
    return failed(f"all {tokens} were taken from the model for a reader who reads nothing")
