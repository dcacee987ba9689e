"""Lesson 2 as learners see it: the unmodified notebook in JupyterLab.

All of its tests are those of `Promises`, such as that the `live` elements are seen growing.
"""

from __future__ import annotations

from tests.browser.lessons.promises import Lesson, Promises


class TestPromises(Promises):
    lesson = Lesson(
        "02_stream_callbacks",
        live={"timeline": ".course-timeline .course-size", "reply": ".course-text"},
    )
