"""What every notebook's setup cell imports first, and the last it calls: is everything in place?

Importing it looks for files of the learner's that hide a module. Only then are modules imported
that such a file may hide.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Thread, main_thread
from types import ModuleType

from . import hiding
from .errors import Sentence, tell

_HERE = Path(__file__).resolve().parent
_IPYKERNEL = (7, 4)  # the first that receives a click on Stop while an async cell awaits
_PACKAGES = ("anywidget", "ipywidgets", "langchain_core", "langchain_openai", "matplotlib")
NEEDED = (*_PACKAGES, "fastapi", "uvicorn", "utils.provider")  # with all that they import
_OBJECTS = 20_000  # the collector looks through so many in some 5 ms
_FIX = (
    "Start the course by `python3 course.py lab`, or see what is wrong: `python3 course.py doctor`."
)


class SetupError(Sentence, RuntimeError):
    """This notebook can't run here; the message says what to do."""


def ready() -> None:
    """Check the environment, start the simulator, warm up, and print who answers.

    Raises:
        SetupError: If something is missing; the message says what to do.
    """
    _check_utils(sys.modules.get("utils"))
    _check_packages()
    from .provider import ProviderError, describe, explain_providers, real_provider, simulator
    from .settings import stay_here

    try:
        real = real_provider()
        traced = stay_here() if real is None else False
        if real is None:
            simulator(wait=False)
        _warm_up(contact=real is None)
        tell(explain_providers)
        _settle()
        _step_back()
        print(" ".join(["Ready.", describe(), *_notes(traced)]))
    except ProviderError as error:
        raise SetupError(str(error)) from None


def _notes(traced: bool) -> Iterator[str]:
    """Say what is different here, a sentence each."""
    if traced:
        yield (
            "LangSmith tracing was on, and is off in this notebook: nothing leaves this machine."
        )
    kernel = version("ipykernel")
    if tuple(map(int, re.findall(r"\d+", kernel)[:2])) < _IPYKERNEL:
        yield (
            f"This notebook's kernel (ipykernel {kernel}) is older than 7.4: text streams, but a "
            "click on Stop takes effect only when its cell has ended."
        )
    if hasattr(sys.modules.get("asyncio"), "_nest_patched"):
        yield (
            "`nest_asyncio` is applied here, so `asyncio.run` works in a cell, which lesson 4 says "
            "it doesn't: restart the kernel to be without it."
        )


def _check_utils(imported: ModuleType | None) -> None:
    """Refuse to go on with another folder's `utils`, which later imports would fail on."""
    places = [Path(place).resolve() for place in getattr(imported, "__path__", [])]
    if _HERE not in places:
        raise SetupError(
            f"`utils` was imported from elsewhere ({places or 'no folder'}), not from the course. "
            "Restart the kernel and run the setup cell first."
        )


def _check_hidden() -> None:
    """Name a file of the learner's that hides a module which the course needs."""
    for name, path in hiding.in_the_way(sys.path, NEEDED).items():
        raise SetupError(hiding.told(name, path).replace("start again", "restart the kernel"))


def _check_packages() -> None:
    missing = [name for name in (*_PACKAGES, "ipykernel") if find_spec(name) is None]
    if missing:
        raise SetupError(f"Missing here: {', '.join(missing)}. {_FIX}")
    if sys.flags.optimize > 1:
        raise SetupError(
            "Python runs with -OO, which strips the docstrings that tools and exercises need: "
            "restart the kernel, or JupyterLab, without -OO and PYTHONOPTIMIZE."
        )


def _warm_up(contact: bool) -> None:
    """Pay now what the first call of a process costs, so that no measurement pays for it.

    Args:
        contact: Ask the server for its list of models, over the connection that cells will use.
            A real provider is not asked before a learner asks it.
    """
    from .provider import chat_model

    model = chat_model()
    if contact:
        model.root_client.models.list()
    _build_types()
    from langchain_core.callbacks import AsyncCallbackManager

    AsyncCallbackManager.configure()  # imports what every call needs
    import anyio  # its loop-side half loads at first use, some 30 ms into somebody's first astream

    loop = Thread(target=anyio.run, args=(anyio.sleep, 0))  # the kernel's own loop is running
    loop.start()
    loop.join()


def _build_types() -> None:
    """Build what the SDK makes of answers; it would at the first of each kind, while text waits."""
    from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
    from openai.types.chat.chat_completion import Choice as WholeChoice
    from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta

    whole = (ChatCompletionMessage, WholeChoice, ChatCompletion)
    for part in (*whole, ChoiceDelta, Choice, ChatCompletionChunk):
        part.model_rebuild()


@cache  # once: later there may be rubbish among it
def _settle() -> None:
    """Tell the garbage collector that what has been imported stays.

    It would look through all of that now and then, with the kernel standing still for some 60 ms:
    a gap between two chunks that no model made. Where a class has put the looking off for its start
    (`hub/python`), it looks often enough again, so that there is never much to look through.
    """
    gc.freeze()
    young, *older = gc.get_threshold()
    gc.set_threshold(min(young, _OBJECTS), *older)


def _step_back() -> None:
    """Let what passes text on go before this notebook's own code, where a class asks for it.

    COURSE_NICE says by how much (`hub/jupyterhub_config.py`). On a machine that a room shares, a
    thread or a server with a tenth of a millisecond to do then never waits for somebody's chunks to
    be worked on. Linux alone lets threads of one process differ.
    """
    nice = os.environ.get("COURSE_NICE", "")
    if nice.isdigit() and sys.platform == "linux":
        main = main_thread().native_id or 0
        already = os.getpriority(os.PRIO_PROCESS, main)  # the way back is not open to everybody
        os.setpriority(os.PRIO_PROCESS, main, max(already, int(nice)))


_check_hidden()
