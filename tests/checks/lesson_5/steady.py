"""Right and wrong answers to 5.steady, which asks for stall timeouts combined with fallbacks.

A source is a function that begins a stream. `watched` adds the timeout to a stream; `committed`
returns whether an item has text or announces a tool call. After such an item, no fallback is tried.
"""

import asyncio
from contextlib import aclosing

from langchain_core.messages import AIMessageChunk  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right, wrong
from tests.checks.lesson_5._parts import collects_pieces, keeps_the_error, raises_an_earlier_error
from utils import lesson_source
from utils.assistant import committed
from utils.stall_timeout import Stalled, watched  # noqa: F401 (used in edits)
from utils.widgets import Status  # noqa: F401 (used in edits)


@right("5.steady", says="around each stream you read closes it")
async def steady(sources, seconds):
    for number, source in enumerate(sources, start=1):
        begun = False
        try:
            async for piece in watched(source(), seconds):
                begun = begun or committed(piece)
                yield piece
            return
        except Exception:
            if begun or number == len(sources):
                raise


edit = edits("5.steady", steady)
COMMITS, LAST = "committed(piece)", "number == len(sources)"
DONE, RAISE = "            return", "                raise"
TEXT = "getattr(piece, 'content', '')"
FIRST = "    {}\n    for".format  # adds a line before the loop
NEXT = "\n                "  # a line break and the indentation of the `yield`
OWN = "raise RuntimeError('No source answered.')"

edit(None, {"    for": FIRST("yield Status('Connecting')")})
edit(None, {"    for": FIRST("yield Status('Thinking')")})
edit(
    None,  # yields an empty first chunk only when the next piece arrives
    {
        "begun = False": "begun, empty = False, []",
        "yield piece": """empty.append(piece)
                if begun or getattr(piece, "content", None) != "":
                    for held in empty:
                        yield held
                    empty = []""",
    },
)
edit(None, {RAISE: f"{RAISE}\n        yield Status('Trying another')"})
edit("calls none", {"source()": "source"})
edit("not in order", {"(sources, start": "(sources[::-1], start"})
edit("calls the next too late", {COMMITS: "False"})
edit("calls the next too late", {f"begun or {COMMITS}": COMMITS}, "called a tool and failed later")
edit("goes on after a cancellation", {"except Exception": "except BaseException"})
edit("calls the next without need", {DONE: f"            if {TEXT}:{NEXT}return"})
edit("waits on", {"watched(source(), seconds)": "source()"}, "What measures the silence")
edit("takes a chunk for text", {COMMITS: "True"}, "Which items are text")
DISTINCT = {"    for": FIRST("sources = list(dict.fromkeys(sources))")}
edit("never calls the next", DISTINCT, "in the list twice")
edit("never calls the next", {"    for": FIRST("sources = sources[:2]")}, "first two sources")
edit(
    "calls one again",
    {"    for": FIRST("sources = [s for s in sources for _ in range(2)]")},
    "^A source that",
)
edit("ends quietly", {LAST: "sources.index(source) == len(sources) - 1"})
PATIENT = {"(), seconds": "(), seconds if number < len(sources) else 1000"}
edit("ends quietly", PATIENT, "the last source was silent")
edit("another limit", {"(), seconds": "(), 2"}, "but `seconds` was 3")
for own in (OWN, "raise Stalled('No source answered.')"):
    RAISE_OWN = {RAISE: f"                if begun:{NEXT}    raise{NEXT}{own}"}
    edit("another error", RAISE_OWN, "when both")
edit("raises", {COMMITS: "piece.content"})
WATCHED = "in the course's `watched`, called from the line `async for piece in watched"
edit("raises", {"source(), seconds": "[source()], seconds"}, WATCHED)
edit("yields something else", {"yield piece": f"yield piece{NEXT}yield AIMessageChunk('!')"})
edit("yields a piece again", {"yield piece": f"yield piece{NEXT}yield piece"})
edit("leaves a piece out", {"yield piece": "if not isinstance(piece, Status): yield piece"})
right("5.steady", "the error is raised.$")(keeps_the_error)


keeps = edits("5.steady", keeps_the_error)
keeps(
    "counts the reader's time",
    {
        "piece = await asyncio.wait_for(anext(stream), seconds)": """
                async with asyncio.timeout(seconds):
                    piece = await anext(stream)
                    yield piece""",
        "yield piece\n        except StopAsync": "pass\n        except StopAsync",
    },
    "Is the `yield` inside your limit",
)
keeps(
    "ends quietly",
    {
        "shown = False": "shown, limit = False, seconds",
        "anext(stream), seconds": "anext(stream), limit",
        "yield piece": """limit = None if getattr(piece, "stage", "") == "Tool call" else seconds
                yield piece""",
    },
    "called a tool and fell silent",
)


@wrong("5.steady", "no long silence")
async def one_limit_for_all(sources, seconds):
    async with asyncio.timeout(seconds):
        async for piece in steady(sources, seconds):
            yield piece


wrong("5.steady", "fails anyway", says="`ConnectionLost` was raised")(raises_an_earlier_error)
wrong("5.steady", "held back")(collects_pieces)

UNFINISHED = """
async def watched(stream, seconds):
    async with asyncio.timeout(seconds):
        return [piece async for piece in stream]
"""


def steady_with_watched(own):
    """Return the course's `steady`, which uses the `watched` defined by the code in `own`."""
    names = {"committed": committed, "asyncio": asyncio, "aclosing": aclosing}
    exec(f"check = print\n{own}\n{lesson_source.solution('5.steady')}", names)
    return names["steady"]


STANDS_IN = "The course's `watched` was used instead of yours"
right("5.steady", says=STANDS_IN)(steady_with_watched(lesson_source.stub("5.watched")))
right("5.steady", says=STANDS_IN)(steady_with_watched(UNFINISHED))
right("5.steady", "the error is raised.$")(steady_with_watched(lesson_source.solution("5.watched")))
