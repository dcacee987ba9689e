"""Right and wrong answers to 1.first_sentence, which asks for the first sentence of a reply."""

import re
from contextlib import closing

from langchain_core.output_parsers import StrOutputParser  # noqa: F401 (used in an edit)

from tests.checks.answers import edits, right

END = re.compile(r"[.!?](?=\s)")


@right("1.first_sentence", says="was returned unchanged.$")
def first_sentence(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := END.search(text):
                return text[: end.end()]
    return text


@right("1.first_sentence", says=r"`closing\(.*\)` closes it")
def leaves_a_named_stream_open(model, prompt):
    chunks = model.stream(prompt)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            break
    else:
        return text
    return text[: end.end()]


@right("1.first_sentence", says="was returned unchanged.$")
def by_next_and_close(model, prompt):
    chunks = model.stream(prompt)
    whole = next(chunks)
    while not END.search(whole.text) and (chunk := next(chunks, None)):
        whole += chunk
    chunks.close()
    return END.split(whole.text)[0] + "".join(END.findall(whole.text)[:1])


edit = edits("1.first_sentence", first_sentence)
FOUND = "END.search(text)"
STREAM = "closing(model.stream(prompt))"
LAST = "    return text\n"

edit("loses the mark", {"end.end()": "end.start()"})
FIRST = {FOUND: r're.search(r"[.!?]+(?=\s)", text)', "end.end()": "end.start() + 1"}
edit("ends at any mark", FIRST, "for a sentence that ends with three dots")
edit("takes a later mark", {FOUND: r're.search(r"(?<!\.)[.!?](?=\s)", text)'}, "three dots")
edit("ends at any mark", {FOUND: 're.search("[.!?]", text)'})
edit("takes the end of a piece", {FOUND: r"re.search(r'[.!?](?=\s|$)', text)"}, "must arrive")
edit("misses a line break", {FOUND: 're.search("[.!?](?= )", text)'}, "isn't the only white space")
edit("misses the end", {FOUND: "END.search(chunk.content) and END.search(text)"}, "all the text")
edit("misses the end", {FOUND: r"re.match(r'.*?[.!?](?=\s)', text)"}, "matches no line break")
edit("misses a line break", {FOUND: r're.search("[.!?](?=[ \n])", text)'}, "with a tab after it")
SKIPS = {"text +=": "if chunk.content.isspace(): continue\n            text +="}
edit("loses white space", SKIPS, "Which pieces does your loop skip")
ONCE = {"text +=": "if chunk.content == text[-2:]: continue\n            text +="}
edit("another text", ONCE, "for a reply in which pieces repeat")
edit("takes more than the sentence", {"text[: end.end()]": "text"}, "How much of the last piece")
edit("takes a later mark", {FOUND: r"re.search(r'(?s).*[.!?](?=\s)', text)"}, "after `Yes`")
edit("misses the end after a digit", {FOUND: r"re.search(r'(?<!\d)[.!?](?=\s)', text)"})
edit("strips the text", {LAST: "    return text.rstrip()\n"}, "because")
edit("strips the text", {"return text[: end.end()]": "return text[: end.end()].lstrip()"})
edit("loses the end", {"end.end()": "min(end.end(), 100)"}, "for a long sentence")
edit("no text", {LAST: '    return ""\n'}, "for a reply that ends with its first sentence")
edit("raises", {LAST: "    return text[0] + text[1:]\n"}, "for an empty reply")
edit("reads on", {"search(text)": "search(text[:-20]) or len(text) < 40 and END.search(text[:-9])"})
edit("reads to the end", {STREAM: "closing(c for c in list(model.stream(prompt)))"})
PARSED = {"in chunks": "in StrOutputParser().transform(chunks)", "chunk.content": "chunk"}
edit("reads to the end", PARSED, "closed before the model's stream")
edit("drains a chain", {"model.stream": "(model | StrOutputParser()).stream", ".content": ""})
