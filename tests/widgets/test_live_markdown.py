"""`LiveMarkdown`: Markdown that is rendered while incomplete, and is always safe."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.widgets.doubles import find
from utils.widgets import LiveMarkdown
from utils.widgets.live_markdown import rendering as module
from utils.widgets.live_markdown.rendering import Rendering, render
from utils.widgets.live_markdown.widget import Document

BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "ul", "ol", "li", "blockquote"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = BLOCKS | TABLE | {"em", "strong", "del", "code", "br", "a", "span"}
ATTRIBUTES = {"href", "title", "target", "rel", "class", "start", "style"}

SIGNS = [*"[]()<>!\"'`*_~|#\n :&;=-\\/a", "![", "](", "```", "\n\n", "<script>", "<a href="]
SIGNS += ["javascript:", "data:", "https://x.y", "img src=", "onerror=", "&#58;"]


class Census(HTMLParser):
    """Collects every tag and attribute of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def blocks(live):
    return find(live, Document).whole


def test_markdown_is_rendered_and_returned_unrendered(wire):
    live = LiveMarkdown("Answer")
    assert live.show(["Some **bo", "ld** text"]) == "Some **bold** text"
    assert blocks(live) == ["<p>Some <strong>bold</strong> text</p>\n"]
    assert live.text == "Some **bold** text"


async def test_half_written_markdown_is_rendered_as_it_stands(wire, tap):
    live = LiveMarkdown()
    running = asyncio.create_task(live.run(tap))
    await tap.put("Some **bo")
    assert blocks(live) == ["<p>Some **bo</p>\n"]
    tap.end()
    assert await running == "Some **bo"


def test_each_block_stands_by_itself():
    assert [block[:4] for block in render("# A\n\nb\n\n- c\n\n```\nd")] == [
        "<h1>",
        "<p>b",
        "<ul>",
        "<pre",
    ]


def test_only_the_blocks_that_changed_are_sent(wire):
    document = Document("Reply")
    document.take("First.\n\nSec", 0.0)
    document.push()
    document.take("ond.", 0.1)
    document.push()
    assert wire.sent_by(document)[-1]["content"] == {
        "seq": 2,
        "at": 1,
        "keep": len("<p>Sec"),
        "items": ["ond.</p>\n"],
    }


def test_a_thousand_quick_tokens_take_few_drawings(wire):
    live = LiveMarkdown()
    live.show(["token "] * 1000)
    assert len(wire.sent_by(find(live, Document))) < 50


class TestRepair:
    def test_it_is_given_the_text_so_far_and_its_answer_is_rendered(self, wire):
        live = LiveMarkdown(repair=lambda text: text + "**")
        assert live.show(["Some **bo"]) == "Some **bo"
        assert blocks(live) == ["<p>Some <strong>bo</strong></p>\n"]

    def test_its_error_is_told_and_raised(self, wire):
        def broken(text):
            raise ZeroDivisionError("oops")

        live = LiveMarkdown("Answer", broken)
        with pytest.raises(ZeroDivisionError):
            live.show(["a", "b"])
        document = find(live, Document)
        assert document.phase == "failed"
        assert "ZeroDivisionError: oops" in document.note

    def test_an_error_in_the_very_last_drawing_is_raised_too(self, wire):
        def late(text):
            raise ZeroDivisionError("oops")

        live = LiveMarkdown(repair=late)
        with pytest.raises(ZeroDivisionError):
            live.show(["only"])
        assert find(live, Document).note == "repair failed: ZeroDivisionError: oops"

    def test_one_that_forgets_to_return_is_told_so(self, wire):
        with pytest.raises(TypeError, match="has to return the text"):
            LiveMarkdown(repair=lambda text: None).show(["a"])

    async def test_its_error_closes_an_async_source(self, wire, tap):
        live = LiveMarkdown(repair=lambda text: None)
        running = asyncio.create_task(live.run(tap))
        await tap.put("a")
        tap._items.put_nowait("b")
        with pytest.raises(TypeError):
            await running
        assert tap.closed

    def test_a_widget_whose_repair_failed_can_be_used_again(self, wire):
        answers = iter([None, "fine", "fine"])
        live = LiveMarkdown(repair=lambda text: next(answers))
        with pytest.raises(TypeError):
            live.show(["a"])
        assert live.show(["b"]) == "b"
        assert find(live, Document).phase == "done"


class TestSafety:
    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "text <b onclick=alert(1)>b</b>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a]( javascript:alert(1))",
            "[a](java&#115;cript:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "[a](vbscript:x)",
            "[a](file:///etc/passwd)",
            "[a](/api/shutdown)",
            "<javascript:alert(1)>",
            "[a]\n\n[a]: javascript:alert(1)",
            '[a](https://x.y "t\\" onmouseover=alert(1)")',
            "![p](https://x.y/spy.png)",
            "![p](javascript:alert(1))",
            '![<img src=x onerror="alert(1)">](x)',
            '```x" onclick="alert(1)\ncode\n```',
            "| <script>a</script> | b |\n|---|---|\n| [x](javascript:a) | <iframe> |",
        ],
    )
    def test_what_could_run_or_fetch_is_text(self, hostile):
        page = Census("".join(render(hostile)))
        assert page.tags <= TAGS
        assert {name for name, _ in page.attributes} <= ATTRIBUTES
        links = [value for name, value in page.attributes if name == "href"]
        assert all(link.startswith(("https://", "http://", "mailto:")) for link in links)

    @given(st.lists(st.sampled_from(SIGNS), max_size=30))
    def test_no_mixture_of_signs_makes_a_harmful_page(self, signs):
        self.test_what_could_run_or_fetch_is_text("".join(signs))

    def test_a_link_to_the_web_leaves_the_notebook_open(self):
        (block,) = render("[a](https://x.y/?q=1&r=2)")
        assert Census(block).attributes == [
            ("href", "https://x.y/?q=1&r=2"),
            ("target", "_blank"),
            ("rel", "noopener noreferrer"),
        ]

    def test_a_picture_is_named_but_not_fetched(self):
        assert "picture: A cat" in render("![A cat](https://x.y/cat.png)")[0]


def test_the_printed_line_stays(wire, clock, capsys):
    def timed():
        clock.now = 0.2
        yield "Hi"
        clock.now = 10.0

    LiveMarkdown("Answer", clock=clock).show(timed())
    assert capsys.readouterr().out.endswith("Answer: first words 0.20 s · done 10.0 s\n")


def test_its_plain_text_is_the_same_before_and_after(wire):
    live = LiveMarkdown("Answer")
    before = repr(live)
    live.show(["a"])
    assert repr(live) == before == "LiveMarkdown('Answer')"


PARTS = [
    "word ", "**bold", "** ", "\n", "\n\n", "\n \n", "\r\n\r\n", "```", "    code", "- item",
    "* ", "1. one", "2) ", "> quote", "# head", "---", "===", "| a | b |\n|---|---|\n",
    "<script>", "<!--", "[a][b]", "\n\n[b]: http://x.y\n", "[b]: http://z.y 'title\n", "\t",
    "\\", "&amp;", "~~", "![a]",
]  # fmt: skip


class TestGrowing:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch):
        monkeypatch.setattr(module, "_LONG", 12)

    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from(PARTS), max_size=24))
    def test_it_ends_as_if_it_had_been_rendered_in_one_go(self, parts):
        rendering, text = Rendering(), ""
        for part in parts:
            text += part
            blocks = rendering.blocks(text)
            if "]:" not in text:
                assert blocks == render(text)
        assert rendering.blocks(text, whole=True) == render(text)

    def test_text_that_was_repaired_at_its_beginning_is_rendered_anew(self):
        rendering = Rendering()
        rendering.blocks("one one one\n\ntwo two two\n\nthree\n")
        assert rendering.blocks("ONE\n\ntwo\n", whole=True) == render("ONE\n\ntwo\n")


@pytest.mark.parametrize(
    "paragraph", ["word " * 20 + "\n\n", "```\ncode\n\nmore\n```\n\n", "- a\n\n- b\n\ntext\n\n"]
)
def test_what_is_rendered_follows_the_growth_and_not_the_length(monkeypatch, paragraph):
    monkeypatch.setattr(module, "_LONG", 500)
    rendered = []
    parse = module._markdown().parse
    monkeypatch.setattr(
        module._markdown(),
        "parse",
        lambda text, state: (rendered.append(len(text)), parse(text, state))[1],
    )

    def work(paragraphs):
        rendered.clear()
        rendering = Rendering()
        for number in range(1, paragraphs + 1):
            rendering.blocks(paragraph * number)
        return sum(rendered)

    few = work(50)
    assert work(200) < 6 * few


def test_a_long_page_is_sent_once_and_rendered_in_parts(wire, monkeypatch):
    document = Document("Reply")
    for number in range(300):
        document.take(f"Paragraph {number} of many.\n\n", 0.0)
        document.push()
    sent = sum(len(str(data["content"].get("items"))) for data in wire.sent_by(document))
    assert sent < 3 * sum(map(len, document.whole))
