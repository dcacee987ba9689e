"""The replies of lesson 3's checks are shaped as those of a provider."""

from utils.checks.lesson_3_replies import HERON, WEATHER, Reply


def test_a_reply_is_shaped_as_openais():
    reply = Reply(HERON)
    chunks = list(reply.stream())
    assert (chunks[0].content, chunks[-1].content) == ("", "")
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].response_metadata == {}  # the finish reason isn't in the last chunk
    assert reply.whole.content == HERON
    assert reply.taken == len(chunks)


def test_tool_calls_of_a_reply_come_in_pieces():
    reply = Reply(calls=WEATHER, finish="tool_calls")
    assert [call["args"] for call in reply.whole.tool_calls] == [
        {"city": "San Francisco"},
        {"zone": "Asia/Tokyo"},
    ]
    assert len(reply.chunks) > 10


def test_a_call_that_is_cut_off_looks_like_one():
    broken = Reply(calls=[("get_weather", '{"city": "San')], finish=None)
    assert broken.whole.tool_calls[0]["args"] == {"city": "San"}
    assert "finish_reason" not in broken.whole.response_metadata
