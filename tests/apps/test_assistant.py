"""The parts of the assistant that apps call directly; test_fastapi_chat.py tests replies."""

from __future__ import annotations

import openai

from tests.apps.conftest import PLACE


def test_a_tool_is_named_before_its_result(app, virtual):
    app.assistant.MODELS[:] = [virtual.chat("sim-chat", stream_chunk_timeout=None)]

    async def main():
        question = ("user", "Where is my order 4711?")
        return [piece async for piece in app.assistant.answer([question])]

    pieces = virtual.run(main())
    assert [kind for kind, _ in pieces[:3]] == ["tool", "result", "text"]
    assert "arrives on Thursday" in pieces[1][1]


def test_a_silence_fails_before_a_proxy_times_out(app):
    assert [model.request_timeout for model in app.assistant.MODELS] == [50, 50]


def test_an_exceptions_own_text_is_never_shown(app):
    assert app.assistant.sentence(openai.OpenAIError("key 123")) == (
        "The model's provider reported an error."
    )
    assert app.assistant.sentence(ValueError("key 123")) == "The server failed."


def test_apps_import_nothing_from_the_course():
    sources = {path: path.read_text(encoding="utf-8") for path in PLACE.parent.rglob("*.py")}
    assert len(sources) == 7
    for path, source in sources.items():
        assert "utils" not in source, path.name
        assert "from tools" not in source, path.name
