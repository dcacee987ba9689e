"""Whoever called a method of the model, and left what came back alone, isn't told "never asked"."""

import asyncio
import re

import pytest
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser

from utils.checks import evaluate
from utils.checks.streams import Probe, ProbeModel

PROMPT = "Name a river."
METHODS = ("stream", "astream", "invoke", "ainvoke", "batch")
ONE_PROMPT = ("2.5",)  # the exercises whose function takes a model and a prompt
READ = ("stream", "astream")


def told(number, answer):
    """The verdict on an answer that takes a model and one prompt."""
    if number == "2.6":
        return evaluate(number, lambda model, prompts: [answer(model, text) for text in prompts])
    return evaluate(number, answer)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("number", [*ONE_PROMPT, "2.6"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_was_called_is_never_called_a_missing_question(number, method):
    called = []

    def calls_it_and_leaves(model, prompt):
        called.append(method)
        getattr(model, method)([prompt] if method == "batch" else prompt)
        return 0

    message = told(number, calls_it_and_leaves).message
    assert called
    assert "never asked" not in message
    lazy = {"stream": "nobody read it", "astream": "nobody read it", "ainvoke": "nobody awaited"}
    assert re.search(lazy.get(method, "`invoke`|pushes no tokens"), message)


@pytest.mark.parametrize("number", [*ONE_PROMPT, "2.6"])
def test_who_calls_no_method_of_the_model_is_told_that_it_was_never_asked(number):
    assert "never asked" in told(number, lambda model, prompt: 0).message
    other = ProbeModel(probe=Probe(["Another."]))
    assert (
        "never asked" in told(number, lambda model, prompt: len(list(other.stream(prompt)))).message
    )


@pytest.mark.parametrize("number", ONE_PROMPT)
def test_a_chain_that_nobody_reads_is_among_the_reasons(number):
    message = told(number, lambda model, prompt: (model | StrOutputParser()).stream(prompt) and 0)
    assert "a chain that nobody runs" in message.message


@pytest.mark.parametrize("number", ONE_PROMPT)
@pytest.mark.parametrize("method", READ)
def test_the_stream_handed_back_unread_is_told_as_that_and_not_as_a_yield(number, method):
    message = told(number, lambda model, prompt: getattr(model, method)(prompt)).message
    assert f"made a stream with `.{method}(…)`, and nobody read it" in message


@pytest.mark.parametrize("number", ONE_PROMPT)
def test_an_awaitable_handed_back_is_not_taken_for_an_async_def(number, recwarn):
    message = told(number, lambda model, prompt: model.ainvoke(prompt)).message
    assert "called `.ainvoke(…)`, and nobody awaited" in message
    assert not recwarn.list


@pytest.mark.parametrize("number", ONE_PROMPT)
def test_a_generator_that_is_no_function_of_the_learners_is_not_told_of_a_yield(number):
    def of_an_expression(model, prompt):
        return (letter for letter in prompt)

    def of_a_chain(model, prompt):
        return (model | StrOutputParser()).stream(prompt)

    for answer in (of_an_expression, of_a_chain):
        message = told(number, answer).message
        assert "returns a generator that nobody has read" in message
        assert "`yield`" not in message


def test_one_of_several_streams_left_unread_is_told_as_that():
    def reads_all_but_the_last(model, prompts):
        for prompt in prompts[:-1]:
            list(model.stream(prompt))
        model.stream(prompts[-1])
        return 0

    message = evaluate("2.6", reads_all_but_the_last).message
    assert message.startswith("`spent` made a stream with `.stream(…)`, and nobody read it")


def test_a_probe_tells_a_call_from_a_question():
    probe = Probe(["Ri", "ver"])
    model = ProbeModel(probe=probe)
    stream = model.stream(PROMPT)
    assert (probe.called, probe.requests) == (["stream"], 0)
    next(stream)
    assert (probe.called, probe.requests) == (["stream"], 1)
    asked = model.ainvoke(PROMPT)
    assert (probe.called, probe.requests) == (["stream", "ainvoke"], 1)
    assert isinstance(asyncio.run(_waited(asked)), AIMessage)
    assert probe.requests == 2


async def _waited(something):
    return await something
