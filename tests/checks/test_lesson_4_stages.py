"""Exercise 4.7: stages from events."""

import asyncio
from contextlib import aclosing

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong


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


async def by_a_helper(events):
    before = "Thinking"
    yield before
    async with aclosing(events):
        async for event in events:
            stage = named(event) or before
            if stage != before:
                before = stage
                yield stage


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


@pytest.mark.parametrize("stages", by_name(tells_stages, matches, by_a_helper, reads_beside))
def test_4_7_accepts(stages):
    right("4.7", stages)


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


async def thinks_twice(events):
    yield "Thinking"
    async for stage in tells_stages(events):
        yield stage


async def answers_before_all(events):
    yield "Answer"
    async for stage in tells_stages(events):
        yield stage


async def each_only_once(events):
    said = set()
    async for event in events:
        stage = named(event)
        if stage and stage not in said:
            said.add(stage)
            yield stage


async def at_the_end(events):
    for stage in [stage async for stage in tells_stages(events)]:
        yield stage


async def an_event_late(events):
    before = None
    async for event in events:
        if before:
            yield before
        stage = named(event)
        before = stage if stage and stage != getattr(an_event_late, "said", None) else None
        an_event_late.said = stage or getattr(an_event_late, "said", None)
    an_event_late.said = None


async def a_list(events):
    return [stage async for stage in tells_stages(events)]


def a_plain_generator(events):
    for event in events:
        yield named(event)


async def says_nothing(events):
    async for event in events:
        if event["event"] == "on_llm_start":
            yield "Thinking"


async def pairs(events):
    async for stage in tells_stages(events):
        yield (stage, "")


async def stops_at_the_first_answer(events):
    async for stage in tells_stages(events):
        yield stage
        if stage == "Answer":
            return


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


WRONG_4_7 = (
    (each_start_is_new, "tool twice in one go, `Tool call: get_weather` was said 2 times, also ri"),
    (thinks_anew_each_time, "and a second try, `Thinking` was said 2 times, also right after its"),
    (telling(named), "no event came for 5 s, and nothing was said. .* with event 2; .* at once"),
    (telling(answer_at_any_chunk), "`Answer` was said at event .* That chunk has no text in it"),
    (telling(tool_at_its_end), "`Tool call: get_weather` was said late: .* `on_tool_end`"),
    (telling(without_the_name), "`Tool call` was yielded. After the colon"),
    (telling(in_other_words), "`thinking` was yielded. The stages are"),
    (telling(named, anew=False), r"`Answer` was said \d+ times, also right after itself"),
    (telling(answer_at_the_end_of_a_model), "`Answer` was said at event .* `on_chat_model_end`"),
    (telling(no_tools), "began at event .* `on_tool_start`, and nothing was said"),
    (telling(thinking_of_the_chain), "`Thinking` was said at event 1, `on_chain_start`"),
    (telling(answer_at_chain_streams), "`Answer` was said at event .* `on_chain_stream`"),
    (telling(by_square_brackets), "KeyError: 'on_chain_start'"),
    (thinks_twice, "`Thinking` was said 3 times, also right after itself"),
    (answers_before_all, "`Answer` was said before any event had come"),
    (each_only_once, "began at event .* `on_chat_model_start`, and nothing was said. The next"),
    (at_the_end, "all 4 stages were said at once"),
    (an_event_late, "`Thinking` was said late: .* had begun 1 event before"),
    (a_list, "hands over a `list`, once, when all is over"),
    (a_plain_generator, "is a plain generator, for `for`"),
    (says_nothing, r"\d+ events came, and nothing was yielded"),
    (pairs, "a `tuple` was yielded"),
    (stops_at_the_first_answer, "stages are missing at the end"),
)


@pytest.mark.parametrize(("stages", "said"), with_reason(*WRONG_4_7))
def test_4_7_says_what_is_wrong_with_code_that(stages, said):
    wrong("4.7", stages, said)
