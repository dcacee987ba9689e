"""Right and wrong answers to 1.show, which asks for a function that prints pieces as they arrive.

The wrong answers cover most of the mistakes that are common to all checks.
"""

import asyncio
import contextlib  # noqa: F401 (used in edits)
import queue
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage  # noqa: F401 (used in edits)
from langchain_core.output_parsers import StrOutputParser  # noqa: F401
from langchain_core.prompts import ChatPromptTemplate  # noqa: F401

from tests.checks.answers import edits, right, wrong


@right("1.show")
def show(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        print(chunk.content, end="", flush=True)
        text += chunk.content
    return text


@right("1.show")
def adding_chunk_to_chunk(model, prompt):
    whole = None
    for chunk in model.stream(prompt):
        print(chunk.text, end="", flush=True)
        whole = chunk if whole is None else whole + chunk
    print()
    return whole.text


@right("1.show")
def writing_to_stdout(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        if chunk.content:
            sys.stdout.write(chunk.content)
            sys.stdout.flush()
            text += chunk.content
    return text


edit = edits("1.show", show)
PRINTS = 'print(chunk.content, end="", flush=True)'
LOOP = "for chunk in model.stream(prompt):"
STREAM, SKIPS = "model.stream(prompt)", "itertools.islice(model.stream(prompt), 1, None)"

NEW = f"{LOOP}\n        if chunk.text == last: continue\n        last = chunk.text"
edit("prints another text", {'text = ""': 'text = last = ""', LOOP: NEW}, "haha")
DEFAULT = {"def show(model, prompt": "def show(model, prompt, out=sys.stdout"}
edit(None, {**DEFAULT, "flush=True": "flush=True, file=out"})
edit("prints nothing", {PRINTS: "pass"})
edit("prints chunks", {"print(chunk.content": "print(chunk"})
edit("prints each piece on a line", {', end=""': ""}, "A line break follows each piece")
edit("prints something between", {'end=""': 'end=" "'})
WRAPS = {"text +=": "if len(text) % 50 > 45: print()\n        text +="}
edit("prints something between", WRAPS, "The first difference is at character 5.:")
edit("prints without white space", {"print(chunk.content": "print(chunk.content.strip()"})
SO_FAR = {PRINTS: "", "+= chunk.content": "+= chunk.content; print(text, end='', flush=True)"}
edit("prints the text so far", SO_FAR)
edit("prints the text again", {"return text": "print(text)\n    return text"}, "printed twice")
edit("prints another text", {"print(chunk.content": "print(chunk.content.upper()"})
ONCE = {LOOP: f"{LOOP}\n        if chunk.content == text[-len(chunk.content):]: continue"}
edit("prints another text", ONCE, "wrong for a reply in which pieces repeat")
ENDS = {LOOP: f"{LOOP}\n        if 'finish_reason' in chunk.response_metadata: break"}
edit("prints another text", ENDS, "in the one with the finish reason")
edit("doesn't flush", {", flush=True": ""})
edit("doesn't flush", {", flush=True": "", "return": "sys.stdout.flush()\n    return"})
edit("drops the first chunk", {LOOP: f"import itertools\n    {LOOP}", STREAM: SKIPS})
edit("collected first", {"model.stream(prompt)": "list(model.stream(prompt))"})
edit("stops at the first chunk", {PRINTS: f"if not chunk.content: break\n        {PRINTS}"})
edit("stops early", {PRINTS: f"if text: return text\n        {PRINTS}"})
edit("stops early", {LOOP: "for _, chunk in zip(range(100), model.stream(prompt)):"}, "99 of")
edit("limits the reply", {"stream(prompt)": "stream(prompt, max_tokens=20)"}, "`max_tokens`")
edit("limits the reply", {"stream(prompt)": 'stream(prompt, stop=["."])'}, "`stop`")
edit(
    "limits the reply",
    {"model.stream": 'model.model_copy(update={"stop": ["."]}).stream'},
    "`stop`",
)
edit("raises", {"content, end": "contents, end"}, r"contents.*at the line `print\(chunk")
edit("raises", {"return text": "return text[0] + text[1:]"}, "for an empty reply")
TEMPLATE = "(ChatPromptTemplate.from_template(prompt) | model).stream({})"
edit("raises", {"model.stream(prompt)": TEMPLATE}, "for a prompt with braces in it")
edit("raises", {"return text": "sys.exit(3)"}, r"SystemExit: 3` at the line `sys\.exit")

edit("returns nothing", {"return text": "return"})
edit("returns nothing", {"return text": "return text or None"}, "`None` for an empty reply")
edit("returns the wrong type", {"return text": "return [text]"})
edit("returns a message", {"return text": "return AIMessageChunk(text)"}, "Chunk`. The exercise")
edit("strips the text", {"return text": "return text.strip()"})
edit("changes white space", {"return text": 'return " ".join(text.split())'})
edit("no text", {"text += chunk.content": "text = chunk.content"}, "of a single chunk")
edit("loses the beginning", {"text += chunk.content": "text = chunk.content or text"})
edit("loses the end", {"return text": "return text[:-1]"})
edit("adds text", {"return text": "return prompt + text"})
edit("repeats text", {"return text": "return text + text"})
edit("another order", {"return text": "return text[::-1]"})
edit("another text", {"return text": "return text.lower()"})

edit("yields", {"text += chunk.content": "yield chunk.content"})
edit("async def", {"def": "async def"})
edit("calls twice", {"return text": "return ''.join(c.text for c in model.stream(prompt))"})
edit("never calls the model", {"model.stream(prompt)": "[AIMessageChunk(prompt)]"})
edit("another prompt", {"stream(prompt)": 'stream("A story")'}, "was sent `A story`")
edit("another prompt", {"(prompt):": "(prompt.strip()):"}, "Describe a .*`, but .* `'Describe")

kept = ["Text of an earlier call. "]
KEPT = {"text += chunk.content": "kept.append(chunk.content)", "text\n": "''.join(kept)\n"}
edit("keeps text of an earlier call", KEPT)
notebook_model = FakeListChatModel(responses=["Not asked for."])
edit("another model", {"model.stream": "notebook_model.stream"}, "the notebook's `notebook_model`")
MINE = "FakeListChatModel(responses=['Mine.']).stream"
edit("another model", {"model.stream": MINE}, "another `FakeListChatModel`")
HIDDEN = "with contextlib.suppress(Exception):\n        notebook_model.invoke(prompt)\n    return"
edit("another model", {"return": HIDDEN})

edit("changes the model", {'text = ""': 'text = ""; model.streaming = True'}, "Which method")
edit("changes the model", {'text = ""': 'text = ""; model.max_tokens = 9'}, "to the call instead")
edit("raises", {"(prompt)": "(prompt, streaming=True)"}, "unexpected keyword argument 'streaming'")
edit("raises", {"(prompt)": "(prompt, temprature=0)"}, "unexpected keyword argument 'temprature'")
edit(None, {"(prompt)": "(prompt, max_tokens=None)"})


@wrong("1.show", "never ends", says="stopped after|never finished")
def never_returns(model, prompt):
    while show(model, prompt) is not None:
        pass


@wrong("1.show", "never ends", says=r"it was still running\.$")
def sleeps_forever(model, prompt):
    while True:
        time.sleep(60)


wrong("1.show", "not a function", says="It was given a `str`")("show")


# --- Every documented way of calling a model ------------------------------------------------------


class Printer(BaseCallbackHandler):
    def on_llm_new_token(self, token, **_):
        print(token, end="", flush=True)


edit(None, {"model.stream(prompt)": "model.stream([HumanMessage(prompt)])"})
edit(None, {"model.stream(prompt)": 'model.stream([("user", prompt)])'})
edit(None, {"model.stream": 'model.bind(temperature=0, stop=["END"]).stream'})
edit(None, {"stream(prompt)": 'with_config(tags=["x"]).stream(prompt, stream_usage=False)'})
edit(None, {"model.stream": "model.with_retry().stream"})
edit(None, {"model.stream": "(model | StrOutputParser()).stream", "chunk.content": "chunk"})
CLOSING = "with contextlib.closing(model.stream(prompt)) as chunks"
edit(None, {LOOP: f"{CLOSING}:\n     for chunk in chunks:"})
right("1.show")(
    lambda model, prompt: model.invoke(prompt, {"callbacks": [Printer()]}, stream=True).text
)


@right("1.show")
def asynchronously(model, prompt):
    async def main():
        text = ""
        async for chunk in model.astream(prompt):
            print(chunk.content, end="", flush=True)
            text += chunk.content
        return text

    return asyncio.run(main())


@right("1.show")
def by_a_handler_of_generate(model, prompt):
    result = model.generate([[HumanMessage(prompt)]], callbacks=[Printer()], stream=True)
    return result.generations[0][0].text


@right("1.show")
def on_a_loop_in_a_thread(model, prompt):
    """Works in a notebook, where a loop is running and `asyncio.run` fails."""
    with ThreadPoolExecutor() as pool:
        return pool.submit(asynchronously, model, prompt).result()


@right("1.show")
def by_events(model, prompt):
    async def main():
        text = ""
        async for event in model.astream_events(prompt, version="v2"):
            if event["event"] == "on_chat_model_stream":
                print(event["data"]["chunk"].text, end="", flush=True)
                text += event["data"]["chunk"].text
        return text

    return asyncio.run(main())


edit(None, {"stream(prompt)": "stream(prompt, max_tokens=None)"})
edit("invoke", {"model.stream(prompt)": "[model.invoke(prompt)]"})
OFF = {"model.stream": "model.model_copy(update={'disable_streaming': True}).stream"}
edit("invoke", OFF, "turned streaming off, so the whole reply arrived as one chunk")
edit("invoke", {"model.stream(prompt)": "[asyncio.run(model.ainvoke(prompt))]"}, "with `ainvoke`")


async def awaits(model, prompt):
    return [chunk async for chunk in model.astream(prompt)]


# --- Calls whose result is never used -------------------------------------------------------------

edit("never awaited", {"return": "awaits(model, prompt)\n    return"}, "`awaits` made a coroutine")
edit("raises", {"model.stream": "model.astream"}, "async_generator")
wrong("1.show", "never read", says=r"with `\.stream")(lambda model, prompt: model.stream(prompt))
wrong("1.show", "never read", says=r"with `\.astream")(lambda model, prompt: model.astream(prompt))
wrong("1.show", "never awaited", "`ainvoke`")(lambda model, prompt: model.ainvoke(prompt).content)
wrong("1.show", "unread generator")(lambda model, prompt: (letter for letter in prompt))


# --- Errors ---------------------------------------------------------------------------------------


@right("1.show")
def raises_it_again(model, prompt):
    try:
        return show(model, prompt)
    except Exception:
        print("The connection was lost.")
        raise


again = edits("1.show", raises_it_again)
again("swallows the error", {"raise\n": 'return ""\n'}, "ended as if the reply were complete")
KEEPS = {"return show": "whole = show", "raise\n": "return whole\n    return whole\n"}
again("raises", KEEPS, "Unbound")
again("replaces the error", {"raise\n": 'raise RuntimeError("incomplete") from None\n'})
again("tries again", {"raise\n": "return show(model, prompt)\n"}, "called the model twice")


# --- Threads --------------------------------------------------------------------------------------


@right("1.show")
def reads_in_a_thread(model, prompt):
    pieces, errors = queue.Queue(), []

    def read():
        try:
            for chunk in model.stream(prompt):
                pieces.put(chunk.text)
        except Exception as error:
            errors.append(error)
        pieces.put(None)

    thread = threading.Thread(target=read)
    thread.start()
    text = ""
    for piece in iter(pieces.get, None):
        print(piece, end="", flush=True)
        text += piece
    thread.join()
    if errors:
        raise errors[0]
    return text


POLLS = {
    "iter(pieces.get, None)": "polled(pieces)",
    "    thread = threading.Thread(target=read)": """
    def polled(pieces):
        while thread.is_alive() or not pieces.empty():
            if pieces.empty():
                time.sleep(0.01)
            elif (piece := pieces.get()) is not None:
                yield piece

    thread = threading.Thread(target=read)""",
}
edits("1.show", reads_in_a_thread)(None, POLLS)


@right("1.show")
def prints_in_a_thread(model, prompt):
    pieces, text = queue.Queue(), ""

    def show_each():
        for piece in iter(pieces.get, None):
            print(piece, end="", flush=True)

    thread = threading.Thread(target=show_each)
    thread.start()
    try:
        for chunk in model.stream(prompt):
            pieces.put(chunk.text)
            text += chunk.text
    finally:
        pieces.put(None)
        thread.join()
    return text


@wrong("1.show", "leaves a thread")
def leaves_a_thread(model, prompt):
    ended, here = threading.Event(), set()
    weakref.finalize(here, ended.set)  # runs once this function has returned

    def read():
        ended.wait()
        show(model, prompt)

    threading.Thread(target=read).start()
    return ""


@wrong("1.show", "swallows the error", says="The exception was raised in a thread")
def loses_an_error_in_a_thread(model, prompt):
    texts = [""]
    with ThreadPoolExecutor() as pool:
        pool.submit(lambda: texts.append(show(model, prompt)))
    return texts[-1]
