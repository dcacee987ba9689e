"""`Prediction`: a question to answer before the code runs."""

import pytest

from utils.widgets import Choice, Prediction

CHOICES = [
    Choice("At the call", "A generator runs only when someone pulls."),
    Choice("At the first `next()`", "Right.", right=True),
]


@pytest.fixture
def prediction() -> Prediction:
    return Prediction("When is it <b>sent</b>?", CHOICES)


def press(prediction: Prediction, button: str) -> None:
    prediction._handle_custom_msg(button, [])


def test_an_answer_can_be_locked_in_only_after_it_is_chosen(prediction):
    assert prediction.options == ["At the call", "At the first `next()`"]
    press(prediction, "lock")
    assert (prediction.choice, prediction.locked) == (None, False)


def test_feedback_is_sent_only_after_the_answer_is_locked_in_and_compared(prediction, wire):
    prediction.chosen = 0
    press(prediction, "reveal")
    assert prediction.right is None
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
    assert (prediction.feedback, prediction.right) == (feedback, right)
    assert prediction.choice == CHOICES[chosen]
    assert prediction.answers == [1]


def test_a_locked_answer_cannot_be_changed(prediction):
    prediction.chosen = 0
    press(prediction, "lock")
    prediction.chosen = 1
    assert prediction.choice == CHOICES[0]


def test_its_plain_text_contains_the_whole_question_and_the_answers():
    question = "Long? " * 50
    plain = Prediction(question, CHOICES)._repr_mimebundle_()[0]["text/plain"]
    assert plain == f"{question}\n  ( ) At the call\n  ( ) At the first `next()`"


@pytest.mark.parametrize("choices", [CHOICES[1:], CHOICES[:1] * 2])
def test_two_choices_and_a_right_one_are_required(choices):
    with pytest.raises(ValueError, match="A prediction needs"):
        Prediction("When?", choices)
