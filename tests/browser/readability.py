"""Measures text contrast on a page, finds elements that overflow a widget, and runs axe-core."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDGETS = ".jp-OutputArea .course-live"
# For each enabled element that directly contains text, returns the text's contrast ratio, as
# defined by WCAG 2, and a name for the element.
_CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  // Returns [r, g, b] after painting any CSS colour, even a translucent one, over `below`.
  const paint = (colour, below) => {
    canvas.fillStyle = `rgb(${below})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map(
      (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isText = ({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim() !== "";
  return [...document.querySelectorAll(`${selector} :not(:disabled)`)].flatMap((element) => {
    if (![...element.childNodes].some(isText)) return [];
    const above = [];
    for (let up = element; up; up = up.parentElement) above.unshift(up);
    const ground = above.reduce((below, up) => paint(getComputedStyle(up).backgroundColor, below),
                                [255, 255, 255]);
    const ink = paint(getComputedStyle(element).color, ground);
    const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
    return [[(light + 0.05) / (dark + 0.05), `${element.className}: ${element.textContent}`]];
  });
}"""

# Finds elements that overflow a widget or clip their text. Ignores SVG, text with an ellipsis, and
# text for screen readers (`.course-heard`).
_MISFITS = """(selector) => [...document.querySelectorAll(selector)].flatMap((widget) => {
  const { left, right } = widget.getBoundingClientRect();
  const style = (element) => getComputedStyle(element);
  const scrolls = (element) => ["auto", "scroll"].includes(style(element).overflowX);
  const scrollable = (element) => {
    for (let up = element.parentElement; up !== widget; up = up.parentElement)
      if (scrolls(up)) return true;
    return false;
  };
  const sticksOut = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.left < left - 1 || box.right > right + 1) && !scrollable(element);
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


def faint(page: Page) -> list[str]:
    """Return the widgets' text that has a contrast below 4.5; there must be some text."""
    found: list[tuple[float, str]] = page.evaluate(_CONTRAST, WIDGETS)
    assert len(found) > 10
    return [f"{ratio:.1f} {text[:60]}" for ratio, text in found if ratio < 4.5]


def lay_out_all(page: Page) -> None:
    """Make the browser lay out all cells: JupyterLab would skip those outside the viewport."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")


def misfits(page: Page, widgets: str = WIDGETS) -> list[str]:
    """Return the elements that overflow their widget or clip their content, each with its text.

    Raises:
        LookupError: If nothing on the page matches `widgets`.
    """
    if not page.locator(widgets).count():
        raise LookupError(f"Nothing on the page is {widgets!r}.")
    lay_out_all(page)
    found: list[str] = page.evaluate(_MISFITS, widgets)
    return found


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
        from axe_playwright_python.base import AXE_SCRIPT

        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AXE)
    return found
