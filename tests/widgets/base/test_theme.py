"""Assembling a widget's script or style sheet from the files that its first line lists."""

import re

import pytest

from utils.charts import palette
from utils.widgets.base import theme
from utils.widgets.base.theme import WIDGETS, script, stylesheet

FILES = [
    path.relative_to(WIDGETS).as_posix()
    for kind in ("*.js", "*.css")
    for path in sorted(WIDGETS.rglob(kind))
]
PARTS = ("stages.js", "blocks.js")  # used by widgets, but not widgets themselves
SHEETS = [name for name in FILES if name.endswith(".css") and not name.startswith("base/")]
SCRIPTS = [
    name
    for name in FILES
    if name.endswith(".js") and not name.startswith("base/") and not name.endswith(PARTS)
]


def text_of(name: str) -> str:
    return (WIDGETS / name).read_text(encoding="utf-8")


def test_style_sheets_use_the_palettes_colours():
    assert f"--course-waiting: {palette.WAITING};" in stylesheet()


@pytest.mark.parametrize("name", FILES)
def test_each_file_follows_the_files_it_needs(name):
    texts = theme._with_needs(name)
    assert texts[-1] == text_of(name)
    assert len(texts) == len(set(texts))


def test_a_script_contains_its_code_without_comments():
    text = script("live_text/live_text.js")
    assert "function make(" in text
    assert text.rstrip().endswith(
        "export default patched({ initialize: initializePanel, render });"
    )
    assert "\n//" not in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_widget_is_patched_to_receive_messages_before_its_script_loads(name):
    assert "\nexport default patched({" in text_of(name)


def test_a_file_without_a_list_of_needs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(theme, "WIDGETS", tmp_path)
    (tmp_path / "odd.js").write_text("const odd = 1;")
    with pytest.raises(ValueError, match=r"The first line of odd\.js"):
        script("odd.js")


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_other_widgets_rules_apply_to_a_widget(name: str):
    # A page keeps the style sheet of every widget that it has shown.
    classes = set(re.findall(r"course-[a-z-]+", script(name)))
    own_sheet = name.replace(".js", ".css")
    own = theme._with_needs(own_sheet) if own_sheet in SHEETS else []
    for sheet in SHEETS:
        if text_of(sheet) in own:
            continue
        rules = re.sub(r"/\*.*?\*/", "", text_of(sheet), flags=re.DOTALL)
        for selectors in re.findall(r"([^{}]+)\{", rules):
            for selector in re.split(r",(?![^(]*\))", selectors):  # don't split `:is(a, b)`
                named = set(re.findall(r"course-[a-z-]+", selector))
                assert not named or named - classes, f"{sheet}: {selector.strip()}"
