"""Right and wrong answers to 5.caption, which asks for a caption that shows a job's progress."""

from math import ceil  # noqa: F401 (used in an edit)

from tests.checks.answers import edits, right


@right("5.caption")
def caption(done, total, seconds):
    if total is None:
        return f"{done} so far, {seconds:.0f} s"
    if not done:
        return f"0 of {total}"
    left = seconds / done * (total - done)
    return f"{done} of {total}, about {left:.0f} s left"


edit = edits("5.caption", caption)
UNKNOWN = "    if total is None"

edit(None, {"left:.0f": "round(seconds * total / done - seconds)"})
edit(None, {"left:.0f": "int(left + 0.5)"})
edit("invents a total", {UNKNOWN: f"    total = total or 100\n{UNKNOWN}"})
edit("takes 0 for unknown", {UNKNOWN: "    if not total"})
edit("fractions", {"left:.0f": "left"})
edit("rounding", {"left:.0f": "int(left)"})
edit("rounding", {"left:.0f": "ceil(left)"})
edit("another estimate", {"seconds / done": "round(seconds / done)"})
edit("other numbers", {"{done} so far": "{done % 100} so far"})
edit("other words", {"about": "some"})
edit("another form", {"    left =": "    if done == total:\n        return '40 of 40'\n    left ="})
edit("estimates at the start", {"0 of {total}": "0 of {total}, about 0 s left"})
edit("shows None", {UNKNOWN: f"    if not done:\n        return f'0 of {{total}}'\n{UNKNOWN}"})
edit("rounding", {"seconds / done": "round(seconds) / done"}, "Round the result only")
