"""The build: both editions are reproducible, and cells run in a learner's environment."""

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools.build import execute, notebooks
from tools.build.__main__ import main
from tools.build.notebooks import EDITIONS, METADATA
from tools.lessons import chosen
from tools.programs import ROOT, WINDOWS
from utils import lesson_source

SAMPLE = Path(__file__).parent / "data" / "01_sample.md"
SHOWS = """
```{code-cell} ipython3
import os

from ipywidgets import IntSlider
from IPython.display import display

print(sorted(name for name in os.environ if name.startswith(("COURSE_SPEED", "OPENAI_"))))
print(os.path.basename(os.getcwd()))
display(IntSlider(3))
```
"""


def plant(root, lesson):
    (root / "lessons").mkdir()
    (root / "lessons" / SAMPLE.name).write_text(lesson, encoding="utf-8")
    (root / "utils" / "checks" / "lesson_1").mkdir(parents=True)
    check = root / "utils" / "checks" / "lesson_1" / "words.py"
    check.write_text("check = Exercise(observe)\n")


@pytest.fixture
def root(tmp_path):
    plant(tmp_path, SAMPLE.read_text(encoding="utf-8"))
    return tmp_path


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Build and execute the sample once, with an added cell that has several kinds of output."""
    root = tmp_path_factory.mktemp("course")
    plant(root, SAMPLE.read_text(encoding="utf-8") + SHOWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SPEED", "50")
        patch.setenv("OPENAI_API_KEY", "sk-not-real-0000")
        patch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
        assert main([], root) == 0
    return root


@pytest.fixture
def built(executed, tmp_path):
    shutil.copytree(executed, tmp_path, dirs_exist_ok=True)
    return tmp_path


def notebook(root, edition):
    read = nbformat.read(root / edition / "01_sample.ipynb", as_version=4)
    nbformat.validate(read)
    return read


def spoil(root, edition, change):
    path = root / edition / "01_sample.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


# --- The two editions -----------------------------------------------------------------------------


def everything(cells):
    return "\n".join(cell.source for cell in cells)


def test_learners_get_stubs_and_no_outputs(executed):
    cells = notebook(executed, "notebooks")["cells"]
    assert "...  # your code here" in everything(cells)
    for hidden in ("text.split()", "SOLUTION", "A note for instructors", "How many words"):
        assert hidden not in everything(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_instructors_get_solutions_notes_and_outputs(executed):
    cells = notebook(executed, "solutions")["cells"]
    assert "text.split()" in everything(cells)
    assert "A note for instructors" in everything(cells)
    for absent in ("your code here", "SOLUTION"):
        assert absent not in everything(cells)
    counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_an_included_script_is_shown_unchanged(root):
    path = root / "lessons" / SAMPLE.name
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n```{{literalinclude}} take_home/1_print.py\n```\n", encoding="utf-8")
    with pytest.raises(notebooks.BuildError, match=r"01_sample.md:\d+: there is no take_home"):
        notebooks.make(path)
    (root / "lessons" / "take_home").mkdir()
    (root / "lessons" / "take_home" / "1_print.py").write_text("print(r'\\n')\n")
    for edition in notebooks.make(path).editions.values():
        assert edition.cells[-1].source.endswith("```python\nprint(r'\\n')\n```")


def test_the_editions_agree_on_everything_but_solutions_and_notes(executed):
    solved = {cell["id"]: cell for cell in notebook(executed, "solutions")["cells"]}
    for cell in notebook(executed, "notebooks")["cells"]:
        twin = solved[cell["id"]]
        assert cell["metadata"] == twin["metadata"]
        if "exercise-1.1" not in cell["metadata"].get("tags", []):
            assert cell["source"] == twin["source"]


def test_outputs_are_those_of_a_learners_first_run_without_widget_views(executed):
    solved = notebook(executed, "solutions")
    printed, widget = solved["cells"][-1]["outputs"]
    assert printed.text.splitlines() == ["[]", "solutions"]
    assert list(widget["data"]) == ["text/plain"]
    assert "IntSlider(value=3)" in widget["data"]["text/plain"]
    assert "widgets" not in solved["metadata"]


@pytest.mark.parametrize("edition", EDITIONS)
def test_files_are_minimal_and_stable(executed, edition):
    text = (executed / edition / "01_sample.ipynb").read_bytes().decode()
    assert re.search(r"\}\n\Z", text)
    assert "\r" not in text
    content = json.loads(text)
    assert content["metadata"] == METADATA
    assert all(set(cell["metadata"]) <= {"tags"} for cell in content["cells"])
    assert list(content) == sorted(content)


def test_building_again_changes_nothing_and_executes_nothing(built, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in built.rglob("*.ipynb")}
    monkeypatch.setattr(execute, "executed", lambda _: pytest.fail("executed again"))
    assert main([], built) == 0
    assert {path: path.read_bytes() for path in built.rglob("*.ipynb")} == before
    assert "unchanged, outputs kept (after a change in utils: --all)" in capsys.readouterr().out


def lesson_with(*cells):
    """Create a notebook from headings (strings) and code cells (pairs of code and output)."""
    made = []
    for number, cell in enumerate(cells):
        if isinstance(cell, str):
            made.append(nbformat.v4.new_markdown_cell(f"## {cell}"))
        else:
            code, text = cell
            picture = {"text/plain": "<Figure>", "image/png": f"a picture of {text}"}
            outputs = [
                nbformat.v4.new_output("stream", text=text),
                nbformat.v4.new_output("display_data", picture),
            ]
            made.append(nbformat.v4.new_code_cell(code, id=f"cell-{number}", outputs=outputs))
    return nbformat.v4.new_notebook(cells=made)


OLD = (
    "Setup",
    ("ready()", "Ready."),  # cell 1
    "One",
    ("a", "after 0.2 s"),  # cell 3
    ("b", "true"),
    "Two",
    ("c", "1.0 s"),  # cell 6
)


@pytest.mark.parametrize(
    ("now", "replaced"),  # changed cells, keyed by number; numbers of the cells with new outputs
    [
        ({3: ("a", "after 0.3 s"), 6: ("c", "2.5 s")}, []),
        ({3: ("a", "after 9 pieces")}, [3]),
        ({4: ("b", "false")}, [4]),
        ({3: ("A", "after 0.3 s")}, [3, 4]),
        ({1: ("ready(1)", "Ready.")}, [1, 3, 4, 6]),
    ],
    ids=["times", "another number", "another word", "code of the section", "code of the setup"],
)
def test_outputs_are_kept_if_only_times_differ_and_no_earlier_code_has_changed(now, replaced):
    stored = lesson_with(*OLD)
    fresh = lesson_with(*(now.get(number, cell) for number, cell in enumerate(OLD)))
    code_cells = [cell for cell in fresh.cells if cell.cell_type == "code"]
    for cell in code_cells:  # mark the new outputs, in a place that the build doesn't compare
        cell.outputs[1].data["image/png"] = "new"
    execute.keep_outputs(fresh, stored)
    new = [cell.id for cell in code_cells if cell.outputs[1].data["image/png"] == "new"]
    assert new == [f"cell-{number}" for number in replaced]


def test_a_new_cell_changes_only_the_execution_counts_of_later_outputs():
    def counted(number):
        picture = {"image/png": "a"}
        output = nbformat.v4.new_output("execute_result", picture, execution_count=number)
        cell = nbformat.v4.new_code_cell("a", id="a", execution_count=number, outputs=[output])
        return nbformat.v4.new_notebook(cells=[cell])

    fresh, stored = counted(5), counted(4)
    fresh.cells[0].outputs[0].data["image/png"] = "new"
    execute.keep_outputs(fresh, stored)
    (output,) = fresh.cells[0].outputs
    assert (output.data["image/png"], output.execution_count) == ("a", 5)


def test_after_a_change_of_one_cell_a_build_changes_only_that_cell(built):
    before = {cell["id"]: cell for cell in notebook(built, "solutions")["cells"]}
    lesson = built / "lessons" / "01_sample.md"
    lesson.write_text(lesson.read_text("utf-8").replace("1 + 1", "1 + 2"), "utf-8")
    assert main([], built) == 0
    after = {cell["id"]: cell for cell in notebook(built, "solutions")["cells"]}
    (changed,) = (name for name in before if before[name] != after[name])
    assert after[changed].source == "1 + 2"


def test_incomplete_outputs_are_rebuilt(built, monkeypatch):
    spoil(built, "solutions", lambda content: content["cells"][-1].update(execution_count=None))
    ran = []

    def executed(lesson):
        ran.append(lesson)
        return lesson.editions["solutions"]

    monkeypatch.setattr(execute, "executed", executed)
    assert main([], built) == 0
    assert len(ran) == 1


# --- Cell IDs -------------------------------------------------------------------------------------


def ids(text):
    return list(notebooks.ids(lesson_source.parse(text).cells))


def test_cells_are_named_after_their_sections_headings_outside_code():
    text = "```\n# not a heading\n```\n\n+++\n\n# Größe & Café!\n\n+++\n\ntext\n\n+++\n\n## Next\n"
    assert ids(text) == ["opening-1", "groe-cafe-1", "groe-cafe-2", "next-1"]


def test_a_new_note_or_section_does_not_change_other_ids():
    text = "# A\n\n+++\n\none\n\n+++\n\n## B\n\n+++\n\ntwo\n"
    before = ids(text)
    with_note = ids(text.replace("one", 'one\n\n+++ {"tags": ["instructor"]}\n\nnote\n'))
    assert set(with_note) - set(before) == {"a-note-1"}
    with_section = ids(text.replace("## B", "## C\n\n+++\n\nthree\n\n+++\n\n## B"))
    assert set(before) < set(with_section)


def test_duplicate_long_and_non_latin_headings_get_unique_valid_ids():
    names = ids("# A\n\n+++\n\n# A\n\n+++\n\n# A 1\n\n+++\n\n# 河\n\n+++\n\n" + "# " + "x" * 99)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", name) for name in names)


# --- `--check` ------------------------------------------------------------------------------------


def test_the_check_passes_after_a_build_and_ignores_outputs(built, capsys):
    spoil(built, "solutions", lambda content: content["cells"][-1].update(outputs=[]))
    assert main(["--check"], built) == 0
    assert "match lessons/ (1 lesson)." in capsys.readouterr().out


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda it: it["cells"][0].update(source=["# Another title"]),
            "the source of cell 1-a-sample-lesson-1 differs",
        ),
        (lambda it: it["cells"].pop(0), "cell 1-a-sample-lesson-1 is missing"),
        (lambda it: it["cells"].reverse(), "the cells are in a different order"),
        (
            lambda it: it["cells"][0].update(metadata={"tags": ["setup"]}),
            "the metadata of cell 1-a-sample-lesson-1 differs",
        ),
        (lambda it: it["metadata"]["kernelspec"].update(name="mine"), "the notebook's metadata di"),
        (lambda it: it["metadata"]["language_info"].update(name="R"), "the notebook's metadata di"),
    ],
    ids=["source", "missing", "order", "tag", "kernel", "language"],
)
def test_the_check_names_the_edition_the_cell_and_the_command(built, capsys, edition, change, said):
    spoil(built, edition, change)
    assert main(["--check"], built) == 1
    out = capsys.readouterr().out
    assert f"{edition}/01_sample.ipynb: {said}" in out
    assert "python3 course.py build" in out


def test_the_check_refuses_outputs_in_the_learners_edition(built, capsys):
    spoil(built, "notebooks", lambda it: it["cells"][-1].update(execution_count=1))
    assert main(["--check"], built) == 1
    assert "learners' notebooks have none" in capsys.readouterr().out


def test_the_check_reports_missing_and_truncated_notebooks_and_writes_nothing(root, capsys):
    (root / "notebooks").mkdir()
    (root / "notebooks" / "01_sample.ipynb").write_text('{"cells": [')
    assert main(["--check"], root) == 1
    out = capsys.readouterr().out
    for edition in EDITIONS:
        assert f"{edition}/01_sample.ipynb: missing or unreadable" in out
    assert not (root / "solutions").exists()


def test_the_check_names_a_notebook_without_a_lesson_and_ignores_copies(built, capsys):
    for name in ("09_old", "01_sample-Copy1"):
        shutil.copy(built / "notebooks/01_sample.ipynb", built / f"notebooks/{name}.ipynb")
    assert main(["--check"], built) == 1
    text = "notebooks/09_old.ipynb: there is no lesson of that name in lessons/: delete the file\n"
    assert capsys.readouterr().out == text


def save_in_jupyter(content):
    """Change what JupyterLab changes when it saves a notebook without running it."""
    content["metadata"]["kernelspec"] = dict(reversed(content["metadata"]["kernelspec"].items()))
    content["metadata"]["language_info"]["version"] = "3.11.7"
    content["metadata"]["language_info"]["codemirror_mode"]["version"] = 4


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_notebook_that_was_only_saved_in_jupyter_is_up_to_date(built, capsys, edition):
    path = built / edition / "01_sample.ipynb"
    before = path.read_bytes()
    spoil(built, edition, save_in_jupyter)
    assert main(["--check"], built) == 0
    assert main([], built) == 0
    assert "outputs kept" in capsys.readouterr().out
    assert path.read_bytes() == before, "the build must restore the file"


# --- Missing checks, tables, guides and file encodings --------------------------------------------


def test_an_exercise_without_a_check_is_reported_before_anything_is_written(root, capsys):
    (root / "utils" / "checks" / "lesson_1" / "words.py").unlink()
    assert main([], root) == 1
    message = "exercise words has no check: add utils/checks/lesson_1/words.py"
    assert re.fullmatch(rf"lessons/01_sample\.md:\d+: {message}\n", capsys.readouterr().err)
    assert not list(root.rglob("*.ipynb"))


@pytest.mark.parametrize("name", ["README.md", "lessons/index.md"])
def test_tables_list_the_lessons(name):
    texts = (path.read_text(encoding="utf-8") for path in lesson_source.paths())
    titles = [re.search(r"^# (.+)$", text, re.MULTILINE)[1] for text in texts]
    table = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", (ROOT / name).read_text(encoding="utf-8"))
    assert re.findall(r"^\| (\d+\. [^|]+?) +\|", table, re.MULTILINE) == titles


def test_guides_have_minutes_and_numbers_from_the_lessons(built, capsys):
    guide = built / "lessons" / "guide.md"
    guide.write_text("<!--1.minutes-->9<!--/-->, <!--1.words-->1.7<!--/-->", "utf-8")
    assert main(["--check"], built) == 1
    out = capsys.readouterr().out
    assert "lessons/guide.md:1: 1.minutes is 5, not 9" in out
    assert "lessons/guide.md:1: 1.words is 1.1, not 1.7" in out
    assert main([], built) == 0
    assert guide.read_text("utf-8") == "<!--1.minutes-->5<!--/-->, <!--1.words-->1.1<!--/-->"
    assert main(["--check"], built) == 0
    guide.write_text("<!--1.gone-->1.7<!--/-->", "utf-8")
    assert main(["--check"], built) == 1
    assert "lessons/guide.md:1: no lesson has a `1.gone`" in capsys.readouterr().out


def test_a_lesson_may_be_saved_by_any_editor(built):
    plain = SAMPLE.read_text(encoding="utf-8") + SHOWS
    saved = {
        "BOM and CRLF": b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode(),
        "CR": plain.replace("\n", "\r").encode(),
        "no final newline": plain.rstrip("\n").encode(),
        "spaces": re.sub(
            r"^(---|\+\+\+|```|\s*### (?:BEGIN|END) SOLUTION)$", r"\1 \t", plain, flags=re.M
        ).encode(),
    }
    file = built / "lessons" / SAMPLE.name
    expected = notebooks.make(file).editions
    for how, raw in saved.items():
        file.write_bytes(raw)
        made = notebooks.make(file).editions
        for edition in EDITIONS:
            for cell in made[edition].cells:
                cell.source = re.sub(r"[ \t]+$", "", cell.source, flags=re.MULTILINE)
        assert made == expected, how


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        (lambda text: text.encode("utf-16"), "1: the byte 0xFF is not UTF-8: save the file as"),
        (lambda text: text.encode() + b"\ncaf\xe9\n", "{last}: the byte 0xE9 is not UTF-8: save"),
        (lambda text: text.encode() + b"\r\xe9", "{last}: the byte 0xE9 is not UTF-8: save the fi"),
        (
            lambda text: f"{text}\nA \u2028 B\n".encode(),
            "{last}: the character U+2028 in column 3 is invisible, and",
        ),
        (
            lambda text: f"{text}\nA \x1d B\n".encode(),
            "{last}: the character U+001D in column 3 is invisible",
        ),
    ],
    ids=["UTF-16", "Latin-1", "Latin-1 after CR", "separator", "control"],
)
def test_characters_that_no_editor_shows_are_reported_by_line(root, capsys, spoiled, message):
    lesson = root / "lessons" / SAMPLE.name
    text = lesson.read_text(encoding="utf-8").rstrip("\n")
    lesson.write_bytes(spoiled(text))
    assert main(["--check"], root) == 1
    last = len(text.split("\n")) + 1  # the added line
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"lessons/{SAMPLE.name}:{message.format(last=last)}")
    assert "\n" not in said


# --- Failures -------------------------------------------------------------------------------------


def add(root, *sources):
    lesson = root / "lessons" / "01_sample.md"
    cells = [f"\n```{{code-cell}} ipython3\n{source}\n```\n" for source in sources]
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text("".join([text, "\n## Broken\n", *cells]), encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("print('so far')\n1 / 0", "ZeroDivisionError: division by zero"),
        ("import os\nos._exit(1)", ".*died"),
    ],
)
def test_a_cell_that_fails_is_named_and_no_notebook_changes(built, capsys, source, problem):
    before = {path: path.read_bytes() for path in built.rglob("*.ipynb")}
    add(built, source)
    assert main([], built) == 1
    said = rf"lessons/01_sample\.md:\d+: cell broken-2 failed: {problem}"
    assert re.search(said, capsys.readouterr().err)
    assert {path: path.read_bytes() for path in built.rglob("*.ipynb")} == before


@pytest.mark.skipif(WINDOWS, reason="Windows can't send Ctrl-C to one process.")
def test_ctrl_c_while_a_cell_runs_ends_the_build_without_output(root):
    source = """
import os, signal, threading

for number in (signal.SIGINT, signal.SIGTERM):  # course.py sends the second
    os.kill(os.getppid(), number)
threading.Event().wait()
"""
    add(root, source)
    code = f"import pathlib, tools.build.__main__ as it\nit.main([], pathlib.Path({str(root)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == -signal.SIGINT
    assert not list(root.rglob("*.ipynb"))


def test_cells_that_print_what_must_not_be_published_are_named_and_nothing_is_written(root, capsys):
    add(
        root,
        "import os\nprint(os.getcwd())",
        "import sys, warnings\nwarnings.warn(sys.prefix + '/lib')",
        "print('sk' + '-' + 'a1b2' * 8)",
        "print({'api_key': 'a1b2' * 8})",
    )
    assert main([], root) == 1
    printed = capsys.readouterr().err
    for cell, what in enumerate(["a path of this"] * 2 + ["something like a key"] * 2, 2):
        assert f"lessons/01_sample.md: cell broken-{cell} prints {what}" in printed
    assert not (root / "solutions" / "01_sample.ipynb").exists()


def test_a_solution_that_its_check_rejects_fails_the_build_with_the_verdict(root, capsys):
    lesson = root / "lessons" / "01_sample.md"
    show = 'display({"text/plain": f"Exercise {number}: not yet. Why?"}, raw=True)'
    lesson.write_text(lesson.read_text("utf-8").replace('print(number, "checked")', show), "utf-8")
    assert main([], root) == 1
    message = r"the check rejects the solution\. Exercise 1\.1: not yet\. Why\?"
    assert re.search(rf"lessons/01_sample\.md:\d+: {message}", capsys.readouterr().err)
    assert list(root.rglob("*.ipynb")) == []


@pytest.mark.parametrize("status", ["correct.", "not attempted yet."])
def test_the_check_reports_a_stored_solution_that_was_rejected(built, capsys, status):
    text = f"Exercise 1.1: {status} There were 3 words."
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": text}}
    spoil(built, "solutions", lambda it: it["cells"][6].update(outputs=[output]))  # the exercise
    assert main(["--check"], built) == (status != "correct.")
    said = f"the check rejects the solution. {text}"
    assert (said in capsys.readouterr().out) is (status != "correct.")


def test_pictures_are_not_searched_for_keys():
    outputs = [{"data": {"image/png": "sk-abcdefghijklm", "text/plain": "<Figure>"}}]
    assert list(execute.strings(outputs)) == ["<Figure>"]


# --- The command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1", "01", "01_sample", "lessons/01_sample.md"])
def test_a_lesson_may_be_named_by_number_or_file(root, name):
    assert [path.stem for path in chosen([name], root / "lessons")] == ["01_sample"]


def test_an_unknown_lesson_and_no_lessons_at_all_are_reported(root, capsys):
    assert main(["7"], root) == 1
    assert "There is no lesson 7; there are 01_sample." in capsys.readouterr().err
    assert main([], root.parent) == 1
    assert "There is no lesson: " in capsys.readouterr().err
