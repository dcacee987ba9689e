"""The clinics' patients have what the lessons' solutions say they have."""

from __future__ import annotations

import ast

import pytest

from utils import source
from utils.clinics import complaints, deployments, received
from utils.provider import simulator
from utils.timing import Recording, record

FINISH_REASONS = {"complete": "stop", "limit": "length", "filtered": "content_filter"}


def diagnosis(exercise: str) -> dict[str, str]:
    """What the lesson's own solution says, by patient."""
    (assignment,) = ast.parse(source.solution(exercise)).body
    assert isinstance(assignment, ast.Assign)
    said: dict[str, str] = ast.literal_eval(assignment.value)
    return said


def patient_with(exercise: str, what: str) -> str:
    (name,) = [name for name, said in diagnosis(exercise).items() if said == what]
    return name


def measured() -> dict[str, Recording]:
    recordings = {}
    for name, model in deployments("1.6").items():
        run = record(model.stream("Name a river."), label=name)
        list(run)
        recordings[name] = run.recording
    return recordings


def test_lesson_1_the_buffered_one_delivers_at_once_and_the_slow_one_slowest():
    with simulator().watch() as seen:
        recordings = measured()
    asked = {name: request.model for name, request in zip(recordings, seen, strict=True)}
    assert asked[patient_with("1.6", "buffered")].endswith(":buffered")
    assert ":" not in asked[patient_with("1.6", "healthy")]
    slowest_first = sorted(recordings, key=lambda name: -(recordings[name].tpot or 0))
    assert slowest_first[0] == patient_with("1.6", "slow model")
    assert slowest_first[-1] == patient_with("1.6", "buffered")


def test_lesson_2_each_program_hears_what_its_diagnosis_says():
    cases = {name: program("Name a river.") for name, program in complaints("2.7").items()}
    healthy = cases[patient_with("2.7", "healthy")]
    twice = cases[patient_with("2.7", "attached twice")]
    failing = cases[patient_with("2.7", "fails in silence")]
    whole = cases[patient_with("2.7", "not streaming")]
    assert len({case.reply for case in cases.values()}) == 1, "all four should look well"
    assert healthy.heard > 0
    assert twice.heard == 2 * healthy.heard
    assert (failing.heard, failing.warnings > healthy.heard) == (0, True)
    assert (whole.heard, whole.warnings) == (0, 0)


@pytest.mark.parametrize(("patient", "said"), diagnosis("3.7").items())
def test_lesson_3_each_reply_ends_as_its_diagnosis_says(patient: str, said: str):
    run = record(received("3.7")[patient])
    list(run)
    assert run.recording.finish_reason == FINISH_REASONS.get(said)
    if said == "broken off":
        assert run.recording.text.endswith("."), "its last words should not give it away"
