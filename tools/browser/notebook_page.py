"""Drives a notebook in a browser, for tests and screenshots: runs cells, reads outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tools.browser.server import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Makes `window.jupyterapp` available, as JupyterLab's option --expose-app-in-browser does.
_EXPOSE = """document.addEventListener("readystatechange", () => {
  const settings = document.getElementById("jupyter-config-data");
  if (settings && document.readyState === "interactive")
    settings.textContent = JSON.stringify(
      { ...JSON.parse(settings.textContent), exposeAppInBrowser: "true" });
});"""

# milliseconds between checks; Playwright's default, a check in every frame, forces repaints
POLLING = 50


class NotebookPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE * 1000)

    @classmethod
    def open(cls, page: Page, address: str) -> NotebookPage:
        opened = cls(page)
        page.add_init_script(_EXPOSE)
        page.goto(address, timeout=PATIENCE * 1000)
        opened.wait_idle()
        return opened

    @classmethod
    def open_next(cls, page: Page, name: str) -> NotebookPage:
        """Open another notebook on this page; reset the theme, sidebar and test variables."""
        opened = cls(page)
        opened.theme("JupyterLab Light")
        opened.command("docmanager:open", {"path": name, "factory": "Notebook"})
        page.wait_for_function(
            "(name) => window.jupyterapp.shell.currentWidget?.context?.path === name",
            arg=name,
            polling=POLLING,
        )
        page.evaluate(
            """() => {
              clearInterval(window.courseSampler);
              window.courseWatcher?.disconnect();
              delete window.courseSamples;
              delete window.hacked;  // set if a test's script injection succeeds
              if (window.jupyterapp.shell.leftCollapsed) window.jupyterapp.shell.expandLeft();
            }"""
        )
        opened.wait_idle()
        return opened

    @property
    def cells(self) -> Locator:
        """The notebook itself, without JupyterLab's toolbars and file list."""
        return self.page.locator(".jp-Notebook")

    def close(self) -> None:
        """Shut down the kernel and close the notebook without saving; the page stays open."""
        self.page.evaluate(
            """async () => {
              const panel = window.jupyterapp.shell.currentWidget;
              await panel.sessionContext.shutdown();
              panel.dispose();
            }"""
        )

    def reload(self) -> None:
        """Reload the page, at most three times, until it shows all widgets again.

        On a busy machine, JupyterLab may fail to reconnect widgets; a learner would reload again.
        """
        from playwright.sync_api import TimeoutError as TooLate

        widgets = self.page.locator(".course-live")
        last = widgets.nth(widgets.count() - 1)
        for _ in range(2):
            self.page.reload()
            with suppress(TooLate):
                last.wait_for(state="attached", timeout=PATIENCE / 4 * 1000)
                return
        self.page.reload()
        last.wait_for(state="attached")

    def wait_idle(self) -> None:
        self.page.wait_for_function(
            """() => {
              const panel = window.jupyterapp?.shell.currentWidget;
              return panel?.sessionContext?.session?.kernel?.status === "idle";
            }""",
            polling=POLLING,
        )

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def command(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Start a JupyterLab command and return immediately; `wait_done` waits for it."""
        self.page.evaluate(
            """([name, args]) => {
              window.courseDone = false;
              const done = () => (window.courseDone = true);
              window.jupyterapp.commands.execute(name, args).then(done, done);
            }""",
            [name, dict(arguments or {})],
        )

    def wait_done(self) -> None:
        """Wait until the last command has finished, including all cells that it started."""
        self.page.wait_for_function("() => window.courseDone", polling=POLLING)
        self.wait_idle()

    def run_cell_with(self, words: str) -> None:
        """Start the first code cell that contains `words`, without waiting for it to end."""
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
            raise LookupError(f"No code cell contains {words!r}.")
        self.command("notebook:run-cell")

    def again_until(self, seen: Callable[[], bool], selector: str) -> bool:
        """Rerun an element's cell, at most ten times, until `seen()` is true.

        On a busy machine, a page may show several changes in one frame, so a test may miss some.
        """
        for _ in range(10):
            if seen():
                return True
            self.page.wait_for_selector(selector, state="attached")
            self.page.evaluate(
                """(selector) => {
                  const { content } = window.jupyterapp.shell.currentWidget;
                  const cell = document.querySelector(selector).closest(".jp-Cell");
                  content.activeCellIndex = content.widgets.findIndex(({ node }) => node === cell);
                }""",
                selector,
            )
            self.command("notebook:run-cell")
            self.wait_done()
        return seen()

    def run_new_cell(self, source: str) -> None:
        """Append a code cell, run it, and wait until it has finished."""
        self.start_new_cell(source)
        self.wait_done()

    def start_new_cell(self, source: str) -> None:
        """Append a code cell, start running it, and return immediately."""
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
        """Run code that isn't in a cell, and wait until it has finished."""
        self.page.evaluate(
            """async (code) => {
              const { session } = window.jupyterapp.shell.currentWidget.sessionContext;
              await session.kernel.requestExecute({ code, silent: true }).done;
            }""",
            source,
        )

    def run(self) -> None:
        self.run_all()
        self.wait_done()

    def interrupt(self) -> None:
        """Interrupt the kernel, as the ■ button does."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
        )

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark"."""
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("() => window.courseDone", polling=POLLING)
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")

    def only_the_notebook(self) -> None:
        """Collapse the left sidebar."""
        self.page.evaluate(
            """() => { if (!window.jupyterapp.shell.leftCollapsed)
                         window.jupyterapp.shell.collapseLeft(); }"""
        )

    def outputs(self) -> list[dict[str, Any]]:
        """Return the notebook's outputs as dictionaries, in the format of a notebook file."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => {
              const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
              return [...cells].flatMap((cell) => cell.outputs ? cell.outputs.toJSON() : []);
            }"""
        )
        return found

    def printed(self) -> str:
        streams = [output for output in self.outputs() if output["output_type"] == "stream"]
        return "".join("".join(output["text"]) for output in streams)

    def errors(self) -> list[str]:
        """Return each exception shown below a cell, as `Type: message`."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for output in self.outputs()
            if output["output_type"] == "error"
        ]

    def sample(self, **selectors: str) -> None:
        """Start recording the text of each selector's first match, every 50 ms and at each change.

        The page records the text, so no change is missed while the test process is busy.
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
        """Return the rows recorded so far: the time in seconds (`at`) and each element's text."""
        rows: list[dict[str, Any]] = self.page.evaluate("() => window.courseSamples")
        return rows

    def seen(self, name: str) -> list[str]:
        """Return the strings that a sampled element showed, without consecutive duplicates."""
        texts = [row[name] for row in self.samples() if row[name] is not None]
        return [text for text, _ in groupby(texts)]

    def wait_until_seen(self, name: str, start: str, *, times: int) -> None:
        """Wait until an element has shown `times` different strings that begin with `start`."""
        self.page.wait_for_function(
            """([name, start, times]) => {
              const texts = window.courseSamples.map((row) => row[name] ?? "");
              return new Set(texts.filter((text) => text.startsWith(start))).size >= times;
            }""",
            arg=[name, start, times],
            polling=POLLING,
        )
