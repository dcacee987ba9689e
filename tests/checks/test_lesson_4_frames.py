"""Exercise 4.5: a frame for any text."""

import json

import pytest

from tests.checks.verdict import by_name, right, with_reason, wrong


def frames_json(text):
    return f"data: {json.dumps(text)}\n\n"


def frames_json_with_its_letters(text):
    return "data:" + json.dumps(text, ensure_ascii=False) + "\r\n\r\n"


def frames_with_a_type(text):
    return f"event: message\nid: 1\ndata: {json.dumps(text)}\n\n"


def frames_after_a_comment(text):
    return "\n".join([": a piece of text", "data: " + json.dumps(text), "", ""])


@pytest.mark.parametrize(
    "frame",
    by_name(frames_json, frames_json_with_its_letters, frames_with_a_type, frames_after_a_comment),
)
def test_4_5_accepts(frame):
    right("4.5", frame)


def raw(text):
    return f"data: {text}\n\n"


def one_line_end(text):
    return f"data: {json.dumps(text)}\n"


def no_line_end(text):
    return f"data: {json.dumps(text)}"


def with_line_ends_of_two_letters(text):
    return f"data: {json.dumps(text)}\\n\\n"


def no_data(text):
    return f"{json.dumps(text)}\n\n"


def of_python(text):
    return f"data: {text!r}\n\n"


def in_bytes(text):
    return frames_json(text).encode()


def many_data_lines(text):
    return "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"


def in_an_object(text):
    return f"data: {json.dumps({'text': text})}\n\n"


def in_a_list(text):
    return f"data: {json.dumps([text])}\n\n"


def twice(text):
    return f"data: {json.dumps(json.dumps(text))}\n\n"


def with_line_ends_replaced(text):
    return "data: " + text.replace("\n", "\\n") + "\n\n"


def in_quotes(text):
    return f'data: "{text}"\n\n'


def of_another_type(text):
    return f"event: token\ndata: {json.dumps(text)}\n\n"


def two_events(text):
    return f"data: {json.dumps(text)}\n\ndata: {json.dumps(text)}\n\n"


def indented(text):
    return f"""
    data: {json.dumps(text)}

    """


def stripped(text):
    return f"data: {json.dumps(text.strip())}\n\n"


def prints_it(text):
    print(f"data: {json.dumps(text)}\n")


async def awaits_it(text):
    return frames_json(text)


def yields_it(text):
    yield frames_json(text)


def leaves_a_rest(text):
    return f"data: {json.dumps(text)}\n\nid"


def only_ascii(text):
    return f"data: {json.dumps(text.encode('ascii').decode())}\n\n"


WRONG_4_5 = (
    (raw, "`'Hello'`, the data is the text as it stands, which is no JSON"),
    (one_line_end, "As it ends there, a page still waits for the rest of it"),
    (no_line_end, "As it ends there, a page still waits for the rest of it"),
    (with_line_ends_of_two_letters, "at its end is a backslash and a letter, and no line end"),
    (no_data, "No line of it says that it is data"),
    (of_python, "Python's spelling"),
    (in_bytes, "`bytes`; the exercise asks for a text"),
    (many_data_lines, "the data is the text as it stands"),
    (in_an_object, "a `dict` around the text"),
    (in_a_list, "a `list` around the text"),
    (twice, "turned into JSON twice"),
    (with_line_ends_replaced, "the data is the text as it stands"),
    (in_quotes, "the data is .*Two.*, and a page that reads JSON fails at it"),
    (of_another_type, "The event's type is `token`"),
    (two_events, "a page hears 2 events"),
    (indented, "No line of it says that it is data"),
    (stripped, "a page gets `''`"),
    (prints_it, "`frame` returns `None`. Did it print"),
    (awaits_it, "`frame` is an `async def`"),
    (yields_it, "There is a `yield` in `frame`"),
    (leaves_a_rest, "Each frame is right by itself"),
    (only_ascii, "UnicodeEncodeError: .*for the text `'🌊"),
)


@pytest.mark.parametrize(("frame", "said"), with_reason(*WRONG_4_5))
def test_4_5_says_what_is_wrong_with_code_that(frame, said):
    wrong("4.5", frame, said)
