"""Screenshots of live widgets, for the site: `course.py site --pictures`.

Each lesson runs at real speed on a new JupyterLab page, and each widget is captured in its final
state. The screenshots are committed, so that building the site needs no browser.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tools.browser.notebook_page import NotebookPage
from tools.browser.server import Lab, serve
from tools.lab import write_json
from tools.lessons import chosen
from tools.programs import ROOT, say
from tools.screenshots import a_browser, opened, save, without_outputs
from tools.site import DESIGN
from tools.site_pages import widget_name
from utils import lesson_source

LONGEST_RUN = 600.0  # seconds allowed for a lesson
# Render all cells, since a screenshot needs them on the page.
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}
# Text, HTML and image outputs have a `data-mime-type` attribute; widget outputs don't.
_WIDGETS = ".jp-OutputArea-child:not(:has(> [data-mime-type])) > .jp-OutputArea-output"


def main() -> None:
    parser = argparse.ArgumentParser(description="Take screenshots of the live widgets.")
    parser.add_argument("lesson", nargs="*", help="lesson numbers; default: all")
    lessons = chosen(parser.parse_args().lesson, lesson_source.FOLDER)
    with a_browser() as browser, tempfile.TemporaryDirectory(prefix="course-") as folder:
        root, state = Path(folder, "root"), Path(folder, "state")
        root.mkdir()
        for name, values in SETTINGS.items():
            write_json(state / "settings" / f"{name}.jupyterlab-settings", values)
        with serve(root, state, {"COURSE_SPEED": "1"}) as lab:
            for lesson in lessons:
                _take(lesson.stem, lab, browser)


def _take(stem: str, lab: Lab, browser: Browser) -> None:
    notebook = json.loads((ROOT / "solutions" / f"{stem}.ipynb").read_bytes())
    # each code cell's id and number of widgets, keyed by the cell's index; excludes predictions,
    # which the site shows as HTML
    names = {
        number: (cell["id"], sum(widget_name(output) is not None for output in cell["outputs"]))
        for number, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code" and "predict(" not in "".join(cell["source"])
    }
    write_json(lab.root / f"{stem}.ipynb", without_outputs(notebook))
    page = browser.new_page(viewport={"width": 1160, "height": 1400}, device_scale_factor=2)
    open_page = NotebookPage.open(page, lab.url(f"{stem}.ipynb"))
    open_page.command("application:toggle-left-area")
    open_page.wait_done()
    page.set_default_timeout(LONGEST_RUN * 1000)
    open_page.run()
    folder = DESIGN / "pictures" / stem
    shutil.rmtree(folder, ignore_errors=True)
    for number, (name, expected) in names.items():
        cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
        widgets = cell.locator(_WIDGETS).all()
        if len(widgets) != expected:
            say(f"{stem}: {name} shows other widgets than the {expected} stored: no picture")
            continue
        for place, widget in enumerate(widgets, start=1):
            widget.scroll_into_view_if_needed()
            shot = opened(widget.screenshot(animations="disabled"))
            save(shot, folder / f"{name}.{place}.png")
    page.close()


if __name__ == "__main__":
    main()
