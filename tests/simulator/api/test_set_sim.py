"""Changing the model behind the name `sim` while an app keeps using that name."""

import json

import pytest
from langchain_openai import ChatOpenAI
from openai import APIConnectionError

from tests.simulator.raw import call
from utils.simulator import Simulator


def set_sim(server: Simulator, body: object) -> tuple[int, object]:
    raw = json.dumps(body).encode()
    status, _, answer = call(server, "PUT", "/simulator/sim", raw, server.api_key)
    return status, json.loads(answer)


def test_only_sim_is_another_model_until_restored(server: Simulator) -> None:
    model = ChatOpenAI(model="sim", base_url=server.base_url, api_key=server.api_key)
    whole = model.invoke("Name a river.").content
    assert set_sim(server, {"model": "sim-fast:drop@3"}) == (200, {"model": "sim-fast:drop@3"})
    stream = model.stream("Name a river.")
    text = "".join(next(stream).text for _ in range(4))  # the first chunk has no text
    with pytest.raises(APIConnectionError):
        next(stream)
    assert text
    assert whole.startswith(text)
    other = ChatOpenAI(model="sim-fast", base_url=server.base_url, api_key=server.api_key)
    assert other.invoke("Name a river.").content
    assert set_sim(server, {"model": "sim"})[0] == 200
    assert "".join(chunk.text for chunk in model.stream("Name a river.")) == whole


@pytest.mark.parametrize("body", [{"model": "gpt"}, {"model": "sim-chat:odd"}, {}, {"model": 3}])
def test_an_unknown_model_is_refused(server: Simulator, body: object) -> None:
    status, answer = set_sim(server, body)
    assert status in (400, 404)
    assert isinstance(answer, dict)
    assert answer["error"]["message"]
