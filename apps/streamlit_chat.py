"""A streaming chat assistant on Streamlit. Copy this file and fastapi_chat/assistant.py.

    pip install "streamlit>=1.67" "langchain-openai>=1.7.4"
    OPENAI_MODEL=gpt-5-mini OPENAI_API_KEY=... streamlit run streamlit_chat.py

Streamlit runs this file from the top for each message; its end draws all turns, which are kept in
`st.session_state`. Stop interrupts the run at its next output.
answer() yields ("text", piece), ("tool", name) and ("result", result).
"""

import asyncio
import queue
import threading
from contextlib import aclosing, closing, suppress
from functools import partial

import streamlit as st

try:
    from fastapi_chat.assistant import LONGEST_MESSAGE, answer, sentence
except SystemExit as error:  # OPENAI_MODEL isn't set
    st.error(error)
    st.stop()


@st.cache_resource
def event_loop():
    """Return the loop that all sessions share, since a model's connections are tied to one loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def pieces(messages):
    """Yield the items of answer(), ("nothing", "") during silences, and finally ("end", error)."""
    arrived = queue.SimpleQueue()

    async def read():
        try:
            async with aclosing(answer(messages)) as source:
                async for piece in source:
                    arrived.put(piece)
            arrived.put(("end", ""))
        except Exception as error:
            arrived.put(("end", sentence(error)))

    task = asyncio.run_coroutine_threadsafe(read(), event_loop())
    try:
        kind = ""
        while kind != "end":
            kind, value = "nothing", ""
            with suppress(queue.Empty):
                kind, value = arrived.get(timeout=0.2)
            yield kind, value
    finally:
        task.cancel()  # also cancels the model call


def texts(turn, messages):
    """Yield a reply's text, show its tool calls, and set the turn's note at the end."""
    place = st.empty()
    show = partial(place.caption, "Thinking…")  # redraws the element below the text
    with closing(pieces(messages)) as source:
        for kind, value in source:
            if kind == "text":
                turn["said"] += value
                show = place.empty
                yield value
            elif kind == "tool":
                tool = place.status(f"Calling {value}…")
                show = partial(tool.update, label=f"Calling {value}…")
            elif kind == "result":
                show = partial(place.caption, "Thinking…")
            elif kind == "end":
                turn["note"] = value
                show = place.empty
            show()  # on every iteration, even during a silence, so that Stop can take effect


st.title("Lamp shop support")
turns, messages = st.session_state.setdefault("turns", []), []
del turns[:-20]  # older turns are dropped
question = st.chat_input("Where is my order 4711?", max_chars=LONGEST_MESSAGE, submit_mode="stop")
if question := question and question.strip():
    turns.append({"question": question, "said": "", "note": "Stopped."})
for turn in turns:
    st.chat_message("user").text(turn["question"])
    messages.append(("user", turn["question"]))
    with st.chat_message("assistant"):
        if question and turn is turns[-1]:
            with closing(texts(turn, messages)) as source:
                st.write_stream(source)
        else:
            st.empty()  # matches `place` in texts(); otherwise, stale elements would stay on screen
            st.markdown(turn["said"])
        if turn["note"]:
            st.error(turn["note"])
    note = f"\n\n[{turn['note']}]" if turn["note"] else ""
    messages.append(("assistant", turn["said"] + note))
