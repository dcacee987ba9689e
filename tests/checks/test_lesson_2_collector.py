"""Exercise 2.1: a handler whose text grows with each token."""

import asyncio
from dataclasses import dataclass

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.outputs import ChatGeneration

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate


class AddsUp(BaseCallbackHandler):
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class StartsByTheOldMethod(AddsUp):
    """LangChain falls back to it where the newer one is missing."""

    def on_llm_start(self, serialized, prompts, **kwargs):
        self.text = ""


class Talks(AddsUp):
    """Prints as it goes, which is no business of the check's."""

    def on_llm_new_token(self, token, **kwargs):
        print("heard", repr(token))
        super().on_llm_new_token(token)


class JoinsAList(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    @property
    def text(self):
        return "".join(self.pieces)

    def on_llm_new_token(self, token, *, run_id, **kwargs):
        self.pieces.append(token)


class StartsWithTheRun(BaseCallbackHandler):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text = self.text + token


class FromTheChunk(BaseCallbackHandler):
    text = ""  # on the class, and replaced by one on the object: no harm done

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.text += chunk.text


@dataclass
class AsData(BaseCallbackHandler):
    text: str = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class Asynchronous(AsyncCallbackHandler):
    def __init__(self):
        self.text = ""

    async def on_llm_new_token(self, token, **kwargs):
        await asyncio.sleep(0)
        self.text += token


@pytest.mark.parametrize(
    "collector",
    by_name(
        AddsUp,
        StartsByTheOldMethod,
        Talks,
        JoinsAList,
        StartsWithTheRun,
        FromTheChunk,
        AsData,
        Asynchronous,
    ),
)
def test_2_1_accepts(collector):
    right("2.1", collector)


class FillsAtTheEnd(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        """Nothing yet."""

    def on_llm_end(self, response, **kwargs):
        self.text = response.generations[0][0].text


class CollectsAndJoinsAtTheEnd(BaseCallbackHandler):
    def __init__(self):
        self.pieces = []

    def on_llm_new_token(self, token, **kwargs):
        self.pieces.append(token)

    def on_llm_end(self, response, **kwargs):
        self.text = "".join(self.pieces)


class OneBehind(AddsUp):
    last = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += self.last
        self.last = token

    def on_llm_end(self, response, **kwargs):
        self.text += self.last


class AnotherName(AddsUp):
    def on_llm_new_token(self, text, **kwargs):
        self.text += text


class NothingElse(AddsUp):
    def on_llm_new_token(self, token):
        self.text += token


class NameOfTheChunk(AddsUp):
    def on_llm_new_token(self, chunk, **kwargs):
        self.text += chunk


class AsynchronousAndBroken(AsyncCallbackHandler):
    text = ""

    async def on_llm_new_token(self, token, **kwargs):
        self.text += 1 / 0


class LastPiece(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token or self.text


class Overwrites(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text = token


class ClearsAtTheEnd(AddsUp):
    def on_llm_end(self, response, **kwargs):
        self.text = ""


class WholeChunks(AddsUp):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.text += str(chunk)


class Lines(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token + "\n"


class Stripped(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.strip()


class Capitals(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token.upper()


class Listed(BaseCallbackHandler):
    def __init__(self):
        self.text = []

    def on_llm_new_token(self, token, **kwargs):
        self.text.append(token)


class SharedList(JoinsAList):
    pieces: list = []  # noqa: RUF012 (the mistake)

    def __init__(self):
        pass


@pytest.fixture(autouse=True)
def _shared_by_one_check_alone():
    SharedList.pieces.clear()


class KeptUnderAnotherName(BaseCallbackHandler):
    def __init__(self):
        self.reply = ""

    def on_llm_new_token(self, token, **kwargs):
        self.reply += token


class HearsNothing(BaseCallbackHandler):
    text = ""

    def on_new_token(self, token, **kwargs):
        self.text += token


class Generates(AddsUp):
    def on_llm_new_token(self, token, **kwargs):
        self.text += token
        yield token


class NoHandler:
    def __init__(self):
        self.text = ""

    def on_llm_new_token(self, token, **kwargs):
        self.text += token


class WantsArguments(AddsUp):
    def __init__(self, model):
        self.text = ""


class OnlyTheStream(AddsUp):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        super().on_llm_new_token(token)

    def on_llm_end(self, response, **kwargs):
        if type(response.generations[0][0]) is ChatGeneration:  # as with `invoke`
            self.text = ""


WRONG_2_1 = (
    (FillsAtTheEnd, "`.text` was empty"),
    (CollectsAndJoinsAtTheEnd, "`.text` was empty"),
    (OneBehind, "behind on the way"),
    (AnotherName, "the call doesn't fit: .*missing 1 required positional argument: 'text'"),
    (NothingElse, "the call doesn't fit: .*unexpected keyword argument"),
    (NameOfTheChunk, r"TypeError: .*at the line `self.text \+= chunk`"),
    (AsynchronousAndBroken, "failed in silence. LangChain's log says .*ZeroDivisionError"),
    (LastPiece, "At the end .* the last piece alone"),
    (Overwrites, "While the reply came, `.text` held the last piece alone, .*then an empty one"),
    (ClearsAtTheEnd, "On the way `.text` held .*the Black Sea.*it is empty again"),
    (WholeChunks, "whole chunks with all their fields"),
    (Lines, "the white space isn't"),
    (Stripped, "the white space isn't"),
    (Capitals, "differs from the reply"),
    (Listed, "is a `list`; the exercise asks for one text"),
    (SharedList, "One collector is right. .*What do they share"),
    (KeptUnderAnotherName, "has no `.text`"),
    (HearsNothing, "still empty: LangChain calls none of the methods that you wrote"),
    (Generates, "There is a `yield` in `on_llm_new_token`"),
    (NoHandler, "LangChain can't call `NoHandler`: it doesn't inherit from `BaseCallbackHandler`"),
    (WantsArguments, "TypeError: .*when a handler was made"),
    (OnlyTheStream, "With `invoke` on a model with"),
)


@pytest.mark.parametrize(("collector", "said"), with_reason(*WRONG_2_1))
def test_2_1_says_what_is_wrong_with(collector, said):
    wrong("2.1", collector, said)


def test_2_1_names_the_one_method_that_langchain_never_calls():
    class HearsTheStart(HearsNothing):
        def on_llm_start(self, serialized, prompts, **kwargs):
            """Asked."""

    wrong("2.1", HearsTheStart, "still empty: LangChain never calls `on_new_token`")


def test_2_1_wants_the_class():
    wrong("2.1", AddsUp(), "the class itself, `Collector` without brackets")
    wrong("2.1", "text", "it was given a `str`")


def test_a_class_with_an_attribute_of_its_own_is_an_attempt():
    class Begun(BaseCallbackHandler):
        text = ""

    wrong("2.1", Begun, "still empty: it has none of the methods that LangChain calls")


def test_what_a_handler_prints_while_it_is_checked_stays_off_the_screen(capfd):
    class TalksAndIsWrong(Overwrites):
        def on_llm_new_token(self, token, **kwargs):
            print(token)
            super().on_llm_new_token(token)

    assert evaluate("2.1", Talks) == evaluate("2.1", AddsUp)
    assert evaluate("2.1", TalksAndIsWrong) == evaluate("2.1", Overwrites)
    assert capfd.readouterr().out == ""
