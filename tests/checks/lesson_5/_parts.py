"""Right and wrong variants of the assistant's `answer` and `steady`, shared by several modules.

`answer` streams a reply with tool calls; `steady` adds a stall timeout and fallbacks. In both
streams, each stage begins with a `Status` that names it.
"""

import asyncio
from contextlib import aclosing

from langchain.agents import create_agent
from langchain.agents.middleware import after_model
from langchain_core.messages import AIMessageChunk

from tests.checks.answers import edited
from utils import assistant
from utils.widgets import Status

# Copies of the course's functions, as if a learner had written the same code.
in_a_loop = edited(assistant.answer, {})
steady = edited(assistant.steady, {})


def finish_of(whole):
    return whole.response_metadata.get("finish_reason")


all_tools_concurrently = edited(
    assistant.answer,
    {
        'Status("Thinking")': 'Status("Thinking", "about it")',
        "yield chunk": """if chunk.content or chunk.response_metadata:
                    yield chunk""",
        'messages.append(await by_name[call["name"]].ainvoke(call))': """
        runs = [by_name[call["name"]].ainvoke(call) for call in whole.tool_calls]
        messages += await asyncio.gather(*runs)
        yield Status("Answer")
""",
    },
    asyncio=asyncio,
)


@after_model
def only_complete_calls(state, runtime):
    if state["messages"][-1].tool_calls and finish_of(state["messages"][-1]) != "tool_calls":
        raise ValueError("The tool call is truncated.")


async def by_an_agent(model, tools, messages):
    """Use an agent, which adds ids to messages that have none."""
    agent, stage = create_agent(model, tools, middleware=[only_complete_calls]), "Thinking"
    yield Status(stage)
    modes = ["messages", "updates"]
    async with aclosing(agent.astream({"messages": messages}, stream_mode=modes)) as items:
        async for mode, item in items:
            if mode == "messages":
                if isinstance(item[0], AIMessageChunk):
                    yield item[0]
            elif "model" in item:
                for call in item["model"]["messages"][-1].tool_calls:
                    yield Status(stage := "Tool call", call["name"])
            elif stage != "Thinking":
                yield Status(stage := "Thinking")


async def collects_all_but_statuses(model, tools, messages):
    chunks = []
    async for piece in in_a_loop(model, tools, messages):
        if isinstance(piece, Status):
            yield piece
        else:
            chunks.append(piece)
    for chunk in chunks:
        yield chunk


async def keeps_the_error(sources, seconds):
    failed = None
    for source in sources:
        shown = False
        stream = source()
        try:
            while True:
                piece = await asyncio.wait_for(anext(stream), seconds)
                if isinstance(piece, Status):  # as in `utils.assistant.committed`
                    shown = shown or piece.stage == "Tool call"
                else:
                    shown = shown or piece.text != ""
                yield piece
        except StopAsyncIteration:
            return
        except Exception as error:
            failed = error
            if shown:
                raise
        finally:
            await stream.aclose()
    raise failed


raises_an_earlier_error = edited(
    assistant.steady,
    {
        "    for number": "    errors = []\n    for number",
        "return": "if errors:\n                raise errors[0]\n            return",
        "except Exception:": "except Exception as error:\n            errors.append(error)",
    },
)


async def collects_pieces(sources, seconds):
    pieces = [piece async for piece in steady(sources, seconds)]
    for piece in pieces:
        yield piece
