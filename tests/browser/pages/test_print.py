"""How the site's pages print, and how the quick reference looks on a screen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools import site

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def pages(browser_file: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site.build(tmp_path_factory.mktemp("printed") / "site", ["1"]).parent


def sheets(browser: Browser, page: Path) -> list[tuple[float, float]]:
    """Print a page to PDF with the margins from its CSS; return each sheet's width and height."""
    with browser.new_page() as shown:
        shown.goto(page.as_uri())
        printed = shown.pdf(prefer_css_page_size=True, display_header_footer=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", printed)
    return [(float(width), float(height)) for width, height in boxes]


def test_on_a_screen_the_caveats_have_room(browser: Browser, pages: Path) -> None:
    with browser.new_page(viewport={"width": 1280, "height": 800}) as shown:
        shown.goto((pages / "quick_reference.html").as_uri())
        table = shown.locator("#quick-reference > .table-wrapper")
        share = table.evaluate(
            "it => it.querySelector('th:last-child').offsetWidth / it.clientWidth"
        )
        assert table.evaluate("it => it.scrollWidth <= it.clientWidth"), (
            "the whole table should fit"
        )
    assert share > 0.2


def test_the_quick_reference_is_one_landscape_sheet(browser: Browser, pages: Path) -> None:
    ((width, height),) = sheets(browser, pages / "quick_reference.html")
    assert width > height


def test_a_long_table_is_not_moved_to_a_new_sheet(browser: Browser, pages: Path) -> None:
    assert len(sheets(browser, pages / "glossary.html")) == 3
