"""Lesson 5's assistant: its two parts, `answer` and `steady`, may be the course's or a learner's.

Each part solves an exercise. A learner's solution replaces the course's if it passes the check.
"""

import pytest

from utils import lesson_source
from utils.assistant import PARTS, answer, parts, steady
from utils.checks import evaluate


async def steadier(sources, seconds):
    async for piece in steady(sources, seconds):
        yield piece


async def unwritten(sources, seconds): ...


@pytest.mark.parametrize("name", PARTS)
def test_the_courses_parts_pass_their_exercises(name):
    assert evaluate(f"5.{name}", PARTS[name]).status == "correct"


def test_a_missing_part_is_replaced_by_the_courses(capsys):
    assert parts({}) == (answer, steady)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("answer: the course's, until yours passes Exercise 5.")
    assert printed[1].endswith(lesson_source.number("5.steady"))


def test_a_learners_part_is_used_only_if_it_passes(capsys):
    assert parts({"answer": answer, "steady": steadier}) == (answer, steadier)
    assert capsys.readouterr().out.endswith("steady: yours\n")
    assert parts({"steady": unwritten}) == (answer, steady)
    # `...` means that the learner hasn't written the part yet
    assert parts({"steady": ...}, ["steady"]) == (steady,)
    assert "yours\n" not in capsys.readouterr().out


def test_a_part_is_checked_again_each_time(monkeypatch):
    own = {"steady": steadier}
    monkeypatch.setattr("tests.test_assistant.steady", unwritten)  # used by `steadier`
    assert parts(own, ["steady"]) == (PARTS["steady"],)
    monkeypatch.undo()
    assert parts(own, ["steady"]) == (steadier,)
