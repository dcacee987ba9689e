"""Messages to learners about their answers in lesson 1: one for each mistake, and `correct`.

`s` records one run of an answer; `s.when` names the case, such as " for an empty reply".
"""

from utils.checks.engine.diagnosis import clinic_messages
from utils.checks.engine.exercise import Messages
from utils.checks.engine.raised import described
from utils.checks.engine.reply import ROLE_AFTER
from utils.checks.engine.wording import count, first_difference, joined, kind, listed, shown, times
from utils.checks.lesson_1 import first_sentence, order, shout, show, ttft, words

SHOW: Messages[show.Seen] = {
    "correct": lambda s: (
        f"Each of the {s.total} pieces was on the screen before the next one was taken, and the "
        "whole text was returned."
    ),
    "no text": "The model sent text, but `show` returned an empty string. Is it the text of a "
    "single chunk, or of a stream already read to its end?",
    "prints nothing": "Nothing was printed to standard output. The reader should see each piece of "
    "text.",
    "prints chunks": lambda s: (
        f"Whole chunks were printed: {shown(s.printed[:60])}. Which attribute holds the text?"
    ),
    "prints each piece on a line": lambda s: (
        f"A line break follows each piece: {shown(s.printed[:40])}. What does `print` add?"
    ),
    "prints something between": lambda s: (
        "There is white space between pieces. "
        f"{first_difference(s.printed, s.reply.text)} What does `print` add?"
    ),
    "prints without white space": lambda s: (
        f"The printed text differs only in white space. "
        f"{first_difference(s.printed, s.reply.text)} What removes it?"
    ),
    "prints the text so far": lambda s: (
        f"Each `print` repeats the text so far: {shown(s.printed[:40])}. What is new in each chunk?"
    ),
    "prints the text again": lambda s: (
        f"The reply was printed {times(s.printed.count(s.reply.text))}. Which `print` repeats it?"
    ),
    "prints another text": lambda s: (
        f"The printed text is wrong{s.when}. {first_difference(s.printed, s.reply.text)}"
    ),
    "doesn't flush": "Each piece was printed in time but not flushed, so Python may keep it in a "
    "buffer. Which argument of `print` prevents that?",
    "keeps text of an earlier call": "A second call also returned the first reply's text. What is "
    "kept from one call to the next?",
}

WORDS: Messages[words.Seen] = {
    "correct": lambda s: (
        f"{count(len(s.words), 'whole word')} from {s.total} pieces, each as soon as white space "
        "showed that it was complete. The source was closed when the reader stopped early."
    ),
    "yields nothing": "Nothing was yielded, though the stream contained words.",
    "yields the pieces": lambda s: (
        f"The pieces were yielded unchanged: {listed(s.items[:2])} … A piece may contain half a "
        "word, or two."
    ),
    "drops punctuation": lambda s: (
        f"{shown(s.word)} came out as {shown(s.item)}, without its punctuation. What ends a word?"
    ),
    "yields an empty last word": lambda s: (
        f"An empty word came out at the end{s.when}. What is in the buffer when the stream ends, "
        "and is that a word?"
    ),
    "yields an empty word": "One of the words is empty, or only white space. White space next to "
    "white space makes no word.",
    "loses the last word": lambda s: (
        f"The last word, {shown(s.words[-1])}, never comes out{s.when}. No white space follows it."
    ),
    "yields one word more": lambda s: f"One word too many was yielded: {shown(s.item)}.",
    "yields too few words": lambda s: (
        f"Only {len(s.items)} of {count(len(s.words), 'word')} came out{s.when}; {shown(s.word)} "
        "should be next."
    ),
    "keeps white space": lambda s: f"{shown(repr(s.item))} still has white space around it.",
    "splits at spaces only": lambda s: (
        f"{shown(repr(s.item))} came out as one word. Words end at any white space."
    ),
    "overlooks white space": lambda s: (
        f"{shown(s.item)} came out as one word. White space can be anywhere in a piece: at its "
        "beginning, inside it, or at its end."
    ),
    "joins words": lambda s: (
        f"{shown(s.item)} came out, but the word is {shown(s.word)}. What removed the white space "
        "after it?"
    ),
    "cuts a word": lambda s: (
        f"{shown(s.word)} was cut: {shown(s.item)} came out on its own{s.when}. Only white space "
        "ends a word, not the end of a piece or a punctuation mark."
    ),
    "yields a word again": lambda s: (
        f"Word {s.wrong + 1} should be {shown(s.word)}, but {shown(s.item)} came out again. What "
        "removes a word from the buffer?"
    ),
    "leaves a word out": lambda s: (
        f"Word {s.wrong + 1}, {shown(s.word)}, is missing before {shown(s.item)}."
        + (" A word that occurs twice comes out twice." if s.word in s.items[: s.wrong] else "")
    ),
    "keeps text of an earlier call": lambda s: (
        f"The first word came out as {shown(s.item)}{s.when}, with text of an earlier stream in "
        "it. What is kept from one call to the next?"
    ),
    "yields another word": lambda s: (
        f"Word {s.wrong + 1} should be {shown(s.word)}, but {shown(s.item)} came out."
    ),
    "collected first": lambda s: (
        f"The words are right, but the first was yielded only after all {s.total} pieces had "
        "arrived. Which line waits for the end of the stream?"
    ),
    "one word a piece": lambda s: (
        f"Piece {s.needed[s.late]} completed {joined([*map(shown, s.together)])}, but the last of "
        f"them came out after piece {s.taken[s.late]}{s.when}. How many words does one piece yield?"
    ),
    "held back": lambda s: (
        f"{shown(s.words[s.late])} was complete with piece {s.needed[s.late]} but came out after "
        f"piece {s.taken[s.late]}{s.when}. What does it wait for?"
    ),
}

ORDER: Messages[order.Seen] = {
    "correct": lambda s: (
        f"It measured {s.values['ttft']:.1f} s to the first text and {s.values['total']:.1f} s in "
        "all, which is what the reply took."
    ),
    "no lines": 'The check needs both: `check("1.3", (lines, order))`.',
    "no string": lambda s: f'The order should be a string such as "CAB", not {kind(s.given)}.',
    "empty": 'The order is empty. Write letters such as "CAB".',
    "no such line": lambda s: f"There is no line {s.unknown}; the lines are {', '.join(s.lines)}.",
    "all lines": lambda s: (
        f"Your order has all {len(s.lines)} lines. One of them is a trap: leave it out."
    ),
    "repeats a line": lambda s: (
        f"Line {s.repeated} appears {times(s.letters.count(s.repeated))} in your order."
    ),
    "empty block": lambda s: (
        f"Line {s.empty_block} opens a block with its `:`, but no line that is indented further "
        "follows it."
    ),
    "indented without a block": lambda s: (
        f"Line {s.at} is indented, but no line before it opens a block for it."
    ),
    "syntax": lambda s: f"Python can't parse line {s.at} here: {s.syntax.msg if s.syntax else ''}.",
    "raises": lambda s: described(s.error, "in this order"),
    "no figure": lambda s: (
        f"In this order nothing is assigned to {joined([f'`{name}`' for name in s.missing])}."
    ),
    "total": lambda s: (
        f"`total` is {s.values['total']:.1f} s, but the reply took {s.reply.lasts:.1f} s. Which "
        "lines run between the two readings of the clock?"
    ),
    "first chunk": f"`ttft` is {ROLE_AFTER:.1f} s: that is when an empty chunk arrived. The first "
    f"text arrived after {order.TTFT:.1f} s.",
    "last chunk": lambda s: (
        f"`ttft` is {s.values['ttft']:.1f} s, as long as the whole reply. How often does that line "
        "run?"
    ),
    "ttft": lambda s: (
        f"`ttft` is {s.values['ttft']:.1f} s, but the first text arrived after {order.TTFT:.1f} s."
    ),
}

SHOUT: Messages[shout.Seen] = {
    "correct": lambda s: (
        "The text came out in capitals while the model was still writing, in "
        f"{count(len(s.items), 'item')}."
    ),
    "calls the model itself": "`shout` already called the model. It should only build the chain: "
    "its caller streams it.",
    "returns a stream": "`shout` returned a stream. It should return the chain, whose `.stream()` "
    "others call.",
    "returns nothing": "`shout` returned `None`. Is a `return` missing?",
    "yields": "There is a `yield` in `shout` itself, so calling it creates a generator, not a "
    "chain. Which function should yield?",
    "no chain": lambda s: (
        f"`shout` returned {kind(s.chain)}. The exercise asks for a chain, made with `|`."
    ),
    "changes the model": lambda s: (
        f"`shout` changed `{s.settings[0]}` on the model, which others use too. The model streams "
        "without it. Which step of the chain doesn't?"
    ),
    "takes the stream for a piece": "LangChain calls a generator function once, with the stream of "
    "pieces, and yours treats that stream as one piece. What takes the pieces out of it?",
    "takes text for a chunk": lambda s: (
        "After `StrOutputParser`, each piece is text already, without an attribute "
        f"{shown(s.error.name) if isinstance(s.error, AttributeError) else ''}."
    ),
    "generator as a step": "A step of the chain is a generator, made by calling your function. "
    "LangChain calls the function itself, with the stream. Which parentheses are too many?",
    "class as a step": lambda s: (
        f"A step of the chain is the class {shown(s.functions[0].__name__)} itself. Are "
        "parentheses missing after its name?"
    ),
    "generator in a RunnableLambda": "A `RunnableLambda` calls its function once, with the whole "
    "text, even a generator function. What does LangChain make of a generator function after a "
    "plain `|`?",
    "yields an iterator": lambda s: (
        f"The chain yields {kind(s.items[0])} that nothing reads. LangChain streams through a "
        "function only if the function itself has a `yield` in it."
    ),
    "unchanged": "The text came out unchanged: it isn't in capitals.",
    "small letters": "The text came out in lower case, not in capitals.",
    "some capitals": "Only some of the text is in capitals.",
    "loops over characters": lambda s: (
        f"Only {shown(s.output)} came out. LangChain calls a function without a `yield` with the "
        "whole text, so its loop takes single characters."
    ),
    "yields nothing": lambda s: (
        f"The model sent text{s.when}, but the chain yielded nothing. The first piece is often "
        "empty. Does your step go on after an empty piece?"
    ),
    "one item": lambda s: (
        f"The text is right, but it came as one item, after all {s.total} pieces had arrived. "
        "Which step waits for the whole text?"
    ),
    "collected first": lambda s: (
        f"All {s.total} pieces had arrived before the first of {len(s.items)} items was yielded. "
        "Splitting the whole text afterwards doesn't make it stream."
    ),
    "held back": lambda s: (
        f"Up to {count(s.words_held, 'character')} of complete words had arrived but not been "
        "yielded. What does your step wait for?"
    ),
}

FIRST_SENTENCE: Messages[first_sentence.Seen] = {
    "correct": "It returned the first sentence, and the model stopped as soon as the sentence had "
    "ended. A reply in which no sentence ends was returned unchanged.",
    "doesn't close": "The stream closed only because nothing referred to it any longer. "
    "`closing(model.stream(…))` closes it in any case.",
    "misses a line break": lambda s: (
        f"{shown(repr(s.returned))} was returned{s.when}. A space isn't the only white space."
    ),
    "misses the end after a digit": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. The digit before a mark doesn't matter, only "
        "the white space after it."
    ),
    "misses the end": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. It goes on after the first sentence. Does each "
        "search cover all the text so far (`match` looks only at its beginning, and `.` matches no "
        "line break), and all three marks?"
    ),
    "takes a later mark": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. An earlier mark, after "
        f"{shown(s.expected[:-1])}, ends the first sentence. Which mark does your search find?"
    ),
    "takes more than the sentence": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. It goes on after the first sentence. How much "
        "of the last piece belongs to it?"
    ),
    "loses the mark": lambda s: (
        f"{shown(s.returned)} was returned{s.when}, without the mark that ends the sentence."
    ),
    "loses white space": lambda s: (
        f"{shown(repr(s.returned))} was returned{s.when}, without some of the reply's white space. "
        "Which pieces does your loop skip?"
    ),
    "takes the end of a piece": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. The mark ended a piece, but what followed "
        "wasn't white space. What must arrive before you can tell?"
    ),
    "ends at any mark": lambda s: (
        f"{shown(s.returned)} was returned{s.when}. No white space follows that mark."
    ),
    "drains a chain": lambda s: (
        f"The text is right, but the model wrote all {s.total} pieces: while a chain closes, it "
        "reads the rest of the reply."
    ),
    "reads to the end": lambda s: (
        f"The text is right, but all {s.total} pieces of the reply were read. The sentence was "
        f"complete with piece {s.complete}. What reads the rest: your code, or a step that reads "
        "on because it is closed before the model's stream?"
    ),
    "reads on": lambda s: (
        f"The text is right, but {count(s.reply.taken, 'piece', 'was')} read. The white "
        f"space after the mark arrived with piece {s.known}."
    ),
}

DIAGNOSIS = clinic_messages(
    "deployment",
    "All three are right, from the measurements alone.",
    {  # each key is "WRONG LABEL for CORRECT LABEL"
        "healthy for buffered": "Compare its TTFT with its total: for how much of that time is the "
        "screen blank?",
        "healthy for slow model": "Look at the distance between its marks in the strip, and at its "
        "TPOT. Is that a speed you would accept?",
        "buffered for healthy": "A buffer delays the early text, too: look at when its first text "
        "arrived, and how the rest is spread.",
        "buffered for slow model": "A buffer releases its text all together: look at how its marks "
        "are spread over the strip.",
        "slow model for healthy": "Compare its TTFT and its TPOT with those of the other two.",
        "slow model for buffered": "Once its text arrives, the gaps between pieces are short. "
        "Can a slow model write that fast?",
    },
    denied={"slow model": "isn't a slow model"},
)


def _seconds(seen: ttft.Seen, one: str, other: str) -> str:
    return (
        f"The TTFT is {seen.ttfts[one]:.1f} s for {one} and {seen.ttfts[other]:.1f} s for {other}."
    )


TTFT: Messages[ttft.Seen] = {
    "correct": lambda s: (
        "The simulator's formula gives the same order: "
        + ", ".join(f"{letter} {s.ttfts[letter]:.1f} s" for letter in s.letters)
        + "."
    ),
    "no string": lambda s: f'The order should be a string such as "CAB", not {kind(s.answer)}.',
    "no such change": lambda s: (
        f"There is no change {s.unknown}; the changes are {joined(list(s.ttfts))}."
    ),
    "repeats a change": lambda s: (
        f"Change {s.repeated} appears {times(s.letters.count(s.repeated))} in your order."
    ),
    "leaves one out": lambda s: f"Your order leaves out {joined(s.missing)}.",
    "largest first": "This is the right order, but backwards. Begin with the smallest TTFT.",
    "cached by line": lambda s: (
        f"{_seconds(s, 'A', s.too_early('A'))} A cache doesn't compare prompts line by line. How "
        "much of a prompt matches the earlier one if only the beginning counts?"
    ),
    "any change empties the cache": lambda s: (
        f"{_seconds(s, 'C', 'E')} A new ending doesn't make the cached beginning useless. How many "
        "tokens are prefilled for C?"
    ),
    "cached at any position": lambda s: (
        f"{_seconds(s, 'F', 'C')} The text that is left in F was cached, but only after the text "
        "that was deleted. Where does the prompt begin now?"
    ),
    "no queue": lambda s: (
        f"{_seconds(s, 'B', s.too_early('B'))} Four of the twenty clients get a slot immediately. "
        "What does the last one wait for?"
    ),
    "length is free": lambda s: (
        f"{_seconds(s, 'D', s.too_early('D'))} All the tokens of D are new. What happens to each "
        "of them before the first token of the reply?"
    ),
    "length against newness": lambda s: (
        f"{_seconds(s, 'E', 'F')} How many tokens are prefilled for E, and how many are left in F?"
    ),
}
