"""The `doctor` command: checks everything the course depends on, and changes nothing.

A check returns its finding, or raises `Advice` with the problem and how to fix it.
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tools.environment import LOCKS, Action, Environment, damaged_file
from tools.installers import odd_path
from tools.lab import a_browser_can_open
from tools.programs import ROOT, Advice, advice_for_the_disk, run, say, this_command
from utils.formatting import counted

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

OLDEST_KERNEL = (7, 4)
PATIENCE = 60.0  # seconds for a provider's first reply: a local server may have to load its model
HELP_PAGE = "docs/troubleshooting.md"


def doctor(arguments: argparse.Namespace) -> int:
    """Print one line per check and a summary; return 1 if anything needs fixing.

    Without `--here`, the doctor runs again inside `.venv`, if there is one. Only the first run can
    check whether `.venv` is up to date, since the answer depends on the Python that started
    `course.py`. The second run gets the result as `--venv`.
    """
    environment = Environment(ROOT)
    if not arguments.here and environment.python_runs():
        action, why = environment.needs("lab")
        # In `why`, a colon separates the problem from what setup would do about it.
        found = why.rstrip(".").partition(": ")[0]
        venv = ["--venv", "" if action is Action.NOTHING else found]
        return run([str(environment.python), str(ROOT / "course.py"), "doctor", "--here", *venv])
    set_up = importlib.util.find_spec("jupyterlab") is not None
    in_venv = arguments.venv is not None
    examinations = EXAMINATIONS
    if not set_up:  # run only the checks that need no packages
        examinations = {
            "Python": examine_python,
            "packages": examine_no_packages,
            "browser": examine_browser,
        }
    elif in_venv:
        examinations = {".venv": lambda: examine_venv(arguments.venv), **EXAMINATIONS}
    to_fix = []
    for name, examine in examinations.items():
        ok, finding = outcome(examine)
        if not ok:
            to_fix.append(name)
        say(f"{'ok ' if ok else 'fix'}  {name:<9}  {finding}")
    say(f"\n{verdict(to_fix, set_up, in_venv=in_venv, here=arguments.here and not in_venv)}")
    return int(bool(to_fix))


def verdict(to_fix: list[str], set_up: bool, in_venv: bool, here: bool = False) -> str:
    """Return the last line, which says whether this machine is ready for the course."""
    if not set_up and here:
        return (
            f"Not set up yet: {install_here()} (with conda: conda env create -f environment.yml, "
            "conda activate streaming-course)"
        )
    if not set_up:
        return f"Not set up yet: {setting_up()}"
    if to_fix:
        return f"{counted(len(to_fix), 'thing')} to fix: {', '.join(to_fix)}; see {HELP_PAGE}"
    return f"Ready: {this_command('lab', *([] if in_venv else ['--here']))} opens the course"


def outcome(examine: Callable[[], str]) -> tuple[bool, str]:
    """Run one check; return whether it passed, and its finding or the reason it failed."""
    try:
        return True, examine()
    except Advice as advice:
        return False, str(advice)
    except Exception as error:  # a broken package may raise any exception
        return False, f"{type(error).__name__}: {error}: {repair(damaged=True)}"


def repair(damaged: bool = False) -> str:
    """Return instructions for fixing this interpreter's packages.

    pip keeps a damaged package if its version is right, so the package must be removed first.
    """
    if Path(sys.prefix) == Environment(ROOT).folder:
        first = f"delete {sys.prefix}, and " if damaged else ""
        return f"{first}run {this_command('lab')}"
    return install_here("--force-reinstall" if damaged else "")


def install_here(option: str = "") -> str:
    words = [Path(sys.executable).name, "-m pip install", option, "-r", LOCKS["lab"]]
    return f"run {' '.join(filter(None, words))}"


def setting_up() -> str:
    """Return setup instructions, including what to do first if the folder is unsuitable."""
    if odd := odd_path(ROOT):
        return f"the path of its folder contains {odd}, so rename or move the folder first"
    if not os.access(ROOT, os.W_OK):
        return (
            f"{ROOT} can't be written to, so copy the course to a folder you own, and run "
            f"{this_command('setup')} there"
        )
    return f"run {this_command('setup')}"


def examine_python() -> str:
    if sys.flags.optimize > 1:
        raise Advice(
            "it runs with -OO, which strips docstrings that lessons need: omit -OO, and unset "
            "PYTHONOPTIMIZE"
        )
    version = ".".join(str(part) for part in sys.version_info[:3])
    weakness = " (3.12 or newer is better: 3.11 can lose the cancellation of a stream)"
    return f"{version} at {sys.executable}{weakness if sys.version_info < (3, 12) else ''}"


def examine_venv(needs: str) -> str:
    """Check `.venv`; `needs` is the reason why it isn't up to date, or ""."""
    if needs:
        raise Advice(f"{needs}: {setting_up()}")
    return f"{Environment(ROOT).folder} is up to date"


def examine_no_packages() -> str:
    raise Advice("not installed, so the other parts can't be checked yet")


def examine_packages() -> str:
    from packaging.requirements import Requirement  # not installed before setup

    lines = (ROOT / LOCKS["lab"]).read_text(encoding="utf-8").splitlines()
    locked = [Requirement(line) for line in lines]
    wanted = [one for one in locked if one.marker is None or one.marker.evaluate()]
    wrong: list[str] = []
    repairing = repair()
    for one in wanted:
        try:
            found = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if f"=={found}" != str(one.specifier):
            wrong.append(f"{one.name} is {found}, not {str(one.specifier).lstrip('=')}")
            repairing = unhide(one.name) or repairing
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise Advice(f"{'; '.join(wrong[:3])}{more}: {repairing}")
    if file := damaged_file(Path(sysconfig.get_path("purelib"))):
        raise Advice(f"{file} is damaged: {repair(damaged=True)}")
    return f"all {len(wanted)} match the lock file"


def unhide(name: str) -> str | None:
    """Return how to fix a package if a copy in another folder shadows it, else None."""
    own = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    # folders with the package, in `sys.path` order; Python imports it from the first one
    installed = [str(each.locate_file("")) for each in importlib.metadata.distributions(name=name)]
    if not installed or installed[0] in own or not set(installed) & set(own):
        return None
    by_user = installed[0] == site.getusersitepackages()
    fix = "set PYTHONNOUSERSITE=1" if by_user else "unset PYTHONPATH"
    return f"{installed[0]} comes before this Python's own packages, so {fix}"


def examine_utils() -> str:
    spec = importlib.util.find_spec("utils")
    found = Path(spec.origin).resolve().parent if spec is not None and spec.origin else None
    if found != ROOT / "utils":
        raise Advice(
            f"`import utils` finds {found} instead of the course's package: unset PYTHONPATH, or "
            "rename the other one"
        )
    if problem := hidden_in_notebooks():
        raise Advice(problem)
    return str(found)


def hidden_in_notebooks() -> str | None:
    """Return a message if notebooks would import a file instead of a package; otherwise, None."""
    from utils import shadowing

    notebooks = str(ROOT / "notebooks")
    if problem := shadowing.other_utils(notebooks):
        return problem
    from utils.setup import NEEDED

    # In a kernel, `sys.path` also contains the notebook folder, before the package folders.
    place = next(number for number, it in enumerate(sys.path) if shadowing.is_for_packages(it))
    path = [*sys.path[:place], notebooks, *sys.path[place:]]
    hidden = shadowing.shadowed_in_use(path, NEEDED)
    return next((shadowing.advice(name, file) for name, file in hidden.items()), None)


def examine_kernel() -> str:
    version = importlib.metadata.version("ipykernel")
    for name in ("ipykernel.kernelapp", "jupyter_server.serverapp", "psutil"):  # needed by `lab`
        importlib.import_module(name)
    with advice_for_the_disk():
        tempfile.gettempdir()  # `lab` needs a temporary folder for connections to kernels
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_KERNEL:
        return f"ipykernel {version}; before 7.4, Stop takes effect only once the cell has finished"
    return f"ipykernel {version}"


def examine_widgets() -> str:
    names = ("ipywidgets", "anywidget")
    for name in names:
        importlib.import_module(name)
    extension = Path(sys.prefix, "share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager")
    if not extension.is_dir():
        raise Advice(
            f"JupyterLab can't display widgets: {extension} is missing: {repair(damaged=True)}"
        )
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def examine_simulator() -> str:
    from utils import provider  # imported late, since it needs the locked packages

    try:
        server = provider.simulator()
    except provider.ProviderError as error:
        advice = str(error).replace(" `python3 course.py doctor` shows what is missing.", "")
        raise Advice(advice) from error
    try:
        call(provider.chat_model("fast", simulated=True, max_tokens=1))
    finally:
        server.stop()
    return "starts on the loopback address, and replied to a one-token call"


def examine_provider() -> str:
    from utils import provider  # imported late, since it needs the locked packages

    try:
        named = provider.real_provider()
        if named is None:
            return provider.describe()
        model = provider.chat_model(timeout=PATIENCE, max_retries=0, max_tokens=1)
    except provider.ProviderError as error:
        raise Advice(str(error)) from error
    try:
        call(model)
    except Advice as advice:
        raise Advice(f"{named.host}: {advice}{other_models(model)}") from advice
    return f"{provider.describe()} It replied to a one-token call."


def call(model: "ChatOpenAI") -> None:
    """Make a one-token call the way a cell would; raise Advice if a cell would fail."""
    import openai

    from utils import provider

    try:
        chunks = list(model.stream("Say hello."))
    except openai.BadRequestError as error:
        if "max_" in error.message and "token" in error.message:
            return  # the model requires a higher limit, but the server responds
        raise Advice(provider.explain(error)) from error
    except Exception as error:
        raise Advice(provider.explain(error)) from error
    if not any(chunk.text or chunk.response_metadata.get("finish_reason") for chunk in chunks):
        raise Advice(provider.not_a_completion())


def other_models(model: "ChatOpenAI") -> str:
    """Return a sentence with up to three model names from the server's list.

    Return "" if the list is unavailable or includes `model`.
    """
    with contextlib.suppress(Exception):  # not every server can list its models
        names = [str(one.id) for one in model.root_client.models.list().data]
        if names and model.model_name not in names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            return f" The server has {', '.join(names[:3])}{more}."
    return ""


def examine_browser() -> str:
    if a_browser_can_open():
        return "lab can open one"
    return "lab can't open one here: open the address it prints in a browser yourself"


EXAMINATIONS: dict[str, Callable[[], str]] = {
    "Python": examine_python,
    "packages": examine_packages,
    "utils": examine_utils,
    "kernel": examine_kernel,
    "widgets": examine_widgets,
    "simulator": examine_simulator,
    "provider": examine_provider,
    "browser": examine_browser,
}
