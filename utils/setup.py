"""The environment check; each notebook's setup cell imports it first and calls `ready` last.

Importing it raises `SetupError` if a package is missing or broken, or if a learner's file shadows a
module that the course needs.
"""

import builtins
import gc
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Thread, main_thread

from . import shadowing
from .errors import Sentence, show_explanations

_HERE = Path(__file__).resolve().parent
_IPYKERNEL = (7, 4)  # the first version in which Stop works while a cell awaits a stream
_PACKAGES = (
    "anywidget",
    "ipywidgets",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "matplotlib",
)
# The course needs these modules and everything that they import.
NEEDED = (*_PACKAGES, "langchain.agents", "fastapi", "uvicorn", "utils.provider")
_MOST_OBJECTS = 20_000  # maximum garbage-collection threshold; a scan of 20,000 objects takes 5 ms
_FIX = (
    f"This notebook's kernel runs {sys.executable}: choose the course's kernel, or start the "
    "course with `python3 course.py lab`; `python3 course.py doctor` finds the cause."
)


class SetupError(Sentence, RuntimeError):
    """Raised if the notebook can't run here. Only the message is shown; it says what to do."""


def ready() -> None:
    """Check the environment, start the simulator, warm up, and print which model is used."""
    _check_utils()
    _check_docstrings()
    from .env_vars import prepare_for_simulator
    from .provider import ProviderError, describe, explain_providers, real_provider, simulator

    try:
        real = real_provider()
        traced = False
        if real is None:
            traced = prepare_for_simulator()  # turns tracing off
            simulator(wait=False)
        _warm_up(contact=real is None)
        show_explanations(explain_providers)  # of a provider's failures, in later cells
        _let_cells_await()
        _tune_garbage_collection()
        _lower_priority()
        print(" ".join(["Ready.", describe(), *_notes(traced)]))
    except ProviderError as error:
        raise SetupError(str(error)) from None
    except ImportError as error:
        raise SetupError(_failed_import(error)) from error


def _notes(traced: bool) -> Iterator[str]:
    """Yield warnings about this notebook; `traced` means that tracing had to be turned off."""
    if traced:
        yield "LangSmith tracing is turned off in this notebook, so nothing leaves this machine."
    kernel = version("ipykernel")
    if tuple(map(int, re.findall(r"\d+", kernel)[:2])) < _IPYKERNEL:
        yield (
            f"This notebook's kernel (ipykernel {kernel}) is older than 7.4: text streams, but "
            "Stop takes effect only once the cell has finished."
        )
    if hasattr(sys.modules.get("asyncio"), "_nest_patched"):
        yield (
            "`nest_asyncio` is applied here, so `asyncio.run` works in a cell, unlike in lesson 4: "
            "restart the kernel to remove it."
        )
    if hidden := _hidden_builtins():
        yield (
            f"Python's own {', '.join(f'`{name}`' for name in hidden)} can't be used in this "
            "notebook, since a variable has the same name: restart the kernel to remove it."
        )


def _hidden_builtins() -> list[str]:
    """Return the built-in functions and types that are shadowed by variables in the notebook."""
    own = vars(sys.modules["__main__"])
    return sorted(
        name
        for name, builtin in vars(builtins).items()
        if name.islower()
        and getattr(builtin, "__module__", None) == "builtins"  # excludes IPython's replacements
        and own.get(name, builtin) is not builtin
    )


def _check_utils() -> None:
    places = [Path(place).resolve() for place in sys.modules["utils"].__path__]
    if _HERE not in places:
        raise SetupError(
            f"`utils` was imported from elsewhere ({places}), not from the course: "
            "restart the kernel and run the setup cell first."
        )


def _check_shadowing() -> None:
    for name, path in shadowing.shadowed_in_use(sys.path, NEEDED).items():
        raise SetupError(shadowing.advice(name, path).replace("start again", "restart the kernel"))


def _check_packages() -> None:
    missing = [name for name in (*_PACKAGES, "ipykernel") if find_spec(name) is None]
    if missing:
        raise SetupError(f"Missing here: {', '.join(missing)}. {_FIX}")


def _check_imports() -> None:
    """Raise SetupError if the setup cell's later imports would fail, say because versions clash."""
    for name in ("langchain_core.language_models", "anywidget"):
        try:
            import_module(name)
        except Exception as error:  # importing a package can raise any exception
            raise SetupError(_failed_import(error)) from error


def _failed_import(error: Exception) -> str:
    return f"A package can't be imported ({type(error).__name__}: {error}). {_FIX}"


def _check_docstrings() -> None:
    if sys.flags.optimize > 1:
        raise SetupError(
            "Python runs with -OO, which strips the docstrings that tools and exercises need: "
            "restart the kernel, or JupyterLab, without -OO and PYTHONOPTIMIZE."
        )


def _warm_up(contact: bool) -> None:
    """Do the one-time work of a process's first call now, so that no measurement includes it.

    `contact` is False for a real provider, which should receive only the learner's requests.
    """
    from .provider import chat_model

    model = chat_model()
    if contact:
        model.root_client.models.list()
    import anyio  # its first use loads modules, which would delay the first astream by 30 ms

    # in a separate thread, since the main thread already runs a loop
    loop = Thread(target=anyio.run, args=(anyio.sleep, 0))
    loop.start()
    loop.join()


def _let_cells_await() -> None:
    """Turn IPython's `autoawait` on, since a user's settings may have turned it off."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        shell.autoawait = True


@cache  # only once: a later freeze would also keep garbage in memory
def _tune_garbage_collection() -> None:
    """Exclude the imported modules from garbage collection, and lower the hub's high threshold.

    A full collection would pause the kernel for about 60 ms, which looks like a gap between two
    chunks. The hub sets a high threshold to speed up startup (`hub/python/sitecustomize.py`).
    """
    gc.freeze()
    young, *older = gc.get_threshold()
    gc.set_threshold(min(young, _MOST_OBJECTS), *older)


def _lower_priority() -> None:
    """Give this notebook's code a lower priority than the threads and servers that deliver text.

    The nice value is in COURSE_NICE, set by `hub/jupyterhub_config.py`. Without it, a thread or
    server that needs the CPU for 0.1 ms may have to wait for another learner's code on the same
    machine. Only Linux allows different priorities within a process.
    """
    nice = os.environ.get("COURSE_NICE", "")
    if nice.isdigit() and sys.platform == "linux":
        main = main_thread().native_id or 0
        already = os.getpriority(os.PRIO_PROCESS, main)  # lowering this would need privileges
        os.setpriority(os.PRIO_PROCESS, main, max(already, int(nice)))


_check_packages()
_check_shadowing()
_check_imports()
