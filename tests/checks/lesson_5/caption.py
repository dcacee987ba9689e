"""Exercise 5.2: captions that say how far a job is."""

# ruff: noqa: UP031 (learners write such code)

from math import ceil

from tests.checks.answers import right, wrong


@right("5.caption")
def by_the_pace(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds:.0f} s"
    if not done:
        return f"0 of {total}"
    left = seconds / done * (total - done)
    return f"{done} of {total}, about {left:.0f} s left"


@right("5.caption")
def by_the_share(done, total, seconds):
    if total is None:
        return f"{done} so far, {round(seconds)} s"
    if done == 0:
        return f"{done} of {total}"
    return f"{done} of {total}, about {round(seconds * total / done - seconds)} s left"


@right("5.caption")
def by_the_error(done, total, seconds):
    try:
        left = (total - done) * seconds / done
    except TypeError:
        return "%d so far, %.0f s" % (done, seconds)
    except ZeroDivisionError:
        return "0 of %d" % total
    return "%d of %d, about %.0f s left" % (done, total, left)


@wrong("5.caption", "percentage")
def always_percent(done, total, seconds):
    total = total or 100
    left = seconds / done * (total - done)
    return f"{100 * done / total:.0f} %, about {left:.0f} s left"


@wrong("5.caption", "invents a total")
def promises(done, total, seconds):
    if total is None:
        return f"{done} of 100, about {seconds:.0f} s left"
    return by_the_pace(done, total, seconds)


@wrong("5.caption", "raises")
def divides_by_nothing(done, total, seconds):
    if total is None:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


@wrong("5.caption", "estimates at the start")
def promises_at_once(done, total, seconds):
    return by_the_pace(done, total, seconds) + (", about 0 s left" if total and not done else "")


@wrong("5.caption", "raises")
def knows_every_total(done, total, seconds):
    return f"{done} of {total}, about {seconds / done * (total - done):.0f} s left"


@wrong("5.caption", "whole job")
def the_whole_job(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * total:.0f} s left"


@wrong("5.caption", "time gone by")
def what_has_gone(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds:.0f} s left"


@wrong("5.caption", "items left")
def how_many_are_left(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {total - done} s left"


@wrong("5.caption", "another estimate")
def upside_down(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {done / seconds * (total - done):.0f} s left"


@wrong("5.caption", "takes 0 for unknown")
def zero_is_unknown(done, total, seconds):
    return by_the_pace(done, total or None, seconds)


@wrong("5.caption", "fractions")
def with_decimals(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds / done * (total - done)} s left"


@wrong("5.caption", "shows None")
def nothing_done_first(done, total, seconds):
    return f"0 of {total}" if not done else by_the_pace(done, total, seconds)


@wrong("5.caption", "one too few")
def cuts_off(done, total, seconds):
    return by_the_pace(done, total, int(seconds))


@wrong("5.caption", "one too few")
def cuts_off_what_is_left(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {int(seconds / done * (total - done) - 0.5)} s left"


@wrong("5.caption", "one too many")
def rounds_up(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {ceil(seconds / done * (total - done))} s left"


@wrong("5.caption", "other words")
def in_other_words(done, total, seconds):
    return by_the_pace(done, total, seconds).replace("about", "some")


@wrong("5.caption", "returns nothing")
def prints_it(done, total, seconds):
    print(by_the_pace(done, total, seconds))


@wrong("5.caption", "fractions")
def exact_seconds(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds} s"
    return by_the_pace(done, total, seconds)


@wrong("5.caption", "another form")
def says_little(done, total, seconds):
    return "Wait." if total is None else by_the_pace(done, total, seconds)


@wrong("5.caption", "async def")
async def async_caption(done, total, seconds):
    return by_the_pace(done, total, seconds)


@right("5.caption")
def by_cases(done, total, seconds):
    match (done, total):
        case (_, None):
            return f"{done:d} so far, {round(seconds)} s"
        case (0, _):
            return f"{done} of {total}"
        case _:
            return f"{done} of {total}, about {int((total - done) * seconds / done + 0.5)} s left"


class Caption:
    def __call__(self, done, total=None, seconds=0.0):
        return by_the_share(done, total, seconds)


right("5.caption")(Caption())


@right("5.caption")
def in_parts(done: int, total: int | None, seconds: float) -> str:
    parts = [f"{done} so far" if total is None else f"{done} of {total}"]
    if total is None:
        parts.append(f"{seconds:.0f} s")
    elif done:
        parts.append(f"about {seconds / (done / total) * (1 - done / total):.0f} s left")
    return ", ".join(parts)


@wrong("5.caption", "one too few", "cut off instead of rounded")
def floors(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {int(seconds / done * (total - done))} s left"


@wrong("5.caption", "one too many", "rounded before they are multiplied")
def rounds_too_early(done, total, seconds):
    return by_the_pace(done, total, round(seconds))


@wrong("5.caption", "rounded pace")
def rounds_the_pace(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {round(seconds / done) * (total - done)} s left"


@wrong("5.caption", "rounded pace")
def divides_whole_numbers(done, total, seconds):
    if total is None or not done:
        return by_the_pace(done, total, seconds)
    return f"{done} of {total}, about {seconds // done * (total - done):.0f} s left"


@wrong("5.caption", "no estimate at the end")
def nothing_left_to_say(done, total, seconds):
    return f"{done} of {total}" if done == total else by_the_pace(done, total, seconds)


@wrong("5.caption", "unknown at the start")
def no_total_at_the_start(done, total, seconds):
    return by_the_pace(done, total if done else None, seconds)


@wrong("5.caption", "spacing")
def without_a_space(done, total, seconds):
    return by_the_pace(done, total, seconds).replace(" s", "s")


@wrong("5.caption", "spacing")
def with_a_line_end(done, total, seconds):
    return by_the_pace(done, total, seconds) + "\n"


@wrong("5.caption", "other words")
def with_a_full_stop(done, total, seconds):
    return by_the_pace(done, total, seconds) + "."


@wrong("5.caption", "returns the wrong type")
def returns_the_parts(done, total, seconds):
    return done, total, seconds


@wrong("5.caption", "yields")
def yields_it(done, total, seconds):
    yield by_the_pace(done, total, seconds)


wrong("5.caption", "not a function")("12 so far, 4 s")
