"""Verdict lines about delivery: text arrives early, in pieces and intact; its end is announced.

With the simulator behind the app, the text that arrived is compared with the tokens in the
simulator's log, where a `marker` identifies the question's request. During a mid-reply pause, only
an unbuffered stream has delivered all text generated so far. Without the simulator, `case.model` is
None, and late text may come from a slow model. In that case, buffering is detected only if
much of a complete reply, `case.whole`, arrives in one `burst`.
"""

import codecs

from utils.simulator.tokens import split

from .case import WITHOUT_SIMULATOR, Case, Seen, failed, passed

LARGEST_BURST = 1 / 3  # as a share of the text; readers would notice larger bursts


async def early(case: Case) -> Seen:
    """When the model pauses after a quarter of a reply, text arrives before the pause ends."""
    if case.model is None:
        whole = case.whole
        texts = [part.at - whole.began for part in whole.parts if part.text]
        seen = f"first text after {texts[0]:.1f} s, the last after {texts[-1]:.1f} s"
        return passed(seen) if whole.burst < 1 else failed(seen)
    quarter = case.total // 4
    async with case.ask(case.pausing(quarter)) as (stream, marker):
        await stream.until(lambda so_far: bool(so_far.text), case.patience)
        sent = (await case.request(marker)).tokens_sent
    if not stream.text:
        return failed("no text arrived")
    if sent > quarter:
        return failed(f"no text until {sent} of {case.total} tokens had been sent")
    return passed(f"first text after {stream.first_text:.1f} s, with {sent} of {case.total} tokens")


async def not_buffered(case: Case) -> Seen:
    """When the model pauses, at least half of the text it has generated has arrived.

    Without the simulator: less than a third of the text arrives in one go.
    """
    if case.model is None:
        burst, whole = case.whole.burst, case.whole
        seen = f"at most {burst:.0%} of the text arrived in one go"
        if burst < LARGEST_BURST:
            return passed(seen)
        if whole.broken or any(part.is_failure for part in whole.ending):
            return Seen("not tried", f"{seen}, but the reply broke off")
        return failed(seen)
    most = case.total * 3 // 4
    written = len("".join(split(case.expected)[:most]))
    async with case.ask(case.pausing(most)) as (stream, marker):
        await stream.until(lambda so_far: 2 * len(so_far.text) >= written, case.patience)
        sent = (await case.request(marker)).tokens_sent
    if sent > most:
        return failed(f"in a pause, less than half of {written} characters had arrived")
    return passed(f"in a pause, more than half of {written} characters had arrived")


async def intact(case: Case) -> Seen:
    """Line breaks, quotes, emoji and right-to-left text arrive as the model sent them.

    Without the simulator, only bytes that aren't UTF-8 are recognised.
    """
    if case.model is None:
        try:
            for raw in case.endpoint.received:
                codecs.utf_8_decode(raw)
        except UnicodeDecodeError as error:
            around = bytes(error.object[max(0, error.start - 8) : error.end + 3])
            return failed(f"received {around!r}, but a page reads UTF-8")
        return WITHOUT_SIMULATOR
    characters = 0
    for about in case.tricky:
        async with case.ask("sim-fast", about) as (stream, marker):
            await stream.rest(case.patience)
        expected = await case.simulator.reply_to(await case.request(marker))
        if stream.text != expected:
            at = stream.agrees_for(expected)
            return failed(
                f"sent {expected[at : at + 12]!r}, received {stream.text[at : at + 12]!r} "
                f"after {at} characters"
            )
        characters += len(expected)
    return passed(f"{characters} characters with line breaks, quotes, emoji and Hebrew")


async def end_announced(case: Case) -> Seen:
    """An event, or the clean end of a plain-text body, announces that the reply is complete."""
    whole = case.whole
    if failure := next((part for part in whole.ending if part.is_failure), None):
        said = str(failure.data)[:80]
        return failed(f"the reply ended with {failure.described}, as if it had failed: {said}")
    if whole.stuck and not whole.ending:
        return failed("the stream stayed open after the last text, and nothing more came")
    if whole.wire.format == "text":
        if whole.broken:
            return failed("the connection dropped")
        return passed("the body ends cleanly")
    if not whole.ending:
        ended = "connection dropped" if whole.broken else "stream ended"
        again = ""
        if whole.wire.is_event_source:
            again = ", so a page's EventSource resends the question"
        return failed(f"the {ended} after the last text, without any event{again}")
    where = "with" if whole.ending[-1].text else "after"
    return passed(f"{whole.ending[-1].described} {where} the last text")
