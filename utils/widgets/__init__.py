"""Live widgets for notebooks, each in its own folder; `base` contains their shared code."""

from utils.kernel_traffic import Traffic, traffic
from utils.lesson_source import Choice
from utils.widgets.chat.turn import Turn
from utils.widgets.chat.widget import ChatPanel
from utils.widgets.chunk_table.widget import ChunkTable
from utils.widgets.heartbeat.widget import Heartbeat
from utils.widgets.json_card.widget import JsonCard
from utils.widgets.latency_badge.widget import LatencyBadge
from utils.widgets.live_markdown.widget import LiveMarkdown
from utils.widgets.live_text.widget import LiveText
from utils.widgets.prediction.widget import Prediction
from utils.widgets.progress.widget import Progress
from utils.widgets.race.widget import race
from utils.widgets.status_line.stages import Status, Step
from utils.widgets.status_line.widget import StatusLine
from utils.widgets.timeline.widget import Event, EventTimeline

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
