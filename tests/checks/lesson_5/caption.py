"""Right and wrong answers to 5.caption, which asks for a caption of a job's progress."""

# ruff: noqa: UP031 (learners write such code)

from math import ceil

from tests.checks.answers import right, wrong


def built(
    *,
    total_of=lambda done, total: total,
    left=lambda done, total, seconds: f"{seconds / done * (total - done):.0f}",
    after=str,
):
    """Return the right answer, or one with some parts replaced."""

    def caption(done, total, seconds):
        total = total_of(done, total)
        if total is None:
            return after(f"{done} so far, {seconds:.0f} s")
        if not done:
            return after(f"0 of {total}")
        return after(f"{done} of {total}, about {left(done, total, seconds)} s left")

    return caption


by_the_pace = built()
right("5.caption")(by_the_pace)
right("5.caption")(built(left=lambda done, total, seconds: round(seconds * total / done - seconds)))
right("5.caption")(built(left=lambda done, total, s: int((total - done) * s / done + 0.5)))


@right("5.caption")
def by_the_error(done, total, seconds):
    try:
        left = (total - done) * seconds / done
    except TypeError:
        return "%d so far, %.0f s" % (done, seconds)
    except ZeroDivisionError:
        return "0 of %d" % total
    return "%d of %d, about %.0f s left" % (done, total, left)


for mistake, how in (
    ("invents a total", {"total_of": lambda done, total: total or 100}),
    ("takes 0 for unknown", {"total_of": lambda done, total: total or None}),
    ("fractions", {"left": lambda done, total, s: s / done * (total - done)}),
    ("rounding", {"left": lambda done, total, s: int(s / done * (total - done))}),
    ("rounding", {"left": lambda done, total, s: ceil(s / done * (total - done))}),
    ("another estimate", {"left": lambda done, total, s: round(s / done) * (total - done)}),
    ("other numbers", {"after": lambda said: said.replace("500", "12")}),
    ("other words", {"after": lambda said: said.replace("about", "some")}),
    ("another form", {"after": lambda said: said.replace(", about 0 s left", "")}),
):
    wrong("5.caption", mistake)(built(**how))


@wrong("5.caption", "estimates at the start")
def estimates_at_the_start(done, total, seconds):
    return by_the_pace(done, total, seconds) + (", about 0 s left" if total and not done else "")


@wrong("5.caption", "shows None")
def nothing_done_first(done, total, seconds):
    return by_the_pace(done, total, seconds) if done else f"0 of {total}"


@wrong("5.caption", "rounding", "Round the result only")
def rounds_too_early(done, total, seconds):
    return by_the_pace(done, total, round(seconds))
