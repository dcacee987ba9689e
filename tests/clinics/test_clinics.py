"""Each program in a clinic behaves as its correct diagnosis says.

A clinic is an exercise: learners measure several programs, A, B, …, and diagnose each.
"""

import pytest

from tests.simulator.virtual import VirtualSimulator
from utils import lesson_source
from utils.checks import runner
from utils.clinics import (
    complaints,
    deployments,
    endpoints,
    lesson_1,
    retries,
    source,
    stores,
    visit,
)
from utils.provider import chat_model
from utils.setup import ready
from utils.timing import record

RAINBOW = "Explain how a rainbow forms."
LIGHTHOUSE = "Tell me a short story about a lighthouse."


def diagnosis(exercise: str) -> dict[str, str]:
    """Return the correct diagnosis for each program ("A", "B", …) in an exercise."""
    check = runner.find(lesson_source.number(exercise)).exercise
    return dict(check.observe({}, None).truth)


def test_lesson_1_the_measurements_show_the_diagnoses(virtual: VirtualSimulator, monkeypatch):
    monkeypatch.setattr(lesson_1, "chat_model", lambda name, **_: virtual.chat(f"sim-{name}"))
    recordings = {}
    for name, deployed in deployments().items():
        run = record(deployed.stream("Name a river."), clock=virtual.clock)
        list(run)
        recordings[diagnosis("1.diagnosis")[name]] = run.recording
    buffered, healthy, slow = (recordings[each] for each in ("buffered", "healthy", "slow model"))
    assert buffered.ttft > 0.95 * buffered.e2e
    assert healthy.ttft < 0.8 * healthy.e2e
    assert healthy.e2e < 0.2 * slow.e2e
    assert buffered.tpot < 0.1 * healthy.tpot
    assert healthy.tpot < 0.2 * slow.tpot


def test_lesson_2_tokens_and_warnings_show_the_diagnoses():
    labels = diagnosis("2.diagnosis")
    cases = {labels[name]: program("Name a river.") for name, program in complaints().items()}
    assert len({case.reply for case in cases.values()}) == 1
    tokens = cases["healthy"].heard  # the number of tokens that the program's handler received
    assert tokens > 0
    assert cases["attached twice"].heard == 2 * tokens
    assert cases["fails silently"].heard == cases["not streaming"].heard == 0
    assert cases["fails silently"].warnings > tokens
    assert cases["not streaming"].warnings == 0


def test_lesson_3_the_stored_replies_show_the_diagnoses():
    replies = {  # the chunks of a complete reply, and of three that end early
        delivery: list(chat_model("fast", delivery=delivery, simulated=True).stream(RAINBOW))
        for delivery in (None, "length@40", "filter@33", "end@44")
    }
    stored = {  # for each diagnosis, the replies that such a program stores
        "healthy": {None},
        "any reason": {None, "length@40", "filter@33"},
        "judges the text": {None, "end@44"},
        "no exception": set(replies),
    }
    for name, program in stores().items():
        kept = {delivery for delivery, reply in replies.items() if program(iter(reply))}
        assert kept == stored[diagnosis("3.diagnosis")[name]]


# for each diagnosis: whether the first text is early, whether the loop is blocked, whether a
# disconnect stops the model, and a part of the code
ENDPOINTS = {
    "healthy": (True, False, True, "aclosing(model.astream("),
    "blocks the loop": (True, True, False, "for chunk in model.stream("),
    "keeps generating": (True, False, False, "task = asyncio.create_task("),
    "buffered": (False, False, True, "texts = [chunk.text async for"),
}


@pytest.mark.parametrize(("patient", "label"), diagnosis("4.diagnosis").items())
async def test_lesson_4_visits_and_code_show_the_diagnoses(patient, label):
    ready()  # warm-up: the slow first call in a process could be mistaken for a symptom
    case = await visit(endpoints()[patient], LIGHTHOUSE)
    *symptoms, code = ENDPOINTS[label]
    assert [case.ttft_share < 0.5, case.froze, case.unsent > 0] == symptoms
    assert case.recording.outcome == "finished"
    assert code in source(patient)


async def test_lesson_4_a_learners_changed_endpoint_can_be_visited_too():
    app = endpoints()["C"]
    app.get("/more")(lambda: "fine")
    assert (await visit(app, LIGHTHOUSE)).unsent > 0


async def test_lesson_5_text_requests_and_finish_reasons_show_the_diagnoses():
    async def run_all():
        return {
            diagnosis("5.diagnosis")[name]: await program(LIGHTHOUSE)
            for name, program in retries().items()
        }

    cases = await run_all()
    assert await run_all() == cases
    whole = (await chat_model("fast", simulated=True).ainvoke(LIGHTHOUSE)).content

    assert {label: (each.requests, each.finish) for label, each in cases.items()} == {
        "healthy": (2, "stop"),
        "doubled": (2, "stop"),
        "truncated": (1, None),
        "lost": (2, "stop"),
    }
    shown = {label: case.shown for label, case in cases.items()}
    beginning = whole[:30]
    assert shown["healthy"] == whole
    assert shown["doubled"].endswith(whole)
    assert shown["doubled"].count(beginning) == 2
    assert whole.startswith(shown["truncated"])
    assert shown["truncated"].startswith(beginning)
    # the lost text is in the middle: neither the beginning nor the end shows the fault
    assert shown["lost"].count(beginning) == 1
    assert shown["lost"].endswith(whole[-40:])
    assert len(shown["lost"]) < len(whole)
