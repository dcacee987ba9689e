"""A simulator that learners share: which requests it admits, and how it identifies learners.

A learner's API key is the class's key, a slash and a name.
"""

import re
import signal
import sys
import threading
from contextlib import suppress

import openai
import pytest
from openai import OpenAI

from tests.simulator.commands import KEY, shared
from tests.widgets.doubles import Clock
from utils.simulator.concurrency import ConcurrencyLimiter, live_line
from utils.simulator.errors import ApiError

QUESTION = [{"role": "user", "content": "Write a poem about a river."}]


def admitted(limiter: ConcurrencyLimiter, *learners: str) -> list[str]:
    """Send a request from each learner; return the learners whose requests were admitted."""
    names = []
    for learner in learners:
        with suppress(ApiError):
            limiter.acquire(learner)
            names.append(learner)
    return names


def test_a_refusal_says_when_to_try_again() -> None:
    limiter = ConcurrencyLimiter(Clock(), 1)
    limiter.acquire("ada")
    with pytest.raises(ApiError, match="0 of them are yours") as refused:
        limiter.acquire("bob")
    assert refused.value.status == 429
    assert refused.value.headers(speed=1)["retry-after"] == "1"


def test_without_a_limit_all_are_admitted() -> None:
    assert len(admitted(ConcurrencyLimiter(Clock()), *["ada"] * 500)) == 500


def test_a_single_learner_may_use_the_whole_limit() -> None:
    assert admitted(ConcurrencyLimiter(Clock(), 4), *["ada"] * 5) == ["ada"] * 4


def test_a_learner_above_the_fair_share_yields_to_others() -> None:
    limiter = ConcurrencyLimiter(Clock(), 4)
    admitted(limiter, *["ada"] * 4)
    assert admitted(limiter, "bob") == []
    limiter.release("ada")
    assert admitted(limiter, "ada", "bob") == ["bob"]
    limiter.release("ada")
    assert admitted(limiter, "bob", "ada") == ["bob"]
    assert limiter.active() == {"ada": 2, "bob": 2}
    limiter.release("bob")
    limiter.release("bob")
    assert admitted(limiter, "ada", "ada") == ["ada", "ada"], "bob is no longer waiting"
    assert limiter.active() == {"ada": 4}


def test_a_learner_who_stopped_waiting_is_forgotten() -> None:
    clock = Clock(1000.0)
    limiter = ConcurrencyLimiter(clock, 2)
    admitted(limiter, "ada", "ada", "bob")
    limiter.release("ada")
    assert admitted(limiter, "ada") == []
    clock.now += 60
    assert admitted(limiter, "ada") == ["ada"]


def test_with_more_learners_than_the_limit_each_gets_one_reply() -> None:
    limiter = ConcurrencyLimiter(Clock(), 2)
    assert admitted(limiter, "ada", "bob", "cyd") == ["ada", "bob"]
    limiter.release("ada")
    assert admitted(limiter, "bob", "cyd") == ["cyd"]


def test_the_live_line_shows_the_load_and_the_busiest_learners() -> None:
    limiter = ConcurrencyLimiter(Clock(), 3)
    admitted(limiter, "ada", "bob", "ada", "cyd")
    busy = "3 replies to 2 learners · 431 tokens/s · 3 replies so far, 1 refused · ada 2, bob 1"
    assert live_line(limiter, tokens=431.4) == busy
    assert live_line(limiter, tokens=431.4, width=30) == busy[:30]
    idle = "0 replies to 0 learners · 0 tokens/s · 0 replies so far"
    assert live_line(ConcurrencyLimiter(Clock()), tokens=0) == idle


def test_a_full_server_refuses_and_admits_a_retry() -> None:
    with shared("--max-streams", "1", "--speed", "0.2") as (address, _):
        ada, bob, later = (
            OpenAI(base_url=address, api_key=f"{KEY}/{name}", max_retries=tries)
            for name, tries in (("ada", 0), ("bob", 0), ("bob", 9))
        )
        stream = ada.chat.completions.create(model="sim-seed", messages=QUESTION, stream=True)
        next(stream)
        with pytest.raises(openai.RateLimitError, match="at most 1 replies at a time"):
            bob.chat.completions.create(model="sim-fast", messages=QUESTION)
        leaving = threading.Thread(target=stream.close)  # frees the slot while `later` retries
        leaving.start()
        reply = later.chat.completions.create(model="sim-fast", messages=QUESTION, max_tokens=3)
        leaving.join()
        assert reply.usage.completion_tokens == 3


def test_the_live_line_is_printed_while_replies_stream() -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    with shared("--live", "--speed", "0.2", **ascii_only) as (address, server):
        client = OpenAI(base_url=address, api_key=f"{KEY}/ada / lovelace")
        stream = client.chat.completions.create(model="sim-seed", messages=QUESTION, stream=True)
        next(stream)
        assert server.stdout is not None
        line = next(line for line in server.stdout if re.search("[1-9] tok.*adalovelace 1", line))
        stream.close()
        assert line.startswith(r"1 reply to 1 learner \xb7 ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't send Ctrl-C to one process")
def test_ctrl_c_during_a_reply_prints_no_traceback() -> None:
    with shared("--speed", "0.2") as (address, server):
        client = OpenAI(base_url=address, api_key=KEY)
        stream = client.chat.completions.create(model="sim-seed", messages=QUESTION, stream=True)
        next(stream)
        server.send_signal(signal.SIGINT)
        assert server.stdout is not None
        assert server.stdout.read() == ""
        assert server.wait() == 130


def test_a_name_does_not_replace_the_key() -> None:
    with shared() as (address, _):
        for key in ("wrong", f"{KEY}x", f"wrong/{KEY}", f"{KEY[:-1]}/ada", "/ada"):
            with pytest.raises(openai.AuthenticationError):
                OpenAI(base_url=address, api_key=key).models.list()
