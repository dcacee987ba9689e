"""The lesson parser: what it reads, and the line that it reports for each mistake."""

import re
from pathlib import Path

import jupytext
import pytest

from utils import lesson_source
from utils.lesson_source import SourceError
from utils.lesson_source.numbers import numbered

SAMPLE = Path(__file__).parent / "data" / "01_sample.md"
NOTE = '+++ {"tags": ["instructor"]}\n\n'


def code(*lines, tags=""):
    options = [f":tags: [{tags}]", ""] if tags else []
    return "\n".join(["```{code-cell} ipython3", *options, *lines, "```"]) + "\n"


def test_the_sample_in_the_modules_own_text_is_a_lesson():
    text = "\n".join(line.removeprefix("    ") for line in sample_in_docstring())
    lesson = lesson_source.parse(text, "01_sample.md")
    assert lesson.numbers == {"words": "1.1"}
    assert list(lesson.exercises) == ["1.1"]
    assert list(lesson.hints) == ["1.1"]
    assert list(lesson.predictions) == ["P1.1"]


def sample_in_docstring():
    lines = lesson_source.__doc__.splitlines()
    return [line for line in lines if line.startswith("    ") or not line]


def test_cells_are_read_in_order_with_their_lines():
    lesson = lesson_source.load(SAMPLE)
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    assert [cell.kind for cell in lesson.cells] == [
        "markdown", "markdown", "markdown", "code", "code", "markdown", "code", "code", "code",
    ]  # fmt: skip
    for cell in lesson.cells:
        first = lines[cell.line - 1].replace("1.words", "1.1")
        assert first == cell.source.splitlines()[0]
    assert lesson.file == "data/01_sample.md"


def test_an_exercise_has_two_editions_without_marker_lines():
    exercise = lesson_source.load(SAMPLE).exercises["1.1"]
    assert exercise.solved == (
        'def words(stream):\n    """Yield whole words."""\n    text = "".join(stream)\n'
        '    yield from text.split()\n\n\norder = "BA"\n\ncheck("1.1", words)'
    )
    assert exercise.learner == (
        'def words(stream):\n    """Yield whole words."""\n    ...  # your code here\n\n\n'
        'order = ...  # two letters\n\ncheck("1.1", words)'
    )


def test_a_stub_keeps_its_own_lines_and_indentation():
    lesson = lesson_source.parse(
        code(
            "for piece in stream:",
            "    ### BEGIN SOLUTION",
            "    if piece:",
            "        yield piece",
            "    ### STUB",
            "    # if ...:",
            "    #     yield piece",
            "    #",
            "",
            "    # # a comment",
            "    ### END SOLUTION",
        )
    )
    (cell,) = lesson.cells
    assert cell.learner.splitlines() == [
        "for piece in stream:",
        "    if ...:",
        "        yield piece",
        "",
        "",
        "    # a comment",
    ]


@pytest.mark.parametrize("path", lesson_source.paths(), ids=lambda path: path.stem)
def test_jupytext_finds_the_same_cells_so_that_a_lesson_opens_in_jupyter(path):
    text = re.sub(r"\A---\n.*?\n---\n", "", lesson_source.read(path), flags=re.DOTALL)
    theirs = jupytext.reads(numbered(text, lesson_source.load(path).numbers), fmt="md:myst")
    assert [
        (cell.kind, cell.source, list(cell.tags)) for cell in lesson_source.load(path).cells
    ] == [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in theirs.cells]


def test_hints_and_predictions_are_read():
    lesson = lesson_source.load(SAMPLE)
    assert lesson.hints["1.1"].steps == (
        "What does `split` do?",
        "Join the pieces *after* all came.",
    )
    prediction = lesson.predictions["P1.1"]
    assert prediction.question == "How many words are in `a b`?"
    assert [(choice.text, choice.right) for choice in prediction.choices] == [
        ("1", False),
        ("2", True),
    ]


HINTS = "**Hints for exercise 1.words**\n\n1. a\n"
EXERCISE = code("1", tags="exercise-words")
ASKED = "**Prediction P1.1:** q\n\n"

BROKEN = {
    "a_solution_inside_a_solution": (
        code("### BEGIN SOLUTION", "1", "### BEGIN SOLUTION", "### END SOLUTION"),
        4,
        "`### END SOLUTION` is missing above .* that opens at line 2 is still open",
    ),
    **{
        f"a_marker_misspelt_as_{marker.strip('# ')}": (
            code("### BEGIN SOLUTION", "1", marker, "### BEGIN SOLUTION", "2", "### END SOLUTION"),
            4,
            f"`{marker}` is not quite a marker",
        )
        for marker in (
            "### END SOLUTON",
            "### ENDE SOLUTION",
            "### END SOLUTION:",
        )
    },
    "a_solution_never_closed": (code("x = 1", "### BEGIN SOLUTION", "1"), 3, "never closed"),
    "an_end_without_a_beginning": (
        code("### END SOLUTION"),
        2,
        "`### END SOLUTION` without `### BEGIN SOLUTION`",
    ),
    "a_stub_outside_a_solution": (code("### STUB"), 2, "without `### BEGIN SOLUTION`"),
    "two_stubs": (
        code("### BEGIN SOLUTION", "1", "### STUB", "# 2", "### STUB", "### END SOLUTION"),
        6,
        "a second `### STUB`",
    ),
    "an_empty_stub": (
        code("### BEGIN SOLUTION", "1", "### STUB", "### END SOLUTION"),
        2,
        "the stub of this solution is empty",
    ),
    "a_stub_that_is_not_commented": (
        code("### BEGIN SOLUTION", "1", "### STUB", "x = 2", "### END SOLUTION"),
        5,
        "a stub's line starts with `# `",
    ),
    "a_stub_that_does_not_end": (
        code("### BEGIN SOLUTION", "1", "### STUB", "# 2", "", "check(1, x)"),
        7,
        "or is `### END SOLUTION` missing above it?",
    ),
    "a_blank_line_at_the_end_of_a_cell": (
        code("x = 1", "", tags="setup"),
        5,
        "a blank line at the end of a code cell: delete it",
    ),
    "blank_lines_at_the_beginning_of_a_cell": (
        code("", "x = 1", tags="setup"),
        4,
        "a second blank line at the beginning of a code cell: delete it",
    ),
    "a_cell_not_closed_before_a_note": (
        "```{code-cell} ipython3\nx = 1\n\n" + NOTE + HINTS + EXERCISE,
        1,
        "the block that opens here is not closed: at line 4 something else begins",
    ),
    "a_cell_not_closed_before_the_next_one": (
        "text\n\n```{code-cell} ipython3\nx = 1\n\n" + code("y = 1"),
        3,
        "not closed: at line 6 something else begins",
    ),
    "a_shown_block_not_closed_before_the_next_one": (
        "```python\nx = 1\n\ntext\n\n```python\ny = 1\n```\n",
        1,
        "not closed: at line 6 something else begins",
    ),
    "an_empty_solution": (code("### BEGIN SOLUTION", "", "### END SOLUTION"), 2, "is empty"),
    "a_marker_in_text": ("# T\n\n### BEGIN SOLUTION\n", 3, "outside a code cell"),
    "a_marker_in_a_shown_block": (
        "```python\n### END SOLUTION\n```\n",
        2,
        "outside a code cell",
    ),
    "a_marker_misspelt": (code("## BEGIN SOLUTION"), 2, "is not quite a marker"),
    "a_marker_in_lower_case": (code("### end solution"), 2, "is not quite a marker"),
    "a_marker_in_the_plural": (code("### BEGIN SOLUTIONS"), 2, "is not quite a marker"),
    "an_exercise_defined_twice": (
        EXERCISE + EXERCISE,
        9,
        "exercise 1.1 is already defined at line 4",
    ),
    "hints_defined_twice": (
        NOTE + HINTS + "\n" + HINTS + EXERCISE,
        7,
        "hints 1.1 is already defined at line 3",
    ),
    "hints_outside_a_note": (HINTS + EXERCISE, 1, "outside an instructor's note"),
    "hints_without_a_number": (
        NOTE + "**Hints for exercise**\n\n1. a\n",
        3,
        "is not quite a heading",
    ),
    "hints_with_a_misspelt_number": (
        NOTE + "**Hints for exercise one**\n\n1. a\n",
        3,
        "needs a name such as 1.words",
    ),
    "a_heading_misspelt": (
        NOTE + "**Hint for exercise 1.words:**\n" + EXERCISE,
        3,
        "is not quite a heading",
    ),
    "hints_that_are_not_numbered": (
        NOTE + "**Hints for exercise 1.words**\n\n- a\n" + EXERCISE,
        3,
        "no numbered list follows",
    ),
    "no_hints": (
        NOTE + "**Hints for exercise 1.words**\n\nText.\n" + EXERCISE,
        3,
        "no numbered list follows",
    ),
    "a_prediction_without_a_question": (
        NOTE + "**Prediction P1.1:**\n\n- [x] a\n- [ ] b\n  > no\n",
        3,
        "the question is missing",
    ),
    "a_prediction_without_a_right_choice": (
        NOTE + ASKED + "- [ ] a\n  > no\n- [ ] b\n  > no\n",
        3,
        "has 0 right choices instead of one",
    ),
    "a_prediction_with_two_right_choices": (
        NOTE + ASKED + "- [x] a\n- [x] b\n",
        3,
        "has 2 right choices instead of one",
    ),
    "a_wrong_choice_without_feedback": (
        NOTE + ASKED + "- [x] a\n- [ ] b\n",
        3,
        "the wrong choice `b` needs feedback",
    ),
    "a_prediction_with_nothing_to_choose": (NOTE + ASKED + "- [x] a\n", 3, "has no wrong choice"),
    "a_choice_with_another_mark": (
        NOTE + ASKED + "- [x] a\n- [y] b\n",
        3,
        r"unlike `- \[y\] b`",
    ),
    "feedback_that_is_not_quoted": (
        NOTE + ASKED + "- [x] a\n- [ ] b\n  no\n",
        3,
        r"feedback below it as `  > text`, unlike `- \[ \] b`",
    ),
    "an_exercise_called_by_its_number": (
        "See Exercise 1.1.\n" + EXERCISE,
        1,
        r"1.1 is not the name of an exercise here; there are 1.words. Write the name",
    ),
    "a_name_without_an_exercise": (
        EXERCISE + code('check("1.order", 1)'),
        7,
        r"there are 1.words. Is `:tags: \[exercise-order\]` missing from its cell",
    ),
    "a_prediction_without_a_p": (NOTE + "**Prediction 1.1:** q\n", 3, "a number such as P1.2"),
    "a_block_never_closed": ("text\n\n```python\nx\n", 3, "opens here with `.*` is never closed"),
    "a_header_without_a_colon": (
        "---\njupytext:\n  format_name myst\n---\n",
        3,
        "`format_name myst` in the header is not `name: value`: is a colon missing",
    ),
    "a_header_never_closed": ("---\na: 1\n", 1, "the header .* is never closed"),
    "an_unknown_directive": (
        "```{note}\nx\n```\n",
        1,
        r"unknown directive {note}: is {code-cell} meant\?",
    ),
    "a_directive_misspelt": (
        "```{code} ipython3\nx\n```\n",
        1,
        r"unknown directive {code}: is {code-cell} meant\?",
    ),
    "a_code_cell_inside_a_list": (
        "- a list\n\n  ```{code-cell} ipython3\n  1\n  ```\n",
        3,
        "a code cell inside a list",
    ),
    "an_unknown_cell_option": (
        "```{code-cell} ipython3\n:name: x\n\n1\n```\n",
        2,
        "unknown cell option `:name: x`",
    ),
    "an_unreadable_note": ('+++ {"tag": 1}\n\nx\n', 1, "write nothing, or tags such as"),
}


@pytest.mark.parametrize(("text", "line", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_source_is_told_by_file_and_line(text, line, said):
    with pytest.raises(SourceError, match=said) as error:
        lesson_source.parse(text, "lessons/01_broken.md")
    assert str(error.value).startswith(f"lessons/01_broken.md:{line}: ")
    assert error.value.line == line


def test_a_longer_fence_shows_how_a_block_is_written():
    text = "````\n```{code-cell} ipython3\n1\n```\n````\n"
    (cell,) = lesson_source.parse(text).cells
    assert cell.kind == "markdown"


def test_a_cell_without_a_line_is_a_cell():
    assert [
        cell.source for cell in lesson_source.parse("```{code-cell} ipython3\n\n```\n").cells
    ] == [""]
