"""The former names of modules, which old copies of notebooks import, still work."""

from importlib import import_module

import pytest


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
