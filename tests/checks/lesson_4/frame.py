"""Exercise 4.5: a frame that carries any text."""

import base64
import html
import json

from fastapi.sse import format_sse_event

from tests.checks.answers import right, wrong


@right("4.frame")
def frames_json(text):
    return f"data: {json.dumps(text)}\n\n"


@right("4.frame")
def frames_json_with_its_letters(text):
    return "data:" + json.dumps(text, ensure_ascii=False) + "\r\n\r\n"


@right("4.frame")
def frames_with_a_type(text):
    return f"event: message\nid: 1\ndata: {json.dumps(text)}\n\n"


@right("4.frame")
def frames_after_a_comment(text):
    return "\n".join([": a piece of text", "data: " + json.dumps(text), "", ""])


@wrong("4.frame", "plain text")
def raw(text):
    return f"data: {text}\n\n"


@wrong("4.frame", "no blank line")
def one_line_end(text):
    return f"data: {json.dumps(text)}\n"


@wrong("4.frame", "no blank line")
def no_line_end(text):
    return f"data: {json.dumps(text)}"


@wrong("4.frame", "escaped line ends")
def with_line_ends_of_two_letters(text):
    return f"data: {json.dumps(text)}\\n\\n"


@wrong("4.frame", "no data line")
def no_data(text):
    return f"{json.dumps(text)}\n\n"


@wrong("4.frame", "repr")
def of_python(text):
    return f"data: {text!r}\n\n"


@wrong("4.frame", "returns the wrong type")
def in_bytes(text):
    return frames_json(text).encode()


@wrong("4.frame", "plain text")
def many_data_lines(text):
    return "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"


@wrong("4.frame", "text in a container")
def in_an_object(text):
    return f"data: {json.dumps({'text': text})}\n\n"


@wrong("4.frame", "text in a container")
def in_a_list(text):
    return f"data: {json.dumps([text])}\n\n"


@wrong("4.frame", "JSON twice")
def twice(text):
    return f"data: {json.dumps(json.dumps(text))}\n\n"


@wrong("4.frame", "plain text")
def with_line_ends_replaced(text):
    return "data: " + text.replace("\n", "\\n") + "\n\n"


@wrong("4.frame", "not JSON")
def in_quotes(text):
    return f'data: "{text}"\n\n'


@wrong("4.frame", "another type")
def of_another_type(text):
    return f"event: token\ndata: {json.dumps(text)}\n\n"


@wrong("4.frame", "several events")
def two_events(text):
    return f"data: {json.dumps(text)}\n\ndata: {json.dumps(text)}\n\n"


@wrong("4.frame", "no data line")
def indented(text):
    return f"""
    data: {json.dumps(text)}

    """


@wrong("4.frame", "another text")
def stripped(text):
    return f"data: {json.dumps(text.strip())}\n\n"


@wrong("4.frame", "returns nothing")
def prints_it(text):
    print(f"data: {json.dumps(text)}\n")


@wrong("4.frame", "async def")
async def awaits_it(text):
    return frames_json(text)


@wrong("4.frame", "yields")
def yields_it(text):
    yield frames_json(text)


@wrong("4.frame", "leaves a rest")
def leaves_a_rest(text):
    return f"data: {json.dumps(text)}\n\nid"


@wrong("4.frame", "raises")
def only_ascii(text):
    return f"data: {json.dumps(text.encode('ascii').decode())}\n\n"


right("4.frame")(lambda text, event="message": f"event: {event}\ndata: {json.dumps(text)}\n\n")


@right("4.frame")
def made_by_fastapi(text):
    return format_sse_event(data_str=json.dumps(text)).decode()


@wrong("4.frame", "returns the wrong type", "`bytes` .* asks for a string")
def made_by_fastapi_in_bytes(text):
    return format_sse_event(data_str=json.dumps(text))


@wrong("4.frame", "plain text")
def escaped_for_a_page(text):
    return f"data: {html.escape(text)}\n\n"


@wrong("4.frame", "plain text")
def a_data_field_for_each_line(text):
    return "data: " + text.replace("\n", "\ndata: ") + "\n\n"


@wrong("4.frame", "not JSON", "JSON, whatever it contains")
def in_base64(text):
    return f"data: {base64.b64encode(text.encode()).decode()}\n\n"


@wrong("4.frame", "loses text", "Only `'Two'` arrives .* A line end in the data")
def in_quotes_if_it_needs_them(text):
    return f"data: {text if chr(10) in text else json.dumps(text)}\n\n"


@wrong("4.frame", "another text", "gets `42` back")
def as_a_number_if_it_is_one(text):
    return f"data: {text if text.isdigit() else json.dumps(text)}\n\n"


@wrong("4.frame", "another type")
def named_end(text):
    return f"event: end\ndata: {json.dumps(text)}\n\n"
