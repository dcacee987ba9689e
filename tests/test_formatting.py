"""The format of durations and counts."""

import pytest

from utils.formatting import counted, in_milliseconds, in_seconds


@pytest.mark.parametrize(
    ("duration", "shown"),
    [(0, "0.00 s"), (0.004, "0.00 s"), (0.2, "0.20 s"), (0.999, "1.0 s"), (10.04, "10.0 s")],
)
def test_seconds_have_two_decimals_below_one_and_one_above(duration, shown):
    assert in_seconds(duration) == shown


@pytest.mark.parametrize(
    ("duration", "shown"), [(0.04, "40 ms"), (0.0016, "1.6 ms"), (0, "0.0 ms")]
)
def test_milliseconds_have_a_decimal_below_ten(duration, shown):
    assert in_milliseconds(duration) == shown


def test_a_count_of_one_is_singular():
    assert [counted(count, "token") for count in (0, 1, 2)] == ["0 tokens", "1 token", "2 tokens"]
