"""The checks of lesson 3's exercises; see `lesson_1.py` for how they judge.

Chunks are LangChain's own, shaped as OpenAI's; what they add up to, and what a parser makes of
pieces, is asked of LangChain itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.output_parsers import JsonOutputParser

from utils.checks.attempt import LearnersError, learners_code
from utils.checks.clinic import diagnosed
from utils.checks.observe import first_difference, kind, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet, shown
from utils.checks.streams import Clock, cut

HERON = "The heron stands still for an hour. Then it doesn't."
USAGE = UsageMetadata(input_tokens=12, output_tokens=17, total_tokens=29)


@dataclass
class Reply:
    """A reply as the chunks of a stream, which can be read once.

    Attributes:
        text: The text, cut anywhere.
        calls: Tool calls, as a name and arguments in JSON, cut anywhere.
        finish: Why it ended; None if nobody said so.
        chunks: All its chunks: the role, text, calls, the finish reason, usage, and LangChain's
            last one, which is empty.
        taken: How many of them were read.
        ends: How often somebody asked for a chunk when there was none left.
    """

    text: str = ""
    calls: Sequence[tuple[str, str]] = ()
    finish: str | None = "stop"
    chunks: list[AIMessageChunk] = field(init=False)
    taken: int = 0
    ends: int = 0

    def __post_init__(self) -> None:
        self.chunks = [_chunk(), *(_chunk(piece) for piece in cut(self.text, len(self.text)))]
        for index, (name, arguments) in enumerate(self.calls):
            named = tool_call_chunk(name=name, args="", id=f"call-{index}", index=index)
            self.chunks.append(_chunk(tool_call_chunks=[named]))
            for piece in cut(arguments, index):
                more = tool_call_chunk(args=piece, index=index)
                self.chunks.append(_chunk(tool_call_chunks=[more]))
        if self.finish:
            self.chunks.append(_chunk(response_metadata={"finish_reason": self.finish}))
            self.chunks.append(_chunk(usage_metadata=USAGE))
        self.chunks.append(_chunk(chunk_position="last"))

    @property
    def whole(self) -> AIMessageChunk:
        """What its chunks add up to."""
        return reduce(add, self.chunks)

    @property
    def reason_taken(self) -> bool:
        """Whether its finish reason was among the chunks that were read."""
        return any(chunk.response_metadata for chunk in self.chunks[: self.taken])

    def stream(self) -> Iterator[AIMessageChunk]:
        """Its chunks, counted as they are read."""
        return _Stream(self)


class _Stream(Iterator[AIMessageChunk]):
    """The chunks of a reply; a generator couldn't note a second loop, which finds it exhausted."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._left = iter(reply.chunks)

    def __next__(self) -> AIMessageChunk:
        for chunk in self._left:
            self._reply.taken += 1
            return chunk.model_copy(deep=True)
        self._reply.ends += 1
        raise StopIteration

    def close(self) -> None:
        """Bring nothing more, as a generator that is closed."""
        self._left = iter(())


def _chunk(content: str = "", **fields: Any) -> AIMessageChunk:
    return AIMessageChunk(content=content, id="run-1", **fields)


WEATHER = [("get_weather", '{"city": "San Francisco"}'), ("get_time", '{"zone": "Asia/Tokyo"}')]


def _read(reply: Reply, name: str) -> None:
    """Turn down code that never read its stream."""
    if not reply.taken:
        raise NotYet(f"`{name}` never read `stream`. Does its code read another one?")


def _read_once(reply: Reply) -> None:
    """Turn down code that looped over its stream again; to be asked where something is wrong."""
    if reply.ends > 1:
        raise NotYet(
            "`stream` was looped over twice, and a stream can be read once: the second loop finds "
            "nothing in it."
        )


# --- 3.1 whole(stream) ----------------------------------------------------------------------------


def whole(answer: object) -> str:
    """One chunk that is the sum of all."""
    function = the_function(answer, "whole")
    for reply in (Reply(HERON), Reply(calls=WEATHER, finish="tool_calls")):
        with learners_code("for a reply with tool calls" if reply.calls else ""):
            returned = function(reply.stream())
        plain_call(returned, "whole")
        _read(reply, "whole")
        if returned != reply.whole:
            _read_once(reply)
        _is_chunk(returned)
        _holds_all(returned, reply)
    with learners_code("for a stream of one chunk"):
        single = function(iter([_chunk("One.")]))
    if not isinstance(single, AIMessageChunk) or single.content != "One.":
        raise NotYet(f"A stream of one chunk gave {shown(repr(single))}.")
    with learners_code("for a stream that brings nothing"):
        nothing = function(iter(()))
    if nothing is not None:
        raise NotYet(
            f"A stream that brings nothing gave {kind(nothing)}; the exercise asks for `None`."
        )
    return (
        "One chunk with the whole text, the usage, the finish reason and both tool calls; and "
        "`None` where nothing came."
    )


def _is_chunk(returned: object) -> None:
    if isinstance(returned, AIMessageChunk):
        return
    if returned is None:
        raise NotYet(not_asked_for(returned, "one chunk", "for a stream that had chunks"))
    if isinstance(returned, str):
        raise NotYet("What comes back is the text alone; the exercise asks for the whole chunk.")
    if isinstance(returned, BaseMessage):
        raise NotYet(
            f"What comes back is {kind(returned)}, which no longer adds up with chunks; the "
            "exercise asks for a chunk."
        )
    if type(returned).__name__ == "ChatPromptTemplate":
        raise NotYet(
            "What comes back is a `ChatPromptTemplate`: that is what a message and a chunk make. "
            "What did you begin with?"
        )
    raise NotYet(not_asked_for(returned, "one chunk"))


def _holds_all(got: AIMessageChunk, reply: Reply) -> None:
    right = reply.whole
    if reply.taken < len(reply.chunks):
        raise NotYet(f"Only {reply.taken} of {len(reply.chunks)} chunks were read.")
    if got.content != right.content:
        if got in reply.chunks:
            raise NotYet(f"What comes back is one chunk of the {len(reply.chunks)}, not their sum.")
        raise NotYet(
            f"The text isn't that of the reply. {first_difference(str(got.content), reply.text)}"
        )
    reason = "finish_reason"
    missing = [
        name
        for name, one, other in (
            ("the usage", got.usage_metadata, right.usage_metadata),
            (
                "the finish reason",
                got.response_metadata.get(reason),
                right.response_metadata[reason],
            ),
            ("the tool calls", got.tool_calls, right.tool_calls),
        )
        if one != other
    ]
    if missing:
        has = "The text is right" if reply.text else "One chunk comes back"
        raise NotYet(
            f"{has}, and {' and '.join(missing)} didn't come along. Where in the stream "
            f"{'is that' if len(missing) == 1 else 'are they'}?"
        )


# --- 3.2 calls(stream) ----------------------------------------------------------------------------

_UNKNOWN = "error"  # a finish reason that the lesson doesn't name, as some providers send it
_NO_CALLS = (
    (
        Reply(calls=[("get_weather", '{"city": "San')], finish="length"),
        "cut off by a limit on its length",
    ),
    (
        Reply(calls=[("get_weather", '{"city": "San')], finish=None),
        "broken off without a finish reason",
    ),
    (Reply(calls=WEATHER, finish="content_filter"), "stopped by the provider's filter"),
    (Reply(HERON), "of text alone"),
    (Reply(calls=WEATHER, finish=_UNKNOWN), f"with the finish reason `{_UNKNOWN}`"),
)


def calls(answer: object) -> str:
    """The tool calls of a reply that the model finished in order to call them."""
    function = the_function(answer, "calls")
    for reply in (Reply(calls=WEATHER, finish="tool_calls"), Reply("Wait.", WEATHER, "tool_calls")):
        with learners_code():
            returned = function(reply.stream())
        plain_call(returned, "calls")
        _read(reply, "calls")
        if returned == [] and reply.reason_taken and reply.taken == len(reply.chunks):
            _read_once(reply)
            raise NotYet(_no_calls(function, reply))
        _right_calls(returned, reply)
    for given, what in _NO_CALLS:
        reply = Reply(given.text, given.calls, given.finish)
        with learners_code(f"for a reply {what}"):
            returned = function(reply.stream())
        if returned != []:
            raise NotYet(_unwanted(returned, reply, what))
    with learners_code("for a stream that brings nothing"):
        returned = function(iter(()))
    if returned != []:
        raise NotYet(f"A stream that brings nothing gave {shown(repr(returned))}.")
    return "Both calls of the finished reply, and none of those that were cut off or stopped."


def _no_calls(function: Callable[..., Any], reply: Reply) -> str:
    """What to say of an empty list, from what the same reply gives if it ends with `stop`."""
    try:
        with learners_code():
            by_stop = function(Reply(reply.text, reply.calls, "stop").stream())
    except LearnersError:  # the exercise leaves open what is to come of such a reply
        by_stop = None
    where = "In which chunk did you look for the reason, and in which for the calls? "
    return (
        f"A reply with {len(reply.calls)} tool calls and the finish reason `tool_calls` gave an "
        f"empty list. {'' if by_stop else where}Which reason did you compare with?"
    )


def _right_calls(returned: object, reply: Reply) -> None:
    right = reply.whole.tool_calls
    if returned == right:
        return
    if isinstance(returned, list) and any(isinstance(entry, list) for entry in returned):
        raise NotYet(
            f"What comes back is a list in a list, {shown(repr(returned), 90)}; the exercise asks "
            "for a list of calls."
        )
    early = f"`calls` came back after {reply.taken} of {len(reply.chunks)} chunks"
    if not reply.reason_taken and returned == []:
        raise NotYet(f"{early}, with an empty list. The finish reason was still to come.")
    if not reply.reason_taken:
        raise NotYet(
            f"{early}, with {shown(repr(returned), 90)}. Until the end, arguments are provisional."
        )
    if reply.taken < len(reply.chunks) and returned == []:
        raise NotYet(
            f"{early}, with an empty list. The finish reason had come, and that chunk holds no "
            "calls; the sum of the chunks does."
        )
    if not isinstance(returned, list):
        raise NotYet(not_asked_for(returned, "a list of calls"))
    if any(not isinstance(call, Mapping) or "args" not in call for call in returned):
        raise NotYet(f"An entry of the list is no tool call: {shown(repr(returned[0]), 90)}.")
    if any(isinstance(call["args"], str) for call in returned):
        raise NotYet(
            "The list holds pieces of calls, with arguments as text that isn't put together: "
            f"{shown(repr(returned[0]), 90)}."
        )
    if len(returned) != len(right):
        raise NotYet(f"The reply makes {len(right)} calls, and {len(returned)} came back.")
    raise NotYet(f"The calls came back changed: {shown(repr(returned), 120)}.")


def _unwanted(returned: object, reply: Reply, what: str) -> str:
    if returned is None:
        return f"A reply {what} gave `None`; the exercise asks for an empty list."
    if not isinstance(returned, list):
        return f"A reply {what} gave {kind(returned)}; the exercise asks for an empty list."
    why = (
        "; `tool_calls` alone counts."
        if reply.finish == _UNKNOWN
        else ", and nobody finished asking for it."
    )
    return f"A reply {what} gave {shown(repr(returned), 120)}. It would be executed{why}"


# --- 3.3 to_store(stream) -------------------------------------------------------------------------

_INCOMPLETE = (
    ("length", HERON[:20], "cut off by a limit on its length"),
    (None, HERON[:35], "broken off without a finish reason"),  # after a full stop
    ("content_filter", HERON[:-1], "stopped by the provider's filter"),
    ("tool_calls", HERON, "with the finish reason `tool_calls`"),
    (_UNKNOWN, HERON, f"with the finish reason `{_UNKNOWN}`"),
)


def to_store(answer: object) -> str:
    """The text of a complete reply; anything else raises."""
    function = the_function(answer, "to_store")
    _stored(function, Reply(HERON))
    for reason, text, what in _INCOMPLETE:
        _refused(function, Reply(text, finish=reason), what)
    _stored(function, Reply(f"  {HERON}\n"))
    try:
        returned = function(iter(()))
    except ValueError:
        pass
    except Exception as error:
        with learners_code("for a stream that brings nothing"):
            raise error
    else:
        raise NotYet(f"A stream that brings nothing gave {shown(repr(returned))}.")
    return (
        "The complete reply came back; replies cut off by a limit, a filter or the line were "
        "refused, with the reason named."
    )


def _stored(function: Callable[..., Any], reply: Reply) -> None:
    try:
        returned = function(reply.stream())
    except ValueError as error:
        _read(reply, "to_store")
        _read_once(reply)
        why = f": {shown(str(error))}" if str(error) else ""
        raise NotYet(
            f"A complete reply, with the finish reason `stop`, was refused{why}. Which of its "
            "chunks has the reason?"
        ) from error
    except Exception as error:
        with learners_code():
            raise error
    plain_call(returned, "to_store")
    _read(reply, "to_store")
    if returned != reply.text:
        _read_once(reply)
    if returned is None:
        raise NotYet(not_asked_for(returned, "its text", "for a complete reply"))
    if isinstance(returned, BaseMessage):
        raise NotYet("What comes back is a message; the exercise asks for its text.")
    if not isinstance(returned, str):
        raise NotYet(not_asked_for(returned, "a text"))
    if len(returned) < len(reply.text) and returned.strip() == reply.text.strip():
        raise NotYet(
            "The text of a complete reply begins and ends with white space, and not all of that "
            "came back. The exercise asks for the text as it came."
        )
    if returned != reply.text:
        raise NotYet(f"The text isn't that of the reply. {first_difference(returned, reply.text)}")


def _refused(function: Callable[..., Any], reply: Reply, what: str) -> None:
    try:
        returned = function(reply.stream())
    except ValueError as error:
        if reply.finish and reply.finish not in str(error):
            has = f"its message is {shown(str(error))}" if str(error) else "it has no message"
            raise NotYet(
                f"A reply {what} raises `ValueError`, and {has}. It should name the finish reason."
            ) from error
        return
    except Exception as error:
        with learners_code(f"for a reply {what}; the exercise asks for `ValueError`"):
            raise error
    if returned is None:
        raise NotYet(f"A reply {what} came back as `None`. Nothing was raised.")
    if isinstance(returned, Exception):
        raise NotYet(f"A reply {what} came back as {kind(returned)}, which wasn't raised.")
    if reply.finish in ("tool_calls", _UNKNOWN):
        raise NotYet(f"A reply {what} came back, and would be stored; `stop` alone counts.")
    raise NotYet(
        f"A reply {what} came back, {shown(str(returned))}, and would be stored as complete."
    )


# --- 3.4 coalesce(pieces, seconds, clock) ---------------------------------------------------------

SECONDS = 0.25  # this figure and the gaps are exact in binary, and so is "at least"


@dataclass(frozen=True)
class _Pace:
    """How a stream comes.

    Attributes:
        what: It in words, after "a stream".
        gaps: Seconds before each piece.
        begins: What the clock shows before the first, in seconds.
        empty_first: Whether its first piece is empty.
    """

    what: str
    gaps: Sequence[float]
    begins: float = 100.0
    empty_first: bool = False

    def pieces(self, skip: int) -> list[str]:
        """Its pieces; `skip` makes those of two streams differ."""
        words = [f"{word} " for word in (HERON.split() * 2)[skip : skip + len(self.gaps)]]
        return ["", *words[1:]] if self.empty_first else words


_PACES = (
    _Pace("with a piece each 0.0625 s", [0.0625] * 14),
    _Pace("in bursts", [0.0, 0.0, 0.0, 1.0, 0.0, 0.0625, 0.0625, 0.125, 0.0]),
    _Pace("with a piece each second", [1.0, 1.0, 1.0]),
    _Pace("with a piece each 0.125 s", [0.125, 0.125, 0.125, 0.125, 0.0]),
    _Pace("of one piece", [0.0]),
    _Pace("that is empty", []),
    _Pace("that begins when the clock shows 0", [0.0, 0.0625, 0.125, 0.125], begins=0.0),
    _Pace("with an empty first piece", [0.0, 0.0625, 0.125, 0.125, 0.125], empty_first=True),
)


@dataclass(frozen=True)
class _Passed:
    """A text that was passed on, at which time in seconds, after how many pieces."""

    text: str
    at: float
    taken: int


def coalesce(answer: object) -> str:
    """A generator that joins what comes within a time, loses nothing and waits no longer."""
    function = the_function(answer, "coalesce")
    for skip, pace in enumerate(_PACES):
        pieces = pace.pieces(skip)
        got = _passed_on(function, pieces, pace)
        _nothing_lost(got, pieces, pace.what)
        _nothing_empty(got, pieces, pace.what)
        _in_time(got, pieces, pace)
    return (
        "The first piece at once, then one text every 0.25 s at most, with all that had come, and "
        "the rest at the end."
    )


def _passed_on(function: Callable[..., Any], pieces: list[str], pace: _Pace) -> list[_Passed]:
    clock, taken, looked = Clock(pace.begins), 0, 0

    def source() -> Iterator[str]:
        nonlocal taken
        for piece, gap in zip(pieces, pace.gaps, strict=True):
            clock.advance(gap)
            taken += 1
            yield piece

    def look() -> float:
        nonlocal looked
        looked += 1
        return clock()

    got: list[_Passed] = []
    with learners_code(f"for a stream {pace.what}"):
        returned = function(source(), seconds=SECONDS, clock=look)
        _is_lazy(returned, taken)
        for text in returned:
            if not isinstance(text, str):
                raise NotYet(f"What is passed on is {kind(text)}; it should be a text.")
            got.append(_Passed(text, clock(), taken))
            if len(got) > 2 * len(pieces) + 2:
                raise NotYet("`coalesce` goes on after the pieces have ended.")
    held_all = bool(got) and got[0].taken == len(pieces)  # worse, and told by `_in_time`
    if len(pieces) > 1 and not looked and not held_all:
        raise NotYet("`coalesce` never looked at the clock that it was given.")
    return got


def _is_lazy(returned: object, taken: int) -> None:
    if isinstance(returned, str | list | tuple):
        raise NotYet(
            f"`coalesce` returns {kind(returned)}, which is there only when the stream has ended. "
            "A generator can pass on text while the stream goes on."
        )
    plain_call(returned, "coalesce", generator=True)
    if returned is None:
        raise NotYet("`coalesce` returns `None`: there is no `yield` in it.")
    if not isinstance(returned, Iterable):
        raise NotYet(f"`coalesce` returns {kind(returned)}; nobody can loop over that.")
    if taken:
        raise NotYet(
            f"`coalesce` took {taken} pieces before anybody asked. A generator waits until it is "
            "asked."
        )


def _nothing_lost(got: list[_Passed], pieces: list[str], what: str) -> None:
    text, right = "".join(passed.text for passed in got), "".join(pieces)
    if text == right:
        return
    if not text:
        raise NotYet(f"Nothing was passed on for a stream {what}.")
    if text and right.startswith(text):
        raise NotYet(
            f"For a stream {what} the end is lost: {shown(right[len(text) :])} never comes out."
        )
    if len(got) > 1 and got[1].text.startswith(got[0].text):
        raise NotYet(
            f"What was passed on once comes again: {shown(got[0].text)}, then {shown(got[1].text)}."
        )
    lost = next((piece for piece in pieces if piece.strip() not in text), "")
    if lost:
        raise NotYet(f"For a stream {what} pieces are lost, such as {shown(lost)}.")
    raise NotYet(f"The text changed. {first_difference(text, right)}")


def _nothing_empty(got: list[_Passed], pieces: list[str], what: str) -> None:
    """Turn down an empty text, which shows nothing and would count as passed on."""
    for passed in got:
        if not passed.text:
            first = passed.taken == 1 and pieces[0] == ""
            when = "when only that had come" if first else "when nothing was waiting"
            raise NotYet(
                f"For a stream {what}, an empty text was passed on {when}. There is nothing in it "
                "to show."
            )


def _in_time(got: list[_Passed], pieces: list[str], pace: _Pace) -> None:
    """Find the first text that came too soon, too late, or without all that there was."""
    what, before = pace.what, None
    for passed, due in zip(got, _due(pieces, pace), strict=False):
        if (passed.text, passed.taken) == (due.text, due.taken):
            before = passed
            continue
        if before is None and passed.taken > due.taken:
            late = "all of them" if passed.taken == len(pieces) else f"{passed.taken} of them"
            raise NotYet(
                f"For a stream {what} the first text was passed on when {late} had come. The "
                f"first {'that is not empty' if pace.empty_first else 'piece'} should go on at "
                "once."
            )
        if before is not None and passed.taken < due.taken:
            raise NotYet(
                f"For a stream {what}, {shown(passed.text)} was passed on "
                f"{passed.at - before.at:g} s after the text before it, which is less than "
                f"{SECONDS} s."
            )
        if before is not None and passed.taken > due.taken:
            raise NotYet(
                f"For a stream {what}, {shown(due.text)} had come when {due.at - before.at:g} s "
                f"had gone by since the text before it, and wasn't passed on then. At least "
                f"{SECONDS} s is enough."
            )
        raise NotYet(
            f"For a stream {what}, {shown(due.text)} had come, and "
            f"{shown(passed.text)} was passed on. What is there should go."
        )


def _due(pieces: list[str], pace: _Pace) -> Iterator[_Passed]:
    """What should be passed on, and when."""
    now, waiting, last = pace.begins, "", pace.begins - SECONDS
    for taken, (piece, gap) in enumerate(zip(pieces, pace.gaps, strict=True), start=1):
        now += gap
        waiting += piece
        if waiting and now - last >= SECONDS:
            yield _Passed(waiting, now, taken)
            waiting, last = "", now
    if waiting:
        yield _Passed(waiting, now, len(pieces))


# --- 3.5 closed(text) -----------------------------------------------------------------------------

_FENCE = "`" * 3
_SPACES = ("no space", "one space", "two spaces", "three spaces")  # more, and it isn't a fence
_MARKDOWN = f"""# A loop

Call `next` or write:

{_FENCE}python
for chunk in stream:
    print(chunk)
{_FENCE}

A fence is ``` at the start of a line.

- In a list:

  {_FENCE}
  ok
  {_FENCE}

Done"""

_TEXTS = (
    ("a text without a fence", "Call `next`.\n\nThen wait.\n"),
    ("a block that is closed", f"See:\n\n{_FENCE}python\nx = 1\n{_FENCE}\n\nDone"),
    ("an open block", f"See:\n\n{_FENCE}python\nx = 1"),
    ("a block that has only begun", f"See:\n\n{_FENCE}"),
    ("a block that is closed and one that is open", f"{_FENCE}\na\n{_FENCE}\n{_FENCE}\nb"),
    ("three backticks inside a line", f"Write {_FENCE} to begin"),
    ("three backticks after four spaces", f"Write:\n\n    {_FENCE}\n    x"),
    ("a half-written bold word", "Sort it **in "),
    ("a line of one backtick in the middle", "See:\n`\nor that"),
    ("a line of two backticks in the middle of a block", f"{_FENCE}\n``\nx"),
    ("a last line of one backtick", "See:\n`"),
    ("a last line of two backticks", "See:\n``"),
    ("two backticks in an open block", f"{_FENCE}\nx = 1\n``"),
    ("a last line that is short", "See:\nab"),
    ("a last line that ends in a backtick", "Call `next`"),
    ("an empty text", ""),
    *(
        (f"{what} whose fences stand after {_SPACES[len(indent)]}", text)
        for indent in (" ", "  ", "   ")
        for what, text in (
            ("an open block", f"- Run:\n\n{indent}{_FENCE}sh\n{indent}ls"),
            ("a closed block", f"- Run:\n\n{indent}{_FENCE}\n{indent}ls\n{indent}{_FENCE}\n- See"),
        )
    ),
    ("a block with one fence indented", f"{_FENCE}\nls\n  {_FENCE}\n\nDone"),
)


def closed(answer: object) -> str:
    """Half-written Markdown, at any point of it, with its fence closed."""
    function = the_function(answer, "closed")
    for what, text in _TEXTS:
        _repaired(function, text, what)
    for end in range(len(_MARKDOWN)):
        _repaired(function, _MARKDOWN[:end], f"the first {end} characters of a reply")
    return f"A reply with two blocks, shown after each of its {len(_MARKDOWN)} characters."


def _repaired(function: Callable[..., Any], text: str, what: str) -> None:
    with learners_code(f"for {what}"):
        returned = function(text)
    plain_call(returned, "closed")
    if not isinstance(returned, str):
        raise NotYet(not_asked_for(returned, "a text"))
    kept, is_open = _kept(text)
    right = _with_fence(kept, is_open)
    # Blank lines before the new fence, or where half a fence stood, do no harm, nor do spaces
    # before the new fence.
    loosely = is_open or kept != text
    got = re.sub(rf"\n {{1,3}}{_FENCE}\s*\Z", f"\n{_FENCE}", returned) if is_open else returned
    if returned == right or (loosely and _squeezed(got) == _squeezed(right)):
        return
    if text.endswith((" `", " ``")) and _squeezed(got) == _squeezed(_with_fence(text, is_open)):
        return  # half a fence after spaces may stay: the exercise speaks of backticks alone
    raise NotYet(f"For {what}, {_seen(text)}: {_unlike(returned, text, kept, is_open)}")


def _unlike(returned: str, text: str, kept: str, is_open: bool) -> str:
    """What is wrong with a repair."""
    half_fences = [line for line in returned.split("\n") if line.strip() in ("`", "``")]
    if kept != text and half_fences:
        return "the last line may be a fence to come, and is still there."
    if _squeezed(kept) not in _squeezed(returned):
        if not is_open and kept == text:
            return f"nothing is to be repaired, and {_seen(returned)} came back."
        return f"{_seen(returned)} came back, and some of the text is lost or changed."
    added, wanted = _fences(returned) - _fences(kept), int(is_open)
    if added > wanted:
        return "a fence was added" + (" twice." if is_open else ", and no block is open.")
    if added < wanted and returned.rstrip().endswith(_FENCE) and _fences(returned):
        return f"{_seen(returned)} came back, where the last fence isn't on a line of its own."
    if added < wanted:
        return f"{_seen(returned)} came back, where the block is still open."
    if not is_open and kept == text:
        return f"nothing is to be repaired, and {_seen(returned)} came back."
    return f"{_seen(returned)} came back."


def _seen(text: str) -> str:
    """A text for a message as Python to copy, whole."""
    return shown(repr(text), 4 * len(_MARKDOWN))


def _with_fence(text: str, is_open: bool) -> str:
    return f"{text}\n{_FENCE}" if is_open else text


def _squeezed(text: str) -> str:
    return re.sub(r"\n+", "\n", text).strip("\n")


def _kept(text: str) -> tuple[str, bool]:
    """The text without half a fence at its end, and whether a block is open in it."""
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    kept = "\n".join(lines)
    return kept, bool(_fences(kept) % 2)


def _fences(text: str) -> int:
    return len(re.findall(f"^ {{0,3}}{_FENCE}", text, re.MULTILINE))


# --- 3.6 values -----------------------------------------------------------------------------------

_PIECES = ('{"city', '": "Ro', 'me", "te', 'mp": 2', "1}")


_TWICE = "A value that is the same as the one before isn't yielded again."


def values(answer: object) -> str:
    """What the JSON parser yields for five pieces; it is asked."""
    if not isinstance(answer, list | tuple):
        raise NotYet(f"The answer is a list of values, not {kind(answer)}.")
    if not answer:
        raise NotYet("There are no values yet.")
    right = list(JsonOutputParser().transform(iter(_PIECES)))
    if ... in answer:
        raise NotYet(f"Value {list(answer).index(...) + 1} is still missing.")
    for number, (given, value) in enumerate(zip(answer, right, strict=False), start=1):
        if not isinstance(given, dict):
            raise NotYet(f"Value {number} is {kind(given)}; each is a dict, if only a partial one.")
        if given == value:
            continue
        yours = f"Your value {number} is {shown(repr(given))}."
        if number > 1 and given == answer[number - 2]:
            raise NotYet(f"{yours} {_TWICE}")
        raise NotYet(f"{yours} {_look_at(given, value, right)}")
    if len(answer) > len(right):
        twice = f" {_TWICE}" if answer[len(right)] == right[-1] else ""
        raise NotYet(f"All that the parser yields is there, and then you have more.{twice}")
    if len(answer) < len(right):
        raise NotYet(
            f"{'Your value is' if len(answer) == 1 else f'Your {len(answer)} values are'} right, "
            "and there are more to come."
        )
    return f"All {len(right)}, as the parser has just yielded them."


def _look_at(
    given: Mapping[str, Any], value: Mapping[str, Any], right: Sequence[Mapping[str, Any]]
) -> str:
    """Which line of the lesson's own example to compare with."""
    for name in given:
        # A key that has come in part is another mistake, told below.
        if not any(key.startswith(str(name)) for key in right[-1]):
            return f"There is no key {shown(str(name))}."
    for name, entry in given.items():
        if isinstance(entry, str) and isinstance(right[-1].get(name), int):
            return f"Its `{name}` is a text, {shown(repr(entry))}, where the JSON has a number."
    if not value:
        verdict = "One comes before it" if given in right else "That value never comes"
        return (
            f"{verdict}: look at what the parser above yielded when all it had was the beginning "
            "of a key."
        )
    if None in given.values() or len(given) > len(value):
        return "A key is in it of which no value has come yet: look at `admin` above."
    name = next((name for name in value if given.get(name, ...) != value[name]), "")
    if isinstance(value.get(name), str):
        return "How far has the text come at that point? Look at `Jo` and `John` above."
    if isinstance(value.get(name), int):
        return "How much of the number has come at that point? Look at `age` above."
    return "Go through it piece by piece: what has come at that point, and is it a value yet?"


# --- 3.7 diagnosis --------------------------------------------------------------------------------

_SAYS_SO = "Look at its finish reason: does it say so?"
_ONLY_ONE = (
    "Look at its finish reason, and what each of them means in the section on replies that stop."
)

_EVIDENCE = {
    ("complete", "limit"): _SAYS_SO,
    ("complete", "filtered"): _SAYS_SO,
    ("complete", "broken off"): "Is there anything that says so? Look at its finish reason.",
    ("limit", "complete"): "Look at its finish reason: did the model stop, or was it stopped?",
    ("limit", "filtered"): _ONLY_ONE,
    ("limit", "broken off"): "A model that meets a limit says so. Look for its finish reason.",
    ("filtered", "complete"): "Look at its finish reason: did the model stop, or was it stopped?",
    ("filtered", "limit"): _ONLY_ONE,
    ("filtered", "broken off"): "A filter that stops a reply says so. Look for its finish reason.",
    ("broken off", "complete"): "Look at its finish reason: somebody said that it was done.",
    ("broken off", "limit"): "Look at its finish reason: somebody did say why it ended.",
    ("broken off", "filtered"): "Look at its finish reason: somebody did say why it ended.",
}
_DENIED = {
    "limit": "didn't meet a limit",
    "filtered": "wasn't filtered",
    "broken off": "wasn't broken off",
}


def diagnosis(answer: object) -> str:
    """Which of four replies is complete, and what ended the others."""
    diagnosed(answer, "3.7", "reply", _EVIDENCE, denied=_DENIED)
    return "All four, from the finish reason and not from the looks of the text."


CHECKS: dict[str, Callable[[Any], str]] = {
    "3.1": whole,
    "3.2": calls,
    "3.3": to_store,
    "3.4": coalesce,
    "3.5": closed,
    "3.6": values,
    "3.7": diagnosis,
}
