"""The request log, in particular for clients that disconnect."""

import threading
from contextlib import aclosing, closing

import httpx2
import pytest
from langchain_openai import ChatOpenAI
from openai import NotFoundError

from utils.simulator import Request, Requests, Simulator
from utils.simulator import client as simulator_client


def chat(server: Simulator, name: str = "sim-fast") -> ChatOpenAI:
    return ChatOpenAI(model=name, base_url=server.base_url, api_key=server.api_key, max_retries=0)


def test_a_request_is_logged_as_it_was_sent(server: Simulator) -> None:
    with server.watch() as seen:
        chat(server).invoke("Name a river.")
    (request,) = seen
    assert (request.path, request.model, request.stream) == (
        "/v1/chat/completions",
        "sim-fast",
        False,
    )
    assert (request.prompt, request.status, request.ended) == ("Name a river.", 200, "finished")
    assert request.body["messages"] == [{"content": "Name a river.", "role": "user"}]
    assert request.tokens_unsent == 0
    assert request.received < request.first_byte <= request.ended_at


def test_nothing_is_asked_for_before_the_first_next(server: Simulator) -> None:
    with server.watch() as seen:
        stream = chat(server).stream("Name a river.")
        assert len(seen.now()) == 0
        next(stream)
        assert len(seen.now()) == 1
        stream.close()
    assert len(seen) == 1


def test_all_tokens_of_a_finished_stream_were_sent(server: Simulator) -> None:
    with server.watch() as seen:
        texts = [chunk.content for chunk in chat(server).stream("Name a river.") if chunk.content]
    assert seen[0].stream
    assert seen[0].tokens_sent == len(texts)


def test_leaving_early_stops_generation(unhurried: Simulator) -> None:
    with (
        unhurried.watch() as seen,
        closing(chat(unhurried, "sim-seed").stream("river poem")) as stream,
    ):
        texts = 0
        for chunk in stream:
            texts += bool(chunk.content)
            if texts == 3:
                break
    (request,) = seen
    assert seen.settled
    assert request.ended == "client left"
    assert request.tokens_sent >= 3
    assert request.tokens_unsent > 0


def test_leaving_a_whole_reply_stops_generation_too(unhurried: Simulator) -> None:
    impatient = ChatOpenAI(
        model="sim-seed",
        base_url=unhurried.base_url,
        api_key=unhurried.api_key,
        max_retries=0,
        timeout=httpx2.Timeout(None, read=0.5),
    )
    with unhurried.watch() as seen, pytest.raises(Exception, match="timed out"):
        impatient.invoke("river poem")
    assert seen[0].ended == "client left"
    assert seen[0].tokens_sent == 0
    assert seen[0].tokens_unsent > 0


def test_one_client_leaving_does_not_disturb_another(server: Simulator) -> None:
    texts: list[str] = []

    def read_all() -> None:
        texts.extend(str(chunk.content) for chunk in chat(server, "sim-chat").stream("lighthouse"))

    reader = threading.Thread(target=read_all)
    reader.start()
    for _ in range(5):
        with closing(chat(server, "sim-chat").stream("lighthouse")) as stream:
            next(stream)
    reader.join()
    assert "".join(texts).endswith("said Marit.")


def test_a_reply_that_nobody_reads_on_is_still_streaming(server: Simulator) -> None:
    with server.watch() as seen:
        kept = chat(server, "sim-laptop").stream("river poem")
        next(kept)
        assert seen.now()[0].ended == "streaming"
        assert seen.now()[0].ended_at is None
        kept.close()
    assert seen[0].ended == "client left"


def test_a_log_that_did_not_settle_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator_client, "_SETTLE_SECONDS", 0.3)
    server = Simulator(speed=0.1)  # a reply then takes longer than 0.3 s
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


def test_the_log_survives_an_error_in_the_block(server: Simulator) -> None:
    with pytest.raises(ZeroDivisionError), server.watch() as seen:  # noqa: PT012
        chat(server).invoke("hello")
        raise ZeroDivisionError
    assert len(seen) == 1


def test_other_blocks_requests_are_not_seen(server: Simulator) -> None:
    chat(server).invoke("hello")
    with server.watch() as seen:
        pass
    assert list(seen) == []
    assert len(server.requests()) >= 1


REQUEST = Request(
    id=1,
    path="/v1/chat/completions",
    model="sim-chat",
    stream=True,
    prompt="<b>" + "long " * 20,
    status=200,
    tokens_sent=3,
    tokens_unsent=7,
    ended="client left",
    received=1.0,
    first_byte=2.0,
    ended_at=3.0,
    planned_ttft=0.5,
    planned_gap=0.01,
    body={},
)


def test_requests_are_shown_as_a_table_without_times() -> None:
    head, row = repr(Requests([REQUEST])).splitlines()
    assert head.split()[:4] == ["#", "stream", "model", "prompt"]
    assert row.split()[:3] == ["1", "yes", "sim-chat"]
    assert "client left" in row
    assert "…" in row


def test_a_prompt_cannot_write_html_into_the_table() -> None:
    table = Requests([REQUEST])._repr_html_()
    assert "<b>" not in table
    assert "&lt;b&gt;" in table


def test_an_empty_log_says_so() -> None:
    assert repr(Requests()) == "no requests"


def test_requests_behave_like_a_list() -> None:
    log = Requests([REQUEST, REQUEST], settled=False)
    assert log == [REQUEST, REQUEST]
    assert log[:1] == [REQUEST]
    assert not log[:1].settled
    assert REQUEST in log


async def test_a_watch_in_async_code_lets_the_loop_close_what_was_let_go(
    unhurried: Simulator,
) -> None:
    async with unhurried.watch() as seen:
        async with aclosing(chat(unhurried, "sim-seed").astream("river poem")) as stream:
            async for chunk in stream:
                if chunk.content:
                    break
        assert seen.now()[0].ended == "streaming"  # the event loop hasn't closed the stream yet
    assert (seen[0].ended, seen[0].tokens_unsent > 0, seen.settled) == ("client left", True, True)
