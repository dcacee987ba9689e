"""Charts of how replies arrive and how long readers wait for them.

Each function returns a matplotlib figure, which a cell displays if the call is its last expression.
The title states what the chart shows; `alt_text` describes the picture. matplotlib is imported
when the first chart is drawn, not when this package is imported.
"""

from utils.charts.gap_strip import gap_strip
from utils.charts.guard_chart import guard_chart
from utils.charts.load_chart import load_chart
from utils.charts.pattern_bars import Pattern, pattern_bars
from utils.charts.readers_chart import readers_chart
from utils.charts.wait_bars import wait_bars
from utils.charts.waterfall import waterfall

__all__ = [
    "Pattern",
    "gap_strip",
    "guard_chart",
    "load_chart",
    "pattern_bars",
    "readers_chart",
    "wait_bars",
    "waterfall",
]
