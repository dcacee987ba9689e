"""The cost of live text: kernel time and bytes sent per token, compared with naive redraws.

    python benchmarks/live_text.py

Each method displays 2,000 tokens at 100 tokens a second in its own kernel. The bytes that the
kernel sends are compared with the best naive method. Kernel time is compared with a bare anywidget
that only sends each token.
"""

import argparse
from dataclasses import dataclass

from floor import Ratio, judge
from kernels import kernel, received

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
from utils.widgets import LiveText, traffic

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

async def cost(way):
    with traffic() as sent:
        before = time.process_time()
        await way
        cpu = time.process_time() - before
    print("cost", cpu, sent.messages, sent.bytes)
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
        client.execute(SETUP)
        client.execute(f"await cost({way})")
        printed = received(client, lambda message: "cost " in message["content"].get("text", ""))
        cpu, messages, size = printed["content"]["text"].split("cost ")[1].split()
    return Cost(float(cpu), int(messages), int(size))


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
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
