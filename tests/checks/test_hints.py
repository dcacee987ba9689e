"""Hints (shown one at a time), solutions and predictions, all taken from the lesson source."""

import pytest

from utils import lesson_source
from utils.checks import hints
from utils.checks.exercise_numbers import Misuse
from utils.errors import Sentence

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
    monkeypatch.setattr(hints, "_shown", hints.Counter())


@pytest.fixture
def shown(monkeypatch):
    items = []
    monkeypatch.setattr("IPython.display.display", items.append)
    return items


def test_each_call_shows_the_next_hint_and_then_all_of_them(shown):
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


def test_the_solution_is_the_source_without_markers_and_check(shown):
    hints.solution("7.1")
    code = 'def answer():\n    """Say it."""\n    return "c"'
    assert repr(shown[0]) == code
    assert f"```python\n{code}\n```" in shown[0]._repr_markdown_()


@pytest.mark.parametrize("number", ["P7.1", "p7.1", "7.1"])
def test_a_prediction_is_shown_as_a_widget_also_by_its_old_number(shown, number):
    hints.predict(number)
    (widget,) = shown
    assert widget.question == "Which?"
    assert list(widget.options) == ["This", "That"]


def test_an_unknown_number_lists_the_existing_ones():
    messages = {}
    for call in (hints.hint, hints.solution, hints.predict):
        with pytest.raises(Sentence, match=r": lesson 8 has none\.$"):
            call("8.1")
        with pytest.raises(Sentence) as error:
            call("7.9")
        messages[call.__name__] = str(error.value)
    assert messages == {
        "hint": "There are no hints for 7.9; there are hints for 7.1, 7.2.",
        "solution": "There is no exercise 7.9; there are 7.1, 7.2.",
        "predict": "There is no prediction P7.9; there are P7.1.",
    }


def test_an_exercise_is_found_by_its_name_or_a_float(shown):
    hints.hint("7.answer")
    hints.hint("7.other")
    hints.hint(7.1)
    hints.solution("7.other")
    hints.predict(7.1)
    *found, solved, prediction = shown
    numbers = ["7.1: hint 1 of 3", "7.2: all the hints", "7.1: hint 2 of 3"]
    assert [item.heading for item in found] == [f"Exercise {number}." for number in numbers]
    assert (solved.number, prediction.question) == ("7.2", "Which?")


@pytest.mark.parametrize("call", [hints.hint, hints.solution, hints.predict])
@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ((), ""),
        (("seven",), "; it was given `'seven'`"),
        (("7",), "; it was given `'7'`"),
        ((7,), "; it was given `7`"),
        ((len,), "; it was given a value of type `builtin_function_or_method`"),
    ],
)
def test_an_invalid_number_is_rejected(call, arguments, given):
    name = call.__name__
    with pytest.raises(Misuse) as error:
        call(*arguments)
    number = "P1.2" if name == "predict" else "1.2"
    assert str(error.value) == (
        f'`{name}` takes the number as a string, such as `{name}("{number}")`{given}.'
    )
    with pytest.raises(Misuse, match=rf'`{name}` takes only the number: `{name}\("7\.1"\)`\.'):
        call("7.1", *arguments, "A")


def test_a_missing_lessons_folder_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(lesson_source, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(LookupError, match="The folder `lessons` is missing"):
        hints.hint("7.1")
