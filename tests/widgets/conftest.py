"""Fixtures for widget tests: a record of sent messages, a clock, and a source fed by the test."""

import json

import comm
import pytest
from comm.base_comm import BaseComm

from tests.widgets.doubles import Clock, Tap, Wire


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Record the messages that the test's widgets send to the page.

    Like a kernel, refuse messages that can't be encoded, such as those with NaN or half an emoji.
    """
    wire = Wire()

    class RecordingComm(BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
            if msg_type == "comm_msg":
                wire.messages.append((self.comm_id, data))
                wire.on_message(data)

    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    return wire


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tap() -> Tap:
    return Tap()
