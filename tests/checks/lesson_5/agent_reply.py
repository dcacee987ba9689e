"""Right and wrong answers to 5.agent_reply, which asks for an agent's text without tool results."""

from contextlib import aclosing, closing  # noqa: F401 (used in edits)

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage  # noqa: F401

from tests.checks.answers import edits, right, wrong


@right("5.agent_reply", says=r"no tool's result\.$")
async def agent_reply(agent, history):
    async with aclosing(agent.astream({"messages": history}, stream_mode="messages")) as items:
        async for chunk, _ in items:
            if isinstance(chunk, AIMessageChunk) and chunk.text:
                yield chunk.text


STOPS = "isinstance(chunk, ToolMessage):\n                return\n            if "
edit = edits("5.agent_reply", agent_reply)
CHECK = "isinstance(chunk, AIMessageChunk) and "

edit(None, {" and chunk.text": ""})
edit(None, {CHECK: "not isinstance(chunk, ToolMessage) and "})
edit(None, {"chunk, _": "chunk, where", CHECK: 'where["langgraph_node"] == "model" and '})
edit(None, {"history}": "[*history]}"})
edit("shows a result", {CHECK: ""}, "raw result")
edit("another conversation", {"history}": "history[-1:]}"}, "`messages`")
edit("no text", {CHECK: "not isinstance(chunk, AIMessageChunk) and "}, "its chunks through")
edit("ends before the last reply", {CHECK: STOPS})
COLLECTED = {"async for chunk, _ in items": "for chunk, _ in [each async for each in items]"}
edit("held back", COLLECTED, "after it had arrived")
PLAIN_LOOP = {"async with aclosing(agent.as": "with closing(agent.s", "async for": "for"}
edit("blocks the loop", PLAIN_LOOP, "agent.stream")


@right("5.agent_reply", says="around each stream you read closes it")
async def leaves_closing_to_python(agent, history):
    async for chunk, _ in agent.astream({"messages": history}, stream_mode="messages"):
        if isinstance(chunk, AIMessageChunk):
            yield chunk.text


@right("5.agent_reply")
async def by_events(agent, history):
    async with aclosing(agent.astream_events({"messages": history}, version="v2")) as events:
        async for event in events:
            if event["event"] == "on_chat_model_stream" and event["data"]["chunk"].text:
                yield event["data"]["chunk"].text


@right("5.agent_reply")
async def several_modes(agent, history):
    stream = agent.astream({"messages": history}, stream_mode=["messages", "updates"])
    async with aclosing(stream) as items:
        async for mode, item in items:
            if mode == "messages" and isinstance(item[0], AIMessageChunk):
                yield item[0].text


@wrong("5.agent_reply", "invoke", says="Which `stream_mode`")
async def values(agent, history):
    async for state in agent.astream({"messages": history}, stream_mode="values"):
        yield state["messages"][-1].text


@wrong("5.agent_reply", "echoes the history", says="in the history")
async def both_modes(agent, history):
    modes = ["messages", "values"]
    async for mode, item in agent.astream({"messages": history}, stream_mode=modes):
        if mode == "messages":
            yield item[0].text
        elif isinstance(item["messages"][-1], HumanMessage):
            yield item["messages"][-1].text


@wrong("5.agent_reply", "never runs the agent")
async def never(agent, history):
    agent.astream({"messages": history}, stream_mode="messages")
    for _ in history[:0]:
        yield ""


@wrong("5.agent_reply", "another model", says="instead of the agent that it was given")
async def another(agent, history):
    async for chunk in FakeListChatModel(responses=["Hi"]).astream(history):
        yield chunk.text
