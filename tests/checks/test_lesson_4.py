"""Lesson 4's first check and its two tables, and what every check says of any answer at all.

The other exercises have a module each, `test_lesson_4_….py`.
"""

# ruff: noqa: ASYNC110, ASYNC251 (learners write such code)

import asyncio
import contextlib
import re
from contextlib import aclosing
from time import sleep

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from tests.checks.test_lesson_4_deadline import WRONG_4_4
from tests.checks.test_lesson_4_endpoint import WRONG_4_6
from tests.checks.test_lesson_4_frames import WRONG_4_5
from tests.checks.test_lesson_4_several import WRONG_4_3
from tests.checks.test_lesson_4_stages import WRONG_4_7
from tests.checks.verdict import by_name, right, with_reason, wrong
from utils import source
from utils.checks import evaluate

# --- 4.1 ------------------------------------------------------------------------------------------


async def shouts(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()


async def shouts_and_closes(model, prompt):
    async with aclosing(model.astream(prompt)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                yield chunk.text.upper()


async def shouts_a_chain(model, prompt):
    async for text in (model | StrOutputParser()).astream(prompt):
        yield text.upper()


def shouts_by_expression(model, prompt):
    return (chunk.content.upper() async for chunk in model.astream(prompt))


def shouts_by_a_step(model, prompt):
    async def capitals(texts):
        async for text in texts:
            yield text.upper()

    return (model | StrOutputParser() | RunnableGenerator(capitals)).astream(prompt)


async def shouts_by_a_queue(model, prompt):
    pieces = asyncio.Queue(1)

    async def fill():
        try:
            async for chunk in model.astream(prompt):
                await pieces.put(chunk.content)
        finally:
            await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece.upper()
        await filling
    finally:
        filling.cancel()


async def shouts_and_says_what_was_lost(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except Exception as error:
        raise ValueError("half a reply") from error


async def shouts_by_events(model, prompt):
    async for event in model.astream_events(prompt, version="v2"):
        if event["event"] == "on_chat_model_stream":
            yield event["data"]["chunk"].content.upper()


async def shouts_from_a_thread(model, prompt):
    chunks = model.stream(prompt)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk.content.upper()


@pytest.mark.parametrize(
    "shout",
    by_name(
        shouts,
        shouts_and_closes,
        shouts_a_chain,
        shouts_by_expression,
        shouts_by_a_step,
        shouts_by_a_queue,
        shouts_and_says_what_was_lost,
        shouts_by_events,
        shouts_from_a_thread,
    ),
)
def test_4_1_accepts(shout):
    right("4.1", shout)


async def blocks(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


async def blocks_with_invoke(model, prompt):
    yield model.invoke(prompt).content.upper()


async def sleeps_between(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
        sleep(0.05)


async def awaits_the_whole(model, prompt):
    yield (await model.ainvoke(prompt)).content.upper()


async def awaits_it_and_cuts_it_up(model, prompt):
    for word in (await model.ainvoke(prompt)).content.upper().split(" "):
        yield word + " "


async def invokes_in_a_thread(model, prompt):
    yield (await asyncio.to_thread(model.invoke, prompt)).content.upper()


async def collects(model, prompt):
    texts = [chunk.content async for chunk in model.astream(prompt)]
    for text in texts:
        yield text.upper()


async def one_behind(model, prompt):
    before = ""
    async for chunk in model.astream(prompt):
        yield before
        before = chunk.content.upper()
    yield before


async def whole_words(model, prompt):
    rest = ""
    async for chunk in model.astream(prompt):
        *words, rest = (rest + chunk.content.upper()).split(" ")
        for word in words:
            yield word + " "
    yield rest


async def returns_text(model, prompt):
    return "".join([chunk.content.upper() async for chunk in model.astream(prompt)])


async def returns_a_list(model, prompt):
    return [chunk.content.upper() async for chunk in model.astream(prompt)]


async def returns_nothing(model, prompt):
    async for chunk in model.astream(prompt):
        chunk.content.upper()


async def prints(model, prompt):
    async for chunk in model.astream(prompt):
        print(chunk.content.upper(), end="", flush=True)


async def returns_a_stream(model, prompt):
    return shouts(model, prompt)


def plain_generator(model, prompt):
    for chunk in model.stream(prompt):
        yield chunk.content.upper()


def plain_function(model, prompt):
    return [chunk.content.upper() for chunk in model.stream(prompt)]


def runs_a_loop(model, prompt):
    async def main():
        return [text async for text in shouts(model, prompt)]

    return asyncio.run(main())


async def small_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content


async def first_letters(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.capitalize()


async def chunks(model, prompt):
    async for chunk in model.astream(prompt):
        chunk.content = chunk.content.upper()
        yield chunk


async def chunks_as_texts(model, prompt):
    async for chunk in model.astream(prompt):
        yield str(chunk).upper()


async def strips(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper().strip()


async def all_so_far(model, prompt):
    text = ""
    async for chunk in model.astream(prompt):
        text += chunk.content.upper()
        yield text


async def only_the_first(model, prompt):
    async for chunk in model.astream(prompt):
        if chunk.content:
            yield chunk.content.upper()
            return


async def over_at_the_first_chunk(model, prompt):
    async for chunk in model.astream(prompt):
        if not chunk.content:
            break
        yield chunk.content.upper()


async def asks_its_own_prompt(model, prompt):
    async for chunk in model.astream("Name a river."):
        yield chunk.content.upper()


async def asks_nobody(model, prompt):
    yield "THE DANUBE."


async def asks_twice(model, prompt):
    if (await model.ainvoke(prompt)).content:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()


async def loops_plainly(model, prompt):
    for chunk in model.astream(prompt):
        yield chunk.content.upper()


async def awaits_the_stream(model, prompt):
    async for chunk in await model.astream(prompt):
        yield chunk.content.upper()


async def shouts_at_a_chunk(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.upper()


async def waits_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    await asyncio.Event().wait()


async def yields_for_ever(model, prompt):
    async for chunk in model.astream(prompt):
        yield chunk.content.upper()
    while True:
        await asyncio.sleep(1)


async def drops_line_breaks(model, prompt):
    async for chunk in model.astream(prompt):
        if chunk.content.strip():
            yield chunk.content.upper()


async def hides_a_loss(model, prompt):
    with contextlib.suppress(Exception):
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()


async def hides_anything(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except:  # noqa: E722
        return


async def hides_a_cancellation(model, prompt):
    try:
        async for chunk in model.astream(prompt):
            yield chunk.content.upper()
    except asyncio.CancelledError:
        pass


async def waits_on_after_a_loss(model, prompt):
    pieces = asyncio.Queue(1)

    async def fill():
        async for chunk in model.astream(prompt):
            await pieces.put(chunk.content)
        await pieces.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece.upper()
    finally:
        filling.cancel()


WRONG_4_1 = (
    (blocks, r"nothing else on the event loop could run: .* \d\.\d s in `.stream\(…\)`"),
    (blocks_with_invoke, r"nothing else on the event loop could run: .* in `.invoke\(…\)`"),
    (sleeps_between, "a `sleep` that isn't asyncio's"),
    (awaits_the_whole, "called with `ainvoke`, which returns when all"),
    (awaits_it_and_cuts_it_up, "called with `ainvoke`, which returns when all"),
    (invokes_in_a_thread, "called with `invoke`, which returns when all"),
    (collects, "nothing came out until all 23 pieces"),
    (one_behind, "At one time 1 of 23 pieces had arrived"),
    (whole_words, r"At one time \d of 23 pieces had arrived"),
    (returns_text, "hands over a `str`, once, when all is over"),
    (returns_a_list, "hands over a `list`, once, when all is over"),
    (returns_nothing, "hands over nothing: there is no `yield` in it. The exercise"),
    (prints, "there is no `yield` in it. What is printed, other code can't read"),
    (returns_a_stream, "the stream is what comes of awaiting it"),
    (plain_generator, "is a plain generator, for `for`"),
    (plain_function, "Calling `shout` gave a `list`"),
    (runs_a_loop, r"RuntimeError: asyncio.run\(\) cannot be called"),
    (small_letters, "comes as the model wrote it: `The Danube"),
    (first_letters, "not all of it is in capitals"),
    (chunks, "a whole chunk, an `AIMessageChunk`"),
    (chunks_as_texts, "how Python shows a whole chunk, `CONTENT="),
    (drops_line_breaks, r"a line break and nothing else, `'.n.n'`, is lost: .* such a piece empty"),
    (hides_a_loss, "was lost in mid-reply, `shout` ended as if the reply were whole. Which errors"),
    (hides_anything, "was lost in mid-reply, `shout` ended as if the reply were whole"),
    (hides_a_cancellation, "`shout` was cancelled, it came back as if nothing had happened"),
    (waits_on_after_a_loss, "`shout` came to no end. What tells your code"),
    (strips, "The letters are right and the white space isn't"),
    (all_so_far, "yielded again and again"),
    (only_the_first, "Only 1 of 23 pieces of the reply was read"),
    (over_at_the_first_chunk, "over when the first piece had come, which is empty; 23 with text"),
    (asks_its_own_prompt, "was `Describe the tide.`, and the model was asked `Name a river.`"),
    (asks_nobody, "never asked the model that it was given"),
    (asks_twice, "The model was asked twice"),
    (loops_plainly, "TypeError: 'async_generator' object is not iterable.*`for chunk in"),
    (awaits_the_stream, "TypeError: .*await.*`async for chunk in await"),
    (shouts_at_a_chunk, "AttributeError: .*'upper'.*`yield chunk.upper"),
    (waits_for_ever, "waits for something that never happens"),
    (yields_for_ever, "never finished: after ten minutes on the model's clock"),
)


@pytest.mark.parametrize(("shout", "said"), with_reason(*WRONG_4_1))
def test_4_1_says_what_is_wrong_with_code_that(shout, said):
    wrong("4.1", shout, said)


# --- 4.2 ------------------------------------------------------------------------------------------

BEATS = {"A": True, "B": False, "C": True, "D": False, "E": True, "F": False}


def test_4_2_accepts_the_truth_in_any_order():
    right("4.2", BEATS)
    right("4.2", dict(reversed(BEATS.items())))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A", r"was 0\.1 s\. .*Who has the loop then"),
        ("B", r"was [1-9]\.\d s\. .*`for` stays what it is"),
        ("C", r"was 0\.1 s\. .*how it is delivered"),
        ("D", r"was [1-9]\.\d s\. .*Making a task only says when"),
        ("E", r"was 0\.1 s\. .*On what does it run here"),
        ("F", r"was [1-9]\.\d s\. .*what is there left to wait for"),
    ],
)
def test_4_2_shows_a_run_and_the_misconception_behind_one_wrong_entry(name, said):
    opening = f"^{name} was run on the check's clock: the longest pause between two beats"
    message = wrong("4.2", {**BEATS, name: not BEATS[name]}, f"{opening} {said}").message
    assert re.findall(r"\b[BCDEF]\b|^A", message) == [name], "it names others, too"


@pytest.mark.parametrize("name", BEATS)
def test_4_2_says_by_which_number_a_run_was_judged_and_the_number_bears_it_out(name):
    message = evaluate("4.2", {**BEATS, name: not BEATS[name]}).message
    pause, most = map(float, re.findall(r"\b(\d+\.\d+) s\b", message))
    assert most == 0.2
    assert (pause <= most) == BEATS[name]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({name: not beats for name, beats in BEATS.items()}, "^A was run on the check's clock"),
        ({**BEATS, "C": "yes"}, "^C: the answer is `True` or `False`, not `'yes'`"),
        ({**BEATS, "G": True}, "There is no snippet G; there are A to F"),
        ({"A": True, "B": ...}, "No answer yet for B and C and D and E and F"),
        ([True, False], "a dict with a snippet's letter as key, not a `list`"),
    ],
)
def test_4_2_says_what_an_answer_looks_like(answer, said):
    wrong("4.2", answer, said)


def test_4_2_is_not_attempted_while_there_are_only_dots():
    assert evaluate("4.2", dict.fromkeys("ABCDEF", ...)).status == "not attempted"


# --- 4.8 ------------------------------------------------------------------------------------------

TRUTH = {
    "A": "keeps generating",
    "B": "healthy",
    "C": "blocks the loop",
    "D": "holds back",
}
ALL = tuple(TRUTH.values())


@pytest.fixture
def _known_endpoints(monkeypatch):
    monkeypatch.setattr(source, "solution", lambda number: f"diagnosis = {TRUTH!r}")


@pytest.mark.usefixtures("_known_endpoints")
class TestDiagnosis:
    """4.8, whatever endpoints the lesson has."""

    def test_accepts_the_truth(self):
        message = right("4.8", TRUTH).message
        assert "A leaves the reading to a task" in message, "it says why each did what it did"
        assert "C runs a plain `for`" in message
        right("4.8", {name: f" {value.capitalize()} " for name, value in TRUTH.items()})

    @pytest.mark.parametrize(
        ("name", "given"),
        [(name, given) for name in TRUTH for given in ALL if given != TRUTH[name]],
    )
    def test_names_evidence_for_each_wrong_pair_and_never_the_truth(self, name, given):
        said = f"^{name} ((isn't|doesn't).*[Ll]ook|does generate on, .* Which of the two)"
        message = wrong("4.8", {**TRUTH, name: given}, said).message
        assert TRUTH[name] not in message, "it tells the answer"

    def test_denies_nothing_that_is_true(self):
        """Who blocks the loop does go on generating: nobody hears that the reader has left."""
        answer = {**TRUTH, "C": "keeps generating"}
        wrong("4.8", answer, "^C does generate on, and others froze, too. Which of the two causes")

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ({**TRUTH, "B": "asleep"}, "`asleep` isn't one of the four"),
            ({**TRUTH, "E": "healthy"}, "There is no endpoint E"),
            ({"A": "healthy", "B": ...}, "No diagnosis yet for B and C and D"),
            ("healthy", "is a dict with"),
        ],
    )
    def test_says_what_a_diagnosis_looks_like(self, answer, said):
        wrong("4.8", answer, said)


# --- All ------------------------------------------------------------------------------------------

WRONG = {
    "4.1": WRONG_4_1,
    "4.3": WRONG_4_3,
    "4.4": WRONG_4_4,
    "4.5": WRONG_4_5,
    "4.6": WRONG_4_6,
    "4.7": WRONG_4_7,
}


@pytest.mark.parametrize("number", WRONG)
@pytest.mark.parametrize("answer", [len, None, "text", 3, list, lambda *_: 1, lambda *_: ""])
def test_an_answer_of_another_kind_gets_a_sentence(number, answer):
    wrong(number, answer, r"^[^\n]{20,400}$")


@pytest.mark.parametrize("number", WRONG)
def test_messages_are_short(number):
    for answer, _ in WRONG[number]:
        message = evaluate(number, answer).message
        assert len(message) < 420, message
        assert "\n" not in message
