"""`Prediction`: a question that is answered before the code runs."""

from __future__ import annotations

import pytest

from utils.widgets import Choice, Prediction

CHOICES = [
    Choice("At the call", "A generator runs only when someone pulls."),
    Choice("At the first `next()`", "Right.", right=True),
]


@pytest.fixture
def prediction(wire) -> Prediction:
    return Prediction("When is it <b>sent</b>?", CHOICES)


def press(prediction: Prediction, button: str) -> None:
    prediction._handle_custom_msg(button, [])


def test_nothing_is_chosen_locked_or_revealed_at_first(prediction):
    assert (prediction.choice, prediction.locked, prediction.revealed) == (None, False, False)


def test_answers_stand_in_the_order_given(prediction):
    assert prediction.options == ["At the call", "At the first `next()`"]


def test_nothing_can_be_locked_in_before_it_is_chosen(prediction):
    press(prediction, "lock")
    assert not prediction.locked


def test_feedback_is_not_shown_before_the_answer_is_locked_in(prediction):
    prediction.chosen = 0
    press(prediction, "reveal")
    assert not prediction.revealed


def test_feedback_does_not_reach_the_page_before_it_is_revealed(prediction, wire):
    prediction.chosen = 0
    press(prediction, "lock")
    assert "someone pulls" not in str(wire.messages) + str(prediction.get_state())
    assert prediction.get_state()["answers"] == []


@pytest.mark.parametrize(
    ("chosen", "feedback", "right"),
    [(0, "A generator runs only when someone pulls.", False), (1, "Right.", True)],
)
def test_the_feedback_is_that_of_the_chosen_answer(prediction, chosen, feedback, right):
    prediction.chosen = chosen
    press(prediction, "lock")
    press(prediction, "reveal")
    assert prediction.revealed
    assert (prediction.feedback, prediction.right) == (feedback, right)
    assert prediction.choice == CHOICES[chosen]
    assert prediction.answers == [1]


def test_an_answer_that_is_locked_in_cannot_be_changed(prediction):
    prediction.chosen = 0
    press(prediction, "lock")
    prediction.chosen = 1
    assert prediction.choice == CHOICES[0]


def test_the_page_never_builds_markup_from_words(prediction):
    assert "innerHTML" not in str(prediction._esm)


def test_its_plain_text_can_be_answered_without_a_kernel(prediction):
    plain = prediction._repr_mimebundle_()[0]["text/plain"]
    assert plain == "When is it <b>sent</b>?\n  ( ) At the call\n  ( ) At the first `next()`"


def test_a_long_question_is_not_cut_in_plain_text(wire):
    question = "Long? " * 50
    assert Prediction(question, CHOICES)._repr_mimebundle_()[0]["text/plain"].startswith(question)


@pytest.mark.parametrize("choices", [CHOICES[1:], CHOICES[:1] * 2])
def test_a_question_without_a_choice_or_without_a_right_one_is_refused(wire, choices):
    with pytest.raises(ValueError, match="A prediction needs"):
        Prediction("When?", choices)
