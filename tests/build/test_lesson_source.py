"""The lesson parser: the parts of a lesson, and the line reported for each mistake."""

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


def test_the_sample_in_the_docstring_is_a_lesson():
    lines = lesson_source.__doc__.splitlines()
    sample = [line for line in lines if line.startswith("    ") or not line]
    text = "\n".join(line.removeprefix("    ") for line in sample)
    lesson = lesson_source.parse(text, "01_sample.md")
    assert lesson.numbers == {"words": "1.1"}
    assert list(lesson.exercises) == ["1.1"]
    assert list(lesson.hints) == ["1.1"]
    assert list(lesson.predictions) == ["P1.1"]


def test_cells_are_in_order_with_their_lines():
    lesson = lesson_source.load(SAMPLE)
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    assert [cell.kind for cell in lesson.cells] == [
        "markdown", "markdown", "markdown", "code", "code", "markdown", "code", "code", "code",
    ]  # fmt: skip
    for cell in lesson.cells:
        first = lines[cell.line - 1].replace("1.words", "1.1")  # cells contain the number
        assert first == cell.source.splitlines()[0]
    assert lesson.file == "data/01_sample.md"


def test_an_exercise_has_two_editions_without_markers():
    exercise = lesson_source.load(SAMPLE).exercises["1.1"]
    assert exercise.solved == (
        'def words(stream):\n    """Yield whole words."""\n    text = "".join(stream)\n'
        '    yield from text.split()\n\n\norder = "BA"\n\ncheck("1.1", words)'
    )
    assert exercise.learner == (
        'def words(stream):\n    """Yield whole words."""\n    ...  # your code here\n\n\n'
        'order = ...  # two letters\n\ncheck("1.1", words)'
    )


def test_a_stub_keeps_its_lines_and_indentation():
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
def test_jupytext_finds_the_same_cells(path):
    lesson = lesson_source.load(path)
    text = re.sub(r"\A---\n.*?\n---\n", "", lesson_source.read(path), flags=re.DOTALL)  # no header
    theirs = jupytext.reads(numbered(text, lesson.numbers), fmt="md:myst")
    assert [(cell.kind, cell.source, list(cell.tags)) for cell in lesson.cells] == [
        (cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in theirs.cells
    ]


def test_hints_and_predictions_are_parsed():
    lesson = lesson_source.load(SAMPLE)
    steps = ("What does `split` do?", "Join the pieces *after* they have all arrived.")
    assert lesson.hints["1.1"].steps == steps
    prediction = lesson.predictions["P1.1"]
    assert prediction.question == "How many words are in `a <b>`?"
    choices = [(choice.text, choice.right) for choice in prediction.choices]
    assert choices == [("1", False), ("2", True)]


HINTS = "**Hints for exercise 1.words**\n\n1. a\n"
EXERCISE = code("1", tags="exercise-words")
ASKED = "**Prediction P1.1:** q\n\n"

BROKEN = [  # source, line of the mistake, and a regular expression that matches part of the message
    (code("### BEGIN SOLUTION", "1", "### BEGIN SOLUTION", "### END SOLUTION"),
     4, "`### BEGIN SOLUTION` is out of place"),
    (code("### BEGIN SOLUTION", "1", "### END SOLUTON"), 2, "BEGIN .*, or its end is missing"),
    (code("### END SOLUTION"), 2, "`### END SOLUTION` is out of place"),
    (code("### STUB"), 2, "`### STUB` is out of place"),
    (code("### BEGIN SOLUTION", "1", "### STUB", "# 2", "### STUB", "### END SOLUTION"),
     6, "`### STUB` is out of place"),
    (code("## BEGIN SOLUTION"), 2, "`## BEGIN SOLUTION` is .* misspelled"),
    (code("### end solution"), 2, "`### end solution` is .* misspelled"),
    ("# T\n\n### BEGIN SOLUTION\n", 3, "is out of place or .*: a code cell has"),
    (code("### BEGIN SOLUTION", "", "### END SOLUTION"), 2, "this solution, or its stub, is empty"),
    (code("### BEGIN SOLUTION", "1", "### STUB", "### END SOLUTION"), 2, "or its stub, is empty"),
    (code("### BEGIN SOLUTION", "1", "### STUB", "# 2", "x = 2", "### END SOLUTION"),
     2, "a line of a stub starts with `# `, unlike `x = 2`"),
    ("```{code-cell} ipython3\nx = 1\n\n" + NOTE + HINTS + EXERCISE,
     1, "the block that opens here is not closed before the next one, at line 4"),
    ("text\n\n```{code-cell} ipython3\nx = 1\n\n" + code("y = 1"),
     3, "not closed before the next one, at line 6"),
    ("```python\nx = 1\n\ntext\n\n```python\ny = 1\n```\n",
     1, "not closed before the next one, at line 6"),
    (EXERCISE + EXERCISE, 9, "exercise 1.words is already defined at line 4"),
    (NOTE + HINTS + "\n" + HINTS + EXERCISE, 7, "hints 1.words is already defined at line 3"),
    (HINTS + EXERCISE, 1, "outside an instructor's note"),
    (NOTE + "**Hints for exercise 1.words**\n\n- a\n" + EXERCISE,
     3, r"hints 1\.words: only a numbered list may follow"),
    (NOTE + "**Prediction P1.1:**\n\n- [x] a\n- [ ] b\n  > no\n", 3, "the question is missing"),
    (NOTE + ASKED + "- [ ] a\n  > no\n- [ ] b\n  > no\n", 3, "needs one right choice"),
    (NOTE + ASKED + "- [x] a\n- [x] b\n", 3, "needs one right choice"),
    (NOTE + ASKED + "- [x] a\n", 3, "and at least one wrong one"),
    (NOTE + ASKED + "- [x] a\n- [ ] b\n", 3, "the wrong choice `b` needs feedback"),
    (NOTE + ASKED + "- [x] a\n- [y] b\n", 3, r"not `- \[y\] b`"),
    (NOTE + ASKED + "- [x] a\n- [ ] b\n  no\n",
     3, r"feedback below it as `  > text`, not `no`"),
    ("See Exercise 1.1.\n" + EXERCISE,
     1, r"1.1 is not the name of an exercise of this lesson; there are 1.words. Write the name"),
    (EXERCISE + code('check("1.order", 1)'),
     7, r"there are 1.words. Is `:tags: \[exercise-order\]` missing from its cell"),
    ("text\n\n```python\nx\n", 3, "opens here is never closed"),
    ("---\na: 1\n", 1, "the header .* is never closed"),
    ("```{note}\nx\n```\n", 1, "unknown directive ````{note}`: a code cell begins with"),
    ("- a list\n\n  ```{code-cell} ipython3\n  1\n  ```\n",
     3, "unknown directive `  ```{code-cell}"),
    ("```{code-cell} ipython3\n:name: x\n\n1\n```\n",
     2, r"write `:tags: \[one, two\]` instead of `:name: x`"),
    ('+++ {"tag": 1}\n\nx\n', 1, 'write .* instead of `\\+\\+\\+ {"tag": 1}`'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "said"), BROKEN, ids=[said for *_, said in BROKEN])
def test_an_invalid_source_is_reported_with_its_file_and_line(text, line, said):
    with pytest.raises(SourceError, match=said) as error:
        lesson_source.parse(text, "lessons/01_broken.md")
    assert str(error.value).startswith(f"lessons/01_broken.md:{line}: ")
    assert error.value.line == line


def test_a_code_cell_in_a_longer_fence_is_text():
    text = "````\n```{code-cell} ipython3\n1\n```\n````\n"
    (cell,) = lesson_source.parse(text).cells
    assert cell.kind == "markdown"


@pytest.mark.parametrize(("lines", "source"), [([""], ""), (["", "x = 1", "", ""], "x = 1")])
def test_a_code_cell_has_no_blank_lines_around_it(lines, source):
    (cell,) = lesson_source.parse(code(*lines)).cells
    assert cell.source == source
