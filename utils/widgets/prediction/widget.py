"""`Prediction`: a question to which a learner locks in an answer before running the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from utils.lesson_source import Choice
from utils.widgets.base.course_widget import CourseWidget, as_text
from utils.widgets.base.theme import script, stylesheet


class Prediction(CourseWidget):
    """Radio buttons, followed by the buttons "Lock in my answer" and "Compare with what happened".

    The feedback stays in the kernel until it is revealed, so it can't be read in the page source.
    """

    _esm = script("prediction/prediction.js")
    _css = stylesheet("prediction/prediction.css")

    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)  # the possible answers, in order
    # index of the chosen answer in `options`; None until an answer is chosen
    chosen = traitlets.Int(None, allow_none=True).tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    right = traitlets.Bool(None, allow_none=True).tag(sync=True)  # None until revealed
    feedback = traitlets.Unicode().tag(sync=True)  # empty until revealed
    # the indices of the right answers in `options`; empty until revealed
    answers = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        """Text between backticks in the question or in a choice is shown as code."""
        if len(choices) < 2:
            raise ValueError(f"A prediction needs two choices or more: {question!r}.")
        if not any(choice.right for choice in choices):
            raise ValueError(f"A prediction needs a choice with right = true: {question!r}.")
        self._choices = tuple(choices)
        super().__init__(
            question=as_text(question, "question"),
            options=[as_text(choice.text, "text of a choice") for choice in choices],
        )
        self.on_msg(self._on_request)

    def __repr__(self) -> str:  # for pages that can't show widgets
        answers = "".join(f"\n  ( ) {option}" for option in self.options)
        return f"{self.question}{answers}"

    @property
    def choice(self) -> Choice | None:
        """The chosen answer; None until an answer is chosen."""
        return None if self.chosen is None else self._choices[self.chosen]

    def lock(self) -> None:
        """Lock in the chosen answer, if any."""
        self.locked = self.choice is not None

    def reveal(self) -> None:
        """Show the feedback, if an answer is locked in."""
        if self.locked and self.choice is not None:
            with self.hold_sync():
                self.feedback = as_text(self.choice.feedback, "feedback")
                self.answers = [at for at, one in enumerate(self._choices) if one.right]
                self.right = self.choice.right

    def _on_request(self, _: Prediction, content: Any, __: list[bytes]) -> None:
        if content == "lock":
            self.lock()
        elif content == "reveal":
            self.reveal()

    @traitlets.validate("chosen")
    def _keep_locked(self, proposal: Any) -> Any:
        """Keep a locked-in answer, even if an outdated page tries to change it."""
        return self.chosen if self.locked else proposal["value"]
