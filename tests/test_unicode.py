"""`utils.unicode` makes any string encodable, and leaves encodable strings unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.unicode import Joiner, well_formed, well_formed_parts, without_half

surrogates = st.characters(categories=["Cs"])
anything = st.text(st.one_of(st.characters(), surrogates, st.sampled_from("a😀�\ufeff\x00")))


class Shout(str):
    """A `str` subclass whose overriding methods must not be called."""

    __slots__ = ()

    def __str__(self):
        return "no"

    def encode(self, *_):
        raise ValueError("no")


@given(anything)
def test_the_result_can_be_encoded(text):
    assert well_formed(well_formed(text)) == well_formed(text)
    well_formed(text).encode()


@given(st.text())
def test_well_formed_text_is_unchanged(text):
    assert well_formed(text) == text


@given(st.text())
def test_surrogate_pairs_are_joined(text):
    raw = text.encode("utf-16-le")
    units = [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]
    assert well_formed("".join(map(chr, units))) == text


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("\ud83d", "�"),
        ("low \ude00", "low �"),
        ("\ude00\ud83d", "��"),
        ("a\ud83db", "a�b"),
        ("\ud83d\ud83d\ude00", "�😀"),
        (Shout("hi \ud83d"), "hi �"),
    ],
    ids=ascii,
)
def test_lone_surrogates_are_replaced(text, becomes):
    assert well_formed(text) == becomes
    assert type(well_formed(text)) is str


@given(anything, st.data())
def test_joined_pieces_equal_the_well_formed_whole(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    joiner = Joiner()
    shown = [joiner.join(piece) for piece in pieces]
    assert "".join(shown) + joiner.rest() == well_formed(text)
    assert joiner.rest() == ""


def test_the_first_half_of_a_pair_is_kept_for_the_second():
    joiner = Joiner()
    assert [joiner.join(piece) for piece in ("Hi \ud83d", "", "\ude00!")] == ["Hi ", "", "😀!"]


def test_only_a_first_half_at_the_end_is_removed():
    assert [without_half(text) for text in ("a\ud83d", "a\ude00", "\ud83da", "")] == [
        "a", "a\ude00", "\ud83da", "",
    ]  # fmt: skip


def test_all_strings_in_a_message_become_well_formed():
    message = {"\ud83d": ["\ude00", ("a\ud83d\ude00", 1.5, None, True, b"\xff")]}
    assert well_formed_parts(message) == {"�": ["�", ["a😀", 1.5, None, True, b"\xff"]]}
