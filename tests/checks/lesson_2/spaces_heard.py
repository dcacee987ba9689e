"""Exercise 2.5: the spaces in the tokens that a handler heard."""

import asyncio
from collections import defaultdict, deque
from contextlib import closing, suppress

from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from tests.checks.answers import right, wrong


class Words(BaseCallbackHandler):
    def __init__(self):
        self.spaces = 0

    def on_llm_new_token(self, token, **kwargs):
        self.spaces += token.count(" ")


@right("2.spaces_heard")
def reads_the_stream(model, prompt):
    words = Words()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


@right("2.spaces_heard")
def invokes_a_streaming_model(model, prompt):
    words = Words()
    streaming = model.model_copy(update={"streaming": True})
    streaming.invoke(prompt, {"callbacks": [words]})
    return words.spaces


@right("2.spaces_heard")
def asks_invoke_to_stream(model, prompt):
    words = Words()
    model.invoke(prompt, {"callbacks": [words]}, stream=True)
    return words.spaces


@right("2.spaces_heard")
def attaches_to_the_model(model, prompt):
    words = Words()
    "".join(chunk.text for chunk in model.with_config(callbacks=[words]).stream(prompt))
    return words.spaces


@right("2.spaces_heard")
def in_messages(model, prompt):
    words = Words()
    list(model.stream([("system", "Be brief."), ("human", prompt)], {"callbacks": [words]}))
    return words.spaces


@right("2.spaces_heard")
def by_a_template(model, prompt):
    words = Words()
    chain = ChatPromptTemplate.from_template("{prompt}") | model
    list(chain.stream({"prompt": prompt}, {"callbacks": [words, words]}))  # no harm in a chain
    return words.spaces


@right("2.spaces_heard")
def listens_to_a_chain(model, prompt):
    words = Words()
    list((model | StrOutputParser()).stream(prompt, {"callbacks": [words]}))
    return words.spaces


@right("2.spaces_heard")
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


@right("2.spaces_heard")
def in_a_loop_of_its_own(model, prompt):
    words = Words()

    async def read():
        async for _ in model.astream(prompt, {"callbacks": [words]}):
            pass

    asyncio.run(read())
    return words.spaces


class BrokenWords(Words):
    def on_llm_new_token(self, chunk, **kwargs):
        self.spaces += chunk.count(" ")


class MisnamedWords(Words):
    def on_llm_new_token(self, piece, **kwargs):
        self.spaces += piece.count(" ")


@wrong("2.spaces_heard", "invoke")
def mends_the_class_alone(model, prompt):
    words = Words()
    model.invoke(prompt, config={"callbacks": [words]})
    return words.spaces


@wrong("2.spaces_heard", "fails in silence")
def mends_the_call_alone(model, prompt):
    words = BrokenWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


@wrong("2.spaces_heard", "unfilled parameter")
def renames_to_another_wrong_name(model, prompt):
    words = MisnamedWords()
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


@wrong("2.spaces_heard", "no handler")
def counts_the_reply(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt))


@wrong("2.spaces_heard", "counts the reply")
def counts_the_reply_beside_a_handler(model, prompt):
    return sum(chunk.text.count(" ") for chunk in model.stream(prompt, {"callbacks": [Words()]}))


@wrong("2.spaces_heard", "invoke")
def counts_what_invoke_returns(model, prompt):
    return model.invoke(prompt).text.count(" ")


@wrong("2.spaces_heard", "counts the finished reply")
def counts_at_the_end(model, prompt):
    class AtTheEnd(Words):
        def on_llm_new_token(self, token, **kwargs):
            """Wait."""

        def on_llm_end(self, response, **kwargs):
            self.spaces = response.generations[0][0].text.count(" ")

    words = AtTheEnd()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "no handler")
def forgets_to_attach(model, prompt):
    words = Words()
    list(model.stream(prompt))
    return words.spaces


@wrong("2.spaces_heard", "never read")
def forgets_to_read(model, prompt):
    words = Words()
    model.stream(prompt, {"callbacks": [words]})
    return words.spaces


@wrong("2.spaces_heard", "stops early")
def reads_a_little(model, prompt):
    words = Words()
    with closing(model.stream(prompt, {"callbacks": [words]})) as chunks:
        for chunk in chunks:
            if " " in chunk.text:
                break
    return words.spaces


@wrong("2.spaces_heard", "counted twice")
def attaches_two(model, prompt):
    words, more = Words(), Words()
    more.on_llm_new_token = words.on_llm_new_token
    list(model.with_config(callbacks=[words]).stream(prompt, {"callbacks": [more]}))
    return words.spaces


always_the_same = Words()


@wrong("2.spaces_heard", "keeps an earlier count", "spaces of the first reply are still counted")
def shares_one_handler(model, prompt):
    list(model.stream(prompt, {"callbacks": [always_the_same]}))
    return always_the_same.spaces


@wrong("2.spaces_heard", "another number")
def counts_tokens_with_a_space(model, prompt):
    class Tokens(Words):
        def on_llm_new_token(self, token, **kwargs):
            self.spaces += 1

    words = Tokens()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "returns the wrong type")
def returns_the_handler(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words


@wrong("2.spaces_heard", "returns nothing")
def returns_nothing(model, prompt):
    reads_the_stream(model, prompt)


@wrong("2.spaces_heard", "calls twice")
def asks_twice(model, prompt):
    reads_the_stream(model, prompt)
    return reads_the_stream(model, prompt)


@wrong("2.spaces_heard", "attaches the class")
def attaches_the_class(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [Words]}))
    return words.spaces


@wrong("2.spaces_heard", "unknown method")
def hears_by_another_method(model, prompt):
    class Deaf(BaseCallbackHandler):
        spaces = 0

        def on_token(self, token, **kwargs):
            self.spaces += token.count(" ")

    words = Deaf()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "attached twice")
def attaches_one_twice(model, prompt):
    words = Words()
    list(model.stream(prompt, {"callbacks": [words, words]}))
    return words.spaces


@wrong("2.spaces_heard", "attached twice")
def attaches_one_in_two_places(model, prompt):
    words = Words()
    list(model.with_config(callbacks=[words]).stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "calls twice")
def leaves_the_old_call_in(model, prompt):
    words = Words()
    model.invoke(prompt, config={"callbacks": [words]})
    for _ in model.stream(prompt, config={"callbacks": [words]}):
        pass
    return words.spaces


@wrong("2.spaces_heard", "no methods")
def leaves_the_class_as_it_was(model, prompt):
    class Begun(BaseCallbackHandler):
        def __init__(self):
            self.spaces = 0

    words = Begun()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "another prompt")
def asks_the_question_of_the_cells_above(model, prompt):
    return reads_the_stream(model, "Name a river.")


@wrong("2.spaces_heard", "another prompt")
def asks_nothing(model, prompt):
    return reads_the_stream(model, "")


@wrong("2.spaces_heard", "yields")
def yields(model, prompt):
    yield reads_the_stream(model, prompt)


@right("2.spaces_heard")
def by_keyword(model, prompt):
    words = Words()
    for _ in model.stream(input=prompt, config={"callbacks": [words], "tags": ["count"]}):
        pass
    return words.spaces


@right("2.spaces_heard")
def generates(model, prompt):
    words = Words()
    model.generate([[HumanMessage(prompt)]], callbacks=[words], stream=True)
    return words.spaces


@right("2.spaces_heard")
def binds_stream(model, prompt):
    words = Words()
    model.bind(stream=True).invoke(prompt, config={"callbacks": [words]})
    return words.spaces


@right("2.spaces_heard")
def a_batch_of_one(model, prompt):
    words = Words()
    model.batch([prompt], {"callbacks": [words]}, stream=True)
    return words.spaces


@right("2.spaces_heard")
def attaches_to_a_copy(model, prompt):
    words = Words()
    deque(model.model_copy(update={"callbacks": [words]}).stream(prompt), maxlen=0)
    return words.spaces


@right("2.spaces_heard")
def by_a_manager(model, prompt):
    words = Words()
    for _ in model.stream(prompt, {"callbacks": CallbackManager([words])}):
        pass
    return words.spaces


@right("2.spaces_heard")
def counts_from_the_chunks_that_a_handler_receives(model, prompt):
    class FromChunks(BaseCallbackHandler):
        raise_error = True
        pieces: list

        def on_chat_model_start(self, serialized, messages, **kwargs):
            self.pieces = []

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            self.pieces.append(chunk.text)

    words = FromChunks()
    list(model.stream(prompt, {"callbacks": [words]}))
    return "".join(words.pieces).count(" ")


@wrong("2.spaces_heard", "callbacks without a list", "a handler without a list around it")
def forgets_the_list(model, prompt):
    words = Words()
    list(model.stream(prompt, config={"callbacks": words}))
    return words.spaces


@wrong("2.spaces_heard", "callbacks without a list")
def attaches_a_tuple(model, prompt):
    words = Words()
    list(model.stream(prompt, config={"callbacks": (words,)}))
    return words.spaces


@wrong("2.spaces_heard", "callbacks without a list")
def forgets_the_list_when_binding(model, prompt):
    words = Words()
    list(model.with_config(callbacks=words).stream(prompt))
    return words.spaces


@wrong("2.spaces_heard", "callbacks by keyword")
def attaches_by_keyword(model, prompt):
    words = Words()
    list(model.stream(prompt, callbacks=[words]))
    return words.spaces


@wrong("2.spaces_heard", "no handler")
def misspells_callbacks(model, prompt):
    words = Words()
    list(model.stream(prompt, config={"callback": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "changes the model", "changed `callbacks` on the model")
def attaches_to_the_model_for_good(model, prompt):
    words = Words()
    model.callbacks = [words]
    list(model.stream(prompt))
    return words.spaces


@wrong("2.spaces_heard", "changes the model", "changed `streaming` on the model")
def switches_streaming_on_for_good(model, prompt):
    words = Words()
    model.streaming = True
    model.invoke(prompt, {"callbacks": [words]})
    return words.spaces


@wrong("2.spaces_heard", "fails in silence", "log shows it: .*ZeroDivisionError")
def fails_at_the_end(model, prompt):
    class Fails(Words):
        def on_llm_end(self, response, **kwargs):
            self.mean = self.spaces / 0

    words = Fails()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "another number")
def counts_all_white_space(model, prompt):
    class White(Words):
        def on_llm_new_token(self, token, **kwargs):
            self.spaces += sum(map(str.isspace, token))

    words = White()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "another number")
def counts_words_less_one(model, prompt):
    class Split(Words):
        def on_llm_new_token(self, token, **kwargs):
            self.spaces += max(0, len(token.split()) - 1)

    words = Split()
    list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "returns the wrong type", "is? a `float`|returned a `float`")
def as_a_float(model, prompt):
    return float(reads_the_stream(model, prompt))


@wrong("2.spaces_heard", "swallows the error")
def swallows(model, prompt):
    words = Words()
    with suppress(Exception):
        list(model.stream(prompt, {"callbacks": [words]}))
    return words.spaces


@wrong("2.spaces_heard", "swallows the error")
def returns_in_finally(model, prompt):
    words = Words()
    try:
        list(model.stream(prompt, {"callbacks": [words]}))
    finally:
        return words.spaces  # noqa: B012 (the mistake)


wrong("2.spaces_heard", "a class", "the function `spaces_heard`. It was given the class `Words`")(
    Words
)
wrong("2.spaces_heard", "not a function", "the function itself")(Words())


def calls_and_leaves(method):
    def spaces_heard(model, prompt):
        getattr(model, method)([prompt] if method == "batch" else prompt)
        return 0

    spaces_heard.__name__ = f"calls_{method}_and_leaves"
    return spaces_heard


for method, mistake, says in (
    ("stream", "never read", r"`\.stream\(…\)` and never read it"),
    ("astream", "never read", r"`\.astream\(…\)` and never read it"),
    ("ainvoke", "never awaited", "never awaited"),
    ("invoke", "invoke", "with `invoke`, which pushes no tokens"),
    ("batch", "invoke", "with `batch`, which pushes no tokens"),
):
    wrong("2.spaces_heard", mistake, says)(calls_and_leaves(method))


@wrong("2.spaces_heard", "never calls the model")
def builds_a_chain_that_nothing_runs(model, prompt):
    (model | StrOutputParser()).stream(prompt)
    return 0


@wrong("2.spaces_heard", "unread generator")
def returns_a_chain_s_stream(model, prompt):
    return (model | StrOutputParser()).stream(prompt)


@wrong("2.spaces_heard", "never read")
def returns_the_stream(model, prompt):
    return model.stream(prompt, {"callbacks": [Words()]})


@wrong("2.spaces_heard", "never awaited")
def returns_a_coroutine(model, prompt):
    return model.ainvoke(prompt, {"callbacks": [Words()]})


@wrong("2.spaces_heard", "another model", "called another `FakeListChatModel`")
def makes_a_model_of_its_own(model, prompt):
    return reads_the_stream(FakeListChatModel(responses=["Not asked for."]), prompt)


@wrong("2.spaces_heard", "counted twice", "What counts them a second time")
def counts_in_the_loop_too(model, prompt):
    words = Words()
    for chunk in model.stream(prompt, config={"callbacks": [words]}):
        words.spaces += chunk.text.count(" ")
    return words.spaces


@wrong("2.spaces_heard", "attaches a method", "LangChain needs the whole object")
def attaches_the_method(model, prompt):
    words = Words()
    list(model.stream(prompt, config={"callbacks": [words.on_llm_new_token]}))
    return words.spaces


@right("2.spaces_heard")
def asks_for_the_next_until_none_is_left(model, prompt):
    words = Words()
    with closing(model.with_config({"callbacks": [words]}).stream(prompt)) as chunks:
        while next(chunks, None) is not None:
            pass
    return words.spaces
