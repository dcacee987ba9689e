"""Fixtures that import the FastAPI app anew for each test, with a virtual-time simulator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.simulator.virtual import VirtualSimulator

PLACE = Path(__file__).resolve().parents[2] / "apps" / "fastapi_chat"
NAMES = ("sim", "sim-fast")  # model names; the second is the fallback


@pytest.fixture
def virtual() -> Iterator[VirtualSimulator]:
    simulator = VirtualSimulator()
    yield simulator
    simulator.close()


def load(monkeypatch: pytest.MonkeyPatch, virtual: VirtualSimulator) -> ModuleType:
    """Import the app afresh, with models that call a virtual simulator."""
    monkeypatch.setenv("OPENAI_MODEL", NAMES[0])
    monkeypatch.setenv("OPENAI_FALLBACK_MODEL", NAMES[1])
    monkeypatch.syspath_prepend(PLACE)
    for name in ("assistant", "app"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("app")
    models = module.assistant.MODELS
    for index, model in enumerate(models):
        options = {"max_retries": 2, "stream_chunk_timeout": model.stream_chunk_timeout}
        options |= {"max_tokens": model.max_tokens, "timeout": model.request_timeout}
        models[index] = virtual.chat(model.model_name, **options)
    return module


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, virtual: VirtualSimulator) -> ModuleType:
    """Return the app's module, whose models are the simulator's `sim` and `sim-fast`."""
    return load(monkeypatch, virtual)
