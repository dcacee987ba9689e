"""Lesson 3 as learners see it: the unmodified notebook, in JupyterLab, in a browser."""

from __future__ import annotations

from tests.browser.lessons.promises import Lesson, Opened, Promises

CARD = ".course-card"


class TestPromises(Promises):
    lesson = Lesson(
        "03_token_by_token_output",
        live={
            "chunks": ".course-chunks tbody",
            "markdown": ".course-markdown",
            "card": CARD,
            "reply": ".course-text:not(.course-markdown)",
        },
        pictures={
            "chunks": ".course-chunks",
            "markdown": ".course-markdown",
            "card": CARD,
            "reply": ".course-text:not(.course-markdown)",
            "prediction": ".course-prediction",
        },
    )

    def test_every_chunk_has_a_row_and_one_row_has_the_finish_reason(self, opened: Opened):
        table = opened.notebook.page.locator(".course-chunks")
        columns = ["chunk", "seconds", "text", "finish reason", "tokens"]
        assert table.locator("th:visible").all_text_contents() == columns
        texts = table.locator("td.course-col-text").all_text_contents()
        assert texts[0] == "''empty", "the first chunk announces the role"
        assert table.locator("td", has_text="stop").count() == 1

    def test_incomplete_markdown_is_shown_before_it_is_formatted(self, opened: Opened):
        nb = opened.notebook

        def half_a_word_was_seen() -> bool:
            return any(text.rstrip().endswith("**in") for text in nb.seen("markdown"))

        assert nb.again_until(half_a_word_was_seen, ".course-markdown")
        markdown = nb.page.locator(".course-markdown")
        assert markdown.locator("pre").text_content() == "numbers.sort()\n"
        assert markdown.locator("strong").text_content() == "in place"

    def test_the_card_fills_in_and_is_final(self, opened: Opened):
        nb = opened.notebook

        def a_field_was_seen_to_arrive() -> bool:
            return any("still arriving" in text for text in nb.seen("card"))

        assert nb.again_until(a_field_was_seen_to_arrive, CARD)
        card = nb.page.locator(CARD)
        card.locator(".course-mark", has_text="final").nth(3).wait_for()
        assert card.locator(".course-name").all_text_contents() == ["name", "age", "email", "tags"]
        assert card.locator(".course-mark").all_text_contents() == ["final"] * 4
        assert card.locator(".course-skeleton").count() == 0
