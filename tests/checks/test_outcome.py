"""How a message quotes code, even code with backticks, as text and as HTML."""

import pytest

from utils.checks.engine.wording import shown
from utils.checks.outcome import Outcome, in_html

FENCE = "```"


@pytest.mark.parametrize(
    ("code", "quoted"),
    [
        ("x = 1", "`x = 1`"),
        ("a `b` c", "`` a `b` c ``"),
        (f"{FENCE}python", f"` {FENCE}python `"),
        (f"` and {FENCE}", f"`` ` and {FENCE} ``"),
        ("` and ``", f"{FENCE} ` and `` {FENCE}"),
        ("one\ntwo", "`one⏎two`"),
        (" ", "` `"),
    ],
)
def test_code_is_quoted_with_its_own_backticks(code, quoted):
    assert shown(code) == quoted
    in_a_row = code.replace("\n", "⏎")
    page = f"See <code>{in_a_row}</code>, then <code>y</code>."
    assert in_html(f"See {quoted}, then `y`.") == page


def test_long_code_is_cut_before_its_backticks_are_counted():
    quoted = shown("a" * 40 + "`" + "b" * 40)
    assert quoted == f"`{'a' * 28} … {'b' * 28}`"


def test_what_is_quoted_is_escaped():
    assert in_html("`<b>` & `` `<i>` ``") == (
        "<code>&lt;b&gt;</code> &amp; <code>`&lt;i&gt;`</code>"
    )


def test_a_backtick_without_a_partner_stays():
    assert in_html("one ` alone, and `` two") == "one ` alone, and `` two"
    assert in_html(f"a fence is {FENCE}; `x`") == f"a fence is {FENCE}; <code>x</code>"


def test_an_outcome_shows_backticks_both_ways():
    outcome = Outcome("9.1", "not yet", f"For {shown(repr(FENCE))}: no.")
    assert repr(outcome) == f"Exercise 9.1: not yet. For ` '{FENCE}' `: no."
    assert f"For <code>'{FENCE}'</code>: no." in outcome._repr_html_()
