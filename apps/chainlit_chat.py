"""A streaming chat assistant on Chainlit. Copy this file and fastapi_chat/assistant.py.

    pip install "chainlit>=2.12" "langchain-openai>=1.7.4"
    OPENAI_MODEL=gpt-5-mini OPENAI_API_KEY=... chainlit run chainlit_chat.py

Chainlit runs on_message as a task. Its Stop button cancels the task, including the model call.
answer() yields ("text", piece), ("tool", name) and ("result", result).
"""

from contextlib import aclosing

import chainlit as cl
from chainlit.config import config
from fastapi_chat.assistant import LONGEST_MESSAGE, answer, sentence

config.features.edit_message = False  # because Stop can't cancel the reply to an edited message
MOST_TURNS = 20  # the maximum number of earlier turns per conversation; older turns are dropped


@cl.on_message
async def on_message(message: cl.Message):
    if len(message.content) > LONGEST_MESSAGE:
        await cl.ErrorMessage(f"A message has at most {LONGEST_MESSAGE:,} characters.").send()
        return
    turns = cl.user_session.get("turns", [])
    cl.user_session.set("turns", turns)
    # The note tells the model that its reply was stopped. Any other ending changes the note.
    turn = {"question": message.content, "said": "", "note": "Stopped."}
    turns.append(turn)
    del turns[:-MOST_TURNS]
    messages = []
    for each in turns:
        said = each["said"] + (f"\n\n[{each['note']}]" if each["note"] else "")
        messages += [("user", each["question"]), ("assistant", said)]
    reply = cl.Message("")
    try:
        async with aclosing(answer(messages[:-1])) as pieces:
            async for kind, value in pieces:
                if kind == "text":
                    turn["said"] += value
                    await reply.stream_token(value)
                elif kind == "tool":  # the next item is the tool's result
                    async with cl.Step(value, type="tool") as step:
                        _, step.output = await anext(pieces)
        turn["note"] = ""
    except Exception as error:
        turn["note"] = sentence(error)
        await cl.ErrorMessage(turn["note"]).send()
    if turn["said"]:
        await reply.update()
