"""Live widgets for notebooks: what a learner watches while a reply streams.

A widget is handed a stream or a function that makes one; it knows nothing of who answers. Reading
order: `base` (what every message passes), `coalesce` (when to send), `pane` (what is sent), `lane`,
`reading` (Stop), `viewer`, then any widget. `sheet` is to lists what `pane` is to text. The chat
panel has a reading order of its own: `chat_turn`, `chat_reading` (Stop), `chat_page`, then `chat`.
"""

from utils.widgets.badge import LatencyBadge
from utils.widgets.chat import ChatPanel
from utils.widgets.chat_turn import Turn
from utils.widgets.chunk_table import ChunkTable
from utils.widgets.heartbeat import Heartbeat
from utils.widgets.json_card import JsonCard
from utils.widgets.live import LiveText
from utils.widgets.markdown import LiveMarkdown
from utils.widgets.prediction import Choice, Prediction
from utils.widgets.progress import Progress
from utils.widgets.racing import race
from utils.widgets.status import StatusLine
from utils.widgets.status_stages import Status, Step
from utils.widgets.timeline import Event, EventTimeline
from utils.widgets.traffic import Traffic, traffic

__all__ = [
    "ChatPanel",
    "Choice",
    "ChunkTable",
    "Event",
    "EventTimeline",
    "Heartbeat",
    "JsonCard",
    "LatencyBadge",
    "LiveMarkdown",
    "LiveText",
    "Prediction",
    "Progress",
    "Status",
    "StatusLine",
    "Step",
    "Traffic",
    "Turn",
    "race",
    "traffic",
]
