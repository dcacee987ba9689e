"""The last line of every notebook's setup cell."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from utils import setup
from utils.setup import SetupError, ready
from utils.simulator import handle


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[handle.Shared]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_SPEED", "50")
    shared = handle.Shared()
    monkeypatch.setattr(handle, "shared", shared)
    yield shared
    if shared.simulator is not None:
        shared.simulator.stop()


def test_it_says_who_answers_in_the_same_words_each_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ready()
    ready()
    said = capsys.readouterr().out.splitlines()
    assert said == ["Ready. The course's simulator answers: no key, no internet, no cost."] * 2


def test_collections_leave_out_what_was_imported_and_no_more(fresh: handle.Shared) -> None:
    setup._settle.cache_clear()
    gc.unfreeze()
    ready()
    frozen = gc.get_freeze_count()
    assert frozen > 100_000
    ready()  # a cell that is run again: what was made meanwhile may be rubbish one day
    assert gc.get_freeze_count() <= frozen


@pytest.mark.parametrize(("before", "after"), [(700, 700), (500_000, 20_000)])
def test_collections_are_small_from_then_on_also_in_a_class(
    fresh: handle.Shared, before: int, after: int
) -> None:
    usual = gc.get_threshold()
    setup._settle.cache_clear()
    gc.set_threshold(before, 10, 10)
    try:
        ready()
        assert gc.get_threshold()[0] == after
    finally:
        gc.set_threshold(*usual)


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads of a process can't differ.")
@pytest.mark.parametrize(("asked", "more"), [("7", 7), ("0", 0), ("", 0), ("much", 0)])
def test_in_a_class_a_notebooks_code_steps_back_and_its_other_threads_dont(
    asked: str, more: int
) -> None:
    program = """
import os, threading
from utils import setup

over = threading.Event()
passes_on = threading.Thread(target=over.wait)
passes_on.start()
setup._step_back()
threads = (threading.main_thread(), passes_on)
print(*(os.getpriority(os.PRIO_PROCESS, thread.native_id) for thread in threads))
over.set()
"""
    environ = os.environ | {"COURSE_NICE": asked}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environ, check=True, capture_output=True)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert done.stdout.decode().split() == [str(max(more, usual)), str(usual)]


def test_the_types_of_answers_are_built_before_one_comes() -> None:
    program = """
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from utils import setup

kinds = (ChatCompletion, ChatCompletionChunk)
print(*(kind.__pydantic_complete__ for kind in kinds))
setup._build_types()
print(*(kind.__pydantic_complete__ for kind in kinds))
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert told.stdout.decode().split() == ["False", "False", "True", "True"]


def test_it_starts_the_simulator_and_leaves_its_log_empty(fresh: handle.Shared) -> None:
    ready()
    assert fresh.simulator is not None
    assert len(fresh.simulator.requests()) == 0


def test_a_real_provider_is_named_and_not_asked_and_no_simulator_started(
    fresh: handle.Shared,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # nobody listens there
    monkeypatch.setenv("OPENAI_MODEL", "llama")
    ready()
    assert "The model llama at 127.0.0.1:9 will be asked: no cost." in capsys.readouterr().out
    assert fresh.simulator is None


def test_half_a_provider_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(SetupError, match="OPENAI_MODEL isn't"):
        ready()


def test_another_folders_utils_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    impostor = ModuleType("utils")
    impostor.__path__ = ["/somewhere/else"]
    monkeypatch.setitem(sys.modules, "utils", impostor)
    with pytest.raises(SetupError, match="Restart the kernel"):
        ready()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "_PACKAGES", ("ipywidgets", "no_such_package"))
    with pytest.raises(SetupError, match=r"Missing here: no_such_package.*course.py lab"):
        ready()


@pytest.mark.parametrize("old", ["7.3.9", "6.29.5", "7.3rc1"])
def test_an_ipykernel_without_working_stop_buttons_is_refused(
    monkeypatch: pytest.MonkeyPatch, old: str
) -> None:
    monkeypatch.setattr(setup, "version", lambda _: old)
    with pytest.raises(SetupError, match=f"ipykernel is {old}; from 7.4 on"):
        ready()
