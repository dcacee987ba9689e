"""Hints step by step, solutions and predictions, all from the lesson's source."""

import pytest

from utils import lesson_source
from utils.checks import hints
from utils.checks.exercise_numbers import Misuse

LESSON = '''
+++ {"tags": ["instructor"]}

**Hints for exercise 7.answer**

1. Look at `a`.
2. Look at b.
3. It is c.

**Hints for exercise 7.other**

1. The only one.

**Prediction P7.1:** Which?

- [ ] This
  > No: that.
- [x] That

```{code-cell} ipython3
:tags: [exercise-answer]

def answer():
    """Say it."""
    ### BEGIN SOLUTION
    return "c"
    ### END SOLUTION

check("7.answer", answer)
```

```{code-cell} ipython3
:tags: [exercise-other]

### BEGIN SOLUTION
other = 1
### END SOLUTION

check("7.other", other)
```
'''


@pytest.fixture(autouse=True)
def _lesson(tmp_path, monkeypatch):
    (tmp_path / "07_sample.md").write_text(LESSON, encoding="utf-8")
    monkeypatch.setattr(lesson_source, "FOLDER", tmp_path)
    monkeypatch.setattr(hints, "_given", hints.Counter())


@pytest.fixture
def shown(monkeypatch):
    items = []
    monkeypatch.setattr("IPython.display.display", items.append)
    return items


def test_each_call_gives_the_next_hint_and_then_says_that_these_are_all(shown):
    for _ in range(4):
        assert hints.hint("7.1") is None
    again = 'For the next one, run `hint("7.1")` again.'
    over = 'There are no more; `solution("7.1")` shows an answer.'
    assert [repr(item).splitlines() for item in shown] == [
        ["Exercise 7.1: hint 1 of 3.", "Look at `a`.", again],
        ["Exercise 7.1: hint 2 of 3.", "Look at b.", again],
        ["Exercise 7.1: hint 3 of 3.", "It is c.", over],
        ["Exercise 7.1: all the hints.", "Look at `a`.", "Look at b.", "It is c.", over],
    ]
    assert 'role="status"' in shown[0]._repr_html_()
    assert "<code>a</code>" in shown[0]._repr_html_()


def test_exercises_keep_their_own_place_whatever_the_order(shown):
    hints.hint("7.1")
    hints.hint("7.2")
    hints.hint("7.1")
    assert [item.steps for item in shown] == [
        ("Look at `a`.",),
        ("The only one.",),
        ("Look at b.",),
    ]


def test_the_solution_is_the_source_without_markers_and_check(shown):
    hints.solution("7.1")
    code = 'def answer():\n    """Say it."""\n    return "c"'
    assert repr(shown[0]) == code
    assert f"```python\n{code}\n```" in shown[0]._repr_markdown_()


@pytest.mark.parametrize("number", ["P7.1", "7.1"])
def test_a_prediction_becomes_a_widget_also_by_the_number_of_old_notebooks(shown, number):
    hints.predict(number)
    (widget,) = shown
    assert widget.question == "Which?"
    assert list(widget.options) == ["This", "That"]


@pytest.mark.parametrize("call", [hints.hint, hints.solution, hints.predict])
@pytest.mark.parametrize("number", ["7.9", "8.1"])
def test_an_unknown_number_names_those_that_exist(call, number):
    with pytest.raises(Misuse, match=r"; there are .*7\.1|: lesson 8 has none\."):
        call(number)


def test_what_is_missing_is_told_in_whole_sentences():
    said = {}
    for call in (hints.hint, hints.solution, hints.predict):
        with pytest.raises(Misuse) as error:
            call("7.9")
        said[call.__name__] = str(error.value)
    assert said == {
        "hint": "There are no hints for 7.9; there are hints for 7.1, 7.2.",
        "solution": "There is no exercise 7.9; there are 7.1, 7.2.",
        "predict": "There is no prediction P7.9; there are P7.1.",
    }


def test_an_exercise_may_be_called_by_its_name(shown):
    hints.hint("7.answer")
    hints.hint("7.1")
    hints.solution("7.other")
    assert [item.number for item in shown] == ["7.1", "7.1", "7.2"]
    assert [item.first for item in shown[:2]] == [1, 2]


def test_a_number_without_quotes_is_understood(shown):
    hints.hint(7.1)
    hints.solution(7.1)
    hints.predict(7.1)
    assert [type(item).__name__ for item in shown] == ["Hint", "Solution", "Prediction"]


def test_a_number_without_quotes_that_may_mean_two_exercises_is_told(monkeypatch):
    monkeypatch.setattr(lesson_source, "solution", lambda number: {"7.10": "pass"}[number])
    with pytest.raises(Misuse) as error:
        hints.hint(7.10)
    assert str(error.value) == (
        "To Python, 7.10 and 7.1 are the same number. Write it as a string: "
        '`hint("7.1")` or `hint("7.10")`.'
    )


@pytest.mark.parametrize("call", [hints.hint, hints.solution, hints.predict])
@pytest.mark.parametrize(
    ("number", "given"),
    [
        ("seven", "`'seven'`"),
        ("7", "`'7'`"),
        (7, "`7`"),
        (len, "a value of type `builtin_function_or_method`"),
    ],
)
def test_what_is_no_number_of_two_parts_is_told(call, number, given):
    name = call.__name__
    with pytest.raises(Misuse) as error:
        call(number)
    assert str(error.value) == (
        f'`{name}` takes the number as a string, such as `{name}("1.2")`; it was given {given}.'
    )


@pytest.mark.parametrize("call", [hints.hint, hints.solution, hints.predict])
def test_a_call_without_a_number_is_told_how_to_write_it(call):
    with pytest.raises(Misuse, match=rf'such as `{call.__name__}\("1\.2"\)`\.$'):
        call()


def test_a_missing_lessons_folder_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(lesson_source, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(LookupError, match="The folder `lessons` is missing"):
        hints.hint("7.1")
