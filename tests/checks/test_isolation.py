"""The isolation of checks: no other model is called, and no change or warning remains."""

import asyncio
import gc
import threading
import warnings
from contextlib import contextmanager
from functools import partial, wraps

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from utils.checks import evaluate
from utils.checks.engine import isolation
from utils.checks.engine.isolation import OtherModel, isolated, noted, noting
from utils.stall_timeout import watched

model = FakeListChatModel(responses=["Not asked for."])  # a notebook may define its own model


def judged(check):
    """Return the check, isolated as in `runner`."""

    @wraps(check)
    def judge(answer):
        with isolated(answer), noting():
            return check(answer)

    return judge


# --- Two checks at the same time ---------------------------------------------------------------


def methods():
    """Return the methods of `BaseChatModel` that `isolated` may replace, by name."""
    return {name: vars(BaseChatModel).get(name) for name in isolation._CALLS}


BEFORE = methods()


@contextmanager
def beside(work):
    """Run `work(begun, go_on)` in a thread; it has begun before the block, and ends after it.

    Yields a function that lets it end earlier.
    """
    begun, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(begun, go_on))
    thread.start()
    assert begun.wait(10)
    try:
        yield partial(_ends, thread, go_on)
    finally:
        _ends(thread, go_on)


def _ends(thread, go_on):
    go_on.set()
    thread.join(10)
    assert not thread.is_alive()


def test_overlapping_checks_restore_the_models_and_warnings():
    """The check that begins first also ends first, while the other one is still running."""
    filters = list(warnings.filters)

    @judged
    def waits(answer):
        begun, go_on = answer
        begun.set()
        assert go_on.wait(10)
        return ""

    @judged
    def asks_another(answer):
        answer()
        model.invoke("Hello")
        return ""

    with (
        beside(lambda *events: waits(events)) as ends,
        pytest.raises(OtherModel),
    ):
        asks_another(ends)
    assert methods() == BEFORE
    assert warnings.filters == filters


def test_code_outside_a_check_may_call_any_model():
    def asks(begun, go_on):
        begun.set()
        assert go_on.wait(10)
        answers.append(model.invoke("Hello").content)

    @judged
    def check(answer):
        answer()
        return "fine"

    answers = []
    with beside(asks) as ends:
        assert check(ends) == "fine"
    assert answers == ["Not asked for."]


# --- Coroutines that were never awaited -----------------------------------------------------------


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
    gc.collect()  # warnings about objects that earlier tests left open should come before this test
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert evaluate(number, answer).status == "not yet"
        gc.collect()
    # The collector may also close sockets left by other tests of this process.
    assert [str(each.message) for each in heard if each.category is RuntimeWarning] == []


def test_a_check_records_its_own_coroutines_and_passes_on_other_warnings():
    def forgets(begun, go_on):
        ask_one(model, "Hello")
        begun.set()
        assert go_on.wait(10)

    @judged
    def check(answer):
        before = [*noted().forgotten]
        with beside(forgets):
            ask_one(model, "Hello")
        warnings.warn("something else", RuntimeWarning, stacklevel=1)
        return f"{before}, then {noted().forgotten}"

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert check(None) == "[], then ['ask_one']"
    assert [str(each.message) for each in heard] == ["something else"]
    assert not noted().forgotten


def test_a_coroutine_in_place_of_the_function_is_closed_without_a_warning():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert (
            evaluate("4.text_within", forgets_to_await(model, "Hello", 3)).mistake
            == "not a function"
        )
        gc.collect()
    assert [str(each.message) for each in heard] == []
