"""A fixture that imports a fresh FastAPI app for each test, with a virtual-time simulator."""

import importlib
import sys
from types import ModuleType

import pytest

from tests.simulator.virtual import VirtualSimulator
from tools.programs import ROOT

FASTAPI_FOLDER = ROOT / "apps" / "fastapi_chat"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, virtual: VirtualSimulator) -> ModuleType:
    """Import a fresh copy of the app, with the virtual simulator's models `sim` and `sim-fast`."""
    monkeypatch.setenv("OPENAI_MODEL", "sim")
    monkeypatch.setenv("OPENAI_FALLBACK_MODEL", "sim-fast")
    monkeypatch.syspath_prepend(FASTAPI_FOLDER)
    for name in ("assistant", "replies", "app"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("app")
    models = module.assistant.MODELS
    for index, model in enumerate(models):
        limits = {"max_tokens": model.max_tokens, "timeout": model.request_timeout}
        limits |= {"max_retries": 2, "stream_chunk_timeout": model.stream_chunk_timeout}
        # restore the client's default of 2 retries, since `virtual.chat` disables retries
        models[index] = virtual.chat(model.model_name, **limits)
    return module
