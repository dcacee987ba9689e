"""The check of exercise 4.5: one Server-Sent Event for any text."""

import inspect
import json
from collections.abc import Mapping

from utils import sse
from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet

_TEXTS = (
    "Hello",
    "Two\nlines",
    "One line\n\nand, after a gap, another",
    "She said \"yes\", and 'no'.",
    "\n",
    "",
    "data: Hello\n\n",
    "id: 7\rretry: 1",
    " a space before, and one after ",
    "C:\\notes\\new",
    "🌊 Grüße, 海",
)


def frame(answer: object) -> str:
    """One event that a page can turn back into the text, whatever is in it."""
    function = the_function(answer, "frame")
    frames = []
    for text in _TEXTS:
        with learners_code(f"for the text {shown(repr(text))}"):
            returned = function(text)
        _is_text(returned)
        _carries(returned, text)
        frames.append(returned)
    together = [event.data for event in sse.parse(frames)]
    if together != [event.data for each in frames for event in sse.parse(each)]:
        raise NotYet(
            f"Each frame is right by itself. {len(frames)} of them one after the other make "
            f"{len(together)} events. Where does one end, and the next begin?"
        )
    return (
        f"{len(_TEXTS)} texts came through and back, with line ends, quotes, backslashes and an "
        "emoji, and an empty one."
    )


def _is_text(returned: object) -> None:
    if isinstance(returned, str):
        return
    if inspect.iscoroutine(returned):
        returned.close()
        raise NotYet(
            "`frame` is an `async def`. There is nothing to wait for in it, and without `await` "
            "what comes back is a coroutine and no frame."
        )
    if inspect.isgenerator(returned):
        raise NotYet("There is a `yield` in `frame`; the exercise asks for one text.")
    if isinstance(returned, bytes):
        raise NotYet("What comes back is `bytes`; the exercise asks for a text.")
    if returned is None:
        raise NotYet("`frame` returns `None`. Did it print what it should return?")
    raise NotYet(f"What comes back is {kind(returned)}; the exercise asks for a text.")


def _carries(returned: str, text: str) -> None:
    given = f"For the text {shown(repr(text))},"
    events = sse.parse(returned)
    if not events:
        raise NotYet(f"{given} the frame is {_seen(returned)}. {_why_none(returned)}")
    if len(events) > 1:
        raise NotYet(
            f"{given} the frame is {_seen(returned)}, and a page hears {len(events)} events. What "
            "ends an event?"
        )
    event = events[0]
    if event.type != "message":
        raise NotYet(
            f"The event's type is {shown(event.type)}; a page that listens for messages doesn't "
            "hear it."
        )
    try:
        data = json.loads(event.data)
    except ValueError:
        raise NotYet(f"{given} {_no_json(event.data, text)}") from None
    if data == text and isinstance(data, str):
        return
    if isinstance(data, Mapping | list):
        raise NotYet(
            f"{given} the data is {shown(event.data)}, {kind(data)} around the text. The exercise "
            "asks for the text itself."
        )
    if isinstance(data, str) and data == json.dumps(text):
        raise NotYet(f"{given} the data is {shown(event.data)}: it was turned into JSON twice.")
    if isinstance(data, str):
        raise NotYet(f"{given} a page gets {shown(repr(data))}.")
    raise NotYet(f"{given} a page gets {kind(data)}: {shown(event.data)}.")


def _why_none(returned: str) -> str:
    lines = [line for line in returned.splitlines() if line]
    if not any(line.startswith("data:") or line == "data" for line in lines):
        return "No line of it says that it is data, and so no page hears of it."
    if returned.endswith("\\n"):
        return "Each `\\n` at its end is a backslash and a letter, and no line end."
    if sse.parse(returned + "\n") or sse.parse(returned + "\n\n"):
        return "As it ends there, a page still waits for the rest of it."
    return "A page hears nothing of it."


def _no_json(data: str, text: str) -> str:
    if data == text:
        end = " And a lone `\\r` wouldn't arrive as it was." if "\n" in text else ""
        return f"the data is the text as it stands, which is no JSON.{end}"
    if data == repr(text):
        return (
            f"the data is {shown(data)}, which is Python's spelling. A page reads JSON, and this "
            "is none."
        )
    if text.startswith(data) and data != text:
        return f"a page gets {shown(repr(data))}. What became of the rest?"
    return f"the data is {shown(repr(data))}, and a page that reads JSON fails at it."


def _seen(text: str) -> str:
    return shown(repr(text), 90)
