"""Right and wrong answers to 3.coalesce, which asks for pieces coalesced over a time interval."""

from contextlib import closing
from time import perf_counter, sleep  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right, wrong


@right("3.coalesce")
def coalesce(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        waiting += piece
        now = clock()
        if waiting and (last is None or now - last >= seconds):
            yield waiting
            waiting, last = "", now
    if waiting:
        yield waiting


edit = edits("3.coalesce", coalesce)
edit(None, {", now\n": ", clock()\n"})
EMPTY = "waiting and ("
REST = "    if waiting:\n        yield waiting\n"
NEVER = "last is None"
# With this change, the intervals are measured from the first piece, not from the last yield.
GRID = {'"", now': '"", now if last is None else last + (now - last) // seconds * seconds'}

edit("strips the text", {"if waiting:": "if waiting.strip():"})
edit("too soon", {f"{NEVER} or": "not last or"})  # a clock may start at 0, which is falsy
edit("too soon", GRID)
edit("loses pieces", {REST: "    if waiting:\n        yield piece\n"})
edit(
    "skips white space", {EMPTY: "waiting.strip() and ("}, "`' '` wasn't yielded .* Which condition"
)
edit("first piece late", {EMPTY: "(", "            yield": "            if waiting: yield"})
edit("changes white space", {"+= piece": "+= piece.strip() and piece"})
LATER = {EMPTY: "(", "now =": "if not waiting and last is None: continue\n        now ="}
edit("empty string", LATER)
edit("longer than the interval", {">=": ">"})
edit("no text", {REST: "    yield from ()\n", "yield waiting": "pass"})
edit("too late", {EMPTY: "(last is None or len(waiting) > 30) and ("})
edit("empty string", {"    if waiting:\n        yield": "    yield"})
edit("too soon", {"= seconds": "= 0.25"}, "less than 0.5 s .* if `seconds` is 0.5")
edit("too late", {"= seconds": "= seconds * 1000"}, "what do you compare")
# With this change, an interval begins when its first piece arrives.
FROM_FIRST = {
    "        waiting +=": "        begin = begin if waiting else clock()\n        waiting +="
}
edit("too late", {**FROM_FIRST, "now - last": "now - begin"}, "Which time do you subtract")
edit("another text", {"+= piece": "+= piece if piece != waiting[-len(piece):] else ''"}, "repeats")
edit("debounces", {'waiting, last = "", now': 'waiting = ""\n        last = now'})
GLOBAL = {'waiting, last = "", None': 'global last\n    waiting = ""'}
edit("keeps state", {**GLOBAL, "def coalesce": "last = None\n\n\ndef coalesce"})
edit("returns a collection", {"yield": "return"}, "returns only once")
edit("waits", {"            yield": "            sleep(seconds)\n            yield"})
edit("another text", {"yield waiting": 'yield f"{waiting}!"'})
edit("never looks at the clock", {"clock()": "perf_counter()"})
edit("collected first", {"in pieces": "in list(pieces)"})


@right("3.coalesce")
def first_by_hand(pieces, seconds=0.05, clock=perf_counter):
    pieces = iter(pieces)
    for first in pieces:
        if first:
            yield first
            break
    last, waiting = clock(), []
    for piece in pieces:
        waiting.append(piece)
        if piece and clock() - last >= seconds:
            yield "".join(waiting)
            last, waiting = clock(), []
    if any(waiting):
        yield "".join(waiting)


@right("3.coalesce")
def closes_its_source(pieces, seconds=0.05, clock=perf_counter):
    with closing(pieces):
        yield from coalesce(pieces, seconds, clock)


@wrong("3.coalesce", "not all waiting text")
def delays_one_piece(pieces, seconds=0.05, clock=perf_counter):
    waiting, last = "", None
    for piece in pieces:
        if last is None:
            yield piece
            last = clock()
            continue
        if clock() - last >= seconds:
            yield waiting
            waiting, last = "", clock()
        waiting += piece
    if waiting:
        yield waiting


wrong("3.coalesce", "never reads the stream")(lambda *args: iter(()))
