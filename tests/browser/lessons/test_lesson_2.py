"""Lesson 2 as learners see it: the unmodified notebook in JupyterLab."""

from __future__ import annotations

from tests.browser.lessons.promises import Lesson, Promises

TIMELINE = ".course-timeline"


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
