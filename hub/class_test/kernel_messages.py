"""Encodes and decodes the websocket frames between a simulated learner's page and its kernel."""

# mypy: allow-untyped-calls

import json
import secrets
from dataclasses import dataclass
from typing import Any

from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

PROTOCOL = "v1.kernel.websocket.jupyter.org"


@dataclass(frozen=True)
class Message:
    channel: str  # "shell", "iopub", "control" or "stdin"
    kind: str  # the message type, such as "comm_msg"
    parent: str  # the id of the request that caused the message
    content: dict[str, Any]


def request(kind: str, content: dict[str, Any], session: str) -> tuple[str, bytes]:
    """Build a request for the kernel's shell channel; return its id and the bytes to send."""
    message_id = secrets.token_hex(16)
    header = {"msg_id": message_id, "msg_type": kind, "session": session, "version": "5.4"}
    header |= {"username": "", "date": ""}
    # the two empty parts are the parent header and the metadata
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    return message_id, serialize_msg_to_ws_v1(parts, "shell")


def message(frame: bytes) -> Message:
    """Decode a frame from the kernel, ignoring attached buffers."""
    channel, parts = deserialize_msg_from_ws_v1(frame)
    header, parent, _metadata, content = map(json.loads, parts[:4])
    return Message(channel, header["msg_type"], parent.get("msg_id", ""), content)
