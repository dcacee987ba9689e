"""Makes charts independent of the user's Matplotlib settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from utils.charts.chart import Chart

_Parameters = ParamSpec("_Parameters")


def default_settings(draw: Callable[_Parameters, Chart]) -> Callable[_Parameters, Chart]:
    """Make a chart function ignore the user's `matplotlibrc`.

    The file may require LaTeX or fonts that aren't installed.
    """

    @wraps(draw)
    def drawn(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Chart:
        from matplotlib import style  # slow to import

        with style.context("default"):
            return draw(*args, **kwargs)

    return drawn
