"""The wording and colours that widgets share."""

from __future__ import annotations

import pytest

from utils.charts import palette
from utils.widgets.style import seconds, stylesheet


@pytest.mark.parametrize(
    ("duration", "written"), [(3.21, "3.2 s"), (10, "10.0 s"), (0.1, "0.1 s"), (0.042, "0.04 s")]
)
def test_seconds_are_short_but_never_nothing(duration, written):
    assert seconds(duration) == written


def test_the_page_takes_its_colours_from_the_palette():
    assert f"--course-waiting: {palette.WAITING};" in stylesheet()
