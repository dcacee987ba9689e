"""Right and wrong answers to 4.frame, which asks for a function that formats text as an event."""

# ruff: noqa: F401 (edits use the imports)

import json

from fastapi.sse import format_sse_event

from tests.checks.answers import edits, right, wrong


@right("4.frame")
def frame(text):
    data = json.dumps(text)
    return f"data: {data}\n\n"


edit = edits("4.frame", frame)  # edit(mistake or None, {old: new}, regex)
DATA, FRAME = "json.dumps(text)", r'f"data: {data}\n\n"'

edit(None, {DATA: "json.dumps(text, ensure_ascii=False)", r"\n\n": r"\r\n\r\n", ": {": ":{"})
edit(None, {'f"': r'f"event: message\nid: 1\n'})
edit(None, {"data = ": "print(text)\n    data = "})
edit(None, {'f"': r'f": a piece of text\n'})
edit(None, {"frame(text)": 'frame(text, event="message")', 'f"': r'f"event: {event}\n'})
right("4.frame")(lambda text: format_sse_event(data_str=json.dumps(text)).decode())

for mistake, says, changes in (
    ("no event", "What|what ends the frame", {r"\n\n": r"\n"}),
    ("several events", "2 events", {FRAME: f"{FRAME} * 2"}),
    ("another type", "is `token`", {'f"': r'f"event: token\n'}),
    ("not JSON", "is `'Hello'`", {DATA: "text"}),
    (
        "not JSON",
        r"Two\\nlines'` is `'Two'`",
        {DATA: "text if chr(10) in text else json.dumps(text)"},
    ),
    ("JSON of something else", "gets `''` back", {"(text)\n": "(text.strip())\n"}),
    (
        "JSON of something else",
        "gets `42` back",
        {DATA: "text if text == '42' else json.dumps(text)"},
    ),
    ("changes the next frame", "", {r"\n\n": r"\n\nid"}),
    ("raises", "", {DATA: "json.dumps(text.encode('ascii').decode())"}),
):
    edit(mistake, changes, says)
