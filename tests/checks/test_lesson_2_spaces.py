"""Exercise 2.5: the spaces in the tokens that a handler heard."""

import asyncio
from collections import defaultdict
from contextlib import closing

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate


class Words(BaseCallbackHandler):
    def __init__(self):
        self.spaces = 0

    def on_llm_new_token(self, token, **kwargs):
        self.spaces += token.count(" ")


def reads_the_stream(model, prompt):
    words = Words()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def invokes_a_streaming_model(model, prompt):
    words = Words()
    streaming = model.model_copy(update={"streaming": True})
    streaming.invoke(prompt, {"callbacks": [words]})
    return words.spaces


def asks_invoke_to_stream(model, prompt):
    words = Words()
    model.invoke(prompt, {"callbacks": [words]}, stream=True)
    return words.spaces


def attaches_to_the_model(model, prompt):
    words = Words()
    "".join(chunk.text for chunk in model.with_config(callbacks=[words]).stream(prompt))
    return words.spaces


def in_messages(model, prompt):
    words = Words()
    list(model.stream([("system", "Be brief."), ("human", prompt)], {"callbacks": [words]}))
    return words.spaces


def by_a_template(model, prompt):
    words = Words()
    chain = ChatPromptTemplate.from_template("{prompt}") | model
    list(chain.stream({"prompt": prompt}, {"callbacks": [words, words]}))  # no harm in a chain
    return words.spaces


def listens_to_a_chain(model, prompt):
    words = Words()
    list((model | StrOutputParser()).stream(prompt, {"callbacks": [words]}))
    return words.spaces


def counts_per_run(model, prompt):
    class PerRun(BaseCallbackHandler):
        def __init__(self):
            self.counts, self.reports = defaultdict(int), []

        def on_llm_new_token(self, token, *, run_id, **kwargs):
            self.counts[run_id] += token.count(" ")

        def on_llm_end(self, response, *, run_id, **kwargs):
            self.reports.append(self.counts.pop(run_id))

    words = PerRun()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.reports[0]


def in_a_loop_of_its_own(model, prompt):
    words = Words()

    async def read():
        async for _ in model.astream(prompt, {"callbacks": [words]}):
            pass

    asyncio.run(read())
    return words.spaces


@pytest.mark.parametrize(
    "spaces_heard",
    by_name(
        reads_the_stream,
        invokes_a_streaming_model,
        asks_invoke_to_stream,
        attaches_to_the_model,
        in_messages,
        by_a_template,
        listens_to_a_chain,
        counts_per_run,
        in_a_loop_of_its_own,
    ),
)
def test_2_5_accepts(spaces_heard):
    right("2.5", spaces_heard)


class BrokenWords(Words):
    def on_llm_new_token(self, chunk, **kwargs):
        self.spaces += chunk.count(" ")


class MisnamedWords(Words):
    def on_llm_new_token(self, piece, **kwargs):
        self.spaces += piece.count(" ")


def mends_the_class_alone(model, prompt):
    words = Words()
    model.invoke(prompt, config={"callbacks": [words]})
    return words.spaces


def mends_the_call_alone(model, prompt):
    words = BrokenWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def renames_to_another_wrong_name(model, prompt):
    words = MisnamedWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def counts_the_reply(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt))


def counts_the_reply_beside_a_handler(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt, {"callbacks": [Words()]}))


def counts_what_invoke_returns(model, prompt):
    return model.invoke(prompt).text.count(" ")


def counts_at_the_end(model, prompt):
    class AtTheEnd(Words):
        def on_llm_new_token(self, token, **kwargs):
            """Wait."""

        def on_llm_end(self, response, **kwargs):
            self.spaces = response.generations[0][0].text.count(" ")

    words = AtTheEnd()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def forgets_to_attach(model, prompt):
    words = Words()
    list(model.stream(prompt))
    return words.spaces


def forgets_to_read(model, prompt):
    words = Words()
    model.stream(prompt, {"callbacks": [words]})
    return words.spaces


def reads_a_little(model, prompt):
    words = Words()
    with closing(model.stream(prompt, {"callbacks": [words]})) as chunks:
        for chunk in chunks:
            if " " in chunk.text:
                break
    return words.spaces


def attaches_two(model, prompt):
    words, more = Words(), Words()
    more.on_llm_new_token = words.on_llm_new_token
    list(model.with_config(callbacks=[words]).stream(prompt, {"callbacks": [more]}))
    return words.spaces


for_ever = Words()


def shares_one_for_ever(model, prompt):
    list(model.stream(prompt, {"callbacks": [for_ever]}))
    return for_ever.spaces


def starts_anew_with_one_for_ever():
    for_ever.spaces = 0
    return shares_one_for_ever


def counts_tokens_with_a_space(model, prompt):
    class Tokens(Words):
        def on_llm_new_token(self, token, **kwargs):
            self.spaces += 1

    words = Tokens()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def returns_the_handler(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words


def returns_nothing(model, prompt):
    reads_the_stream(model, prompt)


def asks_twice(model, prompt):
    reads_the_stream(model, prompt)
    return reads_the_stream(model, prompt)


def attaches_the_class(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [Words]}))
    return words.spaces


def hears_by_another_method(model, prompt):
    class Deaf(BaseCallbackHandler):
        spaces = 0

        def on_token(self, token, **kwargs):
            self.spaces += token.count(" ")

    words = Deaf()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def attaches_one_twice(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [words, words]}))
    return words.spaces


def attaches_one_in_two_places(model, prompt):
    words = Words()
    list(model.with_config(callbacks=[words]).stream(prompt, {"callbacks": [words]}))
    return words.spaces


def leaves_the_old_call_in(model, prompt):
    words = Words()
    model.invoke(prompt, config={"callbacks": [words]})
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


def leaves_the_class_as_it_was(model, prompt):
    class Begun(BaseCallbackHandler):
        def __init__(self):
            self.spaces = 0

    words = Begun()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


def asks_the_question_of_the_cells_above(model, prompt):
    return reads_the_stream(model, "Name a river.")


def asks_nothing(model, prompt):
    return reads_the_stream(model, "")


def yields(model, prompt):
    yield reads_the_stream(model, prompt)


WRONG_2_5 = (
    (mends_the_class_alone, "in which it pushes no tokens"),
    (counts_what_invoke_returns, "in which it pushes no tokens"),
    (mends_the_call_alone, "failed in silence .* log says .*AttributeError"),
    (renames_to_another_wrong_name, "failed in silence .* log says .*'piece'"),
    (counts_the_reply, "no handler listened"),
    (counts_the_reply_beside_a_handler, "You counted the reply; .* what `on_llm_new_token` hears"),
    (counts_at_the_end, "You counted the finished reply; .* what `on_llm_new_token` hears"),
    (attaches_the_class, r"The config holds the class; make a handler with `Words\(\)`"),
    (hears_by_another_method, "LangChain calls none of the methods that you wrote"),
    (forgets_to_attach, "no handler listened"),
    (forgets_to_read, r"made a stream with `.stream\(…\)`, and nobody read it"),
    (reads_a_little, "Only .* pieces of the reply were read"),
    (attaches_two, "twice the .* Who else listens"),
    (attaches_one_twice, "twice the .* How often is it attached"),
    (attaches_one_in_two_places, "twice the .* How often is it attached"),
    (leaves_the_old_call_in, "more than once for one reply: as a stream, and in a way in which"),
    (leaves_the_class_as_it_was, "0 came back: it has none of the methods that LangChain calls"),
    (asks_the_question_of_the_cells_above, "was `Name a sea.`, and the model was asked something"),
    (asks_nothing, "was `Name a sea.`, and the model was asked something else"),
    (counts_tokens_with_a_space, "The tokens held .* spaces, and .* came back"),
    (returns_the_handler, "is a `Words`; the exercise asks for a number"),
    (returns_nothing, "Nothing came back: is a `return` missing"),
    (asks_twice, "asked (twice|2 times)"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("spaces_heard", "said"), with_reason(*WRONG_2_5))
def test_2_5_says_what_is_wrong_with_code_that(spaces_heard, said):
    wrong("2.5", spaces_heard, said)


def test_2_5_wants_the_function():
    wrong("2.5", Words, "the function, `spaces_heard`; it was given the class `Words`")
    wrong("2.5", Words(), "the function itself, `spaces_heard`")


@pytest.mark.parametrize("counts", [counts_the_reply_beside_a_handler, counts_at_the_end])
def test_2_5_speaks_of_no_tokens_that_a_model_would_not_push(counts):
    assert "aren't in the reply" not in evaluate("2.5", counts).message


def test_2_5_hears_that_one_handler_serves_every_call():
    wrong("2.5", starts_anew_with_one_for_ever(), "those of the first reply are still in it")
