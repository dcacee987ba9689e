"""How messages quote code in text and in HTML, including code that contains backticks."""

from xml.etree import ElementTree

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
def test_code_is_quoted_with_enough_backticks(code, quoted):
    assert shown(code) == quoted
    in_a_row = code.replace("\n", "⏎")
    page = f"See <code>{in_a_row}</code>, then <code>y</code>."
    assert in_html(f"See {quoted}, then `y`.") == page


def test_long_code_is_shortened_before_its_backticks_are_counted():
    quoted = shown("a" * 40 + "`" + "b" * 40)
    assert quoted == f"`{'a' * 28} … {'b' * 28}`"


def test_html_in_code_is_escaped():
    page = "<code>&lt;b&gt;</code> &amp; <code>`&lt;i&gt;`</code>"
    assert in_html("`<b>` & `` `<i>` ``") == page


def test_an_unpaired_backtick_stays():
    assert in_html("one ` alone, and `` two") == "one ` alone, and `` two"
    assert in_html(f"a fence is {FENCE}; `x`") == f"a fence is {FENCE}; <code>x</code>"


@pytest.mark.parametrize("status", ["correct", "not yet", "not attempted"])
def test_an_outcome_has_the_same_words_as_text_and_as_html(status):
    outcome = Outcome("9.1", status, f"For `a < b` & {shown(repr(FENCE))}: no.")
    assert repr(outcome).endswith(f" For `a < b` & ` '{FENCE}' `: no.")
    page = ElementTree.fromstring(outcome._repr_html_())
    assert page.get("role") == "status"
    assert "var(--jp-" in page.get("style")
    assert [each.text for each in page.iter("code")] == ["a < b", f"'{FENCE}'"]
    text = "".join(page.itertext())
    assert text.endswith(f"For a < b & '{FENCE}': no.")
    heading = repr(outcome).partition(" For")[0]
    assert text[2:].partition(" For")[0] == heading  # skips a mark such as ✓
