"""Right and wrong answers to 2.starts, which asks for two handlers' counts of model starts."""

from collections import Counter, defaultdict

from tests.checks.answers import right, wrong

# For each case, the name of each handler, followed by the number of starts that it counts.
STARTS = {1: ("A", 1, "B", 1), 2: ("A", 1, "B", 0), 3: ("A", 1, "B", 1), 4: ("A", 0, "B", 0)}

for answer in (
    STARTS,
    dict(reversed(STARTS.items())),
    {case: list(row) for case, row in STARTS.items()},
    {case: (row[1], row[3]) for case, row in STARTS.items()},
    {case: {"A": row[1], "B": row[3]} for case, row in STARTS.items()},
    {case: Counter(A=row[1]) + Counter(B=row[3]) for case, row in STARTS.items()},
    {**STARTS, 2: defaultdict(int, A=1)},
):
    right("2.starts")(answer)

for mistake, change, says in (
    ("one place for another", {1: ("A", 0, "B", 1)}, "^Case 1: `A` does receive the start"),
    ("once for each place", {2: {"A": 2, "B": 0}}, "^Case 2: .* doesn't count 2"),
    ("not in the row", {2: ("A", 1, "B", 1)}, "^Case 2: that row doesn't name `B`"),
    ("another number", {3: ("A", 1, "B", 2)}, "^Case 3: `B` doesn't count 2. It is in one place"),
    ("number missing", {2: ("A", 1, "B", None)}, "no number yet for `B` in case 2.$"),
    ("another form", {2: "once"}, r"^Case 2 should look like `\{\"A\": …, \"B\": …\}`"),
    ("another form", {2: (1, 0, 0)}, "^Case 2 should look like"),
    ("another form", {2: {"a": 1, "b": 0}}, "^Case 2 should look like"),
    ("not a number", {2: ("A", True, "B", 0)}, "^Case 2: .* not a `bool`"),
    ("no such case", {5: ("A", 1, "B", 0)}, "no case 5; the cases are 1 to 4"),
):
    wrong("2.starts", mistake, says)({**STARTS, **change})

wrong("2.starts", "strings as keys", says="`'1'` is a string")({str(n): STARTS[n] for n in STARTS})
wrong("2.starts", "no dict", says="with the case numbers as keys, not a `list`")([1, 1])
