"""Text replies as received by the lessons' clients: `openai` and LangChain's `ChatOpenAI`."""

from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI

from utils.simulator import Simulator
from utils.simulator.content import prepared_replies

RAINBOW = prepared_replies.answer("rainbow")
ASK_RAINBOW = [{"role": "user", "content": "How does a rainbow form?"}]


def chat(server: Simulator, name: str = "sim-fast", **options: object) -> ChatOpenAI:
    settings = {"base_url": server.base_url, "api_key": server.api_key, "stream_usage": True}
    return ChatOpenAI(model=name, **(settings | options))


def test_openais_stream_helper_collects_the_reply(client: OpenAI) -> None:
    with client.chat.completions.stream(model="sim-fast", messages=ASK_RAINBOW) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == RAINBOW


async def test_openais_async_client_gets_the_same_text_whether_streamed_or_not(
    server: Simulator,
) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        create = client.chat.completions.create
        whole = await create(model="sim-fast", messages=ASK_RAINBOW)
        stream = await create(model="sim-fast", messages=ASK_RAINBOW, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert whole.choices[0].message.content == text == RAINBOW


def test_langchain_invokes_and_streams_the_same_text(server: Simulator) -> None:
    model = chat(server)
    streamed = [chunk.content for chunk in model.stream("How does a rainbow form?")]
    assert model.invoke("How does a rainbow form?").content == "".join(streamed) == RAINBOW


def test_langchain_gets_usage_and_finish_reason_from_a_stream(server: Simulator) -> None:
    chunks = list(chat(server).stream("How does a rainbow form?"))
    whole = sum(chunks[1:], chunks[0])
    texts = [chunk for chunk in chunks if chunk.content]
    assert whole.usage_metadata["output_tokens"] == len(texts)
    assert whole.response_metadata["finish_reason"] == "stop"


def test_langchain_gets_length_at_the_limit(server: Simulator) -> None:
    reply = chat(server, max_tokens=5).invoke("How does a rainbow form?")
    assert reply.response_metadata["finish_reason"] == "length"
    assert RAINBOW.startswith(reply.content)
    assert reply.usage_metadata["output_tokens"] == 5


def test_langchain_stop_sequences_end_the_reply(server: Simulator) -> None:
    reply = chat(server).bind(stop=["."]).invoke("How does a rainbow form?")
    assert reply.content == RAINBOW.split(".")[0]
