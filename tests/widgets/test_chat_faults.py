"""The chat panel with every simulator fault, in the Chat Completions and Responses APIs."""

import asyncio

import pytest

from tests.simulator.test_faults import MEGABYTES, PROMPT, whole
from tests.simulator.test_faults import REPLY as WHOLE  # 100 tokens; faults occur after 40
from tests.widgets.doubles import until
from utils.provider import chat_model, explain
from utils.simulator.faults import FAULTS, Fault
from utils.widgets import ChatPanel, Turn

PATIENCE = 240.0  # seconds until a panel is considered stuck


class Provider:
    """A reply function. Its model has the fault named in `delivery`, unless that is None."""

    delivery: str | None = None
    by_responses = False  # whether to use the Responses API
    asked = 0  # requests so far

    def __call__(self, history):
        self.asked += 1
        model = chat_model(
            "fast",
            delivery=self.delivery,
            simulated=True,
            max_retries=0,  # so that every failure reaches the panel
            use_responses_api=self.by_responses,
        )
        return model.astream(history)


@pytest.fixture
def provider() -> Provider:
    return Provider()


MOST = {"seconds": 2, "megabytes": MEGABYTES}  # upper limits for fault parameters


def delivery(fault: Fault) -> str:
    """Return the model suffix for a fault: its name and default parameters, capped by `MOST`."""
    numbers = [min(number, MOST.get(name, number)) for name, number in fault.numbers]
    values = ",".join(f"{number:g}" for number in numbers)
    return f"{fault.name}@{values}" if values else fault.name


def footer(panel: ChatPanel) -> dict:
    return panel.whole[-1]


async def pressed(panel: ChatPanel, provider: Provider, place: int) -> Turn:
    """Press the button at index `place` below the reply, and wait until the new reply ends."""
    before = provider.asked
    action = footer(panel)["actions"][place]  # "Continue", "Regenerate" or "Try again"
    panel._handle_custom_msg("go on" if action == "Continue" else "regenerate", [])
    await until(lambda: provider.asked > before and not panel.busy)
    return panel.turns[-1]


@pytest.mark.parametrize("by_responses", [False, True], ids=["chat", "responses"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_button_completes_an_incomplete_reply(provider, fault, by_responses):
    provider.delivery, provider.by_responses = delivery(fault), by_responses
    panel = ChatPanel(provider, explain=explain, stall=0.1)
    async with asyncio.timeout(PATIENCE):
        turn = await panel.ask(PROMPT)
    assert not panel.busy
    assert whole(fault).startswith(turn.reply), "text was lost or duplicated"
    # either field names the expected exception; "" if there is none
    if fault.by_responses if by_responses else fault.raises:
        assert turn.state == "failed"
    else:
        assert turn.state == ("complete" if turn.reply == whole(fault) else "truncated")
    if turn.state == "complete":
        assert turn.note == ""
    else:
        assert turn.note == footer(panel)["note"]
        assert turn.note.endswith(".")
        assert not any(words in turn.note for words in ("Traceback", "\n", "openai.", "Error code"))
    provider.delivery = None
    # tests the first button with Chat Completions, and the last one with the Responses API
    turn = await pressed(panel, provider, -1 if by_responses else 0)
    assert (turn.state, turn.reply, turn.note) == ("complete", WHOLE, "")
    assert len(panel.turns) == 1


@pytest.mark.parametrize(  # without refusals, which would end the reply before Stop
    "fault", [name for name, fault in FAULTS.items() if fault.stage != "refusal"]
)
async def test_stop_works_under_every_fault(provider, fault):
    provider.delivery = f"{fault}:slow@600"  # the response starts 600 s late
    panel = ChatPanel(provider, explain=explain)
    cell = asyncio.create_task(panel.ask(PROMPT))
    await until(lambda: provider.asked)
    panel.stop()
    async with asyncio.timeout(PATIENCE):
        turn = await cell
    assert (turn.state, turn.reply) == ("stopped", "")
    provider.delivery = None
    assert (await pressed(panel, provider, -1)).reply == WHOLE


@pytest.mark.parametrize(
    ("broken", "by_responses"), [("drop@30", False), ("end@30", True), ("error@30", True)]
)
async def test_the_parts_of_a_reply_that_breaks_repeatedly_are_joined(
    provider, broken, by_responses
):
    provider.delivery, provider.by_responses = broken, by_responses
    panel = ChatPanel(provider, explain=explain)
    lengths = [len((await panel.ask(PROMPT)).reply)]
    while panel.turns[0].reply != WHOLE and len(lengths) < 20:
        turn = await panel.go_on()
        lengths.append(len(turn.reply))
        assert WHOLE.startswith(turn.reply)
    assert panel.turns[0].reply == WHOLE
    assert lengths == sorted(set(lengths)), "each part adds text"
