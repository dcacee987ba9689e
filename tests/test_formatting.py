"""How durations and counts are formatted."""

import pytest

from utils.formatting import counted, in_milliseconds, in_seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (in_seconds(0.004), "0.00 s"),
        (in_seconds(0.2), "0.20 s"),
        (in_seconds(0.999), "1.0 s"),
        (in_seconds(10.04), "10.0 s"),
        (in_milliseconds(0.0016), "1.6 ms"),
        (in_milliseconds(0.04), "40 ms"),
        (counted(1, "token"), "1 token"),
        (counted(0, "token"), "0 tokens"),
    ],
)
def test_format(text, expected):
    assert text == expected
