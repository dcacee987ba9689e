"""`LiveMarkdown`: Markdown is rendered safely, even while the text is incomplete.

`repair` is a learner's function that completes unfinished Markdown before it is rendered.
"""

import asyncio
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.doubles import find
from utils.widgets import LiveMarkdown
from utils.widgets.live_markdown.rendering import render
from utils.widgets.live_markdown.widget import Document

BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "ul", "ol", "li", "blockquote"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = BLOCKS | TABLE | {"em", "strong", "del", "code", "br", "a", "span"}
ATTRIBUTES = {"href", "title", "target", "rel", "class", "start", "style"}

MARKUP = [*"[]()<>!\"'`*_~|#\n :&;=-\\/a", "![", "](", "```", "\n\n", "<script>", "<a href="]
MARKUP += ["javascript:", "data:", "https://x.y", "img src=", "onerror=", "&#58;"]


class Census(HTMLParser):
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


def test_markdown_is_rendered_but_returned_as_it_is():
    live = LiveMarkdown("Answer")
    assert live.show(["Some **bo", "ld** text"]) == "Some **bold** text"
    assert blocks(live) == ["<p>Some <strong>bold</strong> text</p>\n"]
    assert live.text == "Some **bold** text"


def test_each_block_is_rendered_separately():
    assert [block[:4] for block in render("# A\n\nb\n\n- c\n\n```\nd")] == [
        "<h1>",
        "<p>b",
        "<ul>",
        "<pre",
    ]


def test_a_line_break_is_one_break_even_where_newlines_are_shown():
    assert render("a  \nb\\\nc") == ["<p>a<br />b<br />c</p>\n"]


class TestRepair:
    def test_it_receives_the_text_so_far_and_its_result_is_rendered(self):
        live = LiveMarkdown(repair=lambda text: text + "**")
        assert live.show(["Some **bo"]) == "Some **bo"
        assert blocks(live) == ["<p>Some <strong>bo</strong></p>\n"]

    @pytest.mark.parametrize("pieces", [["a", "b"], ["only"]])
    def test_its_exception_is_shown_and_propagates(self, pieces):
        def broken(text):
            raise ZeroDivisionError("oops")

        live = LiveMarkdown("Answer", broken)
        with pytest.raises(ZeroDivisionError):
            live.show(pieces)
        document = find(live, Document)
        assert (document.phase, "ZeroDivisionError: oops" in document.note) == ("failed", True)

    async def test_its_exception_closes_an_async_source(self, tap):
        live = LiveMarkdown(repair=lambda text: None)
        running = asyncio.create_task(live.run(tap))
        await tap.put("a")
        tap._items.put_nowait("b")
        with pytest.raises(TypeError):
            await running
        assert tap.closed
        assert not live.stopped

    def test_the_widget_can_be_used_again_after_an_exception(self):
        answers = iter([None, "fine", "fine"])
        live = LiveMarkdown(repair=lambda text: next(answers))
        with pytest.raises(TypeError, match="has to return the text"):
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
    def test_anything_that_could_run_or_fetch_is_text(self, hostile):
        page = Census("".join(render(hostile)))
        assert page.tags <= TAGS
        assert {name for name, _ in page.attributes} <= ATTRIBUTES
        links = [value for name, value in page.attributes if name == "href"]
        assert all(link.startswith(("https://", "http://", "mailto:")) for link in links)

    @given(st.lists(st.sampled_from(MARKUP), max_size=30))
    def test_no_mixture_of_markup_makes_a_harmful_page(self, parts):
        self.test_anything_that_could_run_or_fetch_is_text("".join(parts))

    def test_a_web_link_opens_a_new_tab(self):
        (block,) = render("[a](https://x.y/?q=1&r=2)")
        assert Census(block).attributes == [
            ("href", "https://x.y/?q=1&r=2"),
            ("target", "_blank"),
            ("rel", "noopener noreferrer"),
        ]

    def test_a_picture_is_described_but_not_fetched(self):
        assert "picture: A cat" in render("![A cat](https://x.y/cat.png)")[0]
