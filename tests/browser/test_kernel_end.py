"""When a kernel restarts or stops, running widgets show a note and disable their buttons."""

from tests.browser.conftest import OpenNotebook
from tools.browser.notebook_page import NotebookPage

NOTE = "The kernel was restarted or has ended"
SETUP = """
import asyncio, os
from utils.widgets import *

async def stream(make="word{} ".format):
    for number in range(10**6):
        yield make(number)
        await asyncio.sleep(0.05)
"""
RESTART = "context => context.session.kernel.restart()"
SHUTDOWN = "context => context.shutdown()"


def end_kernel(nb: NotebookPage, way: str) -> None:
    """Run `RESTART` or `SHUTDOWN` on the JupyterLab session, as the menus do."""
    nb.page.evaluate(f"() => ({way})(window.jupyterapp.shell.currentWidget.sessionContext)")


def wait_for_stop_button(nb: NotebookPage, *, disabled: bool) -> None:
    nb.cells.get_by_role("button", name="Stop", disabled=disabled).first.wait_for()


def test_a_kernel_that_is_shut_down_is_noticed(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "display(Prediction('Which?', [Choice('a', 'b', right=True), Choice('c', 'd')]))\n"
        "await LiveText('Reply').run(stream())",
    )
    nb.run_all()
    nb.page.locator(".course-text", has_text="word3").wait_for()
    end_kernel(nb, SHUTDOWN)
    nb.page.locator(".course-next", has_text=NOTE).wait_for()
    # The server interrupts the kernel before shutting it down, so the pane may report either event.
    nb.page.locator(".course-pane[data-phase=stopped]").wait_for()
    wait_for_stop_button(nb, disabled=True)


def test_a_restart_stops_a_reply_and_its_cell_can_run_again(notebook: OpenNotebook):
    nb = notebook(SETUP, "await LiveText('Reply').run(stream())")
    nb.run_all()
    nb.page.locator(".course-text", has_text="word3").wait_for()
    end_kernel(nb, RESTART)
    nb.page.locator(".course-badge[data-phase=stopped]", has_text="kernel ended").wait_for()
    wait_for_stop_button(nb, disabled=True)
    assert "word3" in (nb.page.locator(".course-text").text_content() or "")
    nb.wait_idle()
    nb.run_all()
    wait_for_stop_button(nb, disabled=False)
    assert nb.page.locator(".course-note", has_text=NOTE).count() == 0
    nb.cells.get_by_role("button", name="Stop").click()
    nb.page.locator(".course-note", has_text="Stopped").wait_for()


def test_a_kernel_that_dies_is_noticed(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        "import threading\n"
        "threading.Timer(2, os._exit, [1]).start()\n"
        "await LiveText('Reply').run(stream())",
    )
    nb.run_all()
    nb.page.locator(".course-text", has_text="word3").wait_for()
    nb.page.locator(".course-note", has_text=NOTE).wait_for()
    wait_for_stop_button(nb, disabled=True)
    nb.page.get_by_role("button", name="Ok").click()  # a JupyterLab dialog


def test_every_running_widget_shows_that_the_kernel_has_ended(notebook: OpenNotebook):
    nb = notebook(
        SETUP,
        """
question = Prediction("Which?", [Choice("This", "Yes.", right=True), Choice("That", "No.")])
display(question)
status = StatusLine("Thinking", "Answer").show()
status.to("Thinking")
progress = Progress(9, "Pages").show()
progress.advance()
finished = LiveText("Finished")
finished.show(["all here"])
heart = Heartbeat().show()
panel = ChatPanel(lambda history: stream(), title="Chat").show()

async def beat():
    async with heart:
        await asyncio.sleep(3600)

await asyncio.gather(
    race({"a": stream, "b": stream}),
    JsonCard("Card", ["name", "age"]).run(stream(lambda number: {"name": "x" * number})),
    ChunkTable("Chunks").run(stream()),
    LiveMarkdown("Page").run(stream()),
    panel.ask("why?"),
    beat(),
)
""",
    )
    nb.run_all()
    nb.page.locator(".course-lane .course-text", has_text="word2").nth(1).wait_for()
    nb.page.locator(".course-markdown", has_text="word2").wait_for()
    nb.page.locator(".course-block", has_text="word2").last.wait_for()
    end_kernel(nb, RESTART)
    for place in (
        ".course-lane:nth-child(1) .course-note",
        ".course-lane:nth-child(2) .course-note",
        ".course-pane:has(.course-card) .course-note",
        ".course-pane:has(.course-chunks) .course-note",
        ".course-pane:has(.course-markdown) .course-note",
        ".course-status-note",
        ".course-progress-note",
        ".course-next",
        ".course-chat-hint",
        ".course-chat-note",
    ):
        nb.page.locator(place, has_text=NOTE).wait_for()
    nb.page.locator(".course-heartbeat .course-badge", has_text="kernel ended").wait_for()
    nb.page.locator(".course-stage[data-state=stopped]").wait_for()
    nb.page.locator(".course-field[data-state=missing]").wait_for()
    for active in (
        "phase=waiting",
        "phase=streaming",
        "phase=running",
        "state=now",
        "state=arriving",
    ):
        assert nb.page.locator(f"[data-{active}]").count() == 0, active
    finished = nb.page.locator(".course-pane:has-text('all here')")
    assert finished.get_attribute("data-phase") == "done"
    assert NOTE not in (finished.text_content() or "")
    buttons = nb.page.locator(".jp-Notebook .jp-OutputArea button")
    alive = [button.text_content() for button in buttons.all() if button.is_enabled()]
    assert alive == []
