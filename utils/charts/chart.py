"""A high-resolution matplotlib figure with alternative text.

It doesn't use `pyplot`, which would make a notebook display each figure twice.
"""

import io
import re
import textwrap
import warnings
from typing import Any

from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from utils.charts.palette import INK, QUIET, TEXT
from utils.unicode import well_formed

WIDTH = 10.0  # inches
LEFT = 0.75  # inches; leaves room for the numbers on the y axis
RIGHT = 0.25  # inches
BELOW = 0.75  # inches below the lowest panel, for the x axis and its label
TITLE = 17  # points
LINE = 0.32  # inches per line of the title
_LINES = 6  # maximum number of lines in a title
NO_BREAK = "\N{NO-BREAK SPACE}"
_UNIT = re.compile(r"(?<=\d) (?=m?s\b)")  # the space in `40 ms` or `0.2 s`
CSS_PER_INCH = 80  # CSS pixels per inch, so that a figure is 800 CSS pixels wide
DPI = 2 * CSS_PER_INCH  # two dots per CSS pixel, for high-resolution screens


class Chart(Figure):
    """A figure with a bold title and a white background, whatever the notebook theme.

    Attributes:
        alt_text: A description of the picture, in sentences, for the site. JupyterLab 4.6 and
            nbconvert's default template ignore it, so print it in notebooks.
    """

    def __init__(self, kind: str, title: str, details: list[str], body: float) -> None:
        """Create an empty figure; the area below its title is `body` inches high.

        `kind` names the chart; `details` are sentences that follow the title in `alt_text`.
        """
        unbroken = _UNIT.sub(NO_BREAK, title)
        lines = textwrap.wrap(unbroken, width=66, max_lines=_LINES, placeholder=" …") or [""]
        self.body = body
        height = body + 0.3 + LINE * len(lines)
        super().__init__(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
        self.kind = kind
        sentences = (f"{kind}: {title}", *details)
        self.alt_text = well_formed(". ".join(part.rstrip(".") for part in sentences) + ".")
        self.words(0.15, height - 0.15, "\n".join(lines), size=TITLE, weight="bold", va="top")

    def words(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write text at a position in inches from the lower-left corner."""
        style = {"color": INK, "size": TEXT, "parse_math": False, **style}
        self.text(x / WIDTH, y / self.get_figheight(), well_formed(text), **style)

    def heading(self, y: float, name: str, summary: str, *, left: float = LEFT) -> None:
        """Write the name of a recording on the left and a summary on the right.

        Both are `y` inches above the lower edge of the figure.
        """
        self.words(left, y, name, weight="bold")
        self.words(WIDTH - RIGHT, y, summary, ha="right")

    def x_label(self, text: str) -> None:
        """Label the x axis with its quantity and unit."""
        self.words(WIDTH - RIGHT, 0.15, text, ha="right")

    def legend_row(self, *swatches: Artist) -> None:
        """Draw the legend as a row under the title."""
        self.legend(
            handles=swatches,
            loc="upper left",
            bbox_to_anchor=(0.15 / WIDTH, self.body / self.get_figheight()),
            ncols=len(swatches),
            frameon=False,
            fontsize=TEXT,
            labelcolor=INK,
            borderpad=0,
            borderaxespad=0,
            columnspacing=1.6,
            handlelength=1.6,
        )

    def panel(self, bottom: float, height: float, *, left: float = LEFT) -> Axes:
        """Add axes across the figure, `bottom` inches above its lower edge, and return them."""
        whole = self.get_figheight()
        width = WIDTH - left - RIGHT
        axes = self.add_axes((left / WIDTH, bottom / whole, width / WIDTH, height / whole))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(QUIET)
        axes.yaxis.label.set(size=TEXT, color=INK)
        axes.tick_params(labelsize=TEXT - 1, colors=INK, length=0)
        axes.tick_params(axis="x", length=4, color=QUIET)
        axes.set_axisbelow(True)
        return axes

    @style.context("default")  # drawing creates ticks, which need these settings too
    def png(self) -> bytes:
        """Return the picture as a PNG, with two dots per CSS pixel."""
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # the font may lack a glyph
            self.savefig(buffer, format="png", dpi=DPI)
        flat = io.BytesIO()  # 128 colours make the file two thirds smaller
        Image.open(buffer).convert("RGB").quantize(128).save(flat, "png", optimize=True)
        return flat.getvalue()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the picture and its metadata: size in CSS pixels, and alternative text."""
        picture = {
            "width": round(WIDTH * CSS_PER_INCH),
            "height": round(self.get_figheight() * CSS_PER_INCH),
            "alt": self.alt_text,
        }
        return (
            {"image/png": self.png(), "text/plain": repr(self)},
            {"image/png": picture, "needs_background": "light"},
        )

    def __repr__(self) -> str:
        return f"<Chart: {self.kind}>"
