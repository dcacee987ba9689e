"""Right and wrong answers to 5.seam, which asks for two strings joined at their overlap."""

# ruff: noqa: RET503 (learners write code like this)

import re  # noqa: F401 (used in an edit)
from difflib import SequenceMatcher

from tests.checks.answers import edits, right, wrong


@right("5.seam")
def seam(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@right("5.seam")
def from_the_left(partial, more):
    for at in range(len(partial) + 1):
        if more.startswith(partial[at:]):
            return partial + more[len(partial) - at :]


edit = edits("5.seam", seam)
SIZES, FITS = "range(min(len(partial), len(more)), 0, -1)", "partial.endswith(more[:size])"
FIRST = "    {}\n    for size".format  # adds a line before the loop

edit("repeats a part", {SIZES: "range(1, len(more) + 1)"})
edit("repeats the overlap", {SIZES: "range(len(more), 1, -1)"})
edit("repeats the overlap", {SIZES: "range(min(len(partial), len(more), 20), 0, -1)"})
edit("repeats the overlap", {"more[size:]": "more[size - len(more) :]"})
edit("found elsewhere", {FITS: "more[:size] in partial"})
edit("found elsewhere", {"    for size": FIRST("if more in partial: return partial")})
edit("no overlap", {FITS: "partial.lower().endswith(more[:size].lower())"})
edit("loses text", {FITS: "re.search(more[:size] + '$', partial)"})
edit("loses text", {"more[size:]": "more.replace(more[:size], '')"})
FROM_THE_FIRST = {"partial + more[size:]": "partial[: partial.find(more[:size])] + more"}
edit("changes the first string", FROM_THE_FIRST)
STRIPPED = {"    for size": FIRST("partial, more = partial.strip('\\n'), more.strip('\\n')")}
edit("white space", STRIPPED)
edit("raises", {"    for size": FIRST("partial[-1]")})


@wrong("5.seam", "repeats the overlap")
def by_words(partial, more):
    words, others = partial.split(), more.split()
    for size in range(min(len(words), len(others)), 0, -1):
        if words[-size:] == others[:size]:
            return " ".join(words + others[size:])
    return partial + more


@wrong("5.seam", "loses the first string", says=r"`partial\[:-0\]` is empty")
def anywhere(partial, more):
    same = SequenceMatcher(None, partial, more, autojunk=False).find_longest_match()
    return partial[: same.a] + more[same.b :]


@wrong("5.seam", "prints", says="was printed but not returned .* be a `return`")
def prints_the_result(partial, more):
    print(seam(partial, more))
    return partial + more
