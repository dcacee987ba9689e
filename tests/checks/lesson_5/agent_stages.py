"""Right and wrong answers to 5.agent_stages, which asks for the stages in an agent's stream."""

from langchain_core.messages import AIMessageChunk, ToolMessage  # noqa: F401 (used in edits)

from tests.checks.answers import edits, right


@right("5.agent_stages")
async def agent_stages(items):
    stage = "Thinking"
    yield stage
    async for mode, item in items:
        begun = []
        if mode == "messages" and isinstance(item[0], AIMessageChunk) and item[0].text:
            begun = ["Answer"]
        elif mode == "updates" and "tools" in item:
            begun = ["Thinking"]
        elif mode == "updates" and "model" in item:
            calls = item["model"]["messages"][-1].tool_calls
            begun = [f"Tool call: {call['name']}" for call in calls]
        for new in begun:
            if new != stage:
                stage = new
                yield stage


edit = edits("5.agent_stages", agent_stages)
SAID = "                stage = new\n                yield stage"
CHUNK = "isinstance(item[0], AIMessageChunk)"
LOOP = "        for new in"
ALL = "[each async for each in items]"

edit(None, {CHUNK: "not isinstance(item[0], ToolMessage)"})
edit(None, {CHUNK: 'item[1]["langgraph_node"] == "model"'})
edit(None, {"item[0].text": "item[0].content"})
edit("nothing at first", {'= "Thinking"\n    yield stage': '= ""'}, "with item")
BEGINS_TWICE = {"    async for mode": '    stage = ""\n    yield "Thinking"\n    async for mode'}
edit("repeats a stage", BEGINS_TWICE, "`Thinking`")
edit("another stage", {'stage = "Thinking"': 'stage = "thinking"'}, "`'thinking'` was")
edit("answers with a result", {CHUNK + " and ": ""}, "a tool's result")
edit("answers without text", {" and item[0].text:": ":"}, "Its chunk has no text")
edit(
    "names half a call",
    {
        LOOP: (
            '        if mode == "messages" and getattr(item[0], "tool_call_chunks", None):\n'
            '            names = [each["name"] for each in item[0].tool_call_chunks]\n'
            '            begun = [f"Tool call: {name}" for name in names if name]\n' + LOOP
        )
    },
    "still being written",
)
edit("skips white space", {"item[0].text": "item[0].text.strip()"}, "counts as text")
edit("late", {"item[0].text": "len(item[0].text) > 4"}, "`Answer`")
edit("misses a stage", {'== "messages"': '== "message"'}, "`Answer` began")
EACH = {LOOP: f'        if mode == "updates":\n            begun = begun or ["Thinking"]\n{LOOP}'}
edit("a stage too many", EACH)
STOPS = {SAID: f'{SAID}\n                if stage == "Answer":\n                    return'}
edit("stops early", STOPS, "read only .* items")
edit("misses a stage", {"in calls]": "in calls[:1]]"})
edit("skips a call", {"in calls]": "in calls[-1:]]"}, "`Tool call: order_status` comes before it")
edit("skips a call", {"in calls]": "in calls[::-1]]"}, "in order")
edit("yields the wrong type", {"    yield stage": '    yield (stage, "")'})
edit("collected first", {"async for mode, item in items": f"for mode, item in {ALL}"}, "together")
