"""Isolated checks: answers call only the check's model, and leave no changes or warnings behind."""

import asyncio
import gc
import logging
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from tests.checks.lesson_2.collector import AsynchronousAndBroken
from utils.checks import evaluate
from utils.checks.engine.isolation import OtherModel, isolated, recording_side_effects, side_effects
from utils.stall_timeout import watched

model = FakeListChatModel(responses=["Not asked for."])  # like a model that a notebook defines


@contextmanager
def checking():
    """Isolate the `with` block the way a check isolates an answer."""
    with isolated(answer=None), recording_side_effects():
        yield


@contextmanager
def beside(work):
    """Run `work` in a thread during the `with` block; yield a function that ends it early.

    `work(begun, go_on)` sets `begun` when the block may start, then waits for `go_on`.
    """
    begun, go_on = threading.Event(), threading.Event()

    def end():
        go_on.set()
        job.result(10)

    with ThreadPoolExecutor() as pool:
        job = pool.submit(work, begun, go_on)
        assert begun.wait(10)
        try:
            yield end
        finally:
            end()


@contextmanager
def recorded():
    """Yield a list to which RuntimeWarning messages are added when the `with` block ends."""
    gc.collect()  # so that objects left by earlier tests don't cause warnings in the block
    messages = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield messages
        gc.collect()
    # ResourceWarnings are ignored: they may come from sockets that earlier tests left open.
    messages += [str(each.message) for each in caught if each.category is RuntimeWarning]


def test_overlapping_checks_restore_the_models_and_warnings():
    """The check that begins first also ends first, while the other check is still running."""
    before, filters = dict(vars(BaseChatModel)), list(warnings.filters)

    def waits(begun, go_on):
        with checking():
            begun.set()
            assert go_on.wait(10)

    with beside(waits) as end, checking():
        end()
        assert vars(BaseChatModel) != before, "this check should still isolate its answer"
        with pytest.raises(OtherModel):
            model.invoke("Hello")
    assert vars(BaseChatModel) == before
    assert warnings.filters == filters


def test_code_outside_a_check_may_call_any_model():
    def calls(begun, go_on):
        begun.set()
        assert go_on.wait(10)
        replies.append(model.invoke("Hello").content)

    replies = []
    with beside(calls) as end, checking():
        end()
    assert replies == ["Not asked for."]


async def forgets_to_await(given, prompt, seconds):
    given.ainvoke(prompt)
    return ""


async def forgets_it_in_a_circle(given, prompt, seconds):
    circle = [asyncio.sleep(1)]
    circle.append(circle)
    raise ValueError("odd")


async def watches_no_stream(sources, seconds):
    async def half_done(source):
        pass

    for source in sources:
        async for piece in watched(half_done(source), seconds):
            yield piece


async def ask_one(given, prompt):
    return (await given.ainvoke(prompt)).content


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("4.text_within", forgets_to_await),
        ("4.text_within", forgets_it_in_a_circle),
        ("5.steady", watches_no_stream),
    ],
)
def test_coroutines_never_awaited_cause_no_warning(number, answer):
    with recorded() as messages:
        assert evaluate(number, answer).status == "not yet"
    assert messages == []


def test_a_coroutine_in_place_of_the_function_is_closed_without_a_warning():
    with recorded() as messages:
        outcome = evaluate("4.text_within", forgets_to_await(model, "Hello", 3))
    assert outcome.mistake == "not a function"
    assert messages == []


def test_a_check_records_its_own_coroutines_and_passes_on_other_warnings():
    def forgets(begun, go_on):
        begun.set()
        assert go_on.wait(10)
        ask_one(model, "Hello")

    with recorded() as messages, beside(forgets) as end, checking():
        end()
        assert side_effects().forgotten == []
        ask_one(model, "Hello")
        warnings.warn("something else", RuntimeWarning, stacklevel=1)
        assert side_effects().forgotten == ["ask_one"]
    assert messages == ["something else"]
    assert side_effects().forgotten == []


def test_an_answers_stdout_outlives_the_check():
    """Python crashes if a thread is still printing to an object that has been freed."""
    used = []
    evaluate("1.show", lambda *_: used.append(weakref.ref(sys.stdout)))
    assert used
    assert None not in [stdout() for stdout in used]


def test_checks_hide_the_callback_log_and_restore_it(caplog, capfd):
    assert evaluate("2.collector", AsynchronousAndBroken).mistake == "fails silently"
    assert not caplog.records
    assert capfd.readouterr().err == ""
    assert not logging.getLogger("langchain_core.callbacks.manager").filters
