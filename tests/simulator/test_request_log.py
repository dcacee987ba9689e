"""The request log: what it records, and how it is displayed.

`watch` collects the requests of a `with` block; a log is settled once all its replies have ended.
"""

from contextlib import aclosing

import pytest
from openai import NotFoundError

from tests.simulator.raw import chat
from utils.simulator import Request, Requests, Simulator
from utils.simulator import client as simulator_client


def test_a_request_is_logged(server: Simulator) -> None:
    with server.watch() as seen:
        chat(server).invoke("Name a river.")
    (request,) = seen
    assert request.path == "/v1/chat/completions"
    assert (request.model, request.stream) == ("sim-fast", False)
    assert (request.prompt, request.status, request.ended) == ("Name a river.", 200, "finished")
    assert request.body["messages"] == [{"content": "Name a river.", "role": "user"}]
    assert (request.tokens_sent > 0, request.tokens_unsent) == (True, 0)
    assert request.received < request.first_byte <= request.ended_at


def test_a_log_reports_a_reply_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator_client, "_SETTLE_SECONDS", 0.3)
    server = Simulator(speed=0.1)  # slow enough for a reply to take longer than 0.3 s
    try:
        stream = chat(server, "sim-fast").stream("river poem")
        next(stream)
        log = server.requests(settled=True)
        assert not log.settled
        assert log[0].ended == "streaming"
        assert "still in progress" in repr(log)
        assert "still in progress" in log._repr_html_()
        stream.close()
    finally:
        server.stop()


def test_a_refused_request_is_logged_as_failed(server: Simulator) -> None:
    with server.watch() as seen, pytest.raises(NotFoundError):
        chat(server, "sim-nobody").invoke("hello")
    assert (seen[0].status, seen[0].ended, seen[0].tokens_sent) == (404, "failed", 0)
    assert seen[0].prompt == "hello"


def test_a_watch_has_only_its_own_requests_even_after_an_error(server: Simulator) -> None:
    chat(server).invoke("hello")
    with pytest.raises(ZeroDivisionError), server.watch() as seen:  # noqa: PT012
        chat(server).invoke("hello")
        raise ZeroDivisionError
    assert len(seen) == 1


REQUEST = Request(
    id=1,
    path="/v1/chat/completions",
    received=1.0,
    model="sim-chat",
    stream=True,
    prompt="<b>" + "long " * 20,
    ended="client left",
)


def test_requests_are_displayed_as_a_table_without_times() -> None:
    head, row = repr(Requests([REQUEST])).splitlines()
    assert head.split()[:4] == ["#", "stream", "model", "prompt"]
    assert row.split()[:3] == ["1", "yes", "sim-chat"]
    assert "client left" in row
    assert "…" in row


def test_the_html_table_escapes_prompts() -> None:
    table = Requests([REQUEST])._repr_html_()
    assert "<b>" not in table
    assert "&lt;b&gt;" in table


def test_requests_behave_like_a_list() -> None:
    assert repr(Requests()) == "no requests"
    log = Requests([REQUEST, REQUEST], settled=False)
    assert log == [REQUEST, REQUEST]
    assert log[:1] == [REQUEST]
    assert not log[:1].settled
    assert REQUEST in log


async def test_an_async_watch_lets_the_event_loop_close_streams(server: Simulator) -> None:
    async with server.watch() as seen:
        stalled = chat(server, "sim-seed:stall@5,900")
        async with aclosing(stalled.astream("river poem")) as stream:
            async for chunk in stream:
                if chunk.content:
                    break
        assert seen.now()[0].ended == "streaming"  # the event loop hasn't closed the stream yet
    assert (seen[0].ended, seen[0].tokens_unsent > 0, seen.settled) == ("client left", True, True)
