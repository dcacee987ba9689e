"""A real JupyterLab and a page that drives it, for tests that need to see what a learner sees.

No test stands here, and nothing of the course's widgets but their CSS classes is known.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.lab import free_port
from tools.suite import folder_for_sockets

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS = REPOSITORY / "test-artifacts"

NOTEBOOK_WIDTH: ViewportSize = {"width": 1280, "height": 900}
PROJECTOR: ViewportSize = {"width": 1920, "height": 1080}
NARROW: ViewportSize = {"width": 620, "height": 1000}

GET_ONE = (
    "Get one with `apt install chromium` (Debian and Ubuntu) or `python -m playwright install "
    "--with-deps chromium`, or name yours in the environment variable COURSE_BROWSER."
)
NO_BROWSER = f"No Chromium or Chrome found. {GET_ONE}"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# What the option --expose-app-in-browser does, for a JupyterLab that was started without it.
_EXPOSE = """document.addEventListener("readystatechange", () => {
  const settings = document.getElementById("jupyter-config-data");
  if (settings && document.readyState === "interactive")
    settings.textContent = JSON.stringify(
      { ...JSON.parse(settings.textContent), exposeAppInBrowser: "true" });
});"""
_FLAGS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update")
_PATIENCE = 240.0  # seconds until a wait is called a failure; a busy machine needs many


def browser_path(playwright: Playwright) -> str | None:
    """Where a browser is: COURSE_BROWSER, Playwright's own, or one that the system has."""
    named = os.environ.get("COURSE_BROWSER")
    own = playwright.chromium.executable_path
    if named or Path(own).exists():
        return named or own
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Start the browser without a window."""
    return playwright.chromium.launch(executable_path=path, args=[*_FLAGS, "--no-first-run"])


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab of its own settings.

    Attributes:
        root: The folder that it serves.
        address: Where it answers, without the token.
        token: What a page must show.
    """

    root: Path
    address: str
    token: str

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of these code cells into the root; returns its name."""
        notebook = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "source": cell,
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                }
                for number, cell in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.root / name).write_text(json.dumps(notebook), encoding="utf-8")
        return name

    def url(self, notebook: str) -> str:
        """The address that opens a notebook in a fresh workspace."""
        return f"{self.address}/lab/tree/{notebook}?reset&token={self.token}"


@contextmanager
def serve(root: Path, state: Path, environment: Mapping[str, str] | None = None) -> Iterator[Lab]:
    """Run JupyterLab on a free port of the loopback address until the block ends.

    Args:
        root: The folder to serve.
        state: An empty folder for settings and logs; the user's own are left alone.
        environment: More environment variables for the server and its kernels.
    """
    overrides = state / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(
        json.dumps({"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}})
    )
    token = secrets.token_hex(16)
    variables = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_TOKEN": token,
        "PYTHONPATH": str(REPOSITORY),
        **(environment or {}),
    }
    port = free_port(None)
    settings = {"port": port, "port_retries": 0, "root_dir": root, "allow_root": True}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--ServerApp.{name}={value}" for name, value in settings.items()]
    if sys.platform == "linux":
        # Kernels are spoken to through files, whose names have to be short, as in a class: a port
        # is looked up first and taken later, when another worker's kernel may have it.
        variables["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="lab-", dir=folder_for_sockets())
        command += ["--KernelManager.transport=ipc"]
    log = state / "jupyterlab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
    try:
        lab = Lab(root, f"http://127.0.0.1:{port}", token)
        _until_it_answers(lab, server, log)
        yield lab
    finally:
        server.terminate()  # it ends its kernels, too
        server.wait(_PATIENCE)
        shutil.rmtree(variables["JUPYTER_RUNTIME_DIR"], ignore_errors=True)


class NotebookPage:
    """One notebook, open in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(_PATIENCE * 1000)

    @classmethod
    def open(cls, page: Page, address: str) -> NotebookPage:
        """Open a notebook's address and wait until its kernel is idle."""
        opened = cls(page)
        page.add_init_script(_EXPOSE)
        page.goto(address, timeout=_PATIENCE * 1000)
        opened.wait_idle()
        return opened

    @classmethod
    def open_next(cls, page: Page, name: str) -> NotebookPage:
        """Open a notebook on a page that had another, as it was when it was loaded."""
        opened = cls(page)
        opened.theme("JupyterLab Light")
        opened.command("docmanager:open", {"path": name, "factory": "Notebook"})
        page.wait_for_function(
            "(name) => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=name
        )
        page.evaluate(
            """() => {
              clearInterval(window.courseSampler);
              window.courseWatcher?.disconnect();
              for (const name of ["courseSamples", "hacked"]) delete window[name];
              if (window.jupyterapp.shell.leftCollapsed) window.jupyterapp.shell.expandLeft();
            }"""
        )
        opened.wait_idle()
        return opened

    @property
    def cells(self) -> Locator:
        """The notebook itself, without JupyterLab's bars and file list."""
        return self.page.locator(".jp-Notebook")

    def close(self) -> None:
        """End the kernel and close the notebook, unsaved; the page stays open."""
        self.page.evaluate(
            """async () => {
              const panel = window.jupyterapp.shell.currentWidget;
              await panel.sessionContext.shutdown();
              panel.dispose();
            }"""
        )

    def wait_idle(self) -> None:
        """Wait until the kernel is up and has nothing to do."""
        self.page.wait_for_function(
            """() => {
              const panel = window.jupyterapp?.shell.currentWidget;
              return panel?.sessionContext?.session?.kernel?.status === "idle";
            }"""
        )

    def run_all(self) -> None:
        """Start all cells and return at once."""
        self.command("notebook:run-all-cells")

    def command(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Start a command of JupyterLab and return at once; `wait_done` waits for it."""
        self.page.evaluate(
            """([name, args]) => {
              window.courseDone = false;
              const done = () => (window.courseDone = true);
              window.jupyterapp.commands.execute(name, args).then(done, done);
            }""",
            [name, dict(arguments or {})],
        )

    def wait_done(self) -> None:
        """Wait until the command started last has ended: after `run_all`, until all cells have."""
        self.page.wait_for_function("() => window.courseDone")
        self.wait_idle()

    def run_cell_with(self, words: str) -> None:
        """Start the first code cell that holds these words, and return at once."""
        found = self.page.evaluate(
            """(words) => {
              const { content } = window.jupyterapp.shell.currentWidget;
              const holds = ({ model }) =>
                model.type === "code" && model.sharedModel.source.includes(words);
              const index = content.widgets.findIndex(holds);
              if (index >= 0) content.activeCellIndex = index;
              return index >= 0;
            }""",
            words,
        )
        if not found:
            raise LookupError(f"No code cell holds {words!r}.")
        self.command("notebook:run-cell")

    def run_new_cell(self, source: str) -> None:
        """Write a code cell below all others, and run it to its end."""
        self.start_new_cell(source)
        self.wait_done()

    def start_new_cell(self, source: str) -> None:
        """Write a code cell below all others, start it, and return at once."""
        self.page.evaluate(
            """(source) => {
              const { content } = window.jupyterapp.shell.currentWidget;
              const last = content.widgets.length;
              content.model.sharedModel.insertCell(last, { cell_type: "code", source });
              content.activeCellIndex = last;
            }""",
            source,
        )
        self.command("notebook:run-cell")

    def run_unseen(self, source: str) -> None:
        """Run code in the kernel, to its end, that no cell shows."""
        self.page.evaluate(
            """async (code) => {
              const { session } = window.jupyterapp.shell.currentWidget.sessionContext;
              await session.kernel.requestExecute({ code, silent: true }).done;
            }""",
            source,
        )

    def run(self) -> None:
        """Run all cells to their end."""
        self.run_all()
        self.wait_done()

    def interrupt(self) -> None:
        """Press the kernel's ■."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
        )

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark"."""
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("() => window.courseDone")
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")

    def only_the_notebook(self) -> None:
        """Hide the side bar, as on a projector."""
        self.page.evaluate(
            """() => { if (!window.jupyterapp.shell.leftCollapsed)
                         window.jupyterapp.shell.collapseLeft(); }"""
        )

    def outputs(self) -> list[dict[str, Any]]:
        """Every output of the notebook as stored: its type, text, data or error."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => {
              const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
              return [...cells].flatMap((cell) => cell.outputs ? cell.outputs.toJSON() : []);
            }"""
        )
        return found

    def printed(self) -> str:
        """All that the cells printed."""
        streams = [output for output in self.outputs() if output["output_type"] == "stream"]
        return "".join("".join(output["text"]) for output in streams)

    def errors(self) -> list[str]:
        """Each exception that reached a cell, as `Type: message`."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for output in self.outputs()
            if output["output_type"] == "error"
        ]

    def sample(self, **selectors: str) -> None:
        """From now on, note what each selector's element says: every 50 ms, and at each change.

        The page itself does it, so that a busy test can't miss a moment, nor a busy page.
        """
        self.page.evaluate(
            """(selectors) => {
              clearInterval(window.courseSampler);
              window.courseWatcher?.disconnect();
              window.courseSamples = [];
              const note = () => {
                const row = { at: performance.now() / 1000 };
                for (const [name, selector] of Object.entries(selectors))
                  row[name] = document.querySelector(selector)?.textContent ?? null;
                window.courseSamples.push(row);
              };
              window.courseSampler = setInterval(note, 50);
              window.courseWatcher = new MutationObserver((changes) => {
                const watched = Object.values(selectors).join();
                const concerns = ({ target }) =>
                  (target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement)
                    ?.closest(watched);
                if (changes.some(concerns)) note();
              });
              window.courseWatcher.observe(
                document.body, { subtree: true, childList: true, characterData: true });
            }""",
            selectors,
        )

    def samples(self) -> list[dict[str, Any]]:
        """What `sample` noted so far: rows of the page's seconds (`at`) and each text."""
        rows: list[dict[str, Any]] = self.page.evaluate("() => window.courseSamples")
        return rows

    def seen(self, name: str) -> list[str]:
        """What a sampled element said, without repetitions, in the order in which it said it."""
        texts = [row[name] for row in self.samples() if row[name] is not None]
        return [text for text, _ in groupby(texts)]

    def screenshot(self, name: str, selector: str | None = None) -> Path:
        """Keep a picture in test-artifacts/, of the page or of the first match."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        if selector is None:
            self.page.screenshot(path=path)
        else:
            self.page.locator(selector).first.screenshot(path=path)
        return path


def _until_it_answers(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(
        f"{lab.address}/api/status", headers={"Authorization": f"token {lab.token}"}
    )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended at once:\n{log.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not answer:\n{log.read_text(errors='replace')}")
