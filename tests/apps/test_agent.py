"""The FastAPI app with an agent instead of its tool loop, as described in apps/README.md.

`asked` sends questions to the app and returns the events of each reply. `virtual` is the simulator.
"""

import re
import textwrap
from types import ModuleType

import pytest

from tests.apps.conftest import FASTAPI_FOLDER
from tests.apps.test_fastapi_chat import ANSWER, ORDER, RIVER, Visitor, asked, behave, text

README = (FASTAPI_FOLDER.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def with_agent(app: ModuleType) -> ModuleType:
    """Run the README's agent code in assistant.py's namespace; return the app."""
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    (code,) = (block for block in blocks if "create_agent" in block)
    exec(textwrap.dedent(code), vars(app.assistant))
    return app


def test_its_text_arrives_in_pieces(virtual, with_agent):
    (events,) = asked(virtual, with_agent, "sim-chat", RIVER)
    assert text(events) == ANSWER
    assert len([name for name, _ in events if name == "text"]) > 20
    assert events[-1].name == "end"


def test_its_tool_is_named_and_its_result_is_not_shown_as_text(virtual, with_agent):
    (events,) = asked(virtual, with_agent, "sim-chat", ORDER)
    assert ("tool", "order_status") in events
    assert text(events).count("arrives on Thursday") == 1  # once, in the model's reply
    assert events[-1].name == "end"


def test_a_truncated_call_runs_no_tool(virtual, with_agent):
    (events,) = asked(virtual, with_agent, "sim-chat:length@5", ORDER)
    assert len(virtual.requests()) == 1
    assert events[-1].name in ("end", "failed")
    assert text(events) == ""


def test_a_call_that_is_not_json_is_no_blank_reply(virtual, with_agent):
    (events,) = asked(virtual, with_agent, "sim-chat:garbled", ORDER)
    assert events[-1] == ("end", with_agent.html("", "The model returned no text."))


def test_stop_reaches_its_model(virtual, with_agent):
    async def main():
        await behave(virtual, "sim-seed")
        visitor = Visitor(with_agent)
        reply = await visitor.start(RIVER)
        async for _, name, _ in visitor.events(reply):
            if name == "text":
                assert await visitor.stop(reply) == 204
                break

    virtual.run(main())
    (request,) = virtual.requests()
    assert request.ended == "client left"
    assert request.tokens_unsent > 0
