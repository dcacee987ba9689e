"""The instruments themselves: a probe must not lie about who streams."""

import asyncio
import gc
from contextlib import aclosing, redirect_stdout

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.output_parsers import StrOutputParser

from utils.checks.streams import (
    FIRST_AFTER,
    GAP,
    ROLE_AFTER,
    Clock,
    ConnectionLost,
    Probe,
    ProbeModel,
    Screen,
    Switchboard,
    cut,
    cut_at_lines,
)

PIECES = ["Ri", "vers ", "bend", "."]


def read(items, probe):
    return "".join(probe.watch(items))


def test_a_stream_passed_on_piece_by_piece_holds_nothing():
    probe = Probe(PIECES)
    assert read(probe.stream(), probe) == "Rivers bend."
    assert probe.most_held == 0
    assert probe.ended
    assert not probe.closed


def test_a_stream_collected_first_holds_everything():
    probe = Probe(PIECES)
    read(list(probe.stream()), probe)
    assert probe.most_held == len(PIECES)


def test_a_stream_one_behind_holds_one():
    def one_behind(pieces):
        last = ""
        for piece in pieces:
            yield last
            last = piece
        yield last

    probe = Probe(PIECES)
    read(one_behind(probe.stream()), probe)
    assert probe.most_held == 1


def test_empty_pieces_are_not_held():
    probe = Probe(["a", "", "", "b"])
    read(probe.stream(), probe)
    assert probe.most_held == 0


def test_a_stream_that_is_left_is_closed_and_not_ended():
    probe = Probe(PIECES)
    for _ in probe.stream():
        break
    gc.collect()
    assert (probe.taken, probe.closed, probe.ended) == (1, True, False)


async def test_an_async_stream_that_is_left_is_closed():
    probe = Probe(PIECES)
    async with aclosing(probe.astream()) as pieces:
        async for _ in pieces:
            break
    assert (probe.taken, probe.closed, probe.ended) == (1, True, False)


def test_a_model_streams_its_pieces_between_a_role_and_a_finish_reason():
    probe = Probe(PIECES)
    chunks = list(ProbeModel(probe=probe).stream("Why?"))
    texts = [chunk.content for chunk in chunks]
    assert texts[0] == texts[-1] == ""
    assert [text for text in texts if text] == PIECES
    assert any(chunk.response_metadata.get("finish_reason") == "stop" for chunk in chunks)
    assert (probe.requests, probe.invoked, probe.in_chain) == (1, False, False)


async def test_a_model_streams_in_async_code_too():
    probe = Probe(PIECES)
    model = ProbeModel(probe=probe)
    assert [chunk.content async for chunk in model.astream("Why?") if chunk.content] == PIECES
    assert probe.ended


async def test_leaving_an_async_stream_closes_the_model():
    probe = Probe(PIECES)
    async with aclosing(ProbeModel(probe=probe).astream("Why?")) as chunks:
        async for chunk in chunks:
            if chunk.content:
                break
    for _ in range(20):  # the event loop closes the inner generators in its next turns
        await asyncio.sleep(0)
    assert (probe.taken, probe.closed) == (1, True)


def test_a_model_tells_that_it_was_invoked():
    probe = Probe(PIECES)
    assert ProbeModel(probe=probe).invoke("Why?").text == "Rivers bend."
    assert probe.invoked


def test_a_model_tells_that_a_chain_asked():
    probe = Probe(PIECES)
    list((ProbeModel(probe=probe) | StrOutputParser()).stream("Why?"))
    assert probe.in_chain


def read_out(handler, model, how):
    config = {"callbacks": [handler]}
    if how == "stream":
        return "".join(chunk.text for chunk in model.stream("Why?", config))
    if how == "invoke":
        return model.invoke("Why?", config).text
    return asyncio.run(model.ainvoke("Why?", config)).text


class Heard(BaseCallbackHandler):
    def __init__(self):
        self.tokens, self.runs, self.errors, self.ended = [], set(), [], 0

    def on_llm_new_token(self, token, *, run_id, chunk, **kwargs):
        assert chunk.text == token
        self.tokens.append(token)
        self.runs.add(run_id)

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.ended += 1
        self.runs.add(run_id)

    def on_llm_error(self, error, *, run_id, **kwargs):
        self.errors.append(error)
        self.runs.add(run_id)


@pytest.mark.parametrize("how", ["stream", "invoke", "ainvoke"])
def test_asides_reach_handlers_of_the_same_run_and_not_the_reply(how):
    probe, heard = Probe(PIECES, asides=["by ", "the by"]), Heard()
    assert read_out(heard, ProbeModel(probe=probe, streaming=True), how) == "Rivers bend."
    assert "".join(heard.tokens) == "Rivers bend.by the by"
    assert heard.runs == {probe.run_id}
    assert probe.handlers == [heard]


def test_asides_are_not_heard_where_no_tokens_are_pushed():
    probe, heard = Probe(PIECES, asides=["by the by"]), Heard()
    read_out(heard, ProbeModel(probe=probe), "invoke")
    assert (heard.tokens, heard.ended, probe.invoked) == ([], 1, True)


def test_a_model_that_streams_by_itself_was_not_invoked():
    probe = Probe(PIECES)
    assert ProbeModel(probe=probe, streaming=True).invoke("Why?").text == "Rivers bend."
    assert not probe.invoked


@pytest.mark.parametrize("after", [0, 2])
def test_a_connection_is_lost_after_so_many_pieces(after):
    probe, heard = Probe(PIECES, fails_after=after), Heard()
    with pytest.raises(ConnectionLost):
        read_out(heard, ProbeModel(probe=probe), "stream")
    assert probe.taken == after
    assert [token for token in heard.tokens if token] == PIECES[:after]
    assert (len(heard.errors), heard.ended, probe.ended) == (1, 0, False)


@pytest.mark.parametrize("how", ["stream", "invoke"])
def test_usage_comes_with_the_last_chunk_and_the_models_name(how):
    usage = {"input_tokens": 3, "output_tokens": 50, "total_tokens": 53}
    model = ProbeModel(probe=Probe(PIECES, usage=usage, model_name="river-1"))
    counted = UsageMetadataCallbackHandler()
    read_out(counted, model, how)
    assert counted.usage_metadata == {"river-1": usage}


def test_a_switchboard_answers_each_prompt_with_its_own_probe():
    probes = {"Why?": Probe(["Because."]), "How?": Probe(["So."])}
    model = Switchboard(probe=Probe(["Pardon?"]), probes=probes)
    assert model.invoke("How?").text == "So."
    assert [message.text for message in model.batch(["Why?", "Who?"])] == ["Because.", "Pardon?"]
    assert [probe.requests for probe in probes.values()] == [1, 1]


@pytest.mark.parametrize("invoke", [True, False])
def test_time_passes_with_the_pieces_alone(invoke):
    clock = Clock()
    model = ProbeModel(probe=Probe(PIECES, clock=clock))
    start, first = clock(), None
    if invoke:
        model.invoke("Why?")
    for chunk in () if invoke else model.stream("Why?"):
        if chunk.content and first is None:
            first = clock() - start
    assert invoke or first == pytest.approx(ROLE_AFTER + FIRST_AFTER)
    assert clock() - start == pytest.approx(ROLE_AFTER + FIRST_AFTER + 3 * GAP)


@pytest.mark.parametrize(("flush", "seen"), [(True, True), (False, False)])
def test_a_screen_tells_whether_each_piece_was_flushed_in_time(flush, seen):
    probe = Probe(PIECES)
    screen = Screen(probe)
    with redirect_stdout(screen):
        for piece in probe.stream():
            print(piece, end="", flush=flush)
    assert screen.getvalue() == "Rivers bend."
    assert screen.flushed is seen


def test_a_text_is_cut_at_its_lines_too():
    text = "\n\nOne:\n\n1. a\n2. bb\n"
    pieces = cut_at_lines(text, 3)
    assert "".join(pieces) == text
    assert [piece for piece in pieces if piece.isspace()] == ["\n\n", "\n\n", "\n", "\n"]
    assert all(piece and ("\n" not in piece or piece.isspace()) for piece in pieces)


@pytest.mark.parametrize("seed", range(20))
def test_a_text_is_cut_anywhere_and_the_same_way_for_the_same_seed(seed):
    text = "Rivers bend because water is never quite even."
    pieces = cut(text, seed)
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= 6 for piece in pieces)
    assert pieces == cut(text, seed)
    assert pieces != cut(text, seed + 100)
