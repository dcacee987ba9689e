"""The reading site: which parts of a lesson it shows, and that it uses no other hosts."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tools import site, site_pages
from tools.programs import ROOT
from tools.site_pages import Picture, for_reading, relinked
from utils import lesson_source

# A lesson with the prediction P1.1, and with exercise 1.1 and its hints.
LESSON = lesson_source.load(ROOT / "tests/build/data/01_sample.md")


def cell(name: str, text: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> Any:
    """Return a notebook cell: Markdown if its text begins with `#`, otherwise code."""
    shared = {"id": name, "metadata": {"tags": [*tags]}, "source": text}
    if text.startswith("#"):
        return {"cell_type": "markdown", **shared}
    return {"cell_type": "code", **shared, "outputs": list(outputs), "execution_count": 1}


def shows(text: str) -> dict[str, Any]:
    """Return the stored output of a cell that displays a widget with this repr."""
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def page(*cells: Any, pictures: dict[str, Picture] | None = None, **stubs: str) -> list[Any]:
    """Return the cells of a page; `stubs` maps cell IDs to the source in the learner's edition."""
    learner = [
        {**one, "source": stubs.get(one["id"], one["source"])}
        for one in cells
        if "instructor" not in one["metadata"]["tags"]
    ]
    solved = {"cells": list(cells), "nbformat": 4}
    return list(for_reading(LESSON, solved, {"cells": learner}, pictures or {})["cells"])


# --- What a reader sees


def test_notes_for_instructors_are_left_out():
    note = cell("note", "# for the room", tags=("instructor",))
    assert [one["id"] for one in page(cell("a", "# A"), note)] == ["a"]


def test_an_exercise_shows_its_stub_and_folds_hints_and_solution():
    solved = 'def answer():\n    return 42\n\ncheck("1.1", answer)'
    exercise = cell("e", solved, tags=("exercise-1.1",))
    stub, hints, solution = page(exercise, e="def answer():\n    ...")
    assert stub["source"] == "```python\ndef answer():\n    ...\n```"
    assert hints["source"].count("<details") == hints["source"].count("</details>") == 2
    assert "What does `split` do?" in hints["source"]
    assert "return 42" in solution["source"]
    assert solution["metadata"]["tags"] == ["hide-cell"]
    assert solution["metadata"]["mystnb"]["code_prompt_show"] == "Solution"


def test_a_predictions_feedback_is_collapsed():
    (card,) = page(cell("p", 'predict("P1.1")', shows("Is it?")))
    opened = re.findall(r"<details data-right=\"(\w+)\">\n<summary>(.*?)</summary>", card["source"])
    assert opened == [("false", "1"), ("true", "2")]
    outside = re.sub(r"<details.*?</details>", "", card["source"], flags=re.DOTALL)
    assert "separates" not in outside
    assert "<code>a &lt;b&gt;</code>" in card["source"]
    assert "\n\n" not in card["source"], "a blank line would end the block of HTML"


def test_a_live_widget_becomes_a_line_and_its_picture_if_any():
    race = cell("r", "await race()", shows("Race('invoke', '<stream>')"), shows("LiveText('b')"))
    png = (ROOT / "docs/lesson-1.png").read_bytes()
    picture = Picture.of(png, "_static/r.2.png")
    (shown,) = page(race, pictures={"r.2": picture})  # a picture of the second widget in cell r
    first, second = (output["data"]["text/html"] for output in shown["outputs"])
    assert "Race: invoke, &lt;stream&gt;" in first
    assert "<img" not in first
    assert 'src="_static/r.2.png" alt="The live widget LiveText: b' in second
    assert f'width="{picture.width}"' in second
    pixels = int.from_bytes(png[16:20], "big")  # the width in the PNG header
    assert picture.width * 2 == pixels


def test_printed_text_and_charts_with_descriptions_are_kept():
    printed = {"output_type": "stream", "name": "stdout", "text": "Race('a') was printed\n"}
    about = {"image/png": {"alt": "It rises.", "width": 640}}
    drawn = {"output_type": "execute_result", "data": {"image/png": "…"}, "metadata": about}
    (shown,) = page(cell("c", "chart", printed, drawn))
    assert shown["outputs"] == [printed, drawn]
    assert shown["metadata"]["mystnb"]["image"] == {"alt": "It rises.", "width": "640px"}


@pytest.mark.parametrize("text", ["3 chunks", "Race(", "call(1)", "Race('a') + 1"])
def test_text_that_names_no_widget_is_unchanged(text):
    assert site_pages.widget_name(shows(text)) is None


def copied(folder: Path) -> Path:
    for name in ("lessons", "notebooks", "solutions", "utils/checks"):
        shutil.copytree(ROOT / name, folder / name)
    return folder / "lessons"


def test_stale_notebooks_are_not_published(tmp_path, monkeypatch):
    lessons = copied(tmp_path)
    monkeypatch.setattr(lesson_source, "FOLDER", lessons)
    first = lessons / "01_enabling_streaming.md"
    first.write_text(first.read_text("utf-8").replace("# 1. Enabling", "# 1. Starting"), "utf-8")
    with pytest.raises(site.Advice, match=r"match lessons/01_enabl.*: run .*course.py build first"):
        site.build(tmp_path / "site", ["1"])


@pytest.mark.parametrize(
    ("text", "became"),
    [
        ("[one](../notebooks/01_a.ipynb)", "[one](01_a.ipynb)"),
        ("[one](../lessons/glossary.md#run)", "[one](glossary.md#run)"),
        ("[faults](../utils/FAULTS.md) of it", "faults of it"),
        ("see [`hub/README.md`](../hub/README.md)", "see `hub/README.md` in the course's folder"),
        ("![A race](../docs/lesson-1.png)", "![A race](lesson-1.png)"),
        ("![A race](../docs/gone.png)", "A race"),
        ("[the paper](https://doi.org/10.1016/x)", "[the paper](https://doi.org/10.1016/x)"),
        ("[above](#setup)", "[above](#setup)"),
        ("`[x](../no.md)`", "`[x](../no.md)`"),
        ("```\n[x](../no.md)\n```", "```\n[x](../no.md)\n```"),
    ],
)
def test_links_point_to_pages_of_the_site_or_become_plain_text(text, became):
    known = {name: name for name in ("01_a.ipynb", "glossary.md", "lesson-1.png")}
    assert relinked(text, known) == became


# --- No requests to other hosts


def fetched(text: str) -> list[str]:
    """Return the URLs on other hosts that a page or style sheet would fetch when shown."""
    text = re.sub(r"<a\b[^>]*>|/\*.*?\*/", "", text, flags=re.DOTALL)
    host = r"((?:https?:)?//[^'\")\s]+)"
    attributes = r"\b(?:src|srcset|href|poster|data|action)\s*=\s*['\"]" + host
    styles = rf"url\(\s*['\"]?{host}|@import\s+['\"]{host}"
    scripts = r"(?:import|fetch)\W{1,3}(https?://[^'\"]+)"
    found = re.findall(f"{attributes}|{styles}|{scripts}", text)
    return ["".join(groups) for groups in found]


def test_fetches_from_other_hosts_are_distinguished_from_links():
    for text in (
        '<script src="https://cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/a.css">',
        '<div style="background: url(https://example.org/p.png)"></div>',
        "<style>@import 'https://example.org/a.css';</style>",
        '<script>import("https://example.org/m.js")</script>',
    ):
        assert "example.org" in "".join(fetched(text)), text
    assert fetched('<a class="x" href="https://example.org">x</a><img src="_static/a.png">') == []
    assert fetched("/* url(https://example.org) */ a { background: url(data:x) }") == []


# --- A whole site

SHELL = "export KEY=\"it's\nmore $(x) --live\n"  # not valid Python


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    lessons = copied(tmp_path_factory.mktemp("course"))
    with (lessons / "glossary.md").open("a", encoding="utf-8") as glossary:
        glossary.write(f"\n```\n{SHELL}```\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson_source, "FOLDER", lessons)
        return site.build(tmp_path_factory.mktemp("site"), ["01"]).parent


def test_it_has_pages_and_search_without_notebooks_and_fetches_nothing(built):
    names = {path.name for path in built.rglob("*")}
    assert {"index.html", "01_enabling_streaming.html", "glossary.html", "search.html"} <= names
    assert not any(".ipynb" in name for name in names)
    pages = [path for path in built.rglob("*") if path.suffix in (".html", ".css")]
    fetches = {path: fetched(path.read_text("utf-8-sig")) for path in pages}
    assert {path.name: urls for path, urls in fetches.items() if urls} == {}
    assert "perceiv" in (built / "searchindex.js").read_text(encoding="utf-8")


def test_the_lesson_is_shown_without_its_notes(built):
    text = (built / "01_enabling_streaming.html").read_text(encoding="utf-8")
    assert "Feel it: a race" in text
    assert "Instructor note" not in text
    number = len(lesson_source.load(lesson_source.FOLDER / "01_enabling_streaming.md").exercises)
    assert text.count('<p class="collapsed admonition-title">Solution</p>') == number
    assert len(re.findall(r'<img alt="Gap strip[^"]+"[^>]*>', text)) == 1


def test_the_first_page_shows_a_picture_of_each_lesson(built):
    text = (built / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img alt="Lesson (\d): [^"]+" src="([^"]+)"', text)
    assert [number for number, _ in shown] == ["1", "2", "3", "4", "5"]
    assert all((built / address).is_file() for _, address in shown)


def test_guides_show_checkboxes_plain_code_and_the_place_of_other_files(built):
    text = (built / "instructors_guide.html").read_text(encoding="utf-8")
    guide = (lesson_source.FOLDER / "instructors_guide.md").read_text(encoding="utf-8")
    assert text.count(site.BOX) == guide.count("- [ ] ") > 0
    assert "[ ]" not in text
    assert "hub/README.md</span></code> in the course's folder" in text
    before, found, _ = (built / "glossary.html").read_text("utf-8").partition("more $(x) --live")
    assert found
    assert before.rpartition("highlight-")[2].startswith("text"), "shell commands aren't Python"


def test_a_warning_fails_the_build_and_names_page_and_line(tmp_path):
    pages = tmp_path / "source"
    pages.mkdir()
    (pages / "index.md").write_text("# A\n\n[gone](gone.md)\n", encoding="utf-8")
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "conf.py").write_text("extensions = ['myst_parser']; html_theme = 'basic'", "utf-8")
    with pytest.raises(site.Advice, match=r"index.md:3: WARNING: .*gone"):
        site._sphinx(pages, tmp_path, plain)


def test_every_picture_belongs_to_a_widget_of_a_lesson():
    for folder in (site.DESIGN / "pictures").iterdir():
        notebook = json.loads((ROOT / "solutions" / f"{folder.name}.ipynb").read_bytes())
        widgets = {
            one["id"]: [each for each in one["outputs"] if site_pages.widget_name(each)]
            for one in notebook["cells"]
            if one["cell_type"] == "code"
        }
        for path in folder.iterdir():
            cell_id, number = path.stem.rsplit(".", 1)
            count = len(widgets.get(cell_id, []))
            assert 1 <= int(number) <= count, f"no widget for {path.name}: run `site --pictures`"
