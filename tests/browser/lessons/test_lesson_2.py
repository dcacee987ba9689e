"""Lesson 2 as learners see it: the unmodified notebook, in JupyterLab, in a browser."""

from __future__ import annotations

from tests.browser.lessons.promises import Lesson, Opened, Promises

TIMELINE = ".course-timeline"
TOKENS = f"{TIMELINE} tbody tr:nth-child(3)"


class TestPromises(Promises):
    lesson = Lesson(
        "02_stream_callbacks",
        live={"timeline": f"{TIMELINE} .course-size", "reply": ".course-text"},
        pictures={
            "timeline": TIMELINE,
            "reply": ".course-text",
            "prediction": ".course-prediction",
        },
    )

    def test_each_token_is_a_mark_between_start_and_end(self, opened: Opened):
        timeline = opened.notebook.page.locator(TIMELINE)
        names = ["on_chat_model_start", "on_llm_new_token", "on_llm_end"]
        assert timeline.locator(".course-name").all_text_contents() == names
        counts = timeline.locator(".course-count").all_text_contents()
        assert counts[0] == counts[2] == "× 1"  # noqa: RUF001
        text = opened.notebook.page.locator(".course-text").first.text_content() or ""
        assert int(counts[1].split()[1]) >= len(text.split()) > 20
