"""Links in lessons and documents: files and headings exist, and URLs are public and use https.

`python3 course.py site --links` checks online whether the addresses still respond.
"""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tools.programs import ROOT

SKIPPED = {"build", "dist", "node_modules", "test-artifacts", "tests"}
DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(p in SKIPPED or p.startswith(".") for p in path.relative_to(ROOT).parts[:-1])
]
LOOPBACK = {"127.0.0.1", "localhost"}
# Words in the host names of package registries and mirrors. Documents mustn't contain addresses on
# such hosts, since a classroom may use its own mirror.
REGISTRIES = {"anaconda", "conda", "index", "mirror", "npmjs", "pypi", "pythonhosted", "registry"}


def tokens(text: str) -> Iterator[tuple[int, Token]]:
    """Yield a document's tokens, including inline ones, each with its block's first line number."""
    for token in MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text):
        line = token.map[0] + 1 if token.map else 0
        yield line, token
        yield from ((line, child) for child in token.children or ())


def targets(text: str) -> Iterator[tuple[int, str]]:
    """Yield the link and image targets in a document, with line numbers; code is ignored."""
    for line, token in tokens(text):
        for name in ("href", "src"):
            if (target := token.attrGet(name)) is not None:
                yield line, str(target)
        if token.type in ("html_inline", "html_block"):
            for target in re.findall(r"<[^!>]+\b(?:href|src)=[\"']?([^\"' >]+)", token.content):
                yield line, target


def anchors(path: Path) -> set[str]:
    """Return the heading anchors of a document or notebook, as code hosts generate them."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        shown = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        text = "\n\n".join(shown)
    found: list[str] = []
    parts = [token for _, token in tokens(text)]
    for heading, inline in itertools.pairwise(parts):
        if heading.type == "heading_open":
            plain = "".join(child.content for child in inline.children or ()).strip().lower()
            # "Two words, `code`" becomes two-words-code; a second one becomes two-words-code-1.
            slug = "".join(c for c in plain if c in " -_" or c.isalnum()).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def wrong(path: Path, target: str) -> str | None:
    """Return what is wrong with a link (None if it is valid)."""
    parts = urlsplit(target)
    if parts.scheme == "mailto" or parts.hostname in LOOPBACK:
        return None
    if parts.scheme or target.startswith("//"):
        public = re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or "")
        if parts.scheme != "https" or not public or parts.username:
            return "not a public https address"
        return "a package registry" if REGISTRIES & set(re.split("[.-]", parts.netloc)) else None
    name, _, anchor = unquote(target).partition("#")
    place = (path.parent / name).resolve() if name else path
    # Compare names, since `exists()` ignores case on some file systems.
    if not target or place.name not in {there.name for there in [path, *place.parent.glob("*")]}:
        return "there is no such file"
    if anchor and place.suffix in (".md", ".ipynb") and anchor not in anchors(place):
        return "there is no such heading"
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_in_a_document_is_valid(path):
    text = path.read_text(encoding="utf-8-sig")
    found = [(line, target, wrong(path, target)) for line, target in targets(text)]
    assert [(line, target, what) for line, target, what in found if what is not None] == []
    # Check addresses in code too, since readers copy code.
    for address in re.findall(r"https?://[^\s<>\"'`)\]\\]+", text):
        host = set(re.split("[.-]", urlsplit(address).hostname or ""))
        assert not host & REGISTRIES, address


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[x](OTHER.md)", "no such file"),
        ("[x]()", "no such file"),
        ('<a href="gone.md">x</a>', "no such file"),
        ("[x][1]\n\n[1]: gone.md", "no such file"),
        ("| a |\n| - |\n| ![x](gone.png) |", "no such file"),
        ("[x](other.md#no-such)", "no such heading"),
        ("[x](http://example.org)", "not a public https"),
        ("[x](//example.org)", "not a public https"),
        ("[x](https://me@example.org)", "not a public https"),
        ("[x](https://intranet/page)", "not a public https"),
        ("[x](https://pypi.example/p)", "a package registry"),
        ("[x](other.md), [x](other.md#two-words-code), [x](other.md#one-1), [x](#here)", None),
        ("[x](.), <http://127.0.0.1:8000/v1>, <mailto:me@example.org>, `[x](gone.md)`", None),
        ("<!-- [x](gone.md) -->\n\n```\n[x](gone.md)\n```", None),
    ],
)
def test_only_invalid_links_are_found(tmp_path, text, problem):
    other = "# One\n\n## Two words, `code`\n\n# One\n"
    (tmp_path / "other.md").write_text(other, encoding="utf-8")
    path = tmp_path / "text.md"
    path.write_text(f"# Here\n\n{text}\n", encoding="utf-8")
    found = [wrong(path, target) for _, target in targets(path.read_text(encoding="utf-8"))]
    if problem is None:
        assert not any(found)
    else:
        assert any(problem in each for each in found if each)
