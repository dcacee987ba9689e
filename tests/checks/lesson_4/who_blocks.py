"""Exercise 4.2: which of six snippets block the event loop."""

from tests.checks.answers import right, wrong

BEATS = {"A": True, "B": False, "C": True, "D": False, "E": True, "F": False}
RUN = (
    r"^{name} was run beside a heart: its longest pause was {pause} s\. .* more than 0\.2 s\. {why}"
)

right("4.who_blocks")(BEATS)
right("4.who_blocks")(dict(reversed(BEATS.items())))

for name, pause, why in (
    ("A", r"0\.1", "Time passes between its chunks. Who has"),
    ("B", r"[1-9]\.\d", "A plain `for` stays"),
    ("C", r"0\.1", "The reply comes in one go"),
    ("D", r"[1-9]\.\d", "A task only decides when"),
    ("E", r"0\.1", "`invoke` blocks whatever"),
    ("F", r"[1-9]\.\d", "Chunks arrive while"),
):
    said = RUN.format(name=name, pause=pause, why=why)
    others = "".join(set("BCDEF") - {name})  # a message gives none of the others away
    wrong("4.who_blocks", f"wrong about {name}", rf"{said}(?!.*\b[{others}]\b)")(
        {**BEATS, name: not BEATS[name]}
    )

wrong("4.who_blocks", "wrong about A")({name: not beats for name, beats in BEATS.items()})
wrong("4.who_blocks", "not a bool", "^C: .* `True` or `False`, not `'yes'`")({**BEATS, "C": "yes"})
wrong("4.who_blocks", "no such snippet", "no snippet G; the snippets are A to F")(
    {**BEATS, "G": True}
)
wrong("4.who_blocks", "answer missing", "no answer yet for B, C, D, E and F")({"A": True, "B": ...})
wrong("4.who_blocks", "no dict", "a dict .*, not a `list`")([True, False])
