"""The clinics' programs have the faults that the lessons' solutions name."""

from __future__ import annotations

import ast

import pytest

from tests.simulator.virtual import VirtualSimulator
from utils import lesson_source
from utils.clinics import complaints, deployments, endpoints, lesson_1, source, stores, visit
from utils.provider import chat_model
from utils.setup import ready
from utils.timing import record

RAINBOW = "Explain how a rainbow forms."


def diagnosis(exercise: str) -> dict[str, str]:
    """Return the diagnosis of each patient, as in the lesson's solution."""
    (assignment,) = ast.parse(lesson_source.solution(exercise)).body
    assert isinstance(assignment, ast.Assign)
    said: dict[str, str] = ast.literal_eval(assignment.value)
    return said


def patient_with(exercise: str, what: str) -> str:
    (name,) = [name for name, said in diagnosis(exercise).items() if said == what]
    return name


def test_lesson_1_the_buffered_one_delivers_at_once_and_the_slow_one_slowest(
    virtual: VirtualSimulator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lesson_1, "chat_model", lambda name, **_: virtual.chat(f"sim-{name}"))
    recordings = {}
    for name, deployed in deployments().items():
        run = record(deployed.stream("Name a river."), clock=virtual.clock)
        list(run)
        recordings[name] = run.recording
    buffered, healthy, slow = (
        recordings[patient_with("1.diagnosis", what)]
        for what in ("buffered", "healthy", "slow model")
    )
    assert buffered.ttft > 0.95 * buffered.e2e
    assert healthy.ttft < 0.8 * healthy.e2e
    assert healthy.e2e < 0.2 * slow.e2e
    assert buffered.tpot < 0.1 * healthy.tpot < 0.02 * slow.tpot


def test_lesson_2_each_program_hears_what_its_diagnosis_says():
    cases = {name: program("Name a river.") for name, program in complaints().items()}
    healthy = cases[patient_with("2.diagnosis", "healthy")]
    twice = cases[patient_with("2.diagnosis", "attached twice")]
    failing = cases[patient_with("2.diagnosis", "fails silently")]
    whole = cases[patient_with("2.diagnosis", "not streaming")]
    assert len({case.reply for case in cases.values()}) == 1, "all four should look well"
    assert healthy.heard > 0
    assert twice.heard == 2 * healthy.heard
    assert (failing.heard, failing.warnings > healthy.heard) == (0, True)
    assert (whole.heard, whole.warnings) == (0, 0)


def test_lesson_3_each_program_stores_what_its_diagnosis_says():
    replies = {
        delivery: list(chat_model("fast", delivery=delivery, simulated=True).stream(RAINBOW))
        for delivery in (None, "length@40", "filter@33", "end@44")
    }
    stored = {
        "healthy": {None},
        "any reason": {None, "length@40", "filter@33"},
        "judges the text": {None, "end@44"},
        "no exception": set(replies),
    }
    for name, program in stores().items():
        kept = {delivery for delivery, reply in replies.items() if program(iter(reply))}
        assert kept == stored[diagnosis("3.diagnosis")[name]]


LONG = "Tell me a short story about a lighthouse."
SIGNS = {  # early first text, blocked event loop, model stopped after the disconnect
    "healthy": (True, False, True),
    "blocks the loop": (True, True, False),
    "keeps generating": (True, False, False),
    "buffered": (False, False, True),
}


# One event loop for all tests, as in a notebook: LangChain's HTTP client belongs to one loop.
one_loop = pytest.mark.asyncio(loop_scope="module")


@one_loop
@pytest.mark.parametrize(("patient", "said"), diagnosis("4.diagnosis").items())
async def test_lesson_4_each_endpoint_shows_the_signs_of_its_diagnosis(patient: str, said: str):
    ready()  # the first call in a process is slower, which isn't a symptom
    case = await visit(endpoints()[patient], LONG)
    assert (case.ttft_share < 0.5, case.froze, case.unsent > 0) == SIGNS[said]
    assert case.recording.outcome == "finished"


def test_lesson_4_the_code_to_read_is_that_of_the_diagnosis():
    guilty = {
        "buffered": "texts = [chunk.text async for",
        "keeps generating": "task = asyncio.create_task(",
        "healthy": "aclosing(model.astream(",
        "blocks the loop": "for chunk in model.stream(",
    }
    for patient, said in diagnosis("4.diagnosis").items():
        assert guilty[said] in source(patient)


def test_lesson_4_the_four_differ_in_their_signs():
    assert len(set(SIGNS.values())) == 4
    assert list(endpoints()) == list(diagnosis("4.diagnosis"))


@one_loop
async def test_lesson_4_an_endpoint_of_ones_own_can_be_visited_too():
    app = endpoints()["C"]
    app.get("/more")(lambda: "fine")
    assert (await visit(app, LONG)).unsent > 0
