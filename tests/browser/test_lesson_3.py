"""Lesson 3 as learners see it: the unmodified notebook, in JupyterLab, in a browser."""

from __future__ import annotations

from tests.browser.lessons import Lesson, Opened, Promises

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

    def test_every_chunk_has_a_row_and_the_finish_reason_stands_in_one(self, opened: Opened):
        table = opened.notebook.page.locator(".course-chunks")
        columns = ["chunk", "seconds", "text", "finish reason", "tokens"]
        assert table.locator("th:visible").all_text_contents() == columns
        texts = table.locator("td.course-col-text").all_text_contents()
        assert texts[0] == "''empty", "the first announces the role"
        assert table.locator("td", has_text="stop").count() == 1

    def test_half_a_fence_is_seen_before_it_is_a_code_block(self, opened: Opened):
        seen = [row["markdown"] for row in opened.notebook.samples() if row["markdown"]]
        assert any(text.rstrip().endswith("**in") for text in seen), "half a bold word"
        markdown = opened.notebook.page.locator(".course-markdown")
        assert markdown.locator("pre").text_content() == "numbers.sort()\n"
        assert markdown.locator("strong").text_content() == "in place"

    def test_the_card_fills_in_and_is_final(self, opened: Opened):
        card = opened.notebook.page.locator(CARD)
        assert card.locator(".course-name").all_text_contents() == ["name", "age", "email", "tags"]
        assert card.locator(".course-mark").all_text_contents() == ["final"] * 4
        assert card.locator(".course-skeleton").count() == 0
        seen = [row["card"] for row in opened.notebook.samples() if row["card"]]
        assert any("still arriving" in text for text in seen)
