"""Finds parts of a widget that overflow it, or are clipped by a box that doesn't scroll."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


WIDGETS = ".jp-OutputArea :is(.course-live, .course-race, .course-prediction)"
# Ignores text truncated on purpose, which has an ellipsis, and text only for screen readers.
_MISFITS = """(selector) => [...document.querySelectorAll(selector)].flatMap((widget) => {
  const { left, right } = widget.getBoundingClientRect();
  const style = (element) => getComputedStyle(element);
  const scrolls = (element) => ["auto", "scroll"].includes(style(element).overflowX);
  const reached = (element) => {
    for (let up = element.parentElement; up !== widget; up = up.parentElement)
      if (scrolls(up)) return true;
    return false;
  };
  const sticksOut = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.left < left - 1 || box.right > right + 1) && !reached(element);
  };
  const cutsOff = (element) =>
    ["hidden", "clip"].includes(style(element).overflowX)
    && style(element).textOverflow !== "ellipsis"
    && element.scrollWidth > element.clientWidth + 1;
  return [...widget.querySelectorAll("*")]
    .filter((element) => !element.closest(".course-heard, svg"))
    .filter((element) => sticksOut(element) || cutsOff(element))
    .map(({ tagName, className, textContent }) =>
      `${tagName}.${className}: ${textContent.slice(0, 40)}`);
})"""


def lay_out_all(page: Page) -> None:
    """Make the browser lay out cells outside the viewport too, which JupyterLab prevents."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")


def misfits(page: Page, widgets: str = WIDGETS) -> list[str]:
    """Return the elements that overflow their widget or clip their content, each with its text.

    Raises:
        LookupError: If the page has no such widget.
    """
    if not page.locator(widgets).count():
        raise LookupError(f"Nothing on the page is {widgets!r}.")
    lay_out_all(page)
    found: list[str] = page.evaluate(_MISFITS, widgets)
    return found
