"""How soon a reply ends after the reader presses Stop.

    python benchmarks/stop.py [--times 20]

A kernel displays a chat panel, and this program acts as the browser page: it sends a question,
waits for text, presses Stop, and waits until the panel reports that the reply stopped. The floor is
a bare widget's round trip, measured immediately before each press while the same reply streams.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

from floor import Ratio, judge
from jupyter_client.blocking.client import BlockingKernelClient
from kernels import kernel, received

MOST = 5.0  # limit on the time until the reply stops, as a multiple of a bare widget's round trip
SETUP = """
import anywidget
from utils.provider import chat_model
from utils.widgets import ChatPanel

class Echo(anywidget.AnyWidget):
    _esm = "export default { render() {} }"

echo = Echo()
echo.on_msg(lambda widget, content, buffers: widget.send("echo"))
slow = chat_model("seed", simulated=True)
panel = ChatPanel(slow.astream, title="Stop").show()
print(panel.model_id, echo.model_id)
"""


def send(client: BlockingKernelClient, widget: str, content: object) -> None:
    """Send a message to a widget, as its JavaScript would."""
    data = {"method": "custom", "content": content}
    message = client.session.msg("comm_msg", {"comm_id": widget, "data": data})
    client.shell_channel.send(message)


def has(words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message["msg_type"] == "comm_msg" and words in str(message["content"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    ours: list[float] = []
    floor: list[float] = []
    with kernel() as client:
        client.execute(SETUP)
        printed = received(client, lambda message: message["msg_type"] == "stream")
        panel, echo = printed["content"]["text"].split()
        for number in range(times):
            send(client, panel, {"ask": f"Question {number}: why does streaming feel faster?"})
            received(client, has("'phase': 'streaming'"))
            for figures, widget, content, answer in (
                (floor, echo, "hello", "echo"),
                (ours, panel, "stop", "'phase': 'stopped'"),
            ):
                start = time.perf_counter()
                send(client, widget, content)
                received(client, has(answer))
                figures.append(time.perf_counter() - start)
    judge({"Stop": Ratio(ours, floor, MOST, least=0.003)})


if __name__ == "__main__":
    main()
