"""Lesson 2 as learners see it: the unmodified notebook in JupyterLab.

The tests are those of `Promises`. One of them checks that the text of the `live` elements grows.
"""

from tests.browser.lessons.promises import Lesson, Promises


class TestPromises(Promises):
    lesson = Lesson(
        "02_stream_callbacks",
        live={"timeline": ".course-timeline .course-size", "reply": ".course-text"},
    )
