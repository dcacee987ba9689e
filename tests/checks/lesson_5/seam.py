"""Right and wrong answers to 5.seam, which asks for two strings joined at their overlap."""

# ruff: noqa: RET503 (learners write such code)

import re
from difflib import SequenceMatcher

from tests.checks.answers import right, wrong


def longest(partial, more):
    """Return the length of the overlap."""
    return max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))


def first_fit(
    *,
    sizes=lambda partial, more: range(min(len(partial), len(more)), 0, -1),
    fits=str.endswith,
    joined=lambda partial, more, size: partial + more[size:],
):
    """Return the right answer, or one with some parts replaced."""

    def seam(partial, more):
        for size in sizes(partial, more):
            if fits(partial, more[:size]):
                return joined(partial, more, size)
        return partial + more

    return seam


longest_first = first_fit()
right("5.seam")(longest_first)


@right("5.seam")
def from_the_left(partial, more):
    for at in range(len(partial) + 1):
        if more.startswith(partial[at:]):
            return partial + more[len(partial) - at :]


@right("5.seam")
def by_a_pattern(partial, more):
    pairs = re.fullmatch(r"(?s).*?(?P<same>.*)\0(?P=same)(?P<rest>.*)", f"{partial}\0{more}")
    return partial + pairs["rest"]


for mistake, how in (
    ("repeats a part", {"sizes": lambda partial, more: range(1, len(more) + 1)}),
    ("repeats the overlap", {"sizes": lambda partial, more: range(len(more), 1, -1)}),
    ("repeats the overlap", {"sizes": lambda p, m: range(min(len(p), len(m), 20), 0, -1)}),
    ("found elsewhere", {"fits": lambda partial, start: start in partial}),
    ("no overlap", {"fits": lambda p, start: p.lower().endswith(start.lower())}),
    ("loses text", {"fits": lambda p, start: re.search(start + "$", p)}),
    ("loses text", {"joined": lambda p, m, size: p + m.replace(m[:size], "")}),
    ("changes the first string", {"joined": lambda p, m, size: p[: p.find(m[:size])] + m}),
):
    wrong("5.seam", mistake)(first_fit(**how))

for mistake, seam in (
    ("repeats the overlap", lambda partial, more: partial + more),
    ("white space", lambda p, m: longest_first(p.strip("\n"), m.strip("\n"))),
    ("found elsewhere", lambda p, m: p if m in p else longest_first(p, m)),
    ("repeats the overlap", lambda p, m: p + m[longest(p, m) - len(m) :]),
    ("raises", lambda p, m: longest_first(p, m) if p[-1] else m),
):
    wrong("5.seam", mistake)(seam)


@wrong("5.seam", "repeats the overlap")
def by_words(partial, more):
    words, others = partial.split(), more.split()
    for size in range(min(len(words), len(others)), 0, -1):
        if words[-size:] == others[:size]:
            return " ".join(words + others[size:])
    return partial + more


@wrong("5.seam", "loses the first string", r"`partial\[:-0\]` is empty")
def anywhere(partial, more):
    same = SequenceMatcher(None, partial, more, autojunk=False).find_longest_match()
    return partial[: same.a] + more[same.b :]


@wrong("5.seam", "prints", "was printed but not returned .* be a `return`")
def prints_the_result(partial, more):
    print(longest_first(partial, more))
    return partial + more
