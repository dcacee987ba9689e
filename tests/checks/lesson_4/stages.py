"""Exercise 4.7: stages from events."""

import asyncio
from contextlib import aclosing

from tests.checks.answers import right, wrong


@right("4.stages")
async def tells_stages(events):
    yield "Thinking"
    current = "Thinking"
    async for event in events:
        name, data = event["event"], event["data"]
        if name == "on_chat_model_start":
            stage = "Thinking"
        elif name == "on_tool_start":
            stage = f"Tool call: {event['name']}"
        elif name == "on_chat_model_stream" and data["chunk"].content:
            stage = "Answer"
        else:
            continue
        if stage != current:
            yield stage
            current = stage


@right("4.stages")
async def matches(events):
    yield (said := "Thinking")
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


def named(event):
    kind = event["event"]
    if kind == "on_chat_model_stream":
        return "Answer" if event["data"]["chunk"].content else None
    tool = f"Tool call: {event['name']}"
    return {"on_chat_model_start": "Thinking", "on_tool_start": tool}.get(kind)


@right("4.stages")
async def by_a_helper(events):
    before = "Thinking"
    yield before
    async with aclosing(events):
        async for event in events:
            stage = named(event) or before
            if stage != before:
                before = stage
                yield stage


@right("4.stages")
async def reads_beside(events):
    queue = asyncio.Queue()

    async def read():
        async for event in events:
            queue.put_nowait(event)
        queue.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        yield "Thinking"
        before = "Thinking"
        while event := await queue.get():
            stage = named(event) or before
            if stage != before:
                before = stage
                yield stage


@right("4.stages")
async def asks_for_each_event(events):
    latest = None
    stage = "Thinking"
    while True:
        if stage not in ("", latest):
            latest = stage
            yield stage
        event = await anext(events, None)
        if event is None:
            return
        chunk = event["data"].get("chunk") if event["event"].endswith("chat_model_stream") else None
        stage = {
            "on_chat_model_start": "Thinking",
            "on_tool_start": "Tool call: {name}".format(**event),
            "on_chat_model_stream": "Answer" if chunk is not None and chunk.text else "",
        }.get(event["event"], "")


class Stages:
    stage = None

    async def __call__(self, events, **settings):
        async with aclosing(self.all(events)) as stages:
            async for stage in stages:
                if stage and stage != self.stage:
                    self.stage = stage
                    yield stage
        self.stage = None

    async def all(self, events):
        yield "Thinking"
        async for event in events:
            yield named(event)


@right("4.stages")
def by_an_object_for_each_run(events):
    return Stages()(events)


@right("4.stages")
async def notes_what_went_wrong(events):
    try:
        async for stage in tells_stages(events):
            yield stage
    except Exception as error:
        error.add_note("while the stages were read")
        raise


def telling(name_of, *, anew=True):
    """An answer that names each event by `name_of`, and passes on what is new."""

    async def stages(events):
        before = None
        async for event in events:
            stage = name_of(event)
            if stage and (stage != before or not anew):
                yield stage
                before = stage

    stages.__name__ = name_of.__name__
    return stages


def answer_at_any_chunk(event):
    return "Answer" if event["event"] == "on_chat_model_stream" else named(event)


def tool_at_its_end(event):
    if event["event"] == "on_tool_start":
        return None
    return f"Tool call: {event['name']}" if event["event"] == "on_tool_end" else named(event)


def without_the_name(event):
    return "Tool call" if event["event"] == "on_tool_start" else named(event)


def in_other_words(event):
    return (named(event) or "").lower()


def answer_at_the_end_of_a_model(event):
    if event["event"] == "on_chat_model_stream":
        return None
    return "Answer" if event["event"] == "on_chat_model_end" else named(event)


def no_tools(event):
    return None if event["event"] == "on_tool_start" else named(event)


def thinking_of_the_chain(event):
    if event["event"] == "on_chat_model_start":
        return None
    return "Thinking" if event["event"] == "on_chain_start" else named(event)


def answer_at_chain_streams(event):
    if event["event"] == "on_chat_model_stream":
        return None
    return "Answer" if event["event"] == "on_chain_stream" else named(event)


def by_square_brackets(event):
    return {"on_chat_model_start": "Thinking", "on_tool_start": "Tool"}[event["event"]]


@wrong("4.stages", "repeats a stage")
async def thinks_twice(events):
    yield "Thinking"
    async for stage in tells_stages(events):
        yield stage


@wrong("4.stages", "before any event")
async def answers_before_all(events):
    yield "Answer"
    async for stage in tells_stages(events):
        yield stage


@wrong("4.stages", "misses a stage")
async def each_only_once(events):
    said = set()
    async for event in events:
        stage = named(event)
        if stage and stage not in said:
            said.add(stage)
            yield stage


@wrong("4.stages", "collected first", "All 4 stages")
async def at_the_end(events):
    for stage in [stage async for stage in tells_stages(events)]:
        yield stage


@wrong("4.stages", "nothing at first")
async def an_event_late(events):
    before = None
    async for event in events:
        if before:
            yield before
        stage = named(event)
        before = stage if stage and stage != getattr(an_event_late, "said", None) else None
        an_event_late.said = stage or getattr(an_event_late, "said", None)
    an_event_late.said = None


@wrong("4.stages", "returns a collection")
async def a_list(events):
    return [stage async for stage in tells_stages(events)]


@wrong("4.stages", "plain generator")
def a_plain_generator(events):
    for event in events:
        yield named(event)


@wrong("4.stages", "nothing yielded")
async def says_nothing(events):
    async for event in events:
        if event["event"] == "on_llm_start":
            yield "Thinking"


@wrong("4.stages", "yields the wrong type")
async def pairs(events):
    async for stage in tells_stages(events):
        yield (stage, "")


@wrong("4.stages", "stops early")
async def stops_at_the_first_answer(events):
    async for stage in tells_stages(events):
        yield stage
        if stage == "Answer":
            return


@wrong("4.stages", "repeats a stage")
async def each_start_is_new(events):
    yield "Thinking"
    first, answered = True, False
    async for event in events:
        kind = event["event"]
        if kind == "on_chat_model_start":
            if not first:
                yield "Thinking"
            first, answered = False, False
        elif kind == "on_tool_start":
            yield f"Tool call: {event['name']}"
        elif kind == "on_chat_model_stream" and event["data"]["chunk"].content and not answered:
            answered = True
            yield "Answer"


@wrong("4.stages", "repeats a stage")
async def thinks_anew_each_time(events):
    yield "Thinking"
    before, first = "Thinking", True
    async for event in events:
        stage = named(event)
        if stage == "Thinking":
            if not first:
                yield stage
            first = False
        elif stage and stage != before:
            yield stage
        before = stage or before


wrong("4.stages", "nothing at first", "with event 2")(telling(named))
wrong("4.stages", "answers without text", "Its chunk has no text")(telling(answer_at_any_chunk))
wrong("4.stages", "late", "begun 1 event before")(telling(tool_at_its_end))
wrong("4.stages", "no tool's name", "`Tool call` was yielded")(telling(without_the_name))
wrong("4.stages", "another stage")(telling(in_other_words))
wrong("4.stages", "repeats a stage")(telling(named, anew=False))
wrong("4.stages", "early")(telling(answer_at_the_end_of_a_model))
wrong("4.stages", "misses a stage")(telling(no_tools))
wrong("4.stages", "nothing at first")(telling(thinking_of_the_chain))
wrong("4.stages", "early")(telling(answer_at_chain_streams))
wrong("4.stages", "raises")(telling(by_square_brackets))


@wrong("4.stages", "swallows the error", "Which `except`")
async def ends_quietly(events):
    try:
        async for stage in tells_stages(events):
            yield stage
    except Exception:
        return


@wrong("4.stages", "swallows the error")
async def says_that_it_failed(events):
    try:
        async for stage in tells_stages(events):
            yield stage
    except Exception:
        yield "Failed"


@wrong("4.stages", "swallows the cancellation")
async def ends_quietly_when_cancelled(events):
    try:
        async for stage in tells_stages(events):
            yield stage
    except asyncio.CancelledError:
        return


def the_tool_of_the_lesson(event):
    return "Tool call: get_weather" if event["event"] == "on_tool_start" else named(event)


wrong("4.stages", "another tool", "The tool `get_time` started, and `Tool call: get_weather` was")(
    telling(the_tool_of_the_lesson)
)


def the_tool_in_the_data(event):
    tool = event["data"].get("input") if event["event"] == "on_tool_start" else None
    return f"Tool call: {tool}" if tool else named(event)


wrong("4.stages", "another tool")(telling(the_tool_in_the_data))


@wrong("4.stages", "a stage too many", "once more")
async def says_that_it_is_over(events):
    async for stage in tells_stages(events):
        yield stage
    yield "Thinking"


@wrong("4.stages", "misses the last stages")
async def only_the_first_three(events):
    said = 0
    async for stage in tells_stages(events):
        said += 1
        if said <= 3:
            yield stage


@wrong("4.stages", "leaves a task")
async def reads_beside_and_lets_it_run(events):
    queue = asyncio.Queue()

    async def read():
        try:
            async for stage in tells_stages(events):
                await queue.put(stage)
        finally:
            await queue.put(None)

    reading = asyncio.create_task(read())
    while (stage := await queue.get()) is not None:
        yield stage
    await reading
