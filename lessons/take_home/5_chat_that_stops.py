"""Chat with a model in the terminal. Ctrl-C stops a reply; at the prompt, it ends the chat.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
"""

import asyncio
import os
import sys
from contextlib import aclosing

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
    sys.exit(f"Set the environment variable {' and '.join(missing)}.")

# ChatOpenAI doesn't read OPENAI_MODEL, and with OPENAI_BASE_URL it doesn't request usage.
# `timeout` limits a silence. On Python 3.11 the second limit could swallow Ctrl-C, so it is off.
model = ChatOpenAI(
    model=os.environ["OPENAI_MODEL"], stream_usage=True, timeout=60, stream_chunk_timeout=None
)


async def turn(history: list[BaseMessage], question: str) -> None:
    """Print the reply as it arrives; keep the question and what was printed in `history`."""
    history.append(HumanMessage(question))
    said, finish = "", None
    try:
        async with aclosing(model.astream(history)) as chunks:  # however it ends, the model stops
            async for chunk in chunks:
                said += chunk.text
                print(chunk.text, end="", flush=True)
                finish = chunk.response_metadata.get("finish_reason") or finish
    finally:
        mark = "" if finish == "stop" else " [interrupted]"  # so that the model knows
        history.append(AIMessage(f"{said}{mark}"))
    print("" if finish == "stop" else f"\n[Truncated: finish reason {finish}]")


conversation: list[BaseMessage] = []
with asyncio.Runner() as runner:  # one event loop for all turns, since the model keeps connections
    while True:
        try:
            question = input("You: ")
        except (EOFError, KeyboardInterrupt):
            break
        try:
            runner.run(turn(conversation, question))  # Ctrl-C cancels the task
        except KeyboardInterrupt:
            print("\n[Stopped]")
        except Exception as error:  # refused, or the connection dropped; what was printed is kept
            print(f"\n[The reply failed: {type(error).__name__}: {error}]")
