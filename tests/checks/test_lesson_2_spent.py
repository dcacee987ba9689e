"""Exercise 2.6: the output tokens of several replies, by the provider's count."""

from contextlib import closing

import pytest
from langchain_core.callbacks import (
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)

from tests.checks.verdict import by_name, right, with_reason, wrong
from utils.checks import evaluate


def one_handler_for_all(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for _ in model.stream(prompt, config={"callbacks": [usage]}):
            pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def from_the_chunks(model, prompts):
    return sum(
        chunk.usage_metadata["output_tokens"]
        for prompt in prompts
        for chunk in model.stream(prompt)
        if chunk.usage_metadata
    )


def from_added_chunks(model, prompts):
    total = 0
    for prompt in prompts:
        first, *others = model.stream(prompt)
        for chunk in others:
            first += chunk
        total += first.usage_metadata["output_tokens"]
    return total


def with_the_context_manager(model, prompts):
    with get_usage_metadata_callback() as usage:
        for prompt in prompts:
            list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def a_handler_of_its_own(model, prompts):
    class Bill(BaseCallbackHandler):
        total = 0

        def on_llm_end(self, response, **kwargs):
            message = response.generations[0][0].message
            self.total += message.usage_metadata["output_tokens"]

    bill = Bill()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [bill]}))
    return bill.total


@pytest.mark.parametrize(
    "spent",
    by_name(
        one_handler_for_all,
        from_the_chunks,
        from_added_chunks,
        with_the_context_manager,
        a_handler_of_its_own,
    ),
)
def test_2_6_accepts(spent):
    right("2.6", spent)


def counts_chunks(model, prompts):
    return sum(1 for prompt in prompts for _ in model.stream(prompt))


def counts_chunks_with_text(model, prompts):
    return sum(1 for prompt in prompts for chunk in model.stream(prompt) if chunk.text)


def counts_words(model, prompts):
    return sum(
        len("".join(chunk.text for chunk in model.stream(prompt)).split()) for prompt in prompts
    )


def leaves_early(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for chunk in model.stream(prompt, {"callbacks": [usage]}):
            if chunk.text:
                break
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def one_handler_each(model, prompts):
    counts = {}
    for prompt in prompts:
        usage = UsageMetadataCallbackHandler()
        list(model.stream(prompt, {"callbacks": [usage]}))
        (counts,) = usage.usage_metadata.values()
    return counts.get("output_tokens", 0)


def returns_in_the_loop(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return 0


def the_rest_for_real(model, prompts):
    """Asks all, and counts the first."""
    counts = [from_the_chunks(model, [prompt]) for prompt in prompts]
    return counts[0] if counts else 0


def keeps_totals_by_prompt(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] = from_the_chunks(model, [prompt])
    return sum(tokens.values())


def asks_each_prompt_once(model, prompts):
    return one_handler_for_all(model, dict.fromkeys(prompts))


def asks_each_prompt_twice(model, prompts):
    return one_handler_for_all(model, [*prompts, *prompts])


def leaves_one_reply(model, prompts):
    """And reads the same prompt's other reply to its end."""
    total = from_the_chunks(model, prompts[1:])
    for prompt in prompts[:1]:
        with closing(model.stream(prompt)) as chunks:
            next(chunks)
            next(chunks)
    return total


def attaches_one_twice(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage, usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def attaches_one_in_two_places(model, prompts):
    usage = UsageMetadataCallbackHandler()
    bound = model.with_config(callbacks=[usage])
    for prompt in prompts:
        list(bound.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def batches(model, prompts):
    return sum(reply.usage_metadata["output_tokens"] for reply in model.batch(prompts))


def asks_the_model_for_its_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata[model.model_name]["output_tokens"]


def takes_the_name_from_above(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["sim-fast"]["output_tokens"]


def trips_over_a_dict_of_its_own(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] += from_the_chunks(model, [prompt])
    return sum(tokens.values())


def adds_the_sum_each_time(model, prompts):
    usage, total = UsageMetadataCallbackHandler(), 0
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        total += sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return total


def attaches_the_class_itself(model, prompts):
    usage = UsageMetadataCallbackHandler
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def attaches_the_class_and_makes_another(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [UsageMetadataCallbackHandler]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def forgets_the_return(model, prompts):
    one_handler_for_all(model, prompts)


def with_one_for_ever(usage):
    def spent(model, prompts):
        for prompt in prompts:
            list(model.stream(prompt, {"callbacks": [usage]}))
        return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())

    return spent


class Bill(BaseCallbackHandler):
    """A counter of the learner's own, on the class."""

    totals: list = []  # noqa: RUF012 (the mistake)

    def on_llm_end(self, response, **kwargs):
        self.totals.append(response.generations[0][0].message.usage_metadata["output_tokens"])


def on_a_class_for_ever():
    Bill.totals.clear()

    def spent(model, prompts):
        bill = Bill()
        for prompt in prompts:
            list(model.stream(prompt, {"callbacks": [bill]}))
        return sum(bill.totals)

    return spent


def one_model_of_two(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return next((counts["output_tokens"] for counts in usage.usage_metadata.values()), 0)


def all_tokens(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["total_tokens"] for counts in usage.usage_metadata.values())


def tokens_of_the_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["input_tokens"] for counts in usage.usage_metadata.values())


def returns_the_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata


def invokes(model, prompts):
    return sum(model.invoke(prompt).usage_metadata["output_tokens"] for prompt in prompts)


def joins_the_prompts(model, prompts):
    return one_handler_for_all(model, [" ".join(prompts)])


def asks_the_first(model, prompts):
    return one_handler_for_all(model, prompts[:1])


def forgets_to_attach_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


def knows_one_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["river-1"]["output_tokens"]


def trips_over_no_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    first, *others = (counts["output_tokens"] for counts in usage.usage_metadata.values())
    return sum(others, first)


def reads_no_stream(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        model.stream(prompt, config={"callbacks": [usage]})
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


WRONG_2_6 = (
    (counts_chunks, "how many chunks came, and a chunk isn't a token"),
    (counts_chunks_with_text, "how many chunks came"),
    (counts_words, "The provider counted 893 output tokens for 4 replies, and .* came back"),
    (leaves_early, "A reply was left after 1 of its"),
    (one_handler_each, "the last reply alone"),
    (the_rest_for_real, "the first reply alone"),
    (returns_in_the_loop, "`Describe the tide.` was never asked"),
    (asks_the_first, "was never asked"),
    (one_model_of_two, "one of the two models"),
    (knows_one_name, "one of the two models"),
    (all_tokens, "the prompts' tokens are in it, too"),
    (tokens_of_the_prompts, "these are the prompts' tokens"),
    (returns_the_usage, "is a `dict`; the exercise asks for a number"),
    (invokes, "in one piece, as by `invoke` or `batch`; .* asks for `.stream"),
    (batches, "in one piece, as by `invoke` or `batch`; .* asks for `.stream"),
    (attaches_one_twice, "1786 came back: the handler heard each call twice. How often"),
    (attaches_one_in_two_places, "came back: the handler heard each call twice. How often"),
    (joins_the_prompts, "isn't one of the prompts"),
    (forgets_to_attach_usage, "893 output tokens for 4 replies, and 0 .* no handler listened"),
    (keeps_totals_by_prompt, "and 762 came back: a prompt that was asked twice is in it once"),
    (asks_each_prompt_once, "`Name a river.` stands twice in the list, and was asked once"),
    (asks_each_prompt_twice, "`Name a river.` stands twice in the list, and was asked 4 times"),
    (leaves_one_reply, "A reply was left after 1 of its"),
    (asks_the_model_for_its_name, "`model` has no `model_name`. .* on to several models"),
    (takes_the_name_from_above, "KeyError: 'sim-fast'.* passes the prompts on to several models"),
    (trips_over_a_dict_of_its_own, "KeyError: 'Name a river.'` at the line `.*`.$"),
    (adds_the_sum_each_time, "counts earlier replies again"),
    (attaches_the_class_itself, r"make a handler with `UsageMetadataCallbackHandler\(\)`"),
    (attaches_the_class_and_makes_another, "The config holds the class"),
    (forgets_the_return, "Nothing came back: is a `return` missing"),
    (trips_over_no_prompts, "ValueError: .*for no prompts at all"),
    (reads_no_stream, r"made a stream with `.stream\(…\)`, and nobody read it"),
)


@pytest.mark.parametrize(("spent", "said"), with_reason(*WRONG_2_6))
def test_2_6_says_what_is_wrong_with_code_that(spent, said):
    wrong("2.6", spent, said)


def test_2_6_names_no_class_that_the_learner_never_met():
    assert "Switchboard" not in evaluate("2.6", asks_the_model_for_its_name).message


def test_2_6_tells_a_handler_that_heard_calls_before():
    said = "came back: the handler had heard calls before"
    wrong("2.6", with_one_for_ever(UsageMetadataCallbackHandler()), said)
    heard = UsageMetadataCallbackHandler()
    one_of_the_cell_above = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
    heard.usage_metadata["sim-fast"] = one_of_the_cell_above
    outcome = wrong("2.6", with_one_for_ever(heard), said)
    assert outcome.message != wrong("2.6", with_one_for_ever(heard), said).message  # heard more
    wrong("2.6", on_a_class_for_ever(), said)
