"""`ready()`, the last line of the setup cell in every notebook."""

import asyncio
import gc
import json
import os
import subprocess
import sys
from types import ModuleType

import pytest

from tools.programs import ROOT
from utils import setup, shadowing
from utils.setup import SetupError, ready


def test_it_prints_the_same_sentence_each_time(capsys):
    ready()
    ready()
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["Ready. The course's simulator answers: no key, no internet, no cost."] * 2


def test_garbage_collection_skips_imported_modules_only():
    setup._tune_garbage_collection.cache_clear()
    gc.unfreeze()
    ready()
    frozen = gc.get_freeze_count()
    assert frozen > 100_000
    ready()  # a second call must not freeze newer objects, which may become garbage
    assert gc.get_freeze_count() <= frozen


# The hub sets the threshold to 500,000, to speed up startup.
@pytest.mark.parametrize(("before", "after"), [(700, 700), (500_000, 20_000)])
def test_garbage_collection_is_frequent_also_on_the_hub(before, after):
    usual = gc.get_threshold()
    setup._tune_garbage_collection.cache_clear()
    gc.set_threshold(before, 10, 10)
    try:
        ready()
        assert gc.get_threshold()[0] == after
    finally:
        gc.set_threshold(*usual)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities per thread")
@pytest.mark.parametrize(("value", "nice"), [("7", 7), ("", 0), ("much", 0)])
def test_course_nice_lowers_the_main_threads_priority_only(value, nice):
    program = """
import os, threading
from utils import setup

over = threading.Event()
other = threading.Thread(target=over.wait)
other.start()
setup._lower_priority()
threads = (threading.main_thread(), other)
print(*(os.getpriority(os.PRIO_PROCESS, thread.native_id) for thread in threads))
over.set()
"""
    environ = os.environ | {"COURSE_NICE": value}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert done.stdout.decode().split() == [str(max(nice, usual)), str(usual)]


def test_it_starts_the_simulator_and_leaves_its_log_empty(shared):
    ready()
    assert shared.simulator is not None
    assert len(shared.simulator.requests()) == 0


def test_a_real_provider_is_named_without_a_request_or_a_simulator(shared, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # no server listens there
    monkeypatch.setenv("OPENAI_MODEL", "llama")
    ready()
    assert "Cells will call the model llama at 127.0.0.1:9: no cost." in capsys.readouterr().out
    assert shared.simulator is None


def test_an_incomplete_provider_is_explained(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(SetupError, match="OPENAI_MODEL isn't"):
        ready()


def test_another_folders_utils_is_rejected(monkeypatch):
    impostor = ModuleType("utils")
    impostor.__path__ = ["/somewhere/else"]
    monkeypatch.setitem(sys.modules, "utils", impostor)
    with pytest.raises(SetupError, match="restart the kernel"):
        ready()


def test_a_python_without_the_packages_is_named_before_anything_else_is_imported():
    command = [sys.executable, "-S", "-c", "from utils.setup import ready; import langchain_core"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    last = result.stderr.splitlines()[-1]
    assert "SetupError: Missing here: anywidget, ipywidgets, langchain, langchain_core, " in last
    assert f"This notebook's kernel runs {sys.executable}: choose the course's kernel, or " in last


@pytest.mark.parametrize("broken", ["langchain_core/language_models", "openai"])
def test_a_package_of_the_wrong_version_is_reported(tmp_path, broken):
    file = tmp_path / "site-packages" / broken / "__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text("from typing import nothing\n", encoding="utf-8")
    (file.parents[1] / "__init__.py").touch()
    last = setup_cell(PYTHONPATH=str(tmp_path / "site-packages")).stderr.splitlines()[-1]
    assert "SetupError: A package can't be imported (ImportError: cannot import name 'not" in last
    assert "`python3 course.py doctor` finds the cause" in last


def test_a_python_that_is_too_old_is_named():
    last = setup_cell(before="sys.version_info = (3, 9, 1, 'final', 0)").stderr.splitlines()[-1]
    assert last.startswith("ImportError: The course needs Python 3.11 or newer, and this is Python")


@pytest.mark.parametrize(
    ("kernel", "old"),
    [("7.3.9", True), ("7.3rc1", True), ("6", True), ("7.4.0", False), ("7.10", False)],
)
def test_an_older_ipykernel_and_nest_asyncio_are_reported(monkeypatch, kernel, old):
    monkeypatch.setattr(setup, "version", lambda _: kernel)
    notes = "".join(setup._notes(traced=False))
    assert (f"(ipykernel {kernel}) is older than 7.4: text streams, but Stop takes" in notes) == old
    assert ("ipykernel" in notes) == old
    assert "nest_asyncio" not in notes
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    notes = "".join(setup._notes(traced=False))
    assert "`nest_asyncio` is applied here, so `asyncio.run` works" in notes


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Run a setup cell that must override a user's settings; return the lines it printed."""
    folder = tmp_path_factory.mktemp("own")
    write(folder, "test.py", "chat.py", "fastapi/notes.txt")
    write(folder, "openai/__pycache__/openai.cpython-311.pyc")
    before = """
from IPython.core.interactiveshell import InteractiveShell as Shell
shell = Shell.instance(autoawait=False, user_module=sys.modules['__main__'])
sum = list = 0; open = exit; text = ''
"""
    ended = setup_cell(
        "from langchain_core.tracers.context import _get_trace_callbacks",
        "from langsmith.utils import tracing_is_enabled",
        "print(tracing_is_enabled())",
        "ready()",
        "print(tracing_is_enabled(), _get_trace_callbacks(), shell.autoawait)",
        before=before,
        cwd=folder,
        LANGSMITH_TRACING="true",
        LANGSMITH_API_KEY="lsv2_pt_0123456789",
    )
    return ended.stdout.splitlines()


def test_tracing_is_turned_off_for_the_simulator_and_reported_once(printed):
    assert printed[0] == "True"
    assert printed[-1].startswith("False None ")
    told = [line for line in printed if "LangSmith tracing is turned off in this notebook" in line]
    assert len(told) == 1


def test_names_that_hide_pythons_own_are_reported(printed):
    told = "Python's own `list`, `sum` can't be used in this notebook, since a variable"
    assert told in printed[1]


def test_cells_can_await_regardless_of_a_users_ipython_settings(printed):
    assert printed[-1].endswith(" True")


def test_files_that_shadow_nothing_the_course_needs_are_ignored(printed):
    assert printed[1].startswith("Ready.")


def test_python_without_docstrings_is_rejected():
    last = setup_cell(PYTHONOPTIMIZE="2").stderr.splitlines()[-1]
    assert "SetupError: Python runs with -OO, which strips" in last


def write(folder, *files):
    for file in files:
        path = folder / file
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("print('scratch')\n", encoding="utf-8")


@pytest.mark.parametrize("before", ["", "import openai"])
def test_a_file_that_shadows_a_package_is_named(tmp_path, before):
    write(tmp_path, "openai.py")
    run = setup_cell(before=before, cwd=tmp_path)
    assert ("scratch" in run.stdout) == bool(before), "the check must not run the file"
    last = run.stderr.splitlines()[-1]
    assert last.startswith(
        f"utils.setup.SetupError: The file {tmp_path / 'openai.py'} hides the package `openai`: "
        "rename the file, and restart"
    )


def test_every_file_that_shadows_a_module_is_found(tmp_path):
    files = ("anywidget.py", "httpx2.py", "langsmith.py", "pydantic.py", "ssl.py")
    write(tmp_path, *files, "langgraph/__init__.py")
    found = shadowing.shadowed_in_use([str(tmp_path), *sys.path], ("langchain.agents", "anywidget"))
    assert found == {
        **{file.removesuffix(".py"): str(tmp_path / file) for file in files},
        "langgraph": str(tmp_path / "langgraph"),
    }
    assert shadowing.advice("langgraph", found["langgraph"]) == (
        f"The folder {tmp_path / 'langgraph'} hides the package `langgraph`: rename the folder, "
        "and start again."
    )
    assert "hides Python's own module `ssl`" in shadowing.advice("ssl", found["ssl"])


def test_a_hook_may_shadow_the_systems(tmp_path):
    hooks = ("sitecustomize.py", "usercustomize.py")
    write(tmp_path / "own", *hooks)
    write(tmp_path / "system" / "dist-packages", *hooks)
    assert shadowing.shadowed([str(tmp_path / "own"), str(tmp_path / "system/dist-packages")]) == {}


@pytest.mark.parametrize(
    "lesson", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda lesson: lesson.stem
)
def test_a_setup_cell_imports_utils_setup_first(lesson):
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert imports[0] == "import sys"
    assert imports[1].startswith("from utils.setup import ready")


def setup_cell(*after, before="", cwd=None, **environ):
    """Run a setup cell in a separate process, with a kernel's module search path.

    The lines in `after` run after the imports; `ready()` runs first, unless it is one of them.
    """
    calls = after if "ready()" in after else ("ready()", *after)
    lines = [
        "import sys",
        "packages = next(i for i, place in enumerate(sys.path) if place.endswith('-packages'))",
        "sys.path[:] = [*sys.path[1:packages], '', *sys.path[packages:]]",
        before,
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from utils.setup import ready",
        *calls,
    ]
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
    )
