"""What learners read about their answers to lesson 1's exercises."""

from utils.checks.engine.clinic import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.reply import ROLE_AFTER
from utils.checks.engine.student_code import told
from utils.checks.engine.wording import count, first_difference, joined, kind, listed, shown, times
from utils.checks.lesson_1 import first_sentence, order, shout, show, words

SHOW: Messages[show.Seen] = {
    "correct": lambda s: (
        f"Each of the {s.total} pieces was on the screen before the next one was taken, and the "
        "whole text was returned."
    ),
    "stops at the first chunk": lambda s: (
        f"`show` stopped at the first chunk, which is empty; {count(s.total, 'piece')} of text "
        "would have followed. Does an empty chunk mean the end, or is a `return` in the loop?"
    ),
    "prints nothing": lambda _: "Nothing was printed. The reader should see each piece of text.",
    "prints chunks": lambda s: (
        f"What was printed is the chunk with all its fields: {shown(s.printed.splitlines()[0])}. "
        "Which attribute holds the text?"
    ),
    "prints each piece on a line": lambda s: (
        f"There is a line break after each piece: {shown(s.printed[:40])}. What does `print` add "
        "after what it prints?"
    ),
    "prints something between": lambda s: (
        f"There is something between the pieces: {shown(s.printed[:40])}. What does `print` add "
        "after what it prints?"
    ),
    "prints without white space": lambda s: (
        f"Only white space differs in what was printed: {shown(s.printed[:40])}. Is any of it "
        "stripped, skipped or replaced?"
    ),
    "drops the first chunk": lambda _: (
        "The text of the first chunk wasn't printed. That chunk is often empty, but not always."
    ),
    "prints another text": lambda s: (
        f"What was printed isn't the reply. {first_difference(s.printed, s.reply.text)}"
    ),
    "collected first": lambda s: (
        f"The screen stayed blank until all {s.total} pieces of the reply had arrived. The text is "
        "right, but it was collected first and printed afterwards."
    ),
    "held back": lambda s: (
        f"At one point {s.reply.most_held} of {s.total} pieces had arrived but not been "
        "printed. Each should be on the screen before the next one is taken."
    ),
    "doesn't flush": lambda _: (
        "Each piece was printed in time but not flushed, so Python may keep it in a buffer and "
        "deliver it late. Which argument of `print` prevents that?"
    ),
    "returns nothing": lambda s: (
        f"`show` returned `None`{s.when}. A program also needs the whole text, to store it. Is a "
        "`return` missing?"
    ),
    "keeps text of an earlier call": lambda s: (
        "The returned text ends with the reply, but begins with text of an earlier call: "
        f"{shown(s.earlier)}. Where should each call begin with an empty list or string?"
    ),
    "strips the text": lambda s: (
        f"The printing is right, but the returned text lacks white space at its start or end: "
        f"{shown(repr(s.returned))}. The exercise asks for the whole text."
    ),
    "returns part of the text": lambda s: (
        f"The printing is right, but only {count(len(s.returned), 'character')} of "
        f"{len(s.reply.text)} came back: {shown(repr(s.returned))}. Where is the rest kept?"
    ),
    "returns another text": lambda s: (
        "The printing is right, but what was returned isn't the reply. "
        f"{first_difference(s.returned, s.reply.text)}"
    ),
}


def _misplaced(seen: words.Seen) -> str:
    if seen.item in seen.items[: seen.wrong]:
        return " again"
    return ": a word is missing" if seen.item in seen.words[seen.wrong :] else ""


WORDS: Messages[words.Seen] = {
    "correct": lambda s: (
        f"{count(len(s.words), 'whole word')} from {s.total} pieces, each as soon as white space "
        "showed that it was complete. The source was closed when the reader left."
    ),
    "yields nothing": lambda _: "Nothing was yielded, though the stream held words.",
    "yields the pieces": lambda s: (
        f"The pieces come out as they went in: {listed(s.items[:2])} … A piece may hold half a "
        "word, or two."
    ),
    "drops punctuation": lambda s: (
        f"{shown(s.word)} came out as {shown(s.item)}: its punctuation is lost. What ends a word, "
        "and what belongs to it?"
    ),
    "yields an empty last word": lambda s: (
        f"The words are right, but an empty one follows them{s.when}: the text ends with white "
        "space. What is in the buffer then?"
    ),
    "yields an empty word": lambda _: (
        "One of the words is empty. White space next to white space makes no word."
    ),
    "loses the last word": lambda s: (
        f"The last word, {shown(s.words[-1])}, never comes out{s.when}. No white space follows to "
        "show that it is complete."
    ),
    "yields one word more": lambda s: (
        f"After the last word another one comes out: {shown(s.item)}."
    ),
    "yields too few words": lambda s: (
        f"Only {len(s.items)} of {count(len(s.words), 'word')} came out{s.when}; {shown(s.word)} "
        "should be next."
    ),
    "keeps white space": lambda s: (
        f"The word {shown(repr(s.item))} still has white space around it."
    ),
    "splits at spaces only": lambda s: (
        f"{shown(repr(s.item))} came out as one word. Words end at line breaks, tabs and any other "
        "white space too."
    ),
    "joins words": lambda s: (
        f"{shown(s.item)} came out as one word, but {shown(s.word)} ends earlier."
    ),
    "cuts a word": lambda s: (
        f"{shown(s.word)} was cut: {shown(s.item)} came out on its own{s.when}. The end of a piece "
        "isn't the end of a word."
    ),
    "yields another word": lambda s: (
        f"Word {s.wrong + 1} should be {shown(s.word)}, but {shown(s.item)} came out"
        f"{_misplaced(s)}."
    ),
    "collected first": lambda s: (
        f"The words are right, but the first came out after all {s.total} pieces had gone in. "
        "Which line waits for the end of the stream?"
    ),
    "held back": lambda s: (
        f"{shown(s.words[s.late or 0])} was complete with piece {s.needed[s.late or 0]} but came "
        f"out after piece {s.taken[s.late or 0]}{s.when}. What does it wait for?"
    ),
    "left open": lambda _: (
        "The reader left after one word, but the source is still open, so the model would go on "
        "generating. What keeps it?"
    ),
}

ORDER: Messages[order.Seen] = {
    "correct": lambda s: (
        f"It measured {s.values['ttft']:.1f} s to the first text and {s.values['total']:.1f} s in "
        "all, which is what the reply took."
    ),
    "no lines": lambda _: (
        'The check needs the lines and your order: `check("1.3", (lines, order))`.'
    ),
    "no string": lambda s: f'The order is a string such as "CAB", not {kind(s.given)}.',
    "empty": lambda _: 'The order is empty. Write letters such as "CAB".',
    "no such line": lambda s: f"There is no line {s.unknown}; the lines are {', '.join(s.lines)}.",
    "repeats a line": lambda s: (
        f"Line {s.repeated} appears {times(s.letters.count(s.repeated))} in your order."
    ),
    "block without lines": lambda s: (
        f"Line {s.letters[s.at]} opens a block with its `:`, and nothing follows in that block."
    ),
    "line outside its block": lambda s: (
        f"Line {s.letters[s.at - 1]} opens a block with its `:`, but line {s.letters[s.at]} after "
        "it isn't indented, so it can't be in the block."
    ),
    "indented without a block": lambda s: (
        f"Line {s.letters[s.at]} is indented, but no line before it opens a block for it."
    ),
    "syntax": lambda s: (
        f"Python can't read line {s.letters[s.at]} here: {s.syntax.msg if s.syntax else ''}."
    ),
    "raises": lambda s: told(s.error, "in this order") if s.error else "",
    "no figure": lambda s: (
        f"In this order no figure was assigned to {joined([f'`{name}`' for name in s.missing])}."
    ),
    "doesn't read the reply": lambda s: (
        f"In this order only {s.reply.taken} of {count(len(s.reply.pieces), 'piece')} of the reply "
        "were read."
    ),
    "total": lambda s: (
        f"`total` came out as {s.values['total']:.1f} s, but the reply took {s.reply.lasts:.1f} s. "
        "Which lines run between the two readings of the clock?"
    ),
    "first chunk": lambda s: (
        f"`ttft` came out as {ROLE_AFTER:.1f} s: that is when an empty chunk arrived. The first "
        f"text arrived after {s.first:.1f} s."
    ),
    "last chunk": lambda s: (
        f"`ttft` came out as {s.values['ttft']:.1f} s, as long as the whole reply, but the first "
        f"text arrived after {s.first:.1f} s. When does that line run, and how often?"
    ),
    "ttft": lambda s: (
        f"`ttft` came out as {s.values['ttft']:.1f} s, but the first text arrived after "
        f"{s.first:.1f} s."
    ),
}

SHOUT: Messages[shout.Seen] = {
    "correct": lambda s: (
        "The text came out in capitals while the model was still writing, in "
        f"{count(len(s.items), 'item')}."
    ),
    "calls the model itself": lambda _: (
        "`shout` already called the model. It should build a chain and return it: the model is "
        "called when something calls `.stream()` on the chain."
    ),
    "returns a stream": lambda _: (
        "`shout` returned a stream. It should return the chain, on which others can call "
        "`.stream()` as often as they like."
    ),
    "returns nothing": lambda _: "`shout` returned `None`. Is a `return` missing?",
    "yields": lambda _: (
        "There is a `yield` in `shout` itself, so calling it makes a generator, not a chain. Which "
        "function should yield?"
    ),
    "no chain": lambda s: (
        f"`shout` returned {kind(s.chain)}. The exercise asks for a chain, made with `|`."
    ),
    "class as a step": lambda s: (
        f"A step of the chain is the class {shown(s.functions[0].__name__)} itself. Are "
        "parentheses missing after its name?"
    ),
    "generator in a RunnableLambda": lambda _: (
        "A `RunnableLambda` calls its function once, with the whole text, even if it is a "
        "generator function. What does LangChain make of a generator function after a plain `|`?"
    ),
    "yields a generator": lambda _: (
        "The chain yields a generator that nothing has read. LangChain passes a function the "
        "stream only if the function itself has a `yield` in it; it calls any other once, with the "
        "whole text."
    ),
    "yields messages": lambda s: (
        f"The chain yields {kind(s.items[0])}, but the text should come out as strings. Which step "
        "of the colleague's chain took care of that?"
    ),
    "yields the wrong type": lambda s: (
        f"The chain yields {kind(next(item for item in s.items if not isinstance(item, str)))}. "
        "Each item should be a string: what does your step pass on?"
    ),
    "unchanged": lambda _: "The text came out unchanged: it isn't in capitals.",
    "small letters": lambda _: (
        "The text came out in small letters. The exercise asks for capitals."
    ),
    "some capitals": lambda _: "Only some of the text is in capitals.",
    "no text": lambda _: (
        "No text came out of the chain. Does your step yield, and does it go on after an empty "
        "piece?"
    ),
    "drops the first chunk": lambda _: (
        "The text of the first chunk is lost. The first chunk is often empty, but not always."
    ),
    "ends early": lambda s: (
        f"Only {count(len(s.text), 'character')} of {len(s.capitals)} came out: {shown(s.text)}. "
        "What ends your step there?"
    ),
    "another text": lambda s: (
        f"The text changed. {first_difference(s.text, s.capitals)} Is any of it stripped, lost "
        "or added?"
    ),
    "one item": lambda s: (
        f"The text is right, but it came as one item, after all {s.total} pieces had gone in. "
        "Which step waits for the whole text?"
    ),
    "collected first": lambda s: (
        f"The text is right, but it was collected first: all {s.total} pieces had gone in before "
        f"the first of {len(s.items)} items came out. Cutting it up again doesn't bring the time "
        "back."
    ),
    "held back": lambda s: (
        f"The text is right, but up to {count(s.words_held, 'character')} of complete words had "
        "gone in and not come out. What does your step wait for?"
    ),
}

FIRST_SENTENCE: Messages[first_sentence.Seen] = {
    "correct": lambda _: (
        "The first sentence came back whole, and the model stopped as soon as it was known. A "
        "reply in which no sentence ends came back as it was."
    ),
    "doesn't close": lambda _: (
        "It stopped because nothing kept the stream any longer. `closing` says so in code, and "
        "works even if something else keeps the stream."
    ),
    "returns an empty string": lambda s: (
        f"An empty string was returned{s.when}. An empty chunk isn't the end of the reply."
        if not s.reply.ended
        else f"An empty string was returned{s.when}."
    ),
    "strips the text": lambda s: (
        f"{shown(repr(s.returned))} was returned{s.when}: white space is lost. Everything up to "
        "the end of the sentence belongs to it."
    ),
    "white space at the end": lambda s: (
        f"{shown(repr(s.returned))} was returned, with white space at its end. The exercise asks "
        "for the sentence alone."
    ),
    "white space at the start": lambda s: (
        f"{shown(repr(s.returned))} was returned, with white space at its start. The exercise asks "
        "for the sentence alone."
    ),
    "misses a line break": lambda s: (
        f"{shown(repr(s.returned))} was returned{s.when}. White space isn't only a space."
    ),
    "goes on": lambda s: (
        f"{shown(s.returned)} was returned{s.when}, which goes on after the first sentence. "
        + (
            "Is the end sought after each piece, in all that has arrived, for each of the marks?"
            if s.reply.ended
            else "What of the last piece belongs to the sentence?"
        )
    ),
    "loses the mark": lambda s: (
        f"{shown(s.returned)} was returned{s.when}, without the mark that ends the sentence."
    ),
    "takes the end of a piece": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. The mark stood at the end of a piece, but no "
        "white space had come after it yet. What had still to arrive?"
    ),
    "ends at any mark": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. That mark doesn't end the sentence: no white "
        "space follows it."
    ),
    "ends in the sentence": lambda s: (
        f"{shown(s.returned)} was returned{s.when}, but the first sentence goes on."
    ),
    "loses the beginning": lambda s: (
        f"{shown(s.returned)} was returned{s.when}: the beginning of the sentence is lost. Where "
        "is the text kept that came before?"
    ),
    "another text": lambda s: (
        f"{shown(s.returned)} was returned{s.when}, but the reply begins with "
        f"{shown(s.reply.text[:30])}."
    ),
    "drains a chain": lambda s: (
        f"The text is right, but the model wrote all {s.total} pieces: a chain that is left early "
        "reads the rest of the reply while it closes."
    ),
    "reads to the end": lambda s: (
        f"The text is right, but the reply was read to its end, all {s.total} pieces. The sentence "
        f"was complete with piece {s.complete}."
    ),
    "reads on": lambda s: (
        f"The text is right, but {count(s.reply.taken, 'piece', 'was')} read. Piece {s.known} "
        "brought the white space after the mark, so the sentence was known then."
    ),
}

DIAGNOSIS = clinic_messages(
    "deployment",
    "All three, from figures alone.",
    {
        "healthy for buffered": "Compare its TTFT with its total: for how much of that time is the "
        "screen blank?",
        "healthy for slow model": "Look at the distance between its marks in the strip, and at its "
        "TPOT. Is that a speed you would accept?",
        "buffered for healthy": "A buffer keeps the early text too: look when its first text came, "
        "and how the rest is spread.",
        "buffered for slow model": "A buffer releases its text in a heap: look how its marks are "
        "spread over the strip.",
        "slow model for healthy": "Compare its TTFT and its TPOT with those of the other two.",
        "slow model for buffered": "Once its text comes, little time lies between two pieces. Can "
        "a slow model write like that?",
    },
    denied={"slow model": "isn't a slow model"},
)
