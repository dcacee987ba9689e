"""Learners' notebooks still work if they use former module names or a former clinic's replies."""

from functools import reduce
from importlib import import_module
from operator import add

import pytest

from utils.clinics import received


@pytest.mark.parametrize(
    ("former", "now", "names"),
    [
        ("utils.serving", "utils.app_server", ["serve", "serving"]),
        ("utils.patience", "utils.stall_timeout", ["Stalled", "watched"]),
        ("utils.load", "utils.crowd", ["experiment", "app"]),
    ],
)
def test_a_former_module_exports_the_same_objects(former, now, names):
    old, new = import_module(former), import_module(now)
    assert [getattr(old, name) for name in names] == [getattr(new, name) for name in names]


def test_a_former_clinics_replies_still_end_in_four_ways():
    ends = {
        name: reduce(add, chunks).response_metadata.get("finish_reason")
        for name, chunks in received("3.7").items()
    }
    assert ends == {"A": "length", "B": None, "C": "stop", "D": "content_filter"}
