"""Exercise 2.4: how often handlers in three places hear a model start."""

from collections import Counter, defaultdict

import pytest

from tests.checks.verdict import right, wrong
from utils.checks import evaluate

STARTS = {1: ("A", 1, "B", 1), 2: ("A", 1, "B", 0), 3: ("A", 1, "B", 1), 4: ("A", 0, "B", 0)}


@pytest.mark.parametrize(
    "starts",
    [
        STARTS,
        dict(reversed(STARTS.items())),
        {case: list(row) for case, row in STARTS.items()},
        {case: (row[1], row[3]) for case, row in STARTS.items()},
        {case: {"A": row[1], "B": row[3]} for case, row in STARTS.items()},
        {case: Counter(A=row[1]) + Counter(B=row[3]) for case, row in STARTS.items()},
    ],
)
def test_2_4_accepts_the_truth_in_any_shape(starts):
    right("2.4", starts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({1: ("A", 0, "B", 1)}, "Case 1: `A` does hear the start. Would one place replace"),
        ({1: ("A", 1, "B", 0)}, "Case 1: `B` does hear the start"),
        ({2: ("A", 3, "B", 0)}, "Case 2: `A` doesn't count 3. It is one object in 3 places"),
        ({2: ("A", 1, "B", 1)}, "Case 2: nothing in that row names `B`"),
        ({3: ("A", 1, "B", 2)}, "Case 3: `B` doesn't count 2. It stands in one place"),
        ({4: ("A", 1, "B", 0)}, "Case 4: nothing in that row names `A`"),
        ({1: ("A", 2, "B", 1), 4: ("A", 1, "B", 0)}, "Case 1: .*Case 4: "),
        ({2: ("A", ..., "B", 0)}, "Case 2 has no number yet"),
        ({2: ...}, "Case 2 has no number yet"),
        ({2: None}, "Case 2 has no number yet"),
        ({2: {"A": 1, "B": None}}, "Case 2 has no number yet"),
        ({2: ("A", 1, "B", None)}, "Case 2 has no number yet"),
        ({2: {"A": 1}}, "Case 2 has no number yet"),
        ({2: "once"}, "Case 2 should look like"),
        ({2: ("A", "1", "B", 0)}, "Case 2: .*not a `str`"),
        ({2: ("A", True, "B", 0)}, "Case 2: .*not a `bool`"),
        ({2: ("A", 1, "B", ...)}, "Case 2 has no number yet for `B`"),
        ({2: {"B": 1}}, "Case 2 has no number yet for `A`"),
        ({2: ...}, "Case 2 has no number yet for `A` and `B`"),
        ({5: ("A", 1, "B", 0)}, "There is no case 5"),
        ({"one": ("A", 1, "B", 0)}, "There is no case one"),
    ],
)
def test_2_4_says_where_to_look(change, said):
    wrong("2.4", {**STARTS, **change}, said)


def test_2_4_leaves_a_mapping_that_fills_itself_as_it_was():
    counted = defaultdict(int, A=1)
    right("2.4", {**STARTS, 2: counted})
    assert list(counted) == ["A"]


def test_2_4_misses_a_case():
    wrong("2.4", {1: STARTS[1]}, "Case 2 has no number yet")
    wrong("2.4", {str(case): row for case, row in STARTS.items()}, "keys are numbers, and `'1'` is")
    wrong("2.4", [1, 1], "a dict with a case's number as key, not a `list`")


def test_2_4_is_not_attempted_while_every_number_is_missing():
    stub = dict.fromkeys(STARTS, ("A", ..., "B", ...))
    assert evaluate("2.4", stub).status == "not attempted"
