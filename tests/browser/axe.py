"""axe-core on a page's widgets: it finds much of what a screen reader or a keyboard can't pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.fitting import lay_out_all

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The rules that are broken with a serious or critical impact, and the elements that break them.
_AXE = """async () => {
  const ours = ".jp-OutputArea :is([class^='course-'], [class*=' course-'])";
  const { violations } = await axe.run({ include: [[ours]] }, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`);
}"""


def barriers(page: Page) -> list[str]:
    """What axe-core calls serious or critical in the widgets, as a line for each rule."""
    lay_out_all(page)
    if not page.evaluate("() => 'axe' in window"):
        from axe_playwright_python.base import AXE_SCRIPT  # it imports Playwright

        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AXE)
    return found
