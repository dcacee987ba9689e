"""Right and wrong answers to 1.order, which asks for lines sorted so that they measure TTFT."""

from tests.checks.answers import right, wrong

LINES = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    if ttft is None:",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "        ttft = perf_counter() - start",
    "F": "ttft = None",
    "G": "    if ttft is None and chunk.content:",
}
OTHER_LINES = {
    "A": "first = next(piece for piece in pieces if piece.content)",
    "B": "start = perf_counter()",
    "C": "for piece in pieces: pass",
    "D": "ttft = perf_counter() - start",
    "E": "pieces = model.stream(prompt)",
    "F": "total = perf_counter() - start",
}
WITHOUT_GUARD = {
    "A": "for chunk in model.stream(prompt):",
    "B": "    ttft = perf_counter() - start",
    "C": "total = perf_counter() - start",
    "D": "start = perf_counter()",
    "E": "ttft = perf_counter() - start",
    "F": "stream = model.stream(prompt)",
    "G": "whole = model.invoke(prompt)",
    "H": "    pass",
    "I": "oops =",
}
MEASURED = "0.6 s to the first text"

right("1.order", MEASURED)((LINES, "DFAGEC"))
right("1.order", MEASURED)((LINES, "FDAGEC"))
right("1.order", MEASURED)((LINES, "f, d, a, g, e, c"))
right("1.order", MEASURED)((LINES, ["D", "F", "A", "G", "E", "C"]))
right("1.order", MEASURED)((OTHER_LINES, "BEADCF"))
right("1.order", MEASURED)((OTHER_LINES, "EBADCF"))

wrong("1.order", "first chunk", "is 0.1 s: that is when an empty chunk")((LINES, "DFABEC"))
wrong("1.order", "last chunk", "as long as the whole reply")((WITHOUT_GUARD, "DABC"))
wrong("1.order", "ttft", "`ttft` is 0.0 s")((WITHOUT_GUARD, "DEAHC"))
wrong("1.order", "total", "`total` is 0.0 s")((WITHOUT_GUARD, "DFECAH"))
wrong("1.order", "doesn't read the reply", "only 0 of 26 pieces")((WITHOUT_GUARD, "DFEC"))
wrong("1.order", "no figure", "to `total`")((LINES, "DFAGE"))
wrong("1.order", "empty block", "Line G opens a block")((LINES, "DFAGCE"))
wrong("1.order", "raises", "NameError: .*start.* at the line `ttft =")((LINES, "FAGEDC"))
wrong("1.order", "indented without a block", "Line E is indented")((LINES, "EDFAGC"))
wrong("1.order", "syntax", "can't parse line I")((WITHOUT_GUARD, "DI"))
wrong("1.order", "no such line", "no line X")((LINES, "DFAGECX"))
wrong("1.order", "repeats a line", "Line D appears twice")((LINES, "DDFAGEC"))
wrong("1.order", "empty")((LINES, ""))
wrong("1.order", "no string", 'a string such as "CAB", not an `int`')((LINES, 7))
wrong("1.order", "no lines", r"`check\(\"1.3\", \(lines, order\)\)`")("DFAGEC")
wrong("1.order", "no string", "not a `list`")((LINES, [LINES[letter] for letter in "DFAGEC"]))
