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


edit = edits("5.caption", caption)  # edit(mistake or None, {old: new}, regex)
UNKNOWN = "    if total is None"

for mistake, changes in (
    (None, {"left:.0f": "round(seconds * total / done - seconds)"}),
    (None, {"left:.0f": "int(left + 0.5)"}),
    ("invents a total", {UNKNOWN: f"    total = total or 100\n{UNKNOWN}"}),
    ("takes 0 for unknown", {UNKNOWN: "    if not total"}),
    ("fractions", {"left:.0f": "left"}),
    ("rounding", {"left:.0f": "int(left)"}),
    ("rounding", {"left:.0f": "ceil(left)"}),
    ("another estimate", {"seconds / done": "round(seconds / done)"}),
    ("other numbers", {"{done} so far": "{done % 100} so far"}),
    ("other words", {"about": "some"}),
    (
        "another form",
        {"    left =": "    if done == total:\n        return '40 of 40'\n    left ="},
    ),
    ("estimates at the start", {"0 of {total}": "0 of {total}, about 0 s left"}),
    ("shows None", {UNKNOWN: f"    if not done:\n        return f'0 of {{total}}'\n{UNKNOWN}"}),
):
    edit(mistake, changes)
edit("rounding", {"seconds / done": "round(seconds) / done"}, "Round the result only")
