"""Exercise 5.6: two strings joined at their overlap."""

# ruff: noqa: RET503 (learners write such code)

import re
from difflib import SequenceMatcher

from tests.checks.answers import right, wrong


@right("5.seam")
def longest_first(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@right("5.seam")
def from_the_left(partial, more):
    for at in range(len(partial) + 1):
        if more.startswith(partial[at:]):
            return partial + more[len(partial) - at :]
    raise AssertionError


@right("5.seam")
def largest_of_all(partial, more):
    sizes = [size for size in range(len(more) + 1) if partial.endswith(more[:size])]
    return partial + more[max(sizes) :]


@right("5.seam")
def first_shorter(partial, more):
    rest = partial[-len(more) :] if more else ""
    while not more.startswith(rest):
        rest = rest[1:]
    return partial + more.removeprefix(rest)


@wrong("5.seam", "repeats the overlap")
def adds(partial, more):
    return partial + more


@wrong("5.seam", "repeats a part")
def shortest_first(partial, more):
    for size in range(1, min(len(partial), len(more)) + 1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "repeats the overlap")
def replaces(partial, more):
    return partial + more.replace(partial, "")


@wrong("5.seam", "loses more than the overlap")
def strips_letters(partial, more):
    return partial + more.lstrip(partial)


@wrong("5.seam", "repeats the overlap")
def removes_a_whole(partial, more):
    return partial + more.removeprefix(partial)


@wrong("5.seam", "repeats the overlap")
def by_words(partial, more):
    words, others = partial.split(), more.split()
    for size in range(min(len(words), len(others)), 0, -1):
        if words[-size:] == others[:size]:
            return " ".join(words + others[size:])
    return partial + more


@wrong("5.seam", "white space")
def strips_spaces(partial, more):
    return longest_first(partial.strip(), more.strip())


@wrong("5.seam", "repeats a character")
def from_two_letters(partial, more):
    for size in range(min(len(partial), len(more)), 1, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "loses the first string")
def anywhere(partial, more):
    same = SequenceMatcher(None, partial, more, autojunk=False).find_longest_match()
    return partial[: same.a] + more[same.b :]


@wrong("5.seam", "repeats all of the first")
def misses_the_whole(partial, more):
    for size in range(min(len(partial), len(more)) - 1, 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "loses text without an overlap")
def drops_two_letters(partial, more):
    return partial + more[2:]


@wrong("5.seam", "loses more than the overlap")
def drops_one_more(partial, more):
    joined = longest_first(partial, more)
    return joined if joined == partial + more else partial + joined[len(partial) + 2 :]


@wrong("5.seam", "loses the first string")
def cuts_off_at_minus_0(partial, more):
    size = max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))
    return partial[:-size] + more


@wrong("5.seam", "repeats all of the second")
def counts_the_rest_from_the_end(partial, more):
    size = max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))
    return partial + more[size - len(more) :]


@wrong("5.seam", "returns the wrong type")
def gives_a_pair(partial, more):
    return partial, more


@wrong("5.seam", "async def")
async def async_seam(partial, more):
    return longest_first(partial, more)


@wrong("5.seam", "raises")
def trips_over_empty(partial, more):
    assert partial[-1]
    return longest_first(partial, more)


@wrong("5.seam", "loses more than the overlap")
def replaces_everywhere(partial, more):
    for length in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:length]):
            return partial + more.replace(more[:length], "")
    return partial + more


@wrong("5.seam", "loses text without an overlap")
def minds_no_capitals(partial, more):
    for length in range(min(len(partial), len(more)), 0, -1):
        if partial.lower().endswith(more[:length].lower()):
            return partial + more[length:]
    return partial + more


@right("5.seam")
def a_generator_of_sizes(partial: str, more: str) -> str:
    sizes = range(len(more), -1, -1)
    size = next(n for n in sizes if partial[len(partial) - n :] == more[:n] and n <= len(partial))
    return f"{partial}{more[size:]}"


@right("5.seam")
def while_it_fits(partial, more=""):
    size = min(len(partial), len(more))
    while size and partial[-size:] != more[:size]:
        size -= 1
    return partial + more[size:]


@right("5.seam")
def by_recursion(partial, more):
    def overlap(end):
        return end if more.startswith(end) else overlap(end[1:])

    return partial + more[len(overlap(partial)) :]


@right("5.seam")
def by_borders(first, second):
    joined = second + "\0" + first
    border = [0] * len(joined)
    for at in range(1, len(joined)):
        length = border[at - 1]
        while length and joined[at] != joined[length]:
            length = border[length - 1]
        border[at] = length + (joined[at] == joined[length])
    return first + second[border[-1] :]


class Joiner:
    def __call__(self, partial, more):
        ends = (partial[at:] for at in range(len(partial)))
        return partial + more.removeprefix(next(filter(more.startswith, ends), ""))


right("5.seam")(Joiner())


@right("5.seam")
def by_a_pattern(partial, more):
    pairs = re.fullmatch(r"(?s).*?(?P<same>.*)\0(?P=same)(?P<rest>.*)", f"{partial}\0{more}")
    return partial + pairs["rest"]


@wrong("5.seam", "found elsewhere", "is missing from `more`. It occurs in `partial`")
def anywhere_in_the_first(partial, more):
    for size in range(len(more), 0, -1):
        if more[:size] in partial:
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "found elsewhere")
def skips_what_is_known(partial, more):
    return partial if more in partial else longest_first(partial, more)


@wrong("5.seam", "changes the first string")
def cuts_at_the_first_place(partial, more):
    size = max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))
    return partial[: partial.find(more[:size])] + more if size else partial + more


@wrong("5.seam", "repeats a part")
def trims_by_the_shortest(partial, more):
    size = next((n for n in range(1, len(more) + 1) if partial.endswith(more[:n])), 0)
    return partial + more[size:]


@wrong("5.seam", "loses more than the overlap")
def by_an_unescaped_pattern(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if re.search(more[:size] + "$", partial):
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "repeats the overlap")
def at_most_twenty(partial, more):
    for size in range(min(len(partial), len(more), 20), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


@wrong("5.seam", "returns nothing", "Is a `return` missing")
def forgets_the_rest(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]


@wrong("5.seam", "yields")
def yields_both(partial, more):
    yield longest_first(partial, more)


@wrong("5.seam", "repeats the overlap")
def the_first_alone(partial, more):
    return partial if partial and more and partial.endswith(more[0]) else partial + more
