"""The clients that the lessons use: the `openai` package's, and LangChain's `ChatOpenAI`."""

import time
from itertools import pairwise

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI

from utils.simulator import Simulator, library

RAINBOW = library.answer("rainbow")
ASK_RAINBOW = [{"role": "user", "content": "How does a rainbow form?"}]


def chat(server: Simulator, name: str = "sim-fast", **options: object) -> ChatOpenAI:
    settings = {"base_url": server.base_url, "api_key": server.api_key, "stream_usage": True}
    return ChatOpenAI(model=name, **(settings | options))


def test_openai_gets_a_whole_reply(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="sim-fast", messages=ASK_RAINBOW)
    assert reply.choices[0].message.content == RAINBOW
    assert reply.choices[0].finish_reason == "stop"


def test_openai_gets_a_stream(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="sim-fast", messages=ASK_RAINBOW, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == RAINBOW


def test_openais_stream_helper_puts_the_reply_together(client: OpenAI) -> None:
    with client.chat.completions.stream(model="sim-fast", messages=ASK_RAINBOW) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == RAINBOW


async def test_openais_async_client_gets_both(server: Simulator) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        create = client.chat.completions.create
        whole = await create(model="sim-fast", messages=ASK_RAINBOW)
        stream = await create(model="sim-fast", messages=ASK_RAINBOW, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert whole.choices[0].message.content == text == RAINBOW


def test_openai_lists_the_models(client: OpenAI) -> None:
    assert "sim-seed" in [model.id for model in client.models.list()]


def test_langchain_invokes_and_streams_the_same_text(server: Simulator) -> None:
    model = chat(server)
    streamed = [chunk.content for chunk in model.stream("How does a rainbow form?")]
    assert model.invoke("How does a rainbow form?").content == "".join(streamed) == RAINBOW


async def test_langchain_streams_asynchronously(server: Simulator) -> None:
    model = chat(server)
    text = "".join([chunk.content async for chunk in model.astream("How does a rainbow form?")])
    assert text == RAINBOW


def test_langchain_learns_usage_and_finish_reason_from_a_stream(server: Simulator) -> None:
    chunks = list(chat(server).stream("How does a rainbow form?"))
    whole = sum(chunks[1:], chunks[0])
    texts = [chunk for chunk in chunks if chunk.content]
    assert whole.usage_metadata["output_tokens"] == len(texts)
    assert whole.response_metadata["finish_reason"] == "stop"


def test_langchain_sees_length_when_the_limit_is_reached(server: Simulator) -> None:
    reply = chat(server, max_tokens=5).invoke("How does a rainbow form?")
    assert reply.response_metadata["finish_reason"] == "length"
    assert RAINBOW.startswith(reply.content)
    assert reply.usage_metadata["output_tokens"] == 5


def test_langchain_stop_sequences_end_the_reply(server: Simulator) -> None:
    reply = chat(server).bind(stop=["."]).invoke("How does a rainbow form?")
    assert reply.content == RAINBOW.split(".")[0]


def test_a_conversation_of_several_turns_is_accepted(server: Simulator) -> None:
    turns = [("system", "Be brief."), ("user", "hello"), ("ai", "Hello!"), ("user", "rainbow?")]
    assert chat(server).invoke(turns).content == RAINBOW


def test_a_wrong_key_is_an_authentication_error(server: Simulator) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat(server, api_key="wrong").invoke("hello")


def test_an_unknown_model_is_a_not_found_error_that_lists_the_models(server: Simulator) -> None:
    with pytest.raises(openai.NotFoundError, match="sim-laptop"):
        chat(server, "sim-nobody").invoke("hello")


def arrivals(server: Simulator, model: str) -> tuple[list[float], float]:
    """Return when each text arrived, and when the stream ended, in seconds."""
    start = time.perf_counter()
    times = [
        time.perf_counter() - start
        for chunk in chat(server, model).stream("How does a rainbow form?")
        if chunk.content
    ]
    return times, time.perf_counter() - start


def test_the_first_text_comes_long_before_the_last(unhurried: Simulator) -> None:
    times, total = arrivals(unhurried, "sim-seed")
    assert times[0] < 0.5 * total
    assert sorted(times) == times


def test_a_whole_reply_takes_as_long_as_the_stream(unhurried: Simulator) -> None:
    chat(unhurried).invoke("hello")  # the first call of a process costs more
    _, streamed = arrivals(unhurried, "sim-seed")
    start = time.perf_counter()
    chat(unhurried, "sim-seed").invoke("How does a rainbow form?")
    assert time.perf_counter() - start == pytest.approx(streamed, rel=0.5)


def test_the_role_chunk_comes_before_the_first_text(unhurried: Simulator) -> None:
    start = time.perf_counter()
    stream = chat(unhurried, "sim-laptop").stream("How does a rainbow form?")
    assert next(stream).content == ""
    first_chunk = time.perf_counter() - start
    assert next(stream).content == "A"
    first_text = time.perf_counter() - start
    stream.close()
    assert first_chunk < 0.9 * first_text


def test_a_buffering_proxy_makes_the_first_text_wait_and_the_gaps_look_better(
    unhurried: Simulator,
) -> None:
    prompt_times, total = arrivals(unhurried, "sim-seed")
    buffered_times, buffered_total = arrivals(unhurried, "sim-seed:buffered")
    assert buffered_times[0] > 0.8 * buffered_total
    assert buffered_times[0] > 1.3 * prompt_times[0]
    assert median_gap(buffered_times) < median_gap(prompt_times)
    assert buffered_total < 1.5 * total


def median_gap(times: list[float]) -> float:
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return gaps[len(gaps) // 2]
