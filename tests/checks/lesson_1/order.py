"""Right and wrong answers to 1.order, which asks learners to order the lines that measure TTFT."""

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
MEASURED = "0.6 s to the first text"  # part of the message for a correct order

right("1.order", says=MEASURED)((LINES, "DFAGEC"))
right("1.order", says=MEASURED)((LINES, "FDAGEC"))
right("1.order", says=MEASURED)((LINES, "f, d, a, g, e, c"))
right("1.order", says=MEASURED)((LINES, ["D", "F", "A", "G", "E", "C"]))

for mistake, says, order in (
    ("first chunk", "is 0.1 s: that is when an empty chunk", "DFABEC"),
    ("last chunk", "as long as the whole reply", "DFAEC"),
    ("total", "`total` is 0.0 s", "DFCAGE"),
    ("no figure", "to `total`", "DFAGE"),
    ("empty block", "Line G opens a block", "DFAGCE"),
    ("raises", "NameError: .*start.* at the line `ttft =", "FAGEDC"),
    ("indented without a block", "Line E is indented", "EDFAGC"),
    ("syntax", "can't parse line G", "DFAEGC"),
    ("no such line", "no line X", "DFAGECX"),
    ("repeats a line", "Line D appears twice", "DDFAGEC"),
    ("all lines", "all 7 lines", "FDAGBEC"),
    ("empty", "", ""),
    ("no string", 'a string such as "CAB", not an `int`', 7),
    ("no string", "not a `list`", [LINES[letter] for letter in "DFAGEC"]),
):
    wrong("1.order", mistake, says)((LINES, order))

wrong("1.order", "ttft", says="`ttft` is 0.0 s")(
    ({**LINES, "B": "    pass", "E": "ttft = perf_counter() - start"}, "DFEABC")
)
wrong("1.order", "no lines", says=r"`check\(\"1.3\", \(lines, order\)\)`")("DFAGEC")
