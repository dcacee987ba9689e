"""Exercise 1.5: the first sentence, and the model stops."""

import re
from contextlib import closing

from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong

END = re.compile(r"[.!?](?=\s)")


@right("1.first_sentence", "came back as it was.$")
def closing_the_stream(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := END.search(text):
                return text[: end.end()]
    return text


@right("1.first_sentence", "`closing` says so in code")
def leaving_an_unnamed_stream(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.text
        if end := END.search(text):
            break
    else:
        return text
    return text[: end.end()]


@right("1.first_sentence", "`closing` says so in code")
def a_generator_in_between(model, prompt):
    def sentences():
        text = ""
        for chunk in model.stream(prompt):
            text += chunk.content
            if end := END.search(text):
                yield text[: end.end()]
        yield text

    return next(sentences())


@right("1.first_sentence", "`closing` says so in code")
def leaving_a_named_one(model, prompt):
    chunks = model.stream(prompt)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


@right("1.first_sentence", "came back as it was.$")
def by_next_and_close(model, prompt):
    chunks = model.stream(prompt)
    whole = next(chunks)
    while not END.search(whole.text) and (chunk := next(chunks, None)):
        whole += chunk
    chunks.close()
    return END.split(whole.text)[0] + "".join(END.findall(whole.text)[:1])


@wrong("1.first_sentence", "reads to the end")
def reads_to_the_end(model, prompt):
    text = "".join(chunk.content for chunk in model.stream(prompt))
    return END.split(text)[0] + "".join(END.findall(text)[:1])


@wrong("1.first_sentence", "invoke")
def pays_for_all(model, prompt):
    text = model.invoke(prompt).text
    return END.split(text)[0] + "".join(END.findall(text)[:1])


@wrong("1.first_sentence", "drains a chain")
def drains_a_chain(model, prompt):
    text = ""
    for piece in (model | StrOutputParser()).stream(prompt):
        text += piece
        if end := END.search(text):
            return text[: end.end()]
    return text


kept = []


@wrong("1.first_sentence", "left open")
def keeps_the_stream(model, prompt):
    chunks = model.stream(prompt)
    kept.append(chunks)
    text = ""
    for chunk in chunks:
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return text


@wrong("1.first_sentence", "goes on")
def returns_too_much(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if END.search(text):
            return text + next(iter("Z"))
    return text


@wrong("1.first_sentence", "ends at any mark")
def stops_at_any_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]", text):
            return text[: end.end()]
    return text


@wrong("1.first_sentence", "loses the mark")
def loses_the_mark(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.start()]
    return text


@wrong("1.first_sentence", "loses the beginning")
def looks_in_the_chunk(model, prompt):
    for chunk in model.stream(prompt):
        if END.search(chunk.content + " "):
            return chunk.content
    return ""


@wrong("1.first_sentence", "returns nothing")
def forgets_the_end(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := END.search(text):
            return text[: end.end()]
    return None


@wrong("1.first_sentence", "raises", "StopIteration.*for a reply that ends with its first sentence")
def waits_for_an_end(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks).content
    return text[: end.end()]


@wrong("1.first_sentence", "never ends", "stopped after 0.5 s")
def never_returns(model, prompt):
    text = ""
    chunks = model.stream(prompt)
    while not (end := END.search(text)):
        text += next(chunks, AIMessageChunk("")).content
    return text[: end.end()]


@wrong("1.first_sentence", "reads on")
def reads_on(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if (end := END.search(text)) and len(text) > end.end() + 20:
            return text[: end.end()]
    return text[: end.end()] if (end := END.search(text)) else text


@wrong("1.first_sentence", "reads on")
def waits_for_the_next_word(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?](?=\s+\S)", text):
            return text[: end.end()]
    return text


@wrong("1.first_sentence", "white space at the end")
def keeps_the_white_space(model, prompt):
    text = ""
    for chunk in model.stream(prompt):
        text += chunk.content
        if end := re.search(r"[.!?]\s", text):
            return text[: end.end()]
    return text


@wrong("1.first_sentence", "white space at the start")
def begins_with_a_new_line(model, prompt):
    return "\n" + closing_the_stream(model, prompt)


@wrong("1.first_sentence", "ends in the sentence")
def returns_the_first_piece(model, prompt):
    for chunk in model.stream(prompt):
        if chunk.content:
            return chunk.content
    return None


@wrong("1.first_sentence", "returns the wrong type")
def returns_chunks(model, prompt):
    return [chunk for chunk in model.stream(prompt)]  # noqa: C416 (as a learner writes it)


@wrong("1.first_sentence", "another text")
def makes_it_up(model, prompt):
    next(model.stream(prompt))
    return "It depends."


@wrong("1.first_sentence", "yields")
def yields(model, prompt):
    yield closing_the_stream(model, prompt)


@wrong("1.first_sentence", "never calls the model")
def never_asks(model, prompt):
    return prompt


def until(pattern, model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := re.search(pattern, text):
                return text[: end.start() + 1]
    return text


@wrong("1.first_sentence", "takes the end of a piece", "no white space had come after it yet")
def takes_the_end_of_what_has_arrived(model, prompt):
    return until(r"[.!?](\s|$)", model, prompt)


@wrong("1.first_sentence", "takes the end of a piece")
def looks_at_the_end_alone(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if text.endswith((".", "!", "?")):
                return text
            if end := END.search(text):
                return text[: end.end()]
    return text


@wrong("1.first_sentence", "misses a line break", "White space isn't only a space")
def waits_for_a_space(model, prompt):
    return until(r"[.!?] ", model, prompt)


@wrong("1.first_sentence", "another prompt")
def ignores_the_prompt(model, prompt):
    return closing_the_stream(model, "Tell me a story")


@wrong("1.first_sentence", "swallows the error")
def returns_what_it_has_after_an_error(model, prompt):
    text = ""
    try:
        for chunk in model.stream(prompt):
            text += chunk.content
            if end := END.search(text):
                return text[: end.end()]
    except Exception:
        pass
    return text


@wrong("1.first_sentence", "returns an empty string")
def returns_the_first_chunk(model, prompt):
    for chunk in model.stream(prompt):
        return chunk.content
    return ""


@wrong("1.first_sentence", "raises", "for an empty reply")
def needs_a_character(model, prompt):
    text = closing_the_stream(model, prompt)
    return text[0] + text[1:]


@wrong("1.first_sentence", "strips the text", "no sentence ends")
def strips_a_reply_without_an_end(model, prompt):
    return closing_the_stream(model, prompt).rstrip()


@wrong("1.first_sentence", "strips the text", "begins with white space")
def strips_the_beginning(model, prompt):
    return closing_the_stream(model, prompt).lstrip()


@wrong("1.first_sentence", "goes on", "for a piece with two sentences")
def takes_the_last_end(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if end := re.search(r"(?s).*[.!?](?=\s)", text):
                return end[0]
    return text


@wrong("1.first_sentence", "goes on", "in all that has arrived")
def looks_at_each_piece_alone(model, prompt):
    text = ""
    with closing(model.stream(prompt)) as chunks:
        for chunk in chunks:
            text += chunk.content
            if END.search(chunk.content):
                return text[: END.search(text).end()]
    return text


@wrong("1.first_sentence", "another prompt")
def strips_the_prompt(model, prompt):
    return closing_the_stream(model, prompt.strip())
