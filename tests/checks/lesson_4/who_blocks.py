"""Right and wrong answers to 4.who_blocks, which asks which snippets block the event loop."""

from tests.checks.answers import right, wrong

# For each snippet, whether a heartbeat on the same event loop continues while the snippet runs.
BEATS = {"A": True, "B": False, "C": True, "D": False, "E": True, "F": False}

right("4.who_blocks")(BEATS)
right("4.who_blocks")(dict(reversed(BEATS.items())))

for name, pause, why in (
    ("A", r"0\.1", "Time passes between its chunks. Can"),
    ("B", r"[1-9]\.\d", "A plain `for` blocks"),
    ("C", r"0\.1", "The reply arrives in one go"),
    ("D", r"[1-9]\.\d", "A task only decides when"),
    ("E", r"0\.1", "`invoke` blocks the thread"),
    ("F", r"[1-9]\.\d", "Chunks arrive while"),
):
    said = rf"^While {name} ran, the heart's longest pause was {pause} s\. .* 0\.2 s\. {why}"
    others = "BCDEF".replace(name, "")  # must not be in the message; "A" may be, as an article
    wrong("4.who_blocks", "wrong", rf"{said}(?!.*\b[{others}]\b)")({**BEATS, name: not BEATS[name]})

for mistake, says, answer in (
    ("no such diagnosis", "^C: .* `True` or `False`, not `'yes'`", {**BEATS, "C": "yes"}),
    ("no such diagnosis", "not `'True'`", {name: str(beats) for name, beats in BEATS.items()}),
    ("no such patient", "no snippet G; there are A, B", {**BEATS, "G": True}),
    ("diagnosis missing", "no answer yet for B, C, D, E and F", {"A": True, "B": ...}),
    ("no dict", "a dict .*, not a `list`", [True, False]),
):
    wrong("4.who_blocks", mistake, says)(answer)
