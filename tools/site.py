"""The `site` command: builds the reading edition, a static site, in `build/site/`.

Sphinx with MyST-NB builds it offline, from copies of the guides and of both editions' notebooks
with their stored outputs; nothing is executed. `--links` only checks external links.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.build.notebooks import EDITIONS, BuildError, Edition, differences, make
from tools.env_vars import clean_environ
from tools.lessons import chosen
from tools.programs import ROOT, Advice, advice_for_the_disk, run, say, this_command
from tools.site_pages import Picture, for_reading, relinked
from utils import lesson_source
from utils.formatting import counted

PICTURES = ROOT / "docs"  # folder of lesson screenshots, for the README and the index page
DESIGN = PICTURES / "site"  # the site's settings, theme and widget screenshots
OUTPUT = ROOT / "build" / "site"
FIRST = "index"  # the first page's name
DOCUMENTS = (".", "lessons", "docs", "apps", "hub")  # links in these folders' .md files are checked
GUIDES = {"Look it up": ("quick_reference", "glossary"), "For instructors": ("instructors_guide",)}
# Turns off Python highlighting in guides, where code blocks without a language are shell commands.
PLAIN_BLOCKS = "```{highlight} text\n```"
BOX = '<span class="course-box">☐</span>'  # replaces `[ ]`; a real checkbox would need a label


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the reading edition in build/site/html.")
    parser.add_argument("lesson", nargs="*", help="lesson numbers; default: all")
    parser.add_argument("--links", action="store_true", help="check that links work")
    options = parser.parse_args(words)
    try:
        with advice_for_the_disk():
            if options.links:
                return check_links(OUTPUT)
            page = build(OUTPUT, options.lesson)
    except (Advice, BuildError) as problem:
        print(problem, file=sys.stderr)
        return 1
    say(f"Open {page.relative_to(ROOT)} in a browser: no server or network is needed.")
    return 0


def build(output: Path, lessons: Sequence[str]) -> Path:
    """Build the site in `output`, replacing an earlier build; return its first page.

    Raises:
        Advice: If a lesson is missing or has changed since its build, or if Sphinx warns or fails.
    """
    started = time.monotonic()
    stems = [path.stem for path in chosen(lessons, lesson_source.FOLDER)]
    pages = output / "source"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    known = _known(stems)
    for stem in stems:
        _copy_lesson(stem, pages, known)
    _write_guides(stems, pages, known)
    _sphinx(pages, output)
    say(f"{counted(len(stems), 'lesson')}, built in {time.monotonic() - started:.0f} s.")
    return output / "html" / f"{FIRST}.html"


def check_links(output: Path) -> int:
    """Check external links in lessons and documents with Sphinx; return 0 if all of them work."""
    pages = output / "linked"
    shutil.rmtree(pages, ignore_errors=True)
    for path in (path for folder in DOCUMENTS for path in (ROOT / folder).glob("*.md")):
        page = pages / path.relative_to(ROOT)
        page.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8-sig")
        page.write_text(f"---\norphan: true\n---\n\n{relinked(_body(text), {})}", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "linkcheck", "--conf-dir", str(DESIGN)]
    command += ["--define", "root_doc=README", "--define", "suppress_warnings=myst.xref_missing"]
    return run([*command, str(pages), str(output / "linkcheck")])


def _body(text: str) -> str:
    """Return a document without its header and with its code cells as plain code blocks."""
    text = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^```\{code-cell\}.*$", "```text", text, flags=re.MULTILINE)


def _copy_lesson(stem: str, pages: Path, known: Mapping[str, str]) -> None:
    built = make(lesson_source.FOLDER / f"{stem}.md")
    stored: dict[Edition, Any] = {edition: built.stored(edition) for edition in EDITIONS}
    for edition, notebook in stored.items():
        if notebook is None or differences(built.editions[edition], notebook):
            raise Advice(
                f"{edition}/{stem}.ipynb doesn't match {built.lesson.file}: run "
                f"{this_command('build')} first."
            )
    pictures = {
        path.stem: Picture.of(path.read_bytes(), f"_static/{stem}/{path.name}")
        for path in sorted((DESIGN / "pictures" / stem).glob("*.png"))
    }
    shown = for_reading(built.lesson, stored["solutions"], stored["notebooks"], pictures)
    for cell in shown["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = relinked("".join(cell["source"]), known)
    (pages / f"{stem}.ipynb").write_text(json.dumps(shown), encoding="utf-8")


def _known(stems: Sequence[str]) -> dict[str, str]:
    """Return the site's page or picture for each file name that a link may contain."""
    known = {f"{stem}{suffix}": f"{stem}.ipynb" for stem in stems for suffix in (".ipynb", ".md")}
    known |= {path.name: path.name for path in PICTURES.glob("*.png")}
    guides = [FIRST, *(name for names in GUIDES.values() for name in names)]
    return known | {f"{name}.md": f"{name}.md" for name in guides}


def _write_guides(stems: Sequence[str], pages: Path, known: Mapping[str, str]) -> None:
    """Copy guides and pictures; add an introduction and a table of contents to the first page."""
    for path in PICTURES.glob("*.png"):
        shutil.copyfile(path, pages / path.name)
    trees = [_toctree("Lessons", stems)]
    for caption, names in GUIDES.items():
        trees.append(_toctree(caption, names))
        for name in names:
            heading, text = _guide(name, known)
            text = re.sub(r"^- \[ \] ", f"- {BOX} ", text, flags=re.MULTILINE)
            whole = "\n\n".join([heading, PLAIN_BLOCKS, text])
            (pages / f"{name}.md").write_text(whole, encoding="utf-8")
    heading, text = _guide(FIRST, known)
    about = (DESIGN / "about.md").read_text(encoding="utf-8-sig")
    whole = "\n\n".join([heading, PLAIN_BLOCKS, about, text, *trees])
    (pages / f"{FIRST}.md").write_text(whole, encoding="utf-8")


def _guide(name: str, known: Mapping[str, str]) -> tuple[str, str]:
    text = (lesson_source.FOLDER / f"{name}.md").read_text(encoding="utf-8-sig")
    heading, _, text = text.partition("\n")
    return heading, relinked(text, known)


def _toctree(caption: str, names: Sequence[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"])


def _sphinx(pages: Path, output: Path, design: Path = DESIGN) -> None:
    """Run Sphinx with the `conf.py` in `design`; raise Advice if it warns or fails."""
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--fresh-env"]
    command += ["--conf-dir", str(design), "--doctree-dir", str(output / "doctrees")]
    html = output / "html"
    shutil.rmtree(html, ignore_errors=True)
    done = subprocess.run(
        [*command, str(pages), str(html)],
        cwd=ROOT,
        env=clean_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode != 0:
        problems = done.stdout.replace(f"{pages}/", "")
        raise Advice(
            f"{problems.strip()}\nSphinx reported problems: the lines above name page and line."
        )


if __name__ == "__main__":
    sys.exit(main())
