"""Lesson 5's checks that read no stream, and what every check says of any answer at all."""

# ruff: noqa: ASYNC110, UP031 (learners write such code)

import asyncio
from difflib import SequenceMatcher
from math import ceil

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import clinic, evaluate
from utils.checks.old_lesson_5 import CHECKS

# --- 5.2 ------------------------------------------------------------------------------------------


def by_the_pace(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds:.0f} s"
    if not done:
        return f"0 of {total}"
    left = seconds / done * (total - done)
    return f"{done} of {total}, about {left:.0f} s left"


def by_the_share(done, total, seconds):
    if total is None:
        return f"{done} so far, {round(seconds)} s"
    if done == 0:
        return f"{done} of {total}"
    return f"{done} of {total}, about {round(seconds * total / done - seconds)} s left"


def by_the_error(done, total, seconds):
    try:
        left = (total - done) * seconds / done
    except TypeError:
        return "%d so far, %.0f s" % (done, seconds)
    except ZeroDivisionError:
        return "0 of %d" % total
    return "%d of %d, about %.0f s left" % (done, total, left)


@pytest.mark.parametrize("caption", by_name(by_the_pace, by_the_share, by_the_error))
def test_5_2_accepts(caption):
    right("5.2", caption)


def always_percent(done, total, seconds):
    total = total or 100
    left = seconds / done * (total - done)
    return f"{100 * done / total:.0f} %, about {left:.0f} s left"


def promises(done, total, seconds):
    if total is None:
        return f"{done} of 100, about {seconds:.0f} s left"
    return by_the_pace(done, total, seconds)


def divides_by_nothing(done, total, seconds):
    if total is None:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


def promises_at_once(done, total, seconds):
    return by_the_pace(done, total, seconds) + (", about 0 s left" if total and not done else "")


def knows_every_total(done, total, seconds):
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


def the_whole_job(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * total:.0f} s left"


def what_has_gone(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds:.0f} s left"


def how_many_are_left(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {total - done} s left"


def upside_down(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {done / seconds * (total - done):.0f} s left"


def zero_is_unknown(done, total, seconds):
    return by_the_pace(done, total or None, seconds)


def with_decimals(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done)} s left"


def nothing_done_first(done, total, seconds):
    return f"0 of {total}" if not done else by_the_pace(done, total, seconds)


def cuts_off(done, total, seconds):
    return by_the_pace(done, total, int(seconds))


def cuts_off_what_is_left(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {int(seconds / done * (total - done) - 0.5)} s left"


def rounds_up(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {ceil(seconds / done * (total - done))} s left"


def in_other_words(done, total, seconds):
    return by_the_pace(done, total, seconds).replace("about", "some")


def prints_it(done, total, seconds):
    print(by_the_pace(done, total, seconds))


def exact_seconds(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds} s"
    return by_the_pace(done, total, seconds)


def says_little(done, total, seconds):
    return "Wait." if total is None else by_the_pace(done, total, seconds)


async def async_caption(done, total, seconds):
    return by_the_pace(done, total, seconds)


WRONG_5_2 = (
    (always_percent, "The exercise's three forms count; none of them has a percentage"),
    (promises, "Nobody knows how much there is to come"),
    (divides_by_nothing, "ZeroDivisionError: .*when nothing is done yet"),
    (promises_at_once, "nothing can be said about what is left"),
    (knows_every_total, "TypeError: .*when nobody knows the total"),
    (the_whole_job, "16 s is what the whole job takes, and 4 s of it have gone by"),
    (what_has_gone, "4 s is what has gone by"),
    (how_many_are_left, "30 is how many are left"),
    (upside_down, "How long do the 30 that are left"),
    (zero_is_unknown, "A total of 0 is a known one"),
    (
        exact_seconds,
        r"`caption\(12, None, 4\.0\)` gave `12 so far, 4\.0 s`\. .*asks for whole seconds",
    ),
    (with_decimals, "exercise asks for whole seconds"),
    (nothing_done_first, "gave `0 of None`. `None` is no number"),
    (cuts_off, "`500 so far, 61 s`. That is one off: are the seconds cut off"),
    (cuts_off_what_is_left, "That is one off: are the seconds cut off"),
    (rounds_up, "`3 of 10, about 17 s left`. That is one off: are the seconds rounded up"),
    (in_other_words, "The numbers are right, and the exercise words it differently"),
    (prints_it, "returns `None`. The caption is to be returned"),
    (says_little, "Which of the exercise's three forms fits"),
    (async_caption, "is an `async def`"),
)


@pytest.mark.parametrize(("caption", "said"), with_reason(*WRONG_5_2))
def test_5_2_says_what_is_wrong_with_code_that(caption, said):
    wrong("5.2", caption, said)


# --- 5.6 ------------------------------------------------------------------------------------------


def longest_first(partial, more):
    for size in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def from_the_left(partial, more):
    for at in range(len(partial) + 1):
        if more.startswith(partial[at:]):
            return partial + more[len(partial) - at :]
    raise AssertionError


def largest_of_all(partial, more):
    sizes = [size for size in range(len(more) + 1) if partial.endswith(more[:size])]
    return partial + more[max(sizes) :]


def first_shorter(partial, more):
    rest = partial[-len(more) :] if more else ""
    while not more.startswith(rest):
        rest = rest[1:]
    return partial + more.removeprefix(rest)


@pytest.mark.parametrize(
    "seam", by_name(longest_first, from_the_left, largest_of_all, first_shorter)
)
def test_5_6_accepts(seam):
    right("5.6", seam)


def adds(partial, more):
    return partial + more


def shortest_first(partial, more):
    for size in range(1, min(len(partial), len(more)) + 1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def replaces(partial, more):
    return partial + more.replace(partial, "")


def strips_letters(partial, more):
    return partial + more.lstrip(partial)


def removes_a_whole(partial, more):
    return partial + more.removeprefix(partial)


def by_words(partial, more):
    words, others = partial.split(), more.split()
    for size in range(min(len(words), len(others)), 0, -1):
        if words[-size:] == others[:size]:
            return " ".join(words + others[size:])
    return partial + more


def strips_spaces(partial, more):
    return longest_first(partial.strip(), more.strip())


def from_two_letters(partial, more):
    for size in range(min(len(partial), len(more)), 1, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def anywhere(partial, more):
    same = SequenceMatcher(None, partial, more, autojunk=False).find_longest_match()
    return partial[: same.a] + more[same.b :]


def misses_the_whole(partial, more):
    for size in range(min(len(partial), len(more)) - 1, 0, -1):
        if partial.endswith(more[:size]):
            return partial + more[size:]
    return partial + more


def drops_two_letters(partial, more):
    return partial + more[2:]


def drops_one_more(partial, more):
    joined = longest_first(partial, more)
    return joined if joined == partial + more else partial + joined[len(partial) + 2 :]


def cuts_off_at_minus_0(partial, more):
    size = max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))
    return partial[:-size] + more


def counts_the_rest_from_the_end(partial, more):
    size = max(size for size in range(len(more) + 1) if partial.endswith(more[:size]))
    return partial + more[size - len(more) :]


def gives_a_pair(partial, more):
    return partial, more


async def async_seam(partial, more):
    return longest_first(partial, more)


def trips_over_empty(partial, more):
    assert partial[-1]
    return longest_first(partial, more)


def replaces_everywhere(partial, more):
    for length in range(min(len(partial), len(more)), 0, -1):
        if partial.endswith(more[:length]):
            return partial + more.replace(more[:length], "")
    return partial + more


def minds_no_capitals(partial, more):
    for length in range(min(len(partial), len(more)), 0, -1):
        if partial.lower().endswith(more[:length].lower()):
            return partial + more[length:]
    return partial + more


WRONG_5_6 = (
    (replaces_everywhere, "More of the second text is gone than it repeats"),
    (minds_no_capitals, "doesn't begin as the first one ends, and still lost something"),
    (adds, "`'stops at'` stands there twice"),
    (shortest_first, "Some of what is repeated still stands there twice"),
    (replaces, "`'stops at'` stands there twice"),
    (strips_letters, "Spaces and line ends belong"),
    (removes_a_whole, "`'stops at'` stands there twice"),
    (by_words, "`'sto'` stands there twice"),
    (strips_spaces, "Spaces and line ends belong"),
    (from_two_letters, "A single letter that is repeated counts too"),
    (anywhere, "first text should stand there unchanged"),
    (misses_the_whole, "stands there twice"),
    (drops_two_letters, "doesn't begin as the first one ends, and still lost something"),
    (drops_one_more, "More of the second text is gone than it repeats"),
    (cuts_off_at_minus_0, "The first text is gone. .* `text.:-0.` is no text at all"),
    (
        counts_the_rest_from_the_end,
        "`'The fox'|`'stops.'` is the whole of the second text, and stands there twice. .*-0:.` is",
    ),
    (gives_a_pair, "returns a `tuple`; the exercise asks for a text"),
    (async_seam, "is an `async def`"),
    (trips_over_empty, "IndexError: .*for `seam"),
)


@pytest.mark.parametrize(("seam", "said"), with_reason(*WRONG_5_6))
def test_5_6_says_what_is_wrong_with_code_that(seam, said):
    wrong("5.6", seam, said)


# --- 5.7 ------------------------------------------------------------------------------------------


TRUTH = {"A": "doubled", "B": "cut off", "C": "healthy", "D": "lost"}


@pytest.fixture
def lesson(monkeypatch):
    """The lesson's own solution, which may still be in the making."""
    monkeypatch.setattr(clinic.source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


def test_5_7_accepts_the_diagnosis(lesson):
    right("5.7", TRUTH)
    right("5.7", {name: said.upper() for name, said in TRUTH.items()})


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("A", "healthy", "A isn't healthy. How often does its first sentence"),
        ("A", "lost", "A isn't where text was lost on the way. Compare the length"),
        ("A", "cut off", "A wasn't cut off. .*somebody did say"),
        ("B", "healthy", "B isn't healthy. Look at its finish reason"),
        ("B", "doubled", "B shows nothing twice. How many requests"),
        ("B", "lost", "B isn't where text was lost on the way. Did it ask again"),
        ("C", "doubled", "C shows nothing twice. Two requests are not yet two texts"),
        ("C", "lost", "C isn't where text was lost on the way. Compare the length"),
        ("C", "cut off", "C wasn't cut off. .*somebody did say"),
        ("D", "healthy", "D isn't healthy. Compare the length"),
        ("D", "doubled", "D shows nothing twice. .*Compare the length"),
        ("D", "cut off", "D wasn't cut off. .*what is missing isn't the end"),
        ("D", "tired", "isn't one of the four: `'healthy'`, `'doubled'`, `'lost'`, `'cut off'`"),
        ("D", ..., "No diagnosis yet for D"),
    ],
)
def test_5_7_points_at_the_evidence(lesson, name, given, said):
    wrong("5.7", TRUTH | {name: given}, said)


def test_5_7_wants_a_dict(lesson):
    wrong("5.7", list(TRUTH.values()), "is a dict with `'A'`, `'B'`, `'C'`, `'D'` as keys")


# --- Any answer at all ----------------------------------------------------------------------------


FUNCTIONS = [number for number in CHECKS if number != "5.7"]


async def never_ends(*args):
    while True:
        yield "on and on "


async def spins(*args):
    while True:
        await asyncio.sleep(0)
    yield ""


async def takes_nothing():
    yield ""


async def gives_up(*args):
    raise SystemExit("enough")
    yield ""


async def gives_up_at_once(*args):
    raise SystemExit("enough")


@pytest.mark.parametrize("number", FUNCTIONS)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        3,
        [],
        {"A": 1},
        object(),
        Exception,
        print,
        never_ends,
        spins,
        takes_nothing,
        gives_up,
        gives_up_at_once,
    ],
    ids=lambda answer: getattr(answer, "__name__", type(answer).__name__),
)
def test_whatever_is_handed_in_gets_a_sentence(number, answer):
    outcome = evaluate(number, answer)
    assert outcome.status == "not yet"
    assert len(outcome.message.split()) > 4


@pytest.mark.parametrize("number", CHECKS)
def test_what_nobody_touched_is_not_attempted(number):
    assert evaluate(number, ...).status == "not attempted"
