"""Live widgets for notebooks: what a learner watches while a reply streams.

A widget is handed a stream or a function that makes one; it knows nothing of who answers. Reading
order: `coalesce` (when to send), `pane` (what is sent), `lane`, `reading` (Stop), then `live` and
`racing`.
"""

from utils.widgets.badge import LatencyBadge
from utils.widgets.live import LiveText
from utils.widgets.prediction import Choice, Prediction
from utils.widgets.racing import race

__all__ = ["Choice", "LatencyBadge", "LiveText", "Prediction", "race"]
