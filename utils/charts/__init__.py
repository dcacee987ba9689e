"""Pictures of recordings: what a reader waits for, and how replies arrive, alone and together.

Each function takes recordings and returns a figure whose title states the finding, computed from
what was recorded. The numbers come from `timing` and `reader_model`, the colours from `palette`.
matplotlib is imported when the first chart is drawn, not with this package.
"""

from utils.charts.arrivals import gap_strip
from utils.charts.crowd import load_chart
from utils.charts.patterns import Pattern, pattern_bars
from utils.charts.waits import UNNOTICED, readers_chart, wait_bars
from utils.charts.waterfall import waterfall

__all__ = [
    "UNNOTICED",
    "Pattern",
    "gap_strip",
    "load_chart",
    "pattern_bars",
    "readers_chart",
    "wait_bars",
    "waterfall",
]
