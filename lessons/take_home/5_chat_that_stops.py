"""Chat with a model in the terminal. Ctrl-C stops a reply; at the prompt, it ends the chat.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
Most local servers accept any key.
"""

import argparse
import asyncio
import os
import sys
from contextlib import aclosing

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

argparse.ArgumentParser(description=__doc__).parse_args()
if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
    sys.exit(f"Set {' and '.join(missing)} in the environment: see --help.")

# ChatOpenAI doesn't read OPENAI_MODEL, and with OPENAI_BASE_URL it doesn't request usage.
# `timeout` limits each wait for data, not the whole reply. `stream_chunk_timeout` is off, since on
# Python 3.11 it can lose a Ctrl-C.
model = ChatOpenAI(
    model=os.environ["OPENAI_MODEL"], stream_usage=True, timeout=60, stream_chunk_timeout=None
)


async def turn(history: list[BaseMessage], question: str) -> None:
    """Print the reply as it arrives; add the question and the printed text to `history`."""
    history.append(HumanMessage(question))
    said, finish = "", None
    try:
        async with aclosing(model.astream(history)) as chunks:  # always stops the model
            async for chunk in chunks:
                said += chunk.text
                print(chunk.text, end="", flush=True)
                finish = chunk.response_metadata.get("finish_reason") or finish
    finally:
        mark = "" if finish == "stop" else " [interrupted]"  # for the model's next turn
        history.append(AIMessage(f"{said}{mark}"))
    print("" if finish == "stop" else f"\n[Truncated: finish reason {finish}]")


conversation: list[BaseMessage] = []
with asyncio.Runner() as runner:  # one event loop for all turns, since the model reuses connections
    while True:
        try:
            question = input("You: ")
        except (EOFError, KeyboardInterrupt):
            break
        if not question.strip():
            continue
        try:
            runner.run(turn(conversation, question))  # Ctrl-C cancels the task
        except KeyboardInterrupt:
            print("\n[Stopped]")
        except Exception as error:  # an API error or a dropped connection; the printed text is kept
            print(f"\n[The reply failed: {type(error).__name__}: {error}]")
