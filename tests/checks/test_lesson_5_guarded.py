"""What guards lesson 5's checks: another model is named, and of a missing await nothing warns."""

import gc
import warnings
from functools import partial

import pytest
from jiter import from_json
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser

from tests.checks.lesson_5._parts import in_a_loop, steadied
from tests.checks.verdict import wrong
from utils.stall_timeout import watched as the_courses_own
from utils.widgets import Status


class Talker(GenericFakeChatModel):
    """A model that the notebook has, and no check."""

    def bind_tools(self, tools, **kwargs):
        return self


talker = Talker(messages=iter([]))


async def texts(prompt):
    """A helper of an earlier cell, which asks the notebook's model."""
    async for chunk in talker.astream(prompt):
        yield chunk.content


def answers_with_it(model, tools, messages):
    return in_a_loop(talker, tools, messages)


async def fills_in_with_it(model, conversation):
    async for text in (talker | StrOutputParser()).astream(conversation):
        yield from_json(text.encode())


def supports_with_it(models, tools, seconds):
    def reply(history):
        spare = partial(in_a_loop, talker, tools, history)
        return steadied()([partial(in_a_loop, models[0], tools, history), spare], seconds)

    return reply


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("5.answer", answers_with_it),
        ("5.ticket", fills_in_with_it),
        ("5.support", supports_with_it),
    ],
)
def test_a_helper_that_asks_the_notebooks_model_is_told_which(number, answer):
    wrong(number, answer, "called the notebook's `talker`")


async def forgets_to_await_a_tool(model, tools, messages):
    messages, by_name = list(messages), {tool.name: tool for tool in tools}
    while True:
        yield Status("Thinking")
        whole = AIMessageChunk("")
        async for chunk in model.bind_tools(tools).astream(messages):
            whole += chunk
            yield chunk
        if whole.response_metadata.get("finish_reason") != "tool_calls":
            return
        messages.append(whole)
        for call in whole.tool_calls:
            yield Status("Tool call", call["name"])
            messages.append(by_name[call["name"]].ainvoke(call))


async def watches_no_stream(sources, seconds):
    async def half_done(source):
        pass

    for source in sources:
        async for piece in the_courses_own(half_done(source), seconds):
            yield piece


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("5.answer", forgets_to_await_a_tool, "coroutine"),
        ("5.steady", watches_no_stream, "No source was called"),
    ],
)
def test_a_missing_await_is_told_and_not_warned_of(number, answer, said):
    gc.collect()  # what earlier tests left open warns now
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        wrong(number, answer, said)
        gc.collect()
    assert [str(warning.message) for warning in seen] == []
