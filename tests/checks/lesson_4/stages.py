"""Stages from events."""

import asyncio
from contextlib import aclosing

from tests.checks.answers import edits, right, wrong


@right("4.stages")
async def stages(events):
    yield "Thinking"
    current = "Thinking"
    async for event in events:
        stage = current
        if event["event"] == "on_chat_model_start":
            stage = "Thinking"
        elif event["event"] == "on_tool_start":
            stage = f"Tool call: {event['name']}"
        elif event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            stage = "Answer"
        if stage != current:
            yield stage
            current = stage


async def ahushed(events):
    """What arrives on a stream, whose errors are swallowed."""
    try:
        async for event in events:
            yield event
    except Exception:
        return


edit = edits("4.stages", stages)
FIRST = '    yield "Thinking"\n'
STARTS = ("on_chat_model_start", "on_chain_start")
TEXT = ' and event["data"]["chunk"].content'

edit(None, {"content": "text"})
for mistake, says, changes in (
    ("nothing at first", "with event 2", {FIRST: "", '= "Thinking"\n    a': '= ""\n    a'}),
    (
        "nothing at first",
        "",
        {FIRST: "", '= "Thinking"\n    a': '= ""\n    a', "on_chat_model_start": "on_chain_start"},
    ),
    ("repeats a stage", "`Thinking`", {'current = "Thinking"': 'current = ""'}),
    ("repeats a stage", "`Answer`", {"            current = stage": "            pass"}),
    (
        "repeats a stage",
        "",
        {"if stage != current": 'if stage != current or event["event"] == "on_tool_start"'},
    ),
    ("another stage", "`'thinking'` was", {FIRST: FIRST.lower()}),
    ("another stage", "`'Tool call'` was", {": {event['name']}": ""}),
    (
        "another stage",
        r"`'Tool call: get_weather'` .* stages are `Thinking`, `Tool call: get_time` and",
        {"{event['name']}": "get_weather"},
    ),
    ("another stage", "", {"{event['name']}": "{event['data']['input']}"}),
    ("answers without text", "Its chunk has no text", {TEXT: ""}),
    ("late", "with|began at event 3 .`on_chat_model_stream", {"content": "content.strip()"}),
    ("late", "`on_tool_end`.* began at event", {"on_tool_start": "on_tool_end"}),
    (
        "late",
        "",
        {"on_chat_model_stream": "on_chat_model_end", TEXT: ' and event["data"]["output"].content'},
    ),
    ("misses a stage", "`Tool call: get_time` began", {"on_tool_start": "on_tool"}),
    ("misses a stage", "`Thinking` began", {"on_chat_model_start": "on_llm_start"}),
    (
        "misses a stage",
        "`Answer` began",
        {'"Answer"': '""', "if stage !=": "if stage and stage !="},
    ),
    (
        "misses a stage",
        "before any event",
        {
            "    async for": '    current = ""\n    async for',
            FIRST: "    if 0:\n        yield\n",
            "if stage != current": "if 0",
        },
    ),
    (
        "a stage too many",
        "on_chain_start",
        {'event["event"] == "on_chat_model_start"': 'event["event"] in STARTS'},
    ),
    ("a stage too many", "before any event", {FIRST: '    yield "Answer"\n' + FIRST}),
    (
        "a stage too many",
        "",
        {"            current = stage": '            current = stage\n    yield "Thinking"'},
    ),
    (
        "stops early",
        "read only . of|read only .* events",
        {
            "            current = stage": (
                "            current = stage\n"
                '            if stage == "Answer":\n                return'
            )
        },
    ),
    ("raises", "KeyError", {"stage = current": 'stage = {"on_tool_start": ""}[event["event"]]'}),
    ("yields the wrong type", "", {"yield stage": 'yield (stage, "")'}),
    ("swallows the error", "Which `except`", {"in events": "in ahushed(events)"}),
):
    edit(mistake, changes, says)


@right("4.stages")
async def matches(events):
    yield (said := "Thinking")
    async with aclosing(events):
        async for event in events:
            match event:
                case {"event": "on_chat_model_start"}:
                    stage = "Thinking"
                case {"event": "on_tool_start", "name": name}:
                    stage = "Tool call: " + name
                case {"event": "on_chat_model_stream", "data": {"chunk": chunk}} if chunk.text:
                    stage = "Answer"
                case _:
                    stage = said
            if stage != said:
                yield stage
            said = stage


@right("4.stages")
async def reads_beside(events):
    queue = asyncio.Queue()

    async def read():
        async for stage in stages(events):
            queue.put_nowait(stage)
        queue.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        while stage := await queue.get():
            yield stage


class Stages:
    async def __call__(self, events, **settings):
        async with aclosing(stages(events)) as each:
            async for stage in each:
                yield stage


right("4.stages")(Stages())


@right("4.stages")
async def notes_what_went_wrong(events):
    try:
        async for stage in stages(events):
            yield stage
    except Exception as error:
        error.add_note("while the stages were read")
        raise


@wrong("4.stages", "collected first", "All 4 stages")
async def at_the_end(events):
    yield "Thinking"
    for stage in [stage async for stage in stages(events)][1:]:
        yield stage


@wrong("4.stages", "misses a stage")
async def each_only_once(events):
    said = set()
    async for stage in stages(events):
        if stage not in said:
            said.add(stage)
            yield stage


@wrong("4.stages", "returns a collection")
async def a_list(events):
    return [stage async for stage in stages(events)]


@wrong("4.stages", "plain generator")
def a_plain_generator(events):
    yield from events


@wrong("4.stages", "swallows the error")
async def says_that_it_failed(events):
    try:
        async for stage in stages(events):
            yield stage
    except Exception:
        yield "Failed"


@wrong("4.stages", "swallows the cancellation")
async def ends_quietly_when_cancelled(events):
    try:
        async for stage in stages(events):
            yield stage
    except asyncio.CancelledError:
        return


@wrong("4.stages", "leaves a task")
async def reads_beside_and_lets_it_run(events):
    queue = asyncio.Queue()

    async def read():
        try:
            async for stage in stages(events):
                await queue.put(stage)
        finally:
            await queue.put(None)

    reading = asyncio.create_task(read())
    while (stage := await queue.get()) is not None:
        yield stage
    await reading


@wrong("4.stages", "a stage too many", "on_tool_end")
async def takes_any_event_of_a_tool(events):
    yield (last := "Thinking")
    async for event in events:
        stage = ""
        if event["event"] == "on_chat_model_start":
            stage = "Thinking"
        elif event["event"].startswith("on_tool"):
            stage = f"Tool call: {event['name']}"
        elif event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            stage = "Answer"
        if stage and stage != last:
            yield (last := stage)
