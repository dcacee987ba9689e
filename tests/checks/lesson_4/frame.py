"""Right and wrong answers to 4.frame, which asks for text formatted as a server-sent event."""

import json

from fastapi.sse import format_sse_event

from tests.checks.answers import edits, right


@right("4.frame")
def frame(text):
    data = json.dumps(text)
    return f"data: {data}\n\n"


edit = edits("4.frame", frame)
DATA, FRAME = "json.dumps(text)", r'f"data: {data}\n\n"'

edit(None, {DATA: "json.dumps(text, ensure_ascii=False)", r"\n\n": r"\r\n\r\n", ": {": ":{"})
edit(None, {'f"': r'f"event: message\nid: 1\n'})
edit(None, {"data = ": "print(text)\n    data = "})
edit(None, {'f"': r'f": a piece of text\n'})
edit(None, {"frame(text)": 'frame(text, event="message")', 'f"': r'f"event: {event}\n'})
right("4.frame")(lambda text: format_sse_event(data_str=json.dumps(text)).decode())

edit("no event", {r"\n\n": r"\n"}, "What|what ends the frame")
edit("several events", {FRAME: f"{FRAME} * 2"}, "2 events")
edit("another type", {'f"': r'f"event: token\n'}, "is `token`")
edit("not JSON", {DATA: "text"}, "is `'Hello'`")
edit("not JSON", {DATA: f"text if chr(10) in text else {DATA}"}, r"Two\\nlines'` is `'Two'`")
edit("JSON of something else", {"(text)\n": "(text.strip())\n"}, "gets `''` back")
edit("JSON of something else", {DATA: f"text if text == '42' else {DATA}"}, "gets `42` back")
edit("changes the next frame", {r"\n\n": r"\n\nid"})
edit("changes the next frame", {r"\n\n": r"\n\nevent: end\n"})
edit("raises", {DATA: "json.dumps(text.encode('ascii').decode())"})
