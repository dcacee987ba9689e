"""How long a learner waits for JupyterLab after `course.py lab`, and then for the first token.

    python benchmarks/lab_start.py [--here] [--rounds 3]

After one warm-up, starts the course the way the README describes, and runs lesson 1's setup and
race cells in a new kernel. Each round also measures two floors: the time a bare JupyterLab server
takes to start, and the time a bare kernel takes to import LangChain's client.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from floor import Ratio, judge
from jupyter_client.blocking.client import BlockingKernelClient
from kernels import ROOT, kernel, received

LESSON = ROOT / "notebooks" / "01_enabling_streaming.ipynb"
MOST_LAB = 2.0  # limit on the startup time, as a multiple of a bare JupyterLab server's
MOST_SETUP = 2.0  # limit on the setup cell's time, as a multiple of a bare kernel's import time
IMPORT = "from langchain_openai import ChatOpenAI"
if sys.platform == "win32":
    CTRL_C = signal.CTRL_BREAK_EVENT  # CTRL_C_EVENT can't be sent to another process group
else:
    CTRL_C = signal.SIGINT


def until_it_runs(command: list[str]) -> float:
    """Start a server in an empty folder; return the seconds until it prints its address."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        try:
            for line in server.stdout or ():
                if re.search(r"http://(127\.0\.0\.1|localhost):", line):
                    return time.perf_counter() - start
            raise RuntimeError(f"The server ended without printing its address ({server.wait()}).")
        finally:
            server.send_signal(CTRL_C)
            try:
                server.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()


def is_idle(message: dict[str, Any]) -> bool:
    return bool(message["content"].get("execution_state") == "idle")


def shows_text(message: dict[str, Any]) -> bool:
    data = message["content"].get("data", {})
    sent = data.get("content") if message["msg_type"] == "comm_msg" else None
    return isinstance(sent, dict) and any(isinstance(item, str) for item in sent.get("items", ()))


def seconds_until(
    matches: Callable[[dict[str, Any]], bool], client: BlockingKernelClient, code: str
) -> float:
    """Execute a cell; return the seconds until the kernel sends a matching message."""
    start = time.perf_counter()
    client.execute(code)
    received(client, matches)
    return time.perf_counter() - start


def cells() -> tuple[str, str]:
    book = json.loads(LESSON.read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    return (
        next(cell for cell in code if "ready()" in cell),
        next(cell for cell in code if "await race(" in cell),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--here", action="store_true", help="passed to `course.py lab`")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    lab = [sys.executable, str(ROOT / "course.py"), "lab", "--no-browser"]
    lab += ["--here"] if arguments.here else []
    bare = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    until_it_runs(lab)  # warm-up
    until_it_runs(bare)
    setup, race = cells()
    figures: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(arguments.rounds):
        figures["lab"].append(until_it_runs(lab))
        figures["bare lab"].append(until_it_runs(bare))
        with kernel() as client:
            figures["bare kernel"].append(seconds_until(is_idle, client, IMPORT))
        with kernel() as client:
            figures["setup"].append(seconds_until(is_idle, client, setup))
            figures["words"].append(seconds_until(shows_text, client, race))
    print(f"From the start of the race to its first words: {min(figures['words']):.2f} s")
    judge(
        {
            "`lab` until JupyterLab responds": Ratio(figures["lab"], figures["bare lab"], MOST_LAB),
            "running the setup cell": Ratio(figures["setup"], figures["bare kernel"], MOST_SETUP),
        }
    )


if __name__ == "__main__":
    main()
