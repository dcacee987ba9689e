"""Messages between a page and its kernel, as JupyterLab frames them on a websocket.

The framing is Jupyter Server's `v1.kernel.websocket.jupyter.org`: offsets first, then the channel's
name and the message's parts. Nothing here opens a connection.
"""

import json
import secrets
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PROTOCOL = "v1.kernel.websocket.jupyter.org"
_WORD = 8  # bytes per offset


@dataclass(frozen=True)
class Message:
    """A message from the kernel."""

    channel: str  # "shell", "iopub", "control" or "stdin"
    kind: str  # the message type, such as "comm_msg"
    parent: str  # the id of the request that caused the message
    content: dict[str, Any]


def request(kind: str, content: dict[str, Any], session: str) -> tuple[str, bytes]:
    """Make a request for the kernel's shell channel; return its id, and the bytes to send."""
    number = secrets.token_hex(16)
    header = {
        "msg_id": number,
        "msg_type": kind,
        "session": session,
        "username": "",
        "date": "",
        "version": "5.4",
    }
    parts = [b"shell", *(json.dumps(part).encode() for part in (header, {}, {}, content))]
    offsets = [_WORD * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    words = [len(offsets), *offsets]
    return number, b"".join([*(word.to_bytes(_WORD, "little") for word in words), *parts])


def message(frame: bytes) -> Message:
    """Decode a frame from the kernel, ignoring attached buffers."""
    count = int.from_bytes(frame[:_WORD], "little")
    offsets = [
        int.from_bytes(frame[_WORD * place : _WORD * (place + 1)], "little")
        for place in range(1, count + 1)
    ]
    channel, header, parent, _, content = [frame[a:b] for a, b in pairwise(offsets)][:5]
    return Message(
        channel.decode(),
        json.loads(header)["msg_type"],
        json.loads(parent).get("msg_id", ""),
        json.loads(content),
    )
