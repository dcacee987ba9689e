"""Right and wrong answers to 1.words, which asks for the whole words in a stream of pieces."""

import itertools  # noqa: F401 (used in an edit)
import re

from tests.checks.answers import edits, right, wrong


@right("1.words")
def words(stream):
    buffer = ""
    for piece in stream:
        *complete, buffer = re.split(r"\s+", buffer + piece)
        yield from filter(None, complete)
    if buffer:
        yield buffer


right("1.words")(lambda stream: map(str, words(stream)))

edit = edits("1.words", words)
SPLIT = r'r"\s+"'
FROM = "yield from filter(None, complete)"
PIECE = "for piece in stream:"
END = "    if buffer:\n        yield buffer\n"

SENTENCE = f"{FROM}\n        if buffer.endswith('.'): yield buffer; buffer = ''"
edit("cuts a word", {FROM: SENTENCE}, "in two pieces")
edit("yields the pieces", {FROM: "yield piece", END: ""})
edit("yields another word", {"buffer + piece": "piece"})
edit("loses the last word", {END: ""})
edit("joins words", {"+ piece": "+ piece.strip()"})
edit("splits at spaces only", {SPLIT: r'r"[ \t\n]+"'}, r"\\r'` came out as one word")
edit("overlooks white space", {SPLIT: r'r"^\s+|\s+$"'}, "anywhere in a piece")
KEPT = {'buffer = ""': "pass", "stream):": "stream, kept=['']):", "buffer": "kept[0]"}
edit("keeps text of an earlier call", KEPT)
edit("one word a piece", {"+ piece)": "+ piece, maxsplit=1)"}, "completed `of` and `a`")
edit("yields an empty word", {FROM: "yield from complete"})
edit("yields an empty last word", {END: "    yield buffer\n"}, "in the buffer when the stream ends")
WHOLE_BUFFER = {"*complete, buffer": "buffer += piece; *complete, _", "buffer + piece": "buffer"}
edit("yields a word again", WHOLE_BUFFER, "came out again")
edit("leaves a word out", {"None": "lambda word: len(word) > 1"}, "`a`, is missing before")
ONCE = {
    PIECE: f"last = None\n    {PIECE}\n        if piece == last: continue\n        last = piece"
}
edit("leaves a word out", {FROM: "yield from itertools.takewhile(len, complete)"}, "`two`, is mis")
edit("leaves a word out", ONCE, "`so`, is missing before `it`")
edit("yields an empty word", {END: f'{END}    yield " "\n'}, "only white space")
edit("yields one word more", {END: f'{END}    yield "end"\n'})
edit("goes on", {END: "    while True:\n        yield 'more'\n"})
edit("yields nothing", {FROM: "pass", END: "    yield from ()\n"})
edit("reads twice", {PIECE: f"list(stream)\n    {PIECE}"}, "after its stream had ended")
edit("collected first", {"in stream": "in [''.join(stream)]"})
edit("raises", {"*comp": "assert piece[-1]; *comp"}, "IndexError.*for a stream with an empty piece")
edit("raises", {END: f"{END}    complete.sort()\n"}, "for an empty stream")
edit("cuts a word", {SPLIT: r'r"[\s-]+"'}, "a punctuation mark")
edit("cuts a word", {FROM: f"{FROM}\n        if len(buffer) > 20: yield buffer; buffer = ''"})
edit("leaves a word out", {"None": "lambda word: any(map(str.isalnum, word))"}, "`&`, is missing")
edit("yields another word", {FROM: "yield from (w.strip('\"') for w in complete if w)"})
edit("drops punctuation", {FROM: 'yield from (w.strip(".,") for w in complete if w)'})

wrong("1.words", "reads ahead")(lambda stream: words(list(stream)))
wrong("1.words", "not a stream", says="returned an `int`")(lambda stream: 7)


@wrong("1.words", "keeps white space")
def keeps_white_space(stream):
    buffer = ""
    for piece in stream:
        buffer += piece
        while found := re.search(r"\S+\s+(?=\S)", buffer):
            yield found[0]
            buffer = buffer[found.end() :]
    yield buffer


@wrong("1.words", "held back", says="was complete with piece 3 but came out after piece 4")
def one_behind(stream):
    last = None
    for word in words(stream):
        if last:
            yield last
        last = word
    if last:
        yield last


@wrong("1.words", "yields too few words")
def leaves_words_out(stream):
    yield from list(words(stream))[:-3]


@right("1.words")
class AnIterator:
    """Reads from its stream again after the end."""

    def __init__(self, stream):
        self.stream, self.buffer, self.complete = stream, "", []

    def __iter__(self):
        return self

    def __next__(self):
        while not self.complete:
            piece = next(self.stream, None)
            if piece is None:
                last, self.buffer = self.buffer, ""
                if last:
                    return last
                raise StopIteration
            *complete, self.buffer = re.split(r"\s+", self.buffer + piece)
            self.complete += filter(None, complete)
        return self.complete.pop(0)


# --- Errors, and readers who stop early -----------------------------------------------------------


@right("1.words")
def closes_its_source(stream):
    buffer = ""
    try:
        for piece in stream:
            *complete, buffer = re.split(r"\s+", buffer + piece)
            yield from filter(None, complete)
    except Exception:
        raise
    finally:
        stream.close()
    if buffer:
        yield buffer


guarded = edits("1.words", closes_its_source)
guarded("replaces the error", {"raise\n": 'raise RuntimeError("the stream failed") from None\n'})
guarded("reads on", {"Exception": "BaseException", "raise\n": "list(stream)\n        raise\n"})
