"""Lesson 3 as learners see it: the unmodified notebook in JupyterLab.

The tests of `Promises` also run here. All tests use the same notebook, `opened`, after *Run All*.
"""

from tests.browser.lessons.promises import Lesson, Opened, Promises


class TestPromises(Promises):
    lesson = Lesson(
        "03_token_by_token_output",
        live={
            "chunks": ".course-chunks tbody",
            "markdown": ".course-markdown",
            "card": ".course-card",
            "reply": ".course-text:not(.course-markdown)",
        },
    )

    def test_incomplete_markdown_is_shown_before_it_is_formatted(self, opened: Opened):
        nb = opened.notebook

        def unclosed_bold_was_seen() -> bool:  # in the finished text, "in place" is bold
            return any(text.rstrip().endswith("**in") for text in nb.seen("markdown"))

        assert nb.again_until(unclosed_bold_was_seen, ".course-markdown")
        markdown = nb.page.locator(".course-markdown")
        assert markdown.locator("pre").text_content() == "numbers.sort()\n"
        assert markdown.locator("strong").text_content() == "in place"
