"""The assistant of the Streamlit, Chainlit and Django apps, with the simulator on virtual time."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import aclosing
from pathlib import Path
from types import ModuleType

import openai
import pytest
from langchain_core.tools import tool

from tests.apps.conftest import NAMES
from tests.apps.scripted import Scripted
from tests.simulator.virtual import VirtualSimulator
from utils.simulator.content import prepared_replies

FILE = Path(__file__).resolve().parents[2] / "apps" / "assistant.py"
RIVER = "Name a river."
ANSWER = prepared_replies.answer(RIVER)


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, virtual: VirtualSimulator) -> ModuleType:
    """The module; its models, set up as they are, are the simulator's."""
    monkeypatch.setenv("OPENAI_MODEL", NAMES[0])
    monkeypatch.setenv("OPENAI_FALLBACK_MODEL", NAMES[1])
    spec = importlib.util.spec_from_file_location("assistant", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def use(assistant: ModuleType, virtual: VirtualSimulator, *models: str) -> None:
    """Put the simulator's models in the places of the app's."""
    assistant.MODELS[:] = [
        virtual.chat(name, max_retries=0, stream_chunk_timeout=None) for name in models
    ]


def said(assistant: ModuleType, virtual: VirtualSimulator, question: str) -> list[tuple[str, str]]:
    """All pieces; what failed is the last, as the sentence that the page shows."""

    async def main() -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        try:
            async with aclosing(assistant.answer([("user", question)])) as source:
                async for piece in source:
                    pieces.append(piece)  # noqa: PERF401 (what came before a failure counts)
        except Exception as error:
            pieces.append(("failed", assistant.sentence(error)))
        return pieces

    return virtual.run(main())


def text(pieces: list[tuple[str, str]]) -> str:
    return "".join(value for kind, value in pieces if kind == "text")


def test_text_comes_in_pieces(assistant: ModuleType, virtual: VirtualSimulator) -> None:
    use(assistant, virtual, "sim-chat")
    pieces = said(assistant, virtual, RIVER)
    assert text(pieces) == ANSWER
    assert len(pieces) > 20


def test_a_tool_is_named_before_its_result(
    assistant: ModuleType, virtual: VirtualSimulator
) -> None:
    use(assistant, virtual, "sim-chat")
    pieces = said(assistant, virtual, "Where is my order 4711?")
    assert [kind for kind, _ in pieces[:3]] == ["tool", "result", "text"]
    assert "arrives on Thursday" in text(pieces)


@pytest.mark.parametrize("fault", ["503@0", "401@0", "drop@0", "end@0"])
def test_before_the_first_text_the_fallback_answers(
    assistant: ModuleType, virtual: VirtualSimulator, fault: str
) -> None:
    use(assistant, virtual, f"sim-chat:{fault}", "sim-fast")
    assert text(said(assistant, virtual, RIVER)) == ANSWER
    assert len(virtual.requests()) == 2


@pytest.mark.parametrize("fault", ["drop@8", "error@8", "end@8"])
def test_after_the_first_text_no_other_model_is_asked(
    assistant: ModuleType, virtual: VirtualSimulator, fault: str
) -> None:
    use(assistant, virtual, f"sim-chat:{fault}", "sim-fast")
    pieces = said(assistant, virtual, RIVER)
    assert ANSWER.startswith(text(pieces))
    assert len(virtual.requests()) == 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("401@0", "The model's provider refused this server's key."),
        ("429@0", "The model's provider is too busy. Try again in a minute."),
        ("500@0", "The model's provider reported an error."),
        ("end@0", "The reply broke off before its end."),
    ],
)
def test_a_failure_is_one_sentence(
    assistant: ModuleType, virtual: VirtualSimulator, fault: str, sentence: str
) -> None:
    use(assistant, virtual, f"sim-chat:{fault}")
    assert said(assistant, virtual, RIVER)[-1] == ("failed", sentence)


def test_a_silence_fails_before_a_proxy_gives_up(assistant: ModuleType) -> None:
    assert [model.request_timeout for model in assistant.MODELS] == [50, 50]


def test_an_error_s_own_words_are_never_shown(assistant: ModuleType) -> None:
    assert assistant.sentence(openai.OpenAIError("key 123")) == (
        "The model's provider reported an error."
    )
    assert assistant.sentence(ValueError("key 123")) == "The server failed."


def test_a_tool_that_does_not_exist_or_fails_is_news_for_the_model(
    assistant: ModuleType, virtual: VirtualSimulator
) -> None:
    @tool
    async def fails(order: int) -> str:
        """Fail."""
        raise ValueError(order)

    assistant.TOOLS["fails"] = fails
    model = Scripted("fails", "nowhere")
    assistant.MODELS[:] = [model]
    pieces = said(assistant, virtual, "hello")
    assert [value for kind, value in pieces if kind == "result"] == ["The tool failed."] * 2
    assert text(pieces) == "done"


def test_a_model_that_calls_tools_without_end_is_stopped(
    assistant: ModuleType, virtual: VirtualSimulator
) -> None:
    assistant.MODELS[:] = [Scripted(*["nowhere"] * 100)]
    kinds = [kind for kind, _ in said(assistant, virtual, "hello")]
    assert kinds == ["tool", "result"] * assistant.MOST_ROUNDS + ["failed"]


def test_without_a_model_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    spec = importlib.util.spec_from_file_location("assistant", FILE)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(SystemExit, match="Set OPENAI_MODEL"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert "assistant" not in sys.modules


def test_no_app_imports_anything_of_the_course() -> None:
    for path in FILE.parent.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "utils" not in source, path.name
        assert "tools." not in source, path.name
