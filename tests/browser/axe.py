"""Runs axe-core, an accessibility checker, on a page's widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.fitting import lay_out_all

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Returns the violated rules with serious or critical impact, and the elements that violate them.
_AXE = """async () => {
  const ours = ".jp-OutputArea :is([class^='course-'], [class*=' course-'])";
  const { violations } = await axe.run({ include: [[ours]] }, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`);
}"""


def barriers(page: Page) -> list[str]:
    """Return axe-core's serious and critical findings in the widgets, one line per rule."""
    lay_out_all(page)
    if not page.evaluate("() => 'axe' in window"):
        from axe_playwright_python.base import AXE_SCRIPT  # imports Playwright

        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AXE)
    return found
