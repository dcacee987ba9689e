"""Lint rules for lessons: `SAMPLE` breaks none, and each violation is reported with its line."""

import re
from pathlib import Path

import pytest

from tools.build import lint_lessons
from utils import lesson_source

SAMPLE = (Path(__file__).parent / "data" / "01_sample.md").read_text(encoding="utf-8")


def problems(text):
    return lint_lessons.problems(lesson_source.parse(text, "lessons/01_sample.md"))


def cell(*lines, tags=""):
    options = [f":tags: [{tags}]", ""] if tags else []
    return "\n".join(["", "```{code-cell} ipython3", *options, *lines, "```", ""])


def test_the_sample_breaks_no_rule():
    assert problems(SAMPLE) == []


NOTE = '+++ {"tags": ["instructor"]}\n\n'
CHECK = '\ncheck("1.words", words)\n'  # the end of the sample's exercise
ANSWER = ('    text = "".join(stream)', "    yield from text.split()")  # the exercise's solution
# The sample plus a second exercise, 1.2, which has a solution but no check, heading or hints.
MORE = SAMPLE + cell("### BEGIN SOLUTION", "more = 1", "### END SOLUTION", tags="exercise-more")

# for each violation: a lesson with it, and a string or pattern that the message must contain
VIOLATIONS = {
    "an_exercise_without_a_check": (
        SAMPLE.replace(CHECK, ""),
        'exercise 1.words doesn\'t end with `check("1.words", …)`',
    ),
    "a_check_of_another_exercise": (
        MORE.replace(CHECK, 'check("1.more", words)\n'),
        "exercise 1.words doesn't end with",
    ),
    "a_check_that_is_not_last": (
        SAMPLE.replace(CHECK, CHECK + "print()\n"),
        "exercise 1.words doesn't end with",
    ),
    "a_check_twice": (SAMPLE.replace(CHECK, CHECK + CHECK), "exercise 1.words doesn't end with"),
    "a_check_without_an_exercise": (
        SAMPLE + cell('check("1.words", 1)'),
        '`check("1.words", …)` in a cell without the tag of that exercise',
    ),
    "an_exercise_without_a_solution": (
        SAMPLE + cell('check("1.more", 1)', tags="exercise-more"),
        "exercise 1.more has no solution between",
    ),
    "a_solution_without_an_exercise": (
        SAMPLE + cell("### BEGIN SOLUTION", "answer = 1", "### END SOLUTION"),
        "a solution in a cell without a tag such as exercise-words",
    ),
    "two_exercises_in_one_cell": (
        SAMPLE.replace("[exercise-words]", "[exercise-words, exercise-more]"),
        "unknown tag `exercise-more`",
    ),
    "an_exercise_on_text": (
        SAMPLE + '\n+++ {"tags": ["exercise-more"]}\n\nText.\n',
        "unknown tag `exercise-more`",
    ),
    "an_exercise_without_hints": (MORE, "exercise 1.more has no hints"),
    "a_prediction_not_defined": (
        SAMPLE.replace('predict("P1.1")', 'predict("P1.7")'),
        "prediction P1.7 is used but not defined",
    ),
    "a_prediction_not_used": (
        SAMPLE.replace('predict("P1.1")', "1"),
        "prediction P1.1 is defined but not used",
    ),
    "a_section_swallowed_by_a_note": (
        SAMPLE.replace("- [x] 2\n\n+++\n", "- [x] 2\n"),
        r"`## Setup` inside the note for instructors that begins at line \d+: .* `\+\+\+` missing",
    ),
    "an_exercise_swallowed_by_a_note": (
        SAMPLE.replace("### Exercise 1.words", f"{NOTE}A note.\n\n### Exercise 1.words"),
        r"`### Exercise 1.words · words` inside the note for instructors",
    ),
    "an_exercise_under_another_number": (
        MORE.replace("### Exercise 1.words", "### Exercise 1.more"),
        "exercise 1.words isn't below its heading, which begins with `### Exercise 1.words · `",
    ),
    "an_exercise_without_a_heading": (
        SAMPLE.replace("### Exercise 1.words ·", "###"), "exercise 1.words isn't below its heading"
    ),
    "an_exercise_below_another_section": (
        SAMPLE.replace("only.\n", "only.\n\n### Aside\n"),
        "exercise 1.words isn't below its heading",
    ),
    "a_number_used_twice": (
        SAMPLE + "\n### Exercise 1.words · again\n\n*Write · easy · 5 minutes.*\n",
        "no code cell below has the tag of exercise 1.words",
    ),
    "a_heading_without_its_exercise_below": (
        MORE + "\n### Exercise 1.more · more\n\n*Write · easy · 5 minutes.*\n",
        "no code cell below has the tag of exercise 1.more",
    ),
    "an_exercise_without_its_effort": (
        SAMPLE.replace("*Write · easy · 5 minutes.* ", ""),
        r"exercise 1.words has no kind, difficulty and minutes: .* `\*Write · easy · 5",
    ),
    "an_exercise_of_unknown_difficulty": (
        SAMPLE.replace("· easy ·", "· tricky ·"),
        "exercise 1.words has no kind, difficulty and minutes",
    ),
    "no_title": (SAMPLE.replace("# 1. A sample", "A sample"), "which begins with `# 1. "),
    "text_above_the_title": (f"--\na: b\n---\n\n{SAMPLE}", "a lesson has one title, at its top"),
    "two_titles": (SAMPLE + "\n# 2. More\n", "a lesson has one title"),
    "a_title_of_another_number": (SAMPLE.replace("# 1. A", "# 2. A"), "a lesson has one title"),
    "no_setup": (
        SAMPLE.replace("[setup]", "[hide-input]"),
        "no setup: .* `## Setup` with a code cell tagged `setup`",
    ),
    "a_setup_outside_its_section": (SAMPLE.replace("## Setup", "## Begin"), "no setup: "),
    "a_long_cell": (
        SAMPLE + cell(*(f"x{n} = {n}" for n in range(26))),
        "a code cell of 26 lines; the longest allowed is 25",
    ),
    "an_unknown_tag": (SAMPLE + cell("1", tags="folded"), "unknown tag `folded`"),
    "a_solution_called": (SAMPLE + cell('solution("1.words")'), "would reveal it on Run All"),
    "a_stub_that_is_not_python": (
        SAMPLE.replace("# order = ...", "# order ="),
        "the learner's edition is not Python",
    ),
    "a_magic": (SAMPLE + cell("%time x = 1"), "edition is not Python: .*: `%time x = 1`"),
    "a_leak_into_another_cell": (
        SAMPLE + cell("def same(stream):", *ANSWER),
        r"the solution of exercise 1.words \(line \d+\) leaks",
    ),
    "a_leak_into_text": (
        "\n".join([SAMPLE, "The answer:", "", *ANSWER, ""]),
        "the solution of exercise 1.words .* leaks",
    ),
    "a_leak_into_its_own_cell": (
        SAMPLE.replace("### BEGIN SOLUTION\norder", 'order = "BA"\n### BEGIN SOLUTION\norder'),
        "the solution of exercise 1.words .* leaks",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_violation_is_reported_with_file_and_line(text, said):
    found = [str(problem) for problem in problems(text)]
    assert any(re.search(said, problem) or said in problem for problem in found), found
    assert all(re.match(r"lessons/01_sample\.md:\d+: ", problem) for problem in found)


@pytest.mark.parametrize("code", ["yield from text.split(", 'predict("P1.1"'])
def test_a_syntax_error_is_reported_only_once(code):
    text = SAMPLE.replace(f"{code})", code)
    lesson = lesson_source.parse(text, "lessons/01_sample.md")
    (one,) = [*lint_lessons.problems(lesson), *lint_lessons.unchecked(lesson, ["words"], "checks")]
    assert "the instructor's edition is not Python" in one.problem


def test_violations_are_reported_together_in_the_order_of_lines():
    text = SAMPLE.replace("1.words · words", "1.words").replace(CHECK, "")
    text += cell('solution("1.words")')
    lines = [problem.line for problem in problems(text)]
    assert len(lines) == 2
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "allowed",
    [
        cell("for piece in stream:", "    print(text.split())"),
        cell('text = "".join(stream)', "print(text)"),
        cell("await something()"),
        cell('check("1.words", joins)', tags="instructor"),
        cell("def same(stream):", *ANSWER, tags="instructor"),
        cell('# check("1.words", words)'),
        cell("print(\"predict('P1.9')\")"),
        cell(*(f"x{n} = {n}" for n in range(26)), tags="instructor"),
        cell(*(f"x{n} = {n}" for n in range(25))),
        f"\n{NOTE}### What to ask\n\n```text\n## not a heading\n```\n",
        "\n```text\n# not a title\n```\n",
    ],
)
def test_valid_cells_are_accepted(allowed):
    assert problems(SAMPLE + allowed) == []


def test_an_exercise_and_its_check_need_each_other():
    lesson = lesson_source.parse(SAMPLE, "lessons/01_sample.md")
    folder = "utils/checks/lesson_1"
    (one,) = lint_lessons.unchecked(lesson, [], folder)
    assert one.problem == f"exercise words has no check: add {folder}/words.py"
    assert one.line == lesson.exercises["1.1"].line
    (one,) = lint_lessons.unchecked(lesson, ["words", "gone"], folder)
    assert one.problem == f"{folder}/gone.py checks no exercise of this lesson: remove it"
    assert list(lint_lessons.unchecked(lesson, ["words"], folder)) == []
