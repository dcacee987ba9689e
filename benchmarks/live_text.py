"""The cost of live text: kernel time and bytes sent per token, compared with naive redraws.

    python benchmarks/live_text.py

Each method displays 2,000 tokens at 100 tokens a second in its own kernel. Bytes are counted in the
serialised messages that the kernel publishes, and compared with those of the best naive method.
Kernel time is compared with that of a bare anywidget that only sends each token.
"""

import json
from dataclasses import dataclass

from floor import Ratio, judge
from jupyter_client.blocking.client import BlockingKernelClient
from kernels import kernel

TOKENS = 2_000
RATE = 100  # tokens per second
MOST_BYTES = 0.08  # limit, as a multiple of the bytes sent by the best naive method
MOST_TIME = 0.9  # limit, as a multiple of a bare widget's kernel time

SETUP = f"""
import asyncio, time
from html import escape
import anywidget
import ipywidgets
from IPython.display import clear_output, display
from utils.widgets import LiveText

async def stream():
    start = time.perf_counter()
    for number in range({TOKENS}):
        await asyncio.sleep(max(0, start + number / {RATE} - time.perf_counter()))
        yield ("stream", "ing ", "is ", "read", "ing\\n")[number % 5]

async def html():
    view, text = ipywidgets.HTML(), ""
    display(view)
    async for token in stream():
        text += token
        view.value = escape(text)

async def redraw():
    text = ""
    async for token in stream():
        text += token
        clear_output(wait=True)
        print(text)

class Bare(anywidget.AnyWidget):
    _esm = "export default {{ render: (it) => it.model.on('msg:custom', (t) => it.el.append(t)) }}"

async def bare():
    view = Bare()
    display(view)
    async for token in stream():
        view.send(token)

async def live():
    await LiveText("Reply").run(stream())
"""
WAYS = {  # `main` relies on this order: live, bare, then the naive methods
    "LiveText": "live()",
    "a bare anywidget, each token": "bare()",
    "widgets.HTML.value, each token": "html()",
    "clear_output and print, each token": "redraw()",
}


@dataclass(frozen=True)
class Cost:
    """The cost of one method: kernel CPU seconds, and the messages and bytes sent to the page."""

    cpu: float
    messages: int
    size: int


def measure(way: str) -> Cost:
    with kernel() as client:
        _run(client, SETUP)
        code = f"before = time.process_time()\nawait {way}\ncpu = time.process_time() - before"
        return _run(client, code)


def _run(client: BlockingKernelClient, code: str) -> Cost:
    """Execute code; count what it publishes, and read the CPU seconds from its variable `cpu`."""
    request = client.execute(code, user_expressions={"cpu": "globals().get('cpu', 0.0)"})
    messages = size = 0
    while True:
        frames = client.iopub_channel.socket.recv_multipart()
        # after the delimiter: signature, header, parent header, metadata, content, buffers
        start = frames.index(b"<IDS|MSG>") + 2
        header, parent, _metadata, content = frames[start : start + 4]
        kind = json.loads(header)["msg_type"]
        if kind == "error":
            raise RuntimeError("\n".join(json.loads(content)["traceback"]))
        if kind not in ("status", "execute_input"):
            messages += 1
            size += sum(len(frame) for frame in frames)
        ours = json.loads(parent).get("msg_id") == request
        if ours and json.loads(content).get("execution_state") == "idle":
            break
    reply = client.get_shell_msg(timeout=60)
    while reply["parent_header"]["msg_id"] != request:  # skip delayed replies to earlier requests
        reply = client.get_shell_msg(timeout=60)
    cpu = float(reply["content"]["user_expressions"]["cpu"]["data"]["text/plain"])
    return Cost(cpu, messages, size)


def main() -> None:
    print(f"{TOKENS:,} tokens at {RATE} tokens/s\n")
    print(f"{'way':<36}{'kernel µs/token':>16}{'messages':>10}{'bytes/token':>13}{'MB':>8}")
    costs = {}
    for name, way in WAYS.items():
        costs[name] = cost = measure(way)
        print(
            f"{name:<36}{cost.cpu / TOKENS * 1e6:>16.0f}{cost.messages:>10,}"
            f"{cost.size / TOKENS:>13,.0f}{cost.size / 1e6:>8.2f}",
            flush=True,
        )
    live, bare, *naive = costs.values()
    judge(
        {
            "bytes of live text": Ratio(
                [live.size / TOKENS],
                [min(cost.size for cost in naive) / TOKENS],
                MOST_BYTES,
                unit="bytes a token",
            ),
            "kernel time of live text": Ratio(
                [live.cpu / TOKENS * 1e6], [bare.cpu / TOKENS * 1e6], MOST_TIME, unit="µs a token"
            ),
        }
    )


if __name__ == "__main__":
    main()
